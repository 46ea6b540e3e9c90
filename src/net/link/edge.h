#pragma once

/* edge - all client connections of one loop: HTTP/1.1, then perhaps a WebSocket.
 *
 * A connection is a slot in an array (64 bytes hot, 96 cold beside it) and is named by {slot,
 * generation}: a stale name finds nobody. It has no read buffer of its own: bytes are read into the
 * loop's one buffer and parsed there; only the unread tail of a partial request or frame is kept.
 * Its output of a turn is collected and leaves in one send at the turn's end:
 *   1. what is left of earlier turns,
 *   2. replies (edge_reply), in the order made,
 *   3. pushes (edge_push, edge_push_bytes), in the order made. A block may be pushed to many
 * connections and may still grow until the end of the turn; it is sent to all of them as it then
 * is. Queued bytes are bounded per connection (`queued_bytes_max`) and for all
 * (`queued_bytes_total_max`).
 *
 * An HTTP server is a handler: on_request, answered once by edge_respond, now or later. A WebSocket
 * server is another: a request is turned into a socket by edge_upgrade, and from there on its ws
 * handler hears. Handing a connection from the gateway to the socket service in one process is just
 * that.
 *
 * How it fails: bad input is answered as RFC 9112 / RFC 6455 and the client protocol say, and the
 * connection is closed; a peer that is slow to send, to read or to close is closed by deadline; at
 * the limit of connections the newest is refused with 503. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "chattifier/types.h"
#include "wire/http1.h"
#include "wire/ws_frame.h"
#include "world/net.h"
#include "world/world.h"

struct addresses;
struct edge;

/* Names a connection. {0, 0} is nobody. */
struct conn_id {
    uint32_t slot;
    uint32_t generation;
};

/* ---- blocks: bytes of one turn for many connections of this loop (not for other threads) */
struct edge_block {
    uint32_t refs;
    uint32_t size;
    uint32_t capacity;
    uint8_t *bytes;  /* may move while it grows */
    uint8_t first[]; /* where they are until then */
};

/* One reference, the caller's. */
struct edge_block *edge_block_create(struct edge *edge, size_t capacity);

/* Adds bytes (whole WebSocket frames); only in the turn in which it was created. */
void edge_block_append(struct edge *edge, struct edge_block *block, const void *bytes, size_t size);
void edge_block_unref(struct edge *edge, struct edge_block *block);

/* ---- HTTP */
/* A whole, valid request. Lent for the call of on_request; for later: edge_keep, or a copy. */
struct edge_request {
    struct conn_id conn;
    enum http_method method;
    struct cht_str target; /* as sent: path and query */
    struct cht_str path;   /* decoded once; no dot segments, no NUL, no encoded slashes (those were
                              answered 400) */
    struct cht_str query; /* after '?', as sent; absent if there was none. url_decode_query can read
                             it (else: 400) */
    struct cht_str body;
    const struct http_field *fields;
    uint32_t field_count;
    struct net_address peer;
    bool wants_websocket; /* a well-formed RFC 6455 upgrade; edge_upgrade is allowed */
};

/* The value of a field by lower-case name; absent: at == NULL. */
struct cht_str edge_request_field(const struct edge_request *request, const char *name);

/* Keeps the request that on_request is being called with: a copy of all of it, valid until it is
 * answered, upgraded or gone. Later, the one that was kept. NULL: it is not waiting for an answer
 * (any more), or was not kept. */
const struct edge_request *edge_keep(struct edge *edge, struct conn_id conn);

struct edge_response {
    int status;
    const char *content_type;        /* NULL: none. Always sent with a charset where it is text */
    struct cht_str body;             /* copied, unless body_buf is set */
    struct buf *body_buf_take;       /* instead of body: taken */
    const struct http_field *fields; /* further ones; checked, a bad one is left out and counted */
    uint32_t field_count;
    bool close;                /* close the connection after it */
    const char *cache_control; /* NULL: "no-store" */
};

/* Which pages may read an answer (CORS), besides those of the same origin. */
struct edge_readers {
    struct cht_str origin; /* the one that asks, if it may; empty if it may not */
};

struct edge_http_handler {
    /* Answer with edge_respond or edge_upgrade, once, now or later. Until then the connection reads
     * nothing more. A target of "*" (OPTIONS) has the path "*". */
    void (*on_request)(struct edge_http_handler *handler, const struct edge_request *request);
    /* The client went away before it was answered. */
    void (*on_gone)(struct edge_http_handler *handler, struct conn_id conn);
    /* May be NULL. The head of a request is here; who may read its answer, whoever gives it? What
     * is answered must stay; NULL: the answer is the same for every origin. */
    const struct edge_readers *(*on_head)(
        struct edge_http_handler *handler, const struct http_head *head);
    /* Connections to it are counted neither by their address nor among connections_max: operators
     * come from where clients do, and when all places are taken. A few, of their own. */
    bool uncounted;
};

/* A stale `conn` is fine: nothing happens (body_buf_take is given back). HEAD, 204 and 304 get no
 * body. */
void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response);

/* {"error":{code, message, retry, field?, retry_after_ms?}} with the error's status and
 * Retry-After. `field` may be NULL. */
void edge_respond_error(struct edge *edge, struct conn_id conn, enum err err, const char *field,
    uint64_t retry_after_ms);

