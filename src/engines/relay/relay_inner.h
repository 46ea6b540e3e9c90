#pragma once

/* relay_inner - what the files of the relay share.
 *
 * A call is a request of a client on its way: bytes, and how often it was tried. A line is a
 * connection to an instance: it opens, carries a call, waits for the next one, and ends; or it
 * becomes a tunnel.
 *
 *     open ---> call <---> idle
 *                |           |
 *                +-> tunnel  |
 *                |     |     |
 *                +-----+-----+--> gone
 */

#include "base/timers.h"
#include "link/edge.h"
#include "link/host_port.h"
#include "link/outbound.h"
#include "relay/relay.h"
#include "wire/http1_reply.h"

#define RELAY_ASK_BYTES_MAX (HTTP_HEAD_BYTES_MAX + 1024u) /* without its body */

struct call;
struct line;

struct instance {
    char host[HOST_BYTES];
    uint16_t port;
    struct line *idle; /* the newest first */
    uint32_t calls;    /* under way */
    uint32_t lines;    /* for requests, idle ones too; tunnels left out */
    uint32_t refusals; /* in a row */
    uint64_t rests_until_ms;
};

struct target {
    struct instance instances[RELAY_INSTANCES_MAX];
    uint32_t count;
};

struct relay {
    struct upstream upstream; /* first */
    struct relay_options options;
    struct upstream_server *servers[UPSTREAM_TARGET_COUNT]; /* in this process */
    struct target targets[UPSTREAM_TARGET_COUNT];
    struct edge_ws_handler ws;
    struct line **tunnels; /* by slot of the client */
    uint32_t tunnel_capacity;
    struct line *first; /* all lines */
    struct relay_stats stats;
};

struct call {
    struct relay *relay;
    struct target *target;
    struct conn_id conn;
    struct buf *ask; /* the whole request */
    enum http_method method;
    bool websocket;
    uint32_t tries;
    uint32_t refused; /* bit i: instance i could not be connected to */
    uint32_t lost;    /* it was, and the connection broke */
    uint64_t deadline_ms;
};

struct line {
    struct outbound_handler handler; /* first */
    struct relay *relay;
    struct instance *instance;
    struct outbound *outbound;
    struct line *next, *prev; /* of all */
    struct line *next_idle;   /* of the instance's */
    struct call *call;        /* NULL: idle, or a tunnel */
    struct timer timer;       /* of the call, or of being idle */
    uint64_t begin;           /* of the request among all that was written */
    bool wrote;               /* the request, at `begin` */
    bool is_idle;
    bool websocket; /* it is for one request, and then perhaps a tunnel */
    bool is_tunnel; /* of this slot of the edge: */
    uint32_t slot;
    size_t scanned, head_size, reply_size; /* of the reply, as far as it is known; else 0 */
};

/* ---- relay_instances.c */

/* Reads a target's list. */
MUST_USE enum err relay_instances_read(struct target *target, const char *list, char *ret_problem);

/* One of those whose bit is not in `without`; NULL: there is none. */
struct instance *relay_instance_pick(
    const struct relay *relay, struct target *target, uint32_t without);
void relay_instance_refused(const struct relay *relay, struct instance *instance);

/* ---- relay_line.c */

/* Carries `call` from here on, on an idle line or a new one. ERR_FULL: there are too many. */
MUST_USE enum err relay_line_carry(
    struct relay *relay, struct instance *instance, struct call *call);

/* It has no call any more: waits for the next one. */
void relay_line_rest(struct line *line);

/* At any time, also from inside its handler. Its call is the caller's then. */
void relay_line_destroy(struct line *line);

/* ---- relay_call.c */
void relay_call_start(
    struct relay *relay, enum upstream_target target, const struct upstream_call *forwarded);

/* Its line is gone. `left`: some of it may have reached the instance. */
void relay_call_lost(struct call *call, bool left);

/* Its time is over. */
void relay_call_late(struct call *call, bool left);

/* The whole reply, of which fields and body are lent. The call is gone afterwards. */
void relay_call_answer(struct call *call, const struct http_reply *reply, struct cht_str body);

/* Without an answer. */
void relay_call_end(struct call *call);

/* ---- relay_tunnel.c */
void relay_tunnels_init(struct relay *relay);

/* The instance has answered 101 to the client `conn`, and `rest` behind it. */
void relay_tunnel_open(
    struct line *line, struct conn_id conn, const struct http_reply *reply, struct cht_str rest);

/* Bytes of the instance; answers how many are taken. */
size_t relay_tunnel_input(struct line *line, const uint8_t *bytes, size_t size);
void relay_tunnel_drained(struct line *line);

/* The instance's side is gone, and the line will be. */
void relay_tunnel_lost(struct line *line);
