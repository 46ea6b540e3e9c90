#pragma once

/* sessions - who is connected where, what was revoked, tickets and limits: soft state, shared by
 * all nodes.
 *
 * A cache beside the truth (users.h): losing all of it is legal and costs presence for some
 * seconds; every answer may be one second old. A node's lease carries its connections: when the
 * node is gone for 15 s, so are they. */

#include <stdatomic.h>

#include "base/arena.h"
#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/revocation.h"

struct identity;
struct sessions;

struct session {
    struct cht_id user, device;
    struct cht_id id; /* as `ready` tells it; not looked at where a connection is named */
    uint64_t node, boot;
    uint32_t slot, generation; /* of the connection on the node */
};

/* How much a user may still say: buckets that all connections of the user share, on whatever
 * worker. Changed without a lock by whoever takes something. What is in them is up to their users
 * (rate.h of the socket service); zero is full. */
struct sessions_rates {
    _Atomic(uint32_t) messages, commands;
};

/* A connection that opens. It is counted with all of its user that are known, on whatever node. */
struct sessions_enter_op {
    struct op op;
    struct session session;
    struct cht_id replaces;  /* id of a session of the same user whose place it takes; or none */
    uint32_t user_max;       /* connections of a user, 0: no limit */
    uint32_t device_max;     /* of a device, 0: no limit */
    struct session replaced; /* answer: who is forgotten and has to be closed; node 0: nobody */
    struct sessions_rates *rates; /* answer: of the user, lent until this connection is removed;
                                     NULL: nobody counts */
};

struct online_user {
    struct cht_id user;
    enum cht_presence_state state; /* the best of the connections; offline if there is none */
    uint64_t last_seen;            /* ms since 1970; 0: never known */
    uint64_t nodes[16];            /* where connected, as far as they are known */
    uint32_t node_count;
    bool everywhere; /* perhaps on others too: there are more than 16, or nobody knows just now */
};

struct sessions_online_op {
    struct op op;
    struct arena arena;
    const struct cht_id *users; /* the asker's until answered */
    uint32_t count;             /* at most 1,000 */
    struct online_user *online; /* one each, in the order asked */
};

/* A single-use secret for opening a socket: put for 30 s, taken once. */
struct ticket {
    uint8_t secret_hash[32];
    struct cht_id user, device;
    uint64_t token_version;
    uint64_t issued_at, expires_at; /* of the access token behind it, ms since 1970 */
    uint64_t valid_until;
    char origin[256]; /* empty: bound to none */
};

struct sessions_ticket_op {
    struct op op;
    struct ticket ticket;
};

#define LIMIT_GIVE_ALL UINT32_MAX
#define LIMIT_GIVE_ONE (UINT32_MAX - 1)

/* A bucket: `burst` at once, refilled over time. Answers OK or RATE_LIMITED with `wait_ms`. */
struct sessions_limit_op {
    struct op op;
    struct cht_str key; /* "login:<account>:<address>", at most 128 bytes; lent until answered */
    uint32_t burst;
    uint64_t refill_us; /* for one token */
    uint32_t take;      /* tokens; 0: only look; or LIMIT_GIVE_ONE, LIMIT_GIVE_ALL: back */
    uint64_t wait_ms;   /* answer */
};

/* OLD: it may be good, but so many were revoked since it was given that nobody knows any more; its
 * owner fetches a new one, as if it had ended. */
enum token_standing { TOKEN_GOOD, TOKEN_OLD, TOKEN_REVOKED };

struct sessions_listener {
    struct sessions_listener *next; /* the engine's */
    void (*on_revoked)(struct sessions_listener *listener, const struct revocation *revocation);
};

struct sessions_ops {
    void (*enter)(struct sessions *sessions, struct sessions_enter_op *op);
    void (*remove)(struct sessions *sessions, const struct session *session);
    void (*set_state)(
        struct sessions *sessions, const struct session *session, enum cht_presence_state state);
    void (*online)(struct sessions *sessions, struct sessions_online_op *op);
    void (*ticket_put)(struct sessions *sessions, struct sessions_ticket_op *op);
    void (*ticket_take)(struct sessions *sessions, struct sessions_ticket_op *op);
    void (*limit)(struct sessions *sessions, struct sessions_limit_op *op);
    void (*revoke)(struct sessions *sessions, const struct revocation *revocation);
    enum token_standing (*standing)(struct sessions *sessions, const struct identity *who);
    void (*listen)(struct sessions *sessions, struct sessions_listener *listener);
};

struct sessions {
    const struct sessions_ops *ops;
};

/* OK, and it is known from here on; or RATE_LIMITED, and it is not. Idempotent. An engine that can
 * not count lets in. Whatever entered is removed when it has closed, also if it was replaced: a
 * user who comes back finds the buckets as they were left, unless they were forgotten meanwhile. */
static inline void sessions_enter(
    struct sessions *sessions, struct asker *asker, struct sessions_enter_op *op)
{
    op_ask(&op->op, asker);
    op->rates = NULL;
    sessions->ops->enter(sessions, op);
}

/* A connection that entered closed, or changed its presence: idempotent, answers nothing. */
static inline void sessions_remove(struct sessions *sessions, const struct session *session)
{
    sessions->ops->remove(sessions, session);
}

static inline void sessions_set_state(
    struct sessions *sessions, const struct session *session, enum cht_presence_state state)
{
    sessions->ops->set_state(sessions, session, state);
}

static inline void sessions_online(
    struct sessions *sessions, struct asker *asker, struct sessions_online_op *op)
{
    op_ask(&op->op, asker);
    sessions->ops->online(sessions, op);
}

static inline void sessions_ticket_put(
    struct sessions *sessions, struct asker *asker, struct sessions_ticket_op *op)
{
    op_ask(&op->op, asker);
    sessions->ops->ticket_put(sessions, op);
}

/* By ticket.secret_hash; fills the rest. NOT_FOUND if it was never there, is over, or was taken. */
static inline void sessions_ticket_take(
    struct sessions *sessions, struct asker *asker, struct sessions_ticket_op *op)
{
    op_ask(&op->op, asker);
    sessions->ops->ticket_take(sessions, op);
}

static inline void sessions_limit(
    struct sessions *sessions, struct asker *asker, struct sessions_limit_op *op)
{
    op_ask(&op->op, asker);
    sessions->ops->limit(sessions, op);
}

/* Tokens became void. Every node knows within 2 s; listeners hear of it. The truth was written
 * before (users.h). It is kept for as long as the tokens could live; a cache that lost it is filled
 * from the truth again (users_revoked). */
static inline void sessions_revoke(struct sessions *sessions, const struct revocation *revocation)
{
    sessions->ops->revoke(sessions, revocation);
}

/* From a local copy that is at most 1 s old. A token that is void is never good here. */
static inline enum token_standing sessions_standing(
    struct sessions *sessions, const struct identity *who)
{
    return sessions->ops->standing(sessions, who);
}

static inline void sessions_listen(struct sessions *sessions, struct sessions_listener *listener)
{
    sessions->ops->listen(sessions, listener);
}