/* ---- WebSocket */
struct edge_ws_handler {
    /* One whole text message, unmasked, valid UTF-8; lent, and may be changed in place. */
    void (*on_text)(struct edge_ws_handler *handler, uint32_t slot, char *bytes, uint32_t size);
    /* The connection is gone or on its way out; nothing more of it comes, the name is void after
     * the call. `code` is the close code that was sent or received (1006: none). */
    void (*on_closed)(struct edge_ws_handler *handler, uint32_t slot, uint16_t code);
    /* It had been over its limit (edge_push refused) and everything queued has left. */
    void (*on_drained)(struct edge_ws_handler *handler, uint32_t slot);
    /* Output is about to be flushed at the turn's end: the last chance to add to it. False: all of
     * it waits for the end of the next turn, as if that were the same one. */
    bool (*on_turn_end)(struct edge_ws_handler *handler);
    /* If it is there the connection is a tunnel: after the upgrade nothing of it is read as frames
     * and nothing is put in between, no heartbeat, no pong, no close frame; on_text is not called.
     * Bytes as they come, a few KiB at most; answers how many are taken. What is not comes again
     * after edge_resume, and until then nothing more is read. on_drained comes whenever everything
     * queued has left. */
    size_t (*on_bytes)(struct edge_ws_handler *handler, uint32_t slot, uint8_t *bytes, size_t size);
};

/* Answers the upgrade with 101 and the sub-protocol, both leaving with what is pushed or replied in
 * this turn (`ready`). The conn keeps its slot and generation. */
void edge_upgrade(
    struct edge *edge, struct conn_id conn, struct edge_ws_handler *handler, const char *protocol);

/* True while a WebSocket of that name is open for sending. */
bool edge_is_open(const struct edge *edge, struct conn_id conn);

/* Finished bytes (whole frames) ahead of this turn's pushes. Copied. Replies are never refused:
 * their number is bounded by the commands in flight; a connection that does not drain them is
 * closed 4003. */
void edge_reply(struct edge *edge, uint32_t slot, const void *bytes, size_t size);

/* The block, in order. False (nothing queued) if the connection is over its limit: the caller
 * remembers the gap. A connection that still has bytes of earlier turns counts the block's size at
 * the turn's end. */
bool edge_push(struct edge *edge, uint32_t slot, struct edge_block *block);

/* The same for bytes of one connection. Copied. */
bool edge_push_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size);

/* Bytes of earlier turns that the socket did not take yet: such a connection should get no
 * ephemeral frames. */
uint32_t edge_queued_bytes(const struct edge *edge, uint32_t slot);

/* Stop and go on reading (too many commands in flight): the kernel then holds the peer back. */
void edge_pause(struct edge *edge, uint32_t slot);
void edge_resume(struct edge *edge, uint32_t slot);

/* Sends what is queued, then a close frame, waits for the peer's (5 s), closes; a tunnel ends
 * behind what is queued, without a frame. `reason` may be NULL. on_closed is called before this
 * returns or, from inside a callback of this connection, when that returns. */
void edge_close(struct edge *edge, uint32_t slot, uint16_t code, const char *reason);

/* ---- the whole */
struct edge_limits {
    uint32_t connections_max;
    uint32_t connections_per_address;
    uint32_t connects_per_second_per_address;
    uint32_t queued_bytes_max; /* per connection */
    uint64_t queued_bytes_total_max;
    uint32_t message_bytes_max; /* WebSocket: 65536 */
    uint32_t body_bytes_max;    /* HTTP: 65536 */
    uint32_t header_timeout_ms; /* 5000 */
    uint32_t body_timeout_ms;
    uint32_t keep_alive_ms;           /* 60000 */
    uint32_t requests_per_connection; /* 1000 */
    uint32_t heartbeat_ms;            /* 30000: ping when silent; two misses: 4007 */
    uint32_t message_timeout_ms;      /* 10000: unfinished message */
    uint32_t close_timeout_ms;        /* 5000 */
    uint32_t control_frames_per_second;
};

struct edge_stats {
    uint64_t accepted, refused, closed, requests, messages_in, bytes_in, bytes_out, sends,
        frames_bad;
    uint32_t connections, websockets;
    uint64_t queued_bytes;
};

/* One per loop. Adds itself to the loop's turn end and to the net. Connections are counted in
 * `addresses`, which outlives it. */
struct edge *edge_create(
    const struct world *world, const struct edge_limits *limits, struct addresses *addresses);

/* Starts to accept on host and port for `handler`; several listeners (public, management) may share
 * one edge. */
MUST_USE enum err edge_listen(struct edge *edge, const char *host, uint16_t port, bool shared,
    struct edge_http_handler *handler, uint16_t *ret_port);

/* Accepts nothing more; open connections stay. */
void edge_stop_listening(struct edge *edge);

/* Closes every WebSocket with `code`, every idle HTTP connection at once, others after their
 * answer. */
void edge_close_all(struct edge *edge, uint16_t code, const char *reason);

struct edge_stats edge_stats(const struct edge *edge);

/* May change while running, `connections_max` not beyond what it was at first. */
void edge_set_limits(struct edge *edge, const struct edge_limits *limits);

/* Drops every connection at once, telling nobody. The loop must not turn afterwards: its hooks
 * stay. Not from inside a callback. */
void edge_destroy(struct edge *edge);
