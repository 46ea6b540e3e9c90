#pragma once

/* outbound - connections from us to servers of others, which are kept: lost, they are made anew.
 *
 * A client of a protocol (Redis, CQL, Pulsar) embeds a handler for each connection that it wants
 * and gives the bytes their meaning; what is the same for all of them is here: the name is looked
 * up, its addresses are tried in turn, TLS, buffers, deadlines, and the wait before the next try.
 *
 *     +---> IDLE --start--> RESOLVING ----> CONNECTING ----> SHAKING (TLS) ----> OPEN
 *     |                      ^    |          |   ^ |            |    |            |
 *   stop (from any state)    |    |          |   +-+ next address    |            |
 *                            |    |          |   +--------------+    |            |
 *                            |    v          v                       v            v
 *                            |   CLOSED: everything is detached, then on_closed is called
 *                            |    |
 *                            +- WAITING
 *
 * Order. Each try ends in exactly one on_closed, except by outbound_stop; if it succeeded, on_open
 * came before. Between the two: on_input with the bytes in their order, on_drained, on_quiet. No
 * function here calls the handler back from inside: what follows comes later in the turn. A handler
 * may call everything here from inside everything that it hears, outbound_stop and outbound_destroy
 * of itself and of others too. When on_closed is called the socket is gone, the queue is empty and
 * no list has the connection any more.
 *
 * Output. What is written in a turn leaves together at its end, in the order of writing; each write
 * is whole: it is taken as a whole or refused as a whole (ERR_FULL), so a message is never cut by a
 * full queue. Of what was written before a connection was lost, outbound_end tells what surely
 * never left.
 *
 * Input. One read a turn for each connection. What the user does not take stays, at most
 * `input_bytes_max`, which therefore is the size of the longest message of the protocol; whoever
 * takes nothing of a full buffer is closed (OUTBOUND_TOO_LARGE).
 *
 * Time. `open_ms` spans everything from looking up the name until on_open. An address has its share
 * of what is left of it, so that one that never answers does not cost those behind it their turn. A
 * client that says hello in its own protocol limits that itself (outbound_drop). A peer that is
 * only gone is found by silence: on_quiet asks the user to ping, `silent_ms` ends it.
 *
 * A try fails: the wait doubles from `retry_first_ms` to `retry_max_ms`, and a chance between half
 * of it and the whole is taken, so that those who lost the same server do not come back at once.
 * After a connection that was open for `steady_ms` it is the first again.
 *
 * Nothing here logs: the reasons of on_closed are for the lines of the user. They name no secret.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "world/net.h"
#include "world/world.h"

struct outbound;
struct outbounds;
struct tls_client;

enum outbound_reason {
#define REASON(name, wire, text) OUTBOUND_##name,
#include "link/outbound_reasons.def"
#undef REASON
    OUTBOUND_REASONS
};

/* "refused", and a sentence. */
const char *outbound_reason_name(enum outbound_reason reason);
const char *outbound_reason_text(enum outbound_reason reason);

/* How a try or a connection ended. Lent for the call of on_closed. */
struct outbound_end {
    enum outbound_reason reason;
    const char *detail;  /* more about it: of TLS, or what the user said to outbound_drop; or "" */
    bool was_open;       /* on_open had been called */
    uint64_t bytes_sent; /* of the written ones; nothing behind them has left. outbound_written */
    uint64_t retry_ms;   /* until the next try, if on_closed does not decide otherwise */
    struct net_address to; /* where it was connected or connecting; zero: no address was known */
};

struct outbound_handler {
    /* It may be written to. */
    void (*on_open)(struct outbound_handler *handler);
    /* All bytes that are there and were not taken: answers how many of them, from the first, are
     * done with. The rest comes again together with what arrives later, or at once after
     * outbound_resume. They are the handler's until it returns, to be changed too as far as it
     * takes them. */
    size_t (*on_input)(struct outbound_handler *handler, uint8_t *bytes, size_t size);
    /* After a write was refused: half of the queue is free again. May be NULL. */
    void (*on_drained)(struct outbound_handler *handler);
    /* Nothing has come for `quiet_ms`: time for a ping. Once, until something comes. May be NULL.
     */
    void (*on_quiet)(struct outbound_handler *handler);
    /* Whatever was written and is not answered stays so. It may stop, or change the endpoint, or
     * ask for the next try at once; else that comes after `retry_ms`. */
    void (*on_closed)(struct outbound_handler *handler, const struct outbound_end *end);
};

/* Those that may be 0 say so. */
struct outbound_limits {
    uint32_t input_bytes_max;  /* that were not taken: the longest message */
    uint32_t queue_bytes_max;  /* written, and not yet given to the system */
    uint32_t urgent_bytes_max; /* beside those, by outbound_write_urgent; may be 0 */
    uint32_t open_ms;          /* for a try, from the lookup of the name until on_open */
    uint32_t quiet_ms;         /* 0: on_quiet is never called */
    uint32_t silent_ms;        /* nothing came for so long: closed; 0: never. More than quiet_ms */
    uint32_t retry_first_ms;
    uint32_t retry_max_ms; /* not less than retry_first_ms */
    uint32_t steady_ms;    /* open for so long: the next wait is the first again; may be 0 */
};

struct outbound_options {
    const char *host; /* a name, or an address; copied */
    uint16_t port;
    struct tls_client *tls; /* NULL: plain. Stays as long as the outbound */
    const char *tls_name;   /* that the certificate has to be of; NULL: the host. Copied */
    struct outbound_limits limits;
    struct outbound_handler *handler; /* stays as long as the outbound */
};

