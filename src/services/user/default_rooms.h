#pragma once

/* default_rooms - the public channels that everybody joins.
 *
 * A default room is made by the system: its creator is none and its id comes from its name, so
 * every node names the same room and making it again changes nothing. A join is a command of the
 * new user; its answer comes into the box LIVE under a handle that has bit 52 set, which no other
 * asker of a node uses. */

#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/mail.h"
#include "world/loop.h"

#define DEFAULT_ROOMS_MAX 8
#define DEFAULT_ROOMS_REF (UINT64_C(1) << 52)

struct user_service_deps;
struct join_op;

struct default_room {
    struct cht_id room;
    struct cht_str name;
    char cid[64];
};

struct default_rooms {
    const struct user_service_deps *deps;
    struct mail_handler on_live;
    struct default_room rooms[DEFAULT_ROOMS_MAX];
    uint32_t count;
    struct join_op *waiting;
    uint64_t refs;
};

/* Joins one room: OK when it is durable; TIMEOUT after 2 s, NOT_SENT, or the refusal. */
struct join_op {
    struct op op;
    struct cht_id user;
    uint32_t room; /* place in default_rooms */
    struct join_op *next;
    struct default_rooms *rooms;
    struct timer timer;
    uint64_t ref;
};

void default_rooms_init(struct default_rooms *rooms, const struct user_service_deps *deps);
void default_rooms_join(struct default_rooms *rooms, struct asker *asker, struct join_op *op);
