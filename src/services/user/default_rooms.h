#pragma once

/* default_rooms - the public channels that everybody joins.
 *
 * A default room is made by the system: its creator is none and its id comes from its name, so
 * every node names the same room and making it again changes nothing. A join is a command of the
 * new user. */

#include "chattifier/events.h"
#include "user/room_asks.h"

#define DEFAULT_ROOMS_MAX 8

struct user_service_deps;

struct default_room {
    struct cht_id room;
    struct cht_str name;
    char cid[64];
};

struct default_rooms {
    const struct user_service_deps *deps;
    struct room_asks *asks;
    struct default_room rooms[DEFAULT_ROOMS_MAX];
    uint32_t count;
};

void default_rooms_init(
    struct default_rooms *rooms, const struct user_service_deps *deps, struct room_asks *asks);

/* Joins the user to one of them: OK when it is durable; TIMEOUT after 2 s, NOT_SENT, or the
 * refusal. */
void default_rooms_join(struct default_rooms *rooms, struct asker *asker,
    const struct default_room *room, const struct cht_id *user, struct room_ask_op *op);