struct outbound_stats {
    uint64_t tries, opens;               /* addresses that were tried; connections */
    uint64_t bytes_in, bytes_out, sends; /* on the wire: of TLS, with its own */
};

/* ---- the connections of a loop */

/* One for each loop: it has a handler and a hook there, which stay as long as the loop. */
struct outbounds *outbounds_create(const struct world *world);

/* Destroys what is left of the connections. The loop runs no turn any more. NULL is fine. */
void outbounds_destroy(struct outbounds *outbounds);

/* ---- a connection */

/* Idle until it is started. ERR_BAD_CONFIG: no such host, port (outbound_set_endpoint) or TLS name
 * can be. */
MUST_USE enum err outbound_create(struct outbounds *outbounds,
    const struct outbound_options *options, struct outbound **ret_outbound);

/* Stops it. At any time, also from inside its handler, which is not called any more. NULL is fine.
 */
void outbound_destroy(struct outbound *outbound);

/* The first try, at once. Nothing happens if it is not idle. */
void outbound_start(struct outbound *outbound);

/* Idle, whatever it was: the socket is closed, what is queued is dropped, on_closed is not called.
 * A TLS peer is told, as far as the socket takes it. Who wants its last words to arrive waits for
 * their answers first. */
void outbound_stop(struct outbound *outbound);

/* The connection is of no use (its peer breaks the protocol, an answer is overdue, this node is not
 * the one that is wanted): closed as if it had been lost, with reason OUTBOUND_DROPPED; on_closed
 * comes later in this turn. `detail` is cut at some length; it is a text for logs. Nothing happens
 * if no try is under way. */
void outbound_drop(struct outbound *outbound, const char *detail);

/* From inside on_closed, or while it waits: the next try is at once, and the wait after that the
 * first again, so who asks for it at each end never waits. In other states nothing happens. */
void outbound_retry(struct outbound *outbound);

/* From the next try on. ERR_BAD_CONFIG, and nothing changes: the host is empty, "." or longer
 * than RESOLVER_HOST_BYTES_MAX, or the port is 0. */
MUST_USE enum err outbound_set_endpoint(struct outbound *outbound, const char *host, uint16_t port);

/* Smaller bounds from here on, for who began with a large message and goes on with small ones. What
 * is queued or kept already may be more. Not from inside on_input, unless it takes all it is given.
 */
void outbound_narrow(struct outbound *outbound, uint32_t input_bytes_max, uint32_t queue_bytes_max);

/* ---- output; bounded, never grows over its limits */

/* Some bytes of a write. */
struct outbound_part {
    const void *bytes;
    size_t size;
    struct buf *buf; /* that the bytes lie in, which is then referred to and not copied; or NULL */
};

/* All parts one after the other, or none: ERR_FULL, then on_drained comes; ERR_CLOSED: it is not
 * open. Bytes without a buf are copied, those with one are not changed until they have left. */
MUST_USE enum err outbound_write_parts(
    struct outbound *outbound, const struct outbound_part *parts, uint32_t count);

/* Copies. */
MUST_USE static inline enum err outbound_write(
    struct outbound *outbound, const void *bytes, size_t size)
{
    struct outbound_part part = {.bytes = bytes, .size = size};
    return outbound_write_parts(outbound, &part, 1);
}

/* Refers to all of `buf`, of which the caller keeps its own reference: the same bytes may be sent
 * again to another server. */
MUST_USE static inline enum err outbound_write_buf(struct outbound *outbound, struct buf *buf)
{
    struct outbound_part part = {.bytes = buf->bytes, .size = buf->size, .buf = buf};
    return outbound_write_parts(outbound, &part, 1);
}

/* For answers to pings and the like: goes before all writes of which nothing has left, behind
 * urgent ones before it, and is counted apart, so it finds room when the queue is full. Copies.
 * ERR_FULL and ERR_CLOSED as above, without on_drained. */
MUST_USE enum err outbound_write_urgent(struct outbound *outbound, const void *bytes, size_t size);

/* How many bytes this connection has taken by outbound_write and its likes, urgent ones left out.
 * Asked before a write it is the place of its first byte: if that is not below `bytes_sent` of
 * on_closed, nothing of the write has left, and it may be repeated elsewhere whatever it does. */
uint64_t outbound_written(const struct outbound *outbound);

/* Written, and not yet given to the system; urgent ones too. */
uint64_t outbound_queued_bytes(const struct outbound *outbound);

/* ---- input */

/* Nothing more is read: pressure travels to the peer. What a peer says to end the connection is
 * then found late; silence is not counted. */
void outbound_hold(struct outbound *outbound);

/* Reading goes on, and bytes that were not taken are given again, later in this turn. Also without
 * outbound_hold, for who takes only so many messages in one call. */
void outbound_resume(struct outbound *outbound);

/* ---- questions */
bool outbound_is_open(const struct outbound *outbound);

/* "idle", "resolving" and so on. */
const char *outbound_state_name(const struct outbound *outbound);

/* Where an open connection leads; zero if it is not open. */
struct net_address outbound_address(const struct outbound *outbound);

/* What ALPN agreed on; empty if nothing was, or it is not open. */
void outbound_protocol(const struct outbound *outbound, char *ret_name, size_t size);

struct outbound_stats outbound_stats(const struct outbound *outbound);
