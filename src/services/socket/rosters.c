/* rosters - see the header. Happy path: one question, one page, every room attached at once. How it
 * fails: as the header says. */

#include "rosters.h"

#include "base/check.h"
#include "base/logger.h"
#include "bus_out.h"
#include "connections.h"
#include "fanout.h"
#include "gaps.h"
#include "membership.h"
#include "rooms.h"
#include "subscriptions.h"
#include "users.h"
#include "waits.h"
#include "watches.h"

#define ASK_AGAIN_MS 1000u
#define STALE_MS 100u
#define SLOT_BITS 20u

uint64_t roster_handle_pack(const struct roster_handle *handle)
{
    CHECK(handle->slot < (1u << SLOT_BITS));
    return (uint64_t)handle->generation << (SLOT_BITS + 1) | (uint64_t)handle->slot << 1 |
           (handle->purpose == ROSTER_OF_WATCHED);
}

struct roster_handle roster_handle_unpack(uint64_t number)
{
    return (struct roster_handle){
        .purpose = number & 1 ? ROSTER_OF_WATCHED : ROSTER_OF_USER,
        .slot = (uint32_t)(number >> 1) & ((1u << SLOT_BITS) - 1),
        .generation = (uint32_t)(number >> (SLOT_BITS + 1)),
    };
}

void roster_query(struct socket_service *service, const struct cht_id *user,
    const struct roster_handle *handle, const struct cht_id *after)
{
    struct cht_roster_query query = {
        .user = *user,
        .node = service->deps.mail->node,
        .node_ref = roster_handle_pack(handle),
    };
    if (after) {
        query.after_room = *after;
    }
    bus_mail(service, MAIL_WORK, service->deps.mail->node, &cht_row_roster_query, &query);
}

static void ask(struct socket_service *service, struct user_slot *user, const struct cht_id *after)
{
    struct roster_handle handle = {ROSTER_OF_USER, user_slot_of(service, user), user->generation};
    user->asked_at = socket_now(service);
    if (!after) {
        user->stale = false;
    }
    roster_query(service, &user->id, &handle, after);
}

static void begin(struct socket_service *service, struct user_slot *user, bool late)
{
    CHECK(user->asks == SLOT_NONE);
    user->late = late;
    user->asks = service->asking.count;
    list_add(&service->asking, user_slot_of(service, user));
    ask(service, user, NULL);
}

void roster_ask(struct socket_service *service, struct user_slot *user)
{
    user->roster = ROSTER_ASKING;
    begin(service, user, false);
}

static void stop_asking(struct socket_service *service, struct user_slot *user)
{
    if (user->asks == SLOT_NONE) {
        return;
    }
    uint32_t moved = service->asking.at[--service->asking.count];
    service->asking.at[user->asks] = moved;
    service->users[moved].asks = user->asks;
    user->asks = SLOT_NONE;
}

void roster_forget(struct socket_service *service, struct user_slot *user)
{
    stop_asking(service, user);
    wait_forget_user(service, user);
}

/* The client may have read the room at `read_seq`, or before if the answer is late. */
static void enter(
    struct socket_service *service, struct user_slot *user, struct room *room, uint64_t read_seq)
{
    if (membership_has(service, user, room)) {
        return;
    }
    uint64_t from = user->late ? 1 : read_seq + 1;
    if (from <= room->last_seq) {
        service->counters.rooms_late++;
        gaps_tell_missed(service, user, room, from);
    }
    membership_add(service, user, room);
    if (user->roster == ROSTER_COMPLETE) {
        watches_on_rooms_changed(service, user);
    }
}

/* True if an entry after `seq` that this node knows of may have ended the membership. */
static bool may_be_over(const struct socket_service *service, const struct room *room,
    const struct cht_id *user, uint64_t seq)
{
    if (seq < room->removal_floor) {
        return true;
    }
    if (seq >= room->last_removal) {
        return false;
    }
    for (uint32_t i = 0; i < REMOVALS_KEPT; i++) {
        const struct removal *removal = &service->removals[i];
        if (removal->seq > seq && cht_id_equal(&removal->user, user) &&
            cht_id_equal(&removal->room, &room->id)) {
            return true;
        }
    }
    return false;
}

