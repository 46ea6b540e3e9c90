/* rosters - see the header. Happy path: one question, one page, every room attached at once. How it
 * fails: as the header says. */

#include "rosters.h"

#include "apart.h"
#include "base/check.h"
#include "base/logger.h"
#include "bus_out.h"
#include "circles.h"
#include "connections.h"
#include "fanout.h"
#include "gaps.h"
#include "membership.h"
#include "rooms.h"
#include "subscriptions.h"
#include "users.h"
#include "waits.h"

#define ASK_AGAIN_MS 1000u
#define STALE_MS 100u
#define SLOT_BITS 20u /* socket_create checks that it is enough */

/* ---- asking */

/* The handles of roster_query. */
static uint64_t handle_of(const struct socket_service *service, const struct user_slot *user)
{
    return (uint64_t)user->generation << SLOT_BITS | user_slot_of(service, user);
}

/* NULL: nobody waits for it any more. */
static struct user_slot *user_of_answer(
    struct socket_service *service, const struct cht_roster *roster)
{
    uint32_t slot = (uint32_t)roster->node_ref & ((1u << SLOT_BITS) - 1);
    struct user_slot *user = slot < service->users_used ? &service->users[slot] : NULL;
    bool expected = user && user->used && user->asks != SLOT_NONE &&
                    handle_of(service, user) == roster->node_ref &&
                    cht_id_equal(&user->id, &roster->user);
    return expected ? user : NULL;
}

/* From the start, or after a page. */
static void ask(struct socket_service *service, struct user_slot *user, const struct cht_id *after)
{
    struct cht_roster_query query = {
        .user = user->id,
        .node = service->deps.mail->node,
        .node_ref = handle_of(service, user),
    };
    user->asked_at = socket_now(service);
    if (after) {
        query.after_room = *after;
    } else {
        user->stale = false;
    }
    bus_mail(service, MAIL_WORK, service->deps.mail->node, &cht_row_roster_query, &query);
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

void roster_read_again(struct socket_service *service, struct user_slot *user)
{
    if (user->asks == SLOT_NONE) {
        begin(service, user, true);
    } else {
        user->stale = true; /* what is on its way may be older */
    }
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
    apart_forget(user);
    wait_forget_user(service, user);
}

/* The user is not in it. The client may have read the room at `read_seq`, or before if the answer
 * is late. */
static void enter(
    struct socket_service *service, struct user_slot *user, struct room *room, uint64_t read_seq)
{
    uint64_t from = user->late ? 1 : read_seq + 1;
    if (from <= room->last_seq) {
        service->counters.rooms_late++;
        gaps_tell_missed(service, user, room, from);
    }
    membership_add_new(service, user, room);
    if (user->roster == ROSTER_COMPLETE) {
        circles_on_rooms_changed(service, user);
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

/* The rooms that the user is in are marked. */
static void attach(
    struct socket_service *service, struct user_slot *user, const struct cht_room_place *place)
{
    struct room *room = room_find(service, &place->room);
    if (!room) {
        room = room_create(service, &place->room, place->seq, (enum cht_room_kind)place->kind);
        if (!room) {
            LOG_WARN(service->deps.world->logger, "socket.rooms_full", "rooms=%u",
                service->counters.rooms);
            return;
        }
        subscription_begin(service, room);
    }
    if (room->kind == cht_room_kind_none) {
        room->kind = (uint8_t)place->kind;
    }
    if (room_is_marked(service, room)) {
        return;
    }
    if (room->last_seq < place->seq) {
        wait_add(service, user, room, place->seq);
        subscription_repair(service, room, place->seq);
    } else if (may_be_over(service, room, &user->id, place->seq)) {
        user->stale = true;
    } else {
        enter(service, user, room, place->seq);
        room_mark(service, room);
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

static void complete(
    struct socket_service *service, struct user_slot *user, const struct cht_roster *roster)
{
    if (user->stale) {
        user->asked_at = socket_now(service) - ASK_AGAIN_MS + STALE_MS;
        return;
    }
    stop_asking(service, user);
    apart_set(service, user, roster);
    if (user->roster != ROSTER_COMPLETE) {
        user->roster = ROSTER_COMPLETE;
        let_in(service, user);
        circles_on_rooms_changed(service, user);
    }
}

static void on_page(
    struct socket_service *service, struct user_slot *user, const struct cht_roster *roster)
{
    const struct cht_room_place *places = roster->rooms.at;
    const uint32_t *rooms = slot_list_peek(&user->rooms);
    rooms_unmark(service);
    for (uint32_t i = 0; i < user->rooms.count; i++) {
        room_mark(service, &service->rooms[rooms[i]]);
    }
    for (uint32_t i = 0; i < roster->rooms.count; i++) {
        attach(service, user, &places[i]);
    }
    if (roster->more) {
        ask(service, user, &roster->next);
    } else {
        complete(service, user, roster);
    }
}

void roster_on_answer(struct socket_service *service, const struct cht_roster *roster)
{
    struct user_slot *user = user_of_answer(service, roster);
    if (user) {
        on_page(service, user, roster);
    }
}

void roster_wake(struct socket_service *service, struct room *room)
{
    struct wait wait;
    while (wait_take(service, room, &wait)) {
        struct user_slot *user = &service->users[wait.user];
        if (!membership_has(service, user, room)) {
            enter(service, user, room, wait.seq);
        }
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
