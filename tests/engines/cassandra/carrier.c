/* carrier - see the header. Happy path: post, ask, copy back, post. How it fails: it does not. */

#include "carrier.h"

#include <string.h>

#include "base/mem.h"

struct parcel {
    struct task task;
    struct asker asker;
    struct carrier *carrier;
    struct op *original;
    size_t size;
    void (*ask)(struct parcel *parcel);
    _Alignas(16) uint8_t copy[];
};

/* All that follows the op itself. */
static void copy_rest(void *into, const void *from, size_t size)
{
    memcpy((uint8_t *)into + sizeof(struct op), (const uint8_t *)from + sizeof(struct op),
        size - sizeof(struct op));
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct parcel *parcel = container_of(asker, struct parcel, asker);
    copy_rest(parcel->original, parcel->copy, parcel->size);
    op_answer_from(parcel->original, parcel->carrier->test, op->err);
    mem_free(parcel);
}

static void on_arrival(struct task *task)
{
    struct parcel *parcel = container_of(task, struct parcel, task);
    parcel->ask(parcel);
}

static void carry(
    struct carrier *carrier, struct op *op, size_t size, void (*ask)(struct parcel *parcel))
{
    struct parcel *parcel = mem_new(sizeof(*parcel) + size);
    parcel->task.run = on_arrival;
    parcel->asker.on_answer = on_answer;
    parcel->carrier = carrier;
    parcel->original = op;
    parcel->size = size;
    parcel->ask = ask;
    copy_rest(parcel->copy, op, size);
    loop_post(carrier->real, &parcel->task);
}

#define CARRY(port, name, op_type)                                                                 \
    static void ask_##port##_##name(struct parcel *parcel)                                         \
    {                                                                                              \
        struct op_type *op = (struct op_type *)(void *)parcel->copy;                               \
        port##_##name(parcel->carrier->real_##port, &parcel->asker, op);                           \
    }                                                                                              \
    static void carry_##port##_##name(struct port *port, struct op_type *op)                       \
    {                                                                                              \
        struct carrier *carrier = container_of(port, struct carrier, port);                        \
        carry(carrier, &op->op, sizeof(*op), ask_##port##_##name);                                 \
    }
#define CARRY_USERS(name) CARRY(users, name, users_##name##_op)

CARRY_USERS(create)
CARRY_USERS(by_name)
CARRY_USERS(get)
CARRY_USERS(find)
CARRY_USERS(change)
CARRY_USERS(device_put)
CARRY_USERS(device_get)
CARRY_USERS(device_change)
CARRY_USERS(devices)
CARRY_USERS(revoked)
CARRY_USERS(block)
CARRY_USERS(blocks)
CARRY_USERS(apart)
CARRY_USERS(blocking)

#define CARRY_ROOMS(name) CARRY(rooms, name, rooms_##name##_op)
#define CARRY_HISTORY(name) CARRY(history, name, history_##name##_op)

CARRY_ROOMS(load)
CARRY_ROOMS(members)
CARRY_ROOMS(member)
CARRY_ROOMS(of_user)
CARRY_ROOMS(one_of_user)
CARRY_ROOMS(door)
CARRY_ROOMS(circles)
CARRY_ROOMS(crowded)
CARRY(rooms, find_public, rooms_public_op)
CARRY(rooms, set_cursor, rooms_cursor_op)
CARRY(rooms, claim_name, rooms_name_op)

CARRY_HISTORY(write)
CARRY_HISTORY(progress)
CARRY_HISTORY(messages)
CARRY_HISTORY(entries)
CARRY_HISTORY(message)
CARRY_HISTORY(find_cid)
CARRY_HISTORY(search)

static uint64_t stamp_of_users(struct users *users)
{
    return users_stamp(container_of(users, struct carrier, users)->real_users);
}

static const struct users_ops users_ops = {
    .create = carry_users_create,
    .by_name = carry_users_by_name,
    .get = carry_users_get,
    .find = carry_users_find,
    .change = carry_users_change,
    .device_put = carry_users_device_put,
    .device_get = carry_users_device_get,
    .device_change = carry_users_device_change,
    .devices = carry_users_devices,
    .revoked = carry_users_revoked,
    .block = carry_users_block,
    .blocks = carry_users_blocks,
    .apart = carry_users_apart,
    .blocking = carry_users_blocking,
    .stamp = stamp_of_users,
};

static uint64_t stamp_of_somebody(struct rooms *rooms, const struct cht_id *user)
{
    return rooms_stamp(container_of(rooms, struct carrier, rooms)->real_rooms, user);
}

static const struct rooms_ops rooms_ops = {
    .load = carry_rooms_load,
    .members = carry_rooms_members,
    .member = carry_rooms_member,
    .of_user = carry_rooms_of_user,
    .one_of_user = carry_rooms_one_of_user,
    .door = carry_rooms_door,
    .circles = carry_rooms_circles,
    .crowded = carry_rooms_crowded,
    .find_public = carry_rooms_find_public,
    .set_cursor = carry_rooms_set_cursor,
    .claim_name = carry_rooms_claim_name,
    .stamp = stamp_of_somebody,
};

static uint64_t now_of_history(struct history *history)
{
    return history_now(container_of(history, struct carrier, history)->real_history);
}

static uint64_t stamp_of_room(struct history *history, const struct cht_id *room)
{
    return history_stamp(container_of(history, struct carrier, history)->real_history, room);
}

static const struct history_ops history_ops = {
    .write = carry_history_write,
    .progress = carry_history_progress,
    .messages = carry_history_messages,
    .entries = carry_history_entries,
    .message = carry_history_message,
    .find_cid = carry_history_find_cid,
    .search = carry_history_search,
    .now = now_of_history,
    .stamp = stamp_of_room,
};

void carrier_init(struct carrier *carrier)
{
    carrier->rooms.ops = &rooms_ops;
    carrier->history.ops = &history_ops;
    carrier->users.ops = &users_ops;
}
