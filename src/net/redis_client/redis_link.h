#pragma once

/* redis_link - one connection to one server: the hello, and commands in a line until their answers
 * come. A client has one to the primary and, with Sentinel, one to a Sentinel.
 *
 * Embedded in its user's struct and not moved. The owner is told from inside readiness, never from
 * inside a call of its own. */

#include "flow/op.h"
#include "link/outbound.h"
#include "redis_client/redis_client.h"
#include "redis_client/redis_codec.h"
#include "world/loop.h"
#include "world/world.h"

struct redis_link;

/* What a server says of itself. */
struct redis_hello {
    bool is_primary, is_sentinel;
};

struct redis_link_owner {
    /* Commands may be sent from here on. Answers NULL, or why this server is not the one. */
    const char *(*on_ready)(struct redis_link_owner *owner, const struct redis_hello *hello);
    /* The server is about to be given up, since it said that it is not the one. May be NULL. */
    void (*on_moved)(struct redis_link_owner *owner);
    /* Nothing is on its way any more. As on_closed of an outbound. */
    void (*on_down)(struct redis_link_owner *owner, const struct outbound_end *end, bool was_ready);
};

struct redis_link_options {
    struct redis_host host;
    struct redis_credentials credentials; /* texts stay */
    const char *name;                     /* stays */
    uint32_t database;
    struct tls_client *tls;
    const char *tls_name;
    struct redis_limits limits;
    struct redis_link_owner *owner;
    struct redis_client_stats *stats;
};

struct redis_link {
    struct outbound_handler handler;
    struct redis_link_options options;
    struct outbound *outbound; /* NULL: it was never made */
    struct loop *loop;
    struct redis_reader *reader;
    struct redis_op *first, *last; /* sent, in the order of their answers */
    uint32_t count;
    uint64_t bytes; /* of their commands */
    struct timer timer;
    uint64_t look_ms; /* when the timer fires; 0: it does not run */
    struct asker greeter, pinger;
    struct redis_op hello, select, ping;
    struct redis_hello said;
    uint32_t greetings; /* on their way */
    bool ready;
    bool hurry;          /* the next try is at once */
    bool reading;        /* replies are being handed out */
    const char *give_up; /* after what has come is read: why */
    char detail[160];
};

/* Does not connect yet. ERR_BAD_CONFIG as outbound_create. */
MUST_USE enum err redis_link_init(struct redis_link *link, struct outbounds *outbounds,
    const struct world *world, const struct redis_link_options *options);

/* All ops are answered, from inside. A zeroed link is fine. */
void redis_link_deinit(struct redis_link *link);

void redis_link_start(struct redis_link *link);

/* Another server, from the next try on. */
MUST_USE enum err redis_link_move(struct redis_link *link, const struct redis_host *host);

/* The next try is at once. A connection that is open or is being made is given up for `why`. */
void redis_link_hurry(struct redis_link *link, const char *why);

/* Asked already, with bytes: surely nothing happens. Answers it later in this turn. */
void redis_op_refuse(
    struct redis_op *op, struct loop *loop, struct redis_client_stats *stats, enum err err);

/* Asked already, with bytes. Answers it now or later in any case. */
void redis_link_send(struct redis_link *link, struct redis_op *op);

/* This server is not the one. `why` stays. */
void redis_link_give_up(struct redis_link *link, const char *why);
