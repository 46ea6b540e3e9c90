/* waits - see the header. Happy path: two lists through one array that grows, those of a room in
 * the order of what they wait for. How it fails: it does not. */

#include "waits.h"

#include "base/check.h"
#include "base/mem.h"
#include "rooms.h"
#include "users.h"

static uint32_t take_slot(struct socket_service *service)
{
    uint32_t slot = service->waits_free;
    if (slot != SLOT_NONE) {
        service->waits_free = service->waits[slot].next_of_user;
        return slot;
    }
    if (service->waits_used == service->waits_capacity) {
        service->waits_capacity = service->waits_capacity ? service->waits_capacity * 2 : 64;
        service->waits =
            mem_resize(service->waits, service->waits_capacity * sizeof(*service->waits));
    }
    return service->waits_used++;
}

static uint32_t find(
    const struct socket_service *service, const struct user_slot *user, uint32_t room)
{
    uint32_t slot = user->first_wait;
    while (slot != SLOT_NONE && service->waits[slot].room != room) {
        slot = service->waits[slot].next_of_user;
    }
    return slot;
}

/* What was read later has mostly a higher seq: its place is found from the end. */
static void put_into_room(struct socket_service *service, struct room *room, uint32_t slot)
{
    struct wait *waits = service->waits;
    uint32_t before = room->last_wait;
    while (before != SLOT_NONE && waits[before].seq > waits[slot].seq) {
        before = waits[before].before;
    }
    uint32_t after = before == SLOT_NONE ? room->first_wait : waits[before].after;
    waits[slot].before = before;
    waits[slot].after = after;
    *(before == SLOT_NONE ? &room->first_wait : &waits[before].after) = slot;
    *(after == SLOT_NONE ? &room->last_wait : &waits[after].before) = slot;
}

static void take_out_of_room(struct socket_service *service, struct room *room, uint32_t slot)
{
    struct wait *waits = service->waits;
    uint32_t before = waits[slot].before;
    uint32_t after = waits[slot].after;
    *(before == SLOT_NONE ? &room->first_wait : &waits[before].after) = after;
    *(after == SLOT_NONE ? &room->last_wait : &waits[after].before) = before;
}

void wait_add(
    struct socket_service *service, struct user_slot *user, struct room *room, uint64_t seq)
{
    uint32_t slot = find(service, user, room_slot(service, room));
    if (slot != SLOT_NONE) {
        take_out_of_room(service, room, slot);
    } else {
        slot = take_slot(service);
        service->waits[slot] = (struct wait){
            .user = user_slot_of(service, user),
            .room = room_slot(service, room),
            .next_of_user = user->first_wait,
        };
        user->first_wait = slot;
    }
    service->waits[slot].seq = seq;
    put_into_room(service, room, slot);
}

static void take_from_user(struct socket_service *service, uint32_t slot)
{
    uint32_t *at = &service->users[service->waits[slot].user].first_wait;
    while (*at != slot) {
        CHECK(*at != SLOT_NONE);
        at = &service->waits[*at].next_of_user;
    }
    *at = service->waits[slot].next_of_user;
}

static void drop(struct socket_service *service, uint32_t slot)
{
    struct room *room = &service->rooms[service->waits[slot].room];
    take_out_of_room(service, room, slot);
    take_from_user(service, slot);
    service->waits[slot].next_of_user = service->waits_free;
    service->waits_free = slot;
    if (room_is_idle(room)) {
        room->idle_since = socket_now(service);
    }
}

void wait_forget_user(struct socket_service *service, struct user_slot *user)
{
    while (user->first_wait != SLOT_NONE) {
        drop(service, user->first_wait);
    }
}

bool wait_take(struct socket_service *service, struct room *room, struct wait *ret_wait)
{
    uint32_t slot = room->first_wait;
    if (slot == SLOT_NONE || service->waits[slot].seq > room->last_seq) {
        return false;
    }
    *ret_wait = service->waits[slot];
    drop(service, slot);
    return true;
}

void waits_deinit(struct socket_service *service)
{
    mem_free(service->waits);
}
