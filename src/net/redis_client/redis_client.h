#pragma once

/* redis_client - asks one Redis installation, on one loop: the primary of it, wherever that is.
 *
 * It keeps a connection (link/outbound.h) to the primary. `hosts` are the servers themselves, which
 * are tried in turn until one says that it is the primary; or, with `service`, they are Sentinels,
 * one of which is asked every `sentinel_ms` where the primary of that name is, and at once when the
 * server that was asked last is lost or turns out to be a replica.
 *
 *     primary:  [connection] --HELLO, SELECT--> ready --lost, late, replica--> [connection] ...
 *     Sentinel: [connection] --HELLO, where?--> tells  --lost, unknown-------> the next one ...
 *
 * Asking. Commands leave together at the end of the turn, in the order of asking, and are answered
 * in that order; none waits for another's answer. So many are on their way at most (asks_max,
 * ask_bytes_max). An op is answered once:
 *
 *   OK              the reply is there, and is no refusal
 *   ERR_NOT_SENT    surely nothing happened: there is no ready connection, or the connection was
 *                   lost before a byte of the command had left
 *   ERR_FULL        surely nothing happened: too many are on their way; or the server's memory is
 *                   full, then `reply` is the refusal
 *   ERR_UNKNOWN     it left, and no answer came: the connection was lost, or was given up since an
 *                   answer was late. It may have happened, or may yet
 *   any other       the server refused (redis_refusals.def); `reply` says what
 *
 * Nothing is asked twice by itself, but one thing: a script that the server does not know is sent
 * again as a whole, once; it had not run.
 *
 * Time. Each op has a deadline. Answers come in order, so none can be passed over: a late one costs
 * the connection, and all that are on their way are ERR_UNKNOWN or ERR_NOT_SENT then. A server that
 * hangs is so found after one deadline; until it answers the hello of a new connection, ops are
 * ERR_NOT_SENT at once. A server that is only gone is found by PING after `quiet_ms`.
 *
 * What servers say is bounded and may be anything: what breaks the protocol ends the connection.
 * Nothing here logs; the listener hears what is worth a line. Passwords are in no text. */

#include "flow/op.h"
#include "link/outbound.h"
#include "redis_client/redis_hosts.h"
#include "redis_client/redis_reply.h"
#include "redis_client/redis_script.h"

struct redis_client;

/* A command, or a script, and its answer. */
struct redis_op {
    struct op op;
    uint32_t timeout_ms;             /* 0: ask_ms of the client */
    struct arena arena;              /* of the reply; redis_op_deinit gives it back */
    const struct redis_reply *reply; /* NULL: the server has not answered */

    /* the client's, while asked */
    struct redis_op *next;
    struct buf *bytes;
    const struct redis_script *script; /* to be sent as a whole if it is not known */
    uint64_t place;                    /* of its first byte on the connection */
    uint64_t deadline_ms;
};

/* While it is not asked; a zeroed one is fine. */
void redis_op_deinit(struct redis_op *op);

/* A script and its words: first `keys` names of keys, then arguments. */
struct redis_call {
    const struct redis_script *script; /* stays until the answer */
    const struct cht_str *words;
    uint32_t count, keys; /* count at most REDIS_WORDS_MAX - 3 */
};

/* How a connection, or a try to make one, ended. Lent for the call. */
struct redis_loss {
    const struct redis_host *host;
    bool of_sentinel;
    bool was_ready;
    const char *reason, *detail; /* for a line of a log */
    uint64_t retry_ms;
};

struct redis_listener {
    /* Commands reach a primary: the first one, or another one, or the same with other content. */
    void (*on_ready)(struct redis_listener *listener, const struct redis_host *host);
    void (*on_loss)(struct redis_listener *listener, const struct redis_loss *loss);
};

struct redis_limits {
    uint32_t ask_ms; /* until the answer */
    uint32_t asks_max, ask_bytes_max;
    uint32_t reply_bytes_max, reply_items_max;
    uint32_t open_ms; /* for a connection, and once more for its hello */
    uint32_t quiet_ms;
    uint32_t retry_first_ms, retry_max_ms;
    uint32_t sentinel_ms;
};

/* Who asks. Empty or NULL user: "default"; NULL password: nobody is named. */
struct redis_credentials {
    const char *user, *password;
};

struct redis_client_options {
    const struct redis_hosts *hosts; /* at least one; copied, as are all texts */
    const char *service;             /* the hosts are Sentinels that know it; NULL: they are not */
    struct redis_credentials credentials, sentinel_credentials;
    const char *name; /* that the server lists it under: letters, digits, - and _ */
    uint32_t database;
    struct tls_client *tls; /* NULL: plain */
    const char *tls_name;   /* of the certificate; NULL: the host */
    struct redis_limits limits;
    struct redis_listener *listener; /* stays as long as the client */
};

struct redis_client_stats {
    uint64_t asked, answered, refused; /* by the server */
    uint64_t unknown, not_sent;        /* and too many */
    uint64_t opens, losses;            /* of ready connections to primaries */
};

/* Begins to connect. ERR_BAD_CONFIG: a host or the TLS name can not be. */
MUST_USE enum err redis_client_create(const struct world *world, struct outbounds *outbounds,
    const struct redis_client_options *options, struct redis_client **ret_client);

/* Answers all ops that are on their way with ERR_UNKNOWN, from inside. Not from inside an answer or
 * a listener. NULL is fine. */
void redis_client_destroy(struct redis_client *client);

/* 1 to REDIS_WORDS_MAX words, copied. */
void redis_ask(struct redis_client *client, struct asker *asker, struct redis_op *op,
    const struct cht_str *words, uint32_t count);

void redis_run(struct redis_client *client, struct asker *asker, struct redis_op *op,
    const struct redis_call *call);

bool redis_client_is_ready(const struct redis_client *client);

/* The server that is asked, or was last; NULL: none is known. */
const struct redis_host *redis_client_host(const struct redis_client *client);

struct redis_client_stats redis_client_stats(const struct redis_client *client);
