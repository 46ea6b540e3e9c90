#pragma once

/* users - accounts, devices and blocks. The truth, not a cache: what was answered OK is durable and
 * every later read sees it.
 *
 * Compare-and-set is part of the contract: create and the changes that carry an expectation are
 * atomic (a transaction, or a light-weight transaction whose outcome may be UNKNOWN). Results live
 * in the op's arena. Not found is ERR_NOT_FOUND. */

#include "base/arena.h"
#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/revocation.h"

struct users;

struct user {
    struct cht_id id;
    struct cht_str username; /* lower case, unique for ever: never given a second time */
    struct cht_str display_name;
    struct cht_str bio;
    struct cht_str password_hash; /* with its parameters; empty once deleted */
    uint64_t created;
    uint64_t token_version; /* access tokens below it are void */
    uint64_t voided_at;     /* when token_version was raised last, ms since 1970; 0: never */
    uint64_t row_version;   /* grows with every change; for compare-and-set */
    bool disabled;
    bool deleted;
};

struct device {
    struct cht_id id, user;
    struct cht_str name;
    uint8_t refresh_hash[32];
    uint8_t previous_hash[32];
    uint64_t generation; /* of the refresh token */
    uint64_t rotated_at;
    uint64_t created, last_seen;
    uint64_t revoked_at; /* 0: valid */
};

struct users_create_op {
    struct op op;
    struct user user; /* OK, TAKEN or UNKNOWN */
};
struct users_by_name_op {
    struct op op;
    struct arena arena;
    struct cht_str username;
    struct user user;
};

/* Unknown ids are left out of the answer; deleted users are in it, marked. */
struct users_get_op {
    struct op op;
    struct arena arena;
    const struct cht_id *ids; /* the asker's until answered */
    uint32_t id_count;        /* at most 1,000 */
    struct user *users;
    uint32_t count;
};

/* By the beginning of the username, ordered by it; no deleted or disabled ones. */
struct users_find_op {
    struct op op;
    struct arena arena;
    struct cht_str prefix;
    uint32_t limit;
    struct user *users;
    uint32_t count;
};

/* Writes display_name, bio, password_hash, token_version, voided_at, disabled and deleted of
 * `user`, if its row_version is still that; STALE otherwise. Whoever disables or deletes an account
 * raises its token_version too, and whoever raises that says when. With `deleted` its devices go.
 */
struct users_change_op {
    struct op op;
    struct user user;
};

struct users_device_put_op {
    struct op op;
    struct device device;
};
struct users_device_get_op {
    struct op op;
    struct arena arena;
    struct cht_id user, device_id;
    struct device device;
};

/* Writes the device if its generation is still `expect_generation`; STALE otherwise. */
struct users_device_change_op {
    struct op op;
    struct device device;
    uint64_t expect_generation;
};

/* The devices that are signed in. Revoked ones may be forgotten a day later. */
struct users_devices_op {
    struct op op;
    struct arena arena;
    struct cht_id user;
    struct device *devices;
    uint32_t count;
};

/* What became void at `since` (ms since 1970) or later, oldest first; if that is more than `limit`,
 * the newest of it. Whoever can keep n revocations asks for n + 1. */
struct users_revoked_op {
    struct op op;
    struct arena arena;
    uint64_t since;
    uint32_t limit;
    struct revocation *revoked;
    uint32_t count;
};

/* `on`: user does not want to hear from `other`. Idempotent. At most `blocks_max` per user:
 * ERR_FULL. */
struct users_block_op {
    struct op op;
    struct cht_id user, other;
    bool on;
    uint32_t blocks_max;
    uint64_t at; /* ms since 1970: since when it is there, if it was not there before */
};
struct users_blocks_op {
    struct op op;
    struct arena arena;
    struct cht_id user;
    struct cht_id *others;
    uint32_t count;
};

/* Whom the user has blocked and who has blocked the user, at most `limit`; whoever did both may
 * come twice. */
struct users_apart_op {
    struct op op;
    struct arena arena;
    struct cht_id user;
    uint32_t limit;
    struct cht_apart *apart;
    uint32_t count;
    bool more;
};

/* Which of `ids` have blocked `author`? A decision needs it: who may write to or add whom. */
struct users_blocking_op {
    struct op op;
    struct cht_id author;
    const struct cht_id *ids; /* the asker's until answered */
    uint32_t id_count;        /* at most 100 */
    bool blocking[100];
};

struct users_ops {
    void (*create)(struct users *users, struct users_create_op *op);
    void (*by_name)(struct users *users, struct users_by_name_op *op);
    void (*get)(struct users *users, struct users_get_op *op);
    void (*find)(struct users *users, struct users_find_op *op);
    void (*change)(struct users *users, struct users_change_op *op);
    void (*device_put)(struct users *users, struct users_device_put_op *op);
    void (*device_get)(struct users *users, struct users_device_get_op *op);
    void (*device_change)(struct users *users, struct users_device_change_op *op);
    void (*devices)(struct users *users, struct users_devices_op *op);
    void (*revoked)(struct users *users, struct users_revoked_op *op);
    void (*block)(struct users *users, struct users_block_op *op);
    void (*blocks)(struct users *users, struct users_blocks_op *op);
    void (*apart)(struct users *users, struct users_apart_op *op);
    void (*blocking)(struct users *users, struct users_blocking_op *op);
    uint64_t (*stamp)(struct users *users);
};

struct users {
    const struct users_ops *ops;
};

#define USERS_ASK(name)                                                                            \
    static inline void users_##name(                                                               \
        struct users *users, struct asker *asker, struct users_##name##_op *op)                    \
    {                                                                                              \
        op_ask(&op->op, asker);                                                                    \
        users->ops->name(users, op);                                                               \
    }

USERS_ASK(create)
USERS_ASK(by_name)
USERS_ASK(get)
USERS_ASK(find)
USERS_ASK(change)
USERS_ASK(device_put)
USERS_ASK(device_get)
USERS_ASK(device_change)
USERS_ASK(devices)
USERS_ASK(revoked)
USERS_ASK(block)
USERS_ASK(blocks)
USERS_ASK(apart)
USERS_ASK(blocking)
#undef USERS_ASK

/* As history_stamp, of all that users_get answers. */
static inline uint64_t users_stamp(struct users *users)
{
    return users->ops->stamp(users);
}