static void attach(
    struct socket_service *service, struct user_slot *user, const struct cht_room_place *place)
{
    struct room *room = room_find(service, &place->room);
    if (!room) {
        room = room_create(service, &place->room, place->seq);
        if (!room) {
            LOG_WARN(service->deps.world->logger, "socket.rooms_full", "rooms=%u",
                service->counters.rooms);
            return;
        }
        subscription_begin(service, room);
    }
    if (membership_has(service, user, room)) {
        return;
    }
    if (room->last_seq < place->seq) {
        wait_add(service, user, room, place->seq);
        subscription_repair(service, room, place->seq);
    } else if (may_be_over(service, room, &user->id, place->seq)) {
        user->stale = true;
    } else {
        enter(service, user, room, place->seq);
    }
}

bool roster_is_awaited(const struct user_slot *user)
{
    return user->roster == ROSTER_ASKING && !user->late;
}

static void let_in(struct socket_service *service, const struct user_slot *user)
{
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        connection_let_in(service, c);
    }
}

static void complete(struct socket_service *service, struct user_slot *user)
{
    if (user->stale) {
        user->asked_at = socket_now(service) - ASK_AGAIN_MS + STALE_MS;
        return;
    }
    stop_asking(service, user);
    if (user->roster != ROSTER_COMPLETE) {
        user->roster = ROSTER_COMPLETE;
        let_in(service, user);
        watches_on_rooms_changed(service, user);
    }
}

static void on_page(
    struct socket_service *service, struct user_slot *user, const struct cht_roster *roster)
{
    const struct cht_room_place *places = roster->rooms.at;
    for (uint32_t i = 0; i < roster->rooms.count; i++) {
        attach(service, user, &places[i]);
    }
    if (roster->more) {
        ask(service, user, &roster->next);
    } else {
        complete(service, user);
    }
}

void roster_on_answer(struct socket_service *service, const struct cht_roster *roster)
{
    struct roster_handle handle = roster_handle_unpack(roster->node_ref);
    if (handle.purpose == ROSTER_OF_WATCHED) {
        watches_on_roster(service, &handle, roster);
        return;
    }
    if (handle.slot >= service->users_used) {
        return;
    }
    struct user_slot *user = &service->users[handle.slot];
    bool expected = user->used && user->generation == handle.generation &&
                    user->asks != SLOT_NONE && cht_id_equal(&user->id, &roster->user);
    if (expected) {
        on_page(service, user, roster);
    }
}

void roster_wake(struct socket_service *service, struct room *room)
{
    struct wait wait;
    while (wait_take(service, room, &wait)) {
        enter(service, &service->users[wait.user], room, wait.seq);
    }
}

void roster_note_removal(
    struct socket_service *service, struct room *room, const struct cht_id *user, uint64_t seq)
{
    struct removal *removal = &service->removals[service->removal_next];
    service->removal_next = (service->removal_next + 1) % REMOVALS_KEPT;
    struct room *forgotten = removal->seq ? room_find(service, &removal->room) : NULL;
    if (forgotten && removal->seq > forgotten->removal_floor) {
        forgotten->removal_floor = removal->seq;
    }
    *removal = (struct removal){room->id, *user, seq};
    room->last_removal = seq;
}

/* As many users as the time since the last tick is of the whole rotation. */
static void rotate(struct socket_service *service, uint32_t now)
{
    uint64_t whole_ms = service->settings.roster_rotation_ms;
    service->roster_rotation_part +=
        (uint64_t)service->users_used * (now - service->roster_rotated_at);
    service->roster_rotated_at = now;
    uint64_t steps = service->roster_rotation_part / whole_ms;
    service->roster_rotation_part %= whole_ms;
    for (uint64_t i = 0; i < steps && i < service->users_used; i++) {
        service->roster_rotation_at = (service->roster_rotation_at + 1) % service->users_used;
        struct user_slot *user = &service->users[service->roster_rotation_at];
        if (user->used && user->asks == SLOT_NONE) {
            begin(service, user, true);
        }
    }
}

void roster_tick(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    rotate(service, now);
    for (uint32_t i = 0; i < service->asking.count; i++) {
        struct user_slot *user = &service->users[service->asking.at[i]];
        if (now - user->asked_at >= ASK_AGAIN_MS) {
            user->late = true;
            let_in(service, user);
            ask(service, user, NULL);
        }
    }
}
