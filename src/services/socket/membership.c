/* membership - see the header. Happy path: append to the audience and remember where; to leave, the
 * last one of the audience takes the place and is told so. How it fails: it does not. */

#include "membership.h"

#include "base/check.h"
#include "fanout.h"
#include "rooms.h"

bool membership_has(
    const struct socket_service *service, const struct user_slot *user, const struct room *room)
{
    return slot_list_find(&user->rooms, room_slot(service, room)) != SLOT_NONE;
}

static void enter(struct socket_service *service, struct room *room, uint32_t connection)
{
    slot_list_add(&service->connections[connection].places, room->audience.count);
    slot_list_add(&room->audience, connection);
}

/* Takes the one at `place` out of the audience; who moves into the hole is told. */
static void leave(struct socket_service *service, struct room *room, uint32_t place)
{
    uint32_t *audience = slot_list_at(&room->audience);
    CHECK(place < room->audience.count);
    uint32_t mover = audience[room->audience.count - 1];
    uint32_t leaver = audience[place];
    slot_list_remove(&room->audience, place);
    if (mover == leaver) {
        return;
    }
    struct connection *moved = &service->connections[mover];
    uint32_t index = slot_list_find(&service->users[moved->user].rooms, room_slot(service, room));
    CHECK(index < moved->places.count);
    slot_list_at(&moved->places)[index] = place;
}

static void after_leaving(struct socket_service *service, struct room *room)
{
    if (room->audience.count == 0) {
        room->idle_since = socket_now(service);
    }
}

void membership_add(struct socket_service *service, struct user_slot *user, struct room *room)
{
    if (!membership_has(service, user, room)) {
        membership_add_new(service, user, room);
    }
}

void membership_add_new(struct socket_service *service, struct user_slot *user, struct room *room)
{
    fanout_close_block(service, room);
    slot_list_add(&user->rooms, room_slot(service, room));
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        enter(service, room, c);
    }
}

void membership_remove(struct socket_service *service, struct user_slot *user, struct room *room)
{
    uint32_t index = slot_list_find(&user->rooms, room_slot(service, room));
    if (index == SLOT_NONE) {
        return;
    }
    fanout_close_block(service, room);
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        leave(service, room, slot_list_at(&service->connections[c].places)[index]);
    }
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        slot_list_remove(&service->connections[c].places, index);
    }
    slot_list_remove(&user->rooms, index);
    after_leaving(service, room);
}

void membership_clear(struct socket_service *service, struct room *room)
{
    while (room->audience.count > 0) {
        uint32_t connection = slot_list_at(&room->audience)[0];
        membership_remove(service, &service->users[service->connections[connection].user], room);
    }
}

void membership_add_connection(
    struct socket_service *service, struct user_slot *user, uint32_t connection)
{
    const uint32_t *rooms = slot_list_peek(&user->rooms);
    for (uint32_t i = 0; i < user->rooms.count; i++) {
        struct room *room = &service->rooms[rooms[i]];
        fanout_close_block(service, room);
        enter(service, room, connection);
    }
}

void membership_remove_connection(
    struct socket_service *service, struct user_slot *user, uint32_t connection)
{
    const uint32_t *rooms = slot_list_peek(&user->rooms);
    struct connection *c = &service->connections[connection];
    CHECK(c->places.count == user->rooms.count);
    for (uint32_t i = 0; i < user->rooms.count; i++) {
        struct room *room = &service->rooms[rooms[i]];
        fanout_close_block(service, room); /* what it has still to be sent ends here */
        leave(service, room, slot_list_at(&c->places)[i]);
        after_leaving(service, room);
    }
    slot_list_deinit(&c->places);
}

void membership_forget_user(struct socket_service *service, struct user_slot *user)
{
    (void)service;
    CHECK(user->connection_count == 0);
    slot_list_deinit(&user->rooms);
}
