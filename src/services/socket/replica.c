/* replica - see the header. Happy path: one lookup of the room, one comparison, one fan-out. How it
 * fails: a hole stops the room. */

#include "replica.h"

#include "circles.h"
#include "fanout.h"
#include "gaps.h"
#include "membership.h"
#include "rooms.h"
#include "rosters.h"
#include "subscriptions.h"
#include "users.h"

static bool ends_membership(const struct cht_delivery *delivery)
{
    return delivery->state == cht_member_state_left ||
           delivery->state == cht_member_state_removed ||
           delivery->state == cht_member_state_banned;
}

static void deliver(struct socket_service *service, struct room *room,
    const struct cht_delivery *delivery, struct user_slot *subject)
{
    if (!delivery->quiet) {
        fanout_all(service, room, delivery->frame, delivery->seq);
    } else if (subject && membership_has(service, subject, room)) {
        fanout_user(service, room, subject, delivery->frame, delivery->seq);
    }
}

static void end_gaps(struct socket_service *service, const struct user_slot *user,
    const struct room *room, uint64_t seq)
{
    for (uint32_t c = user->first_connection; service->slow_count > 0 && c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        gap_end(service, c, room, seq);
    }
}

static void apply_member(
    struct socket_service *service, struct room *room, const struct cht_delivery *delivery)
{
    struct user_slot *subject = user_find(service, &delivery->subject);
    if (subject && delivery->state == cht_member_state_joined) {
        membership_add(service, subject, room);
    }
    deliver(service, room, delivery, subject);
    if (ends_membership(delivery)) {
        roster_note_removal(service, room, &delivery->subject, delivery->seq);
        if (subject) {
            end_gaps(service, subject, room, delivery->seq);
            membership_remove(service, subject, room);
        }
    }
    circles_on_member(service, &delivery->subject);
}

static void apply(
    struct socket_service *service, struct room *room, const struct cht_delivery *delivery)
{
    room->last_seq = delivery->seq;
    if (delivery->seq > room->head_seen) {
        room->head_seen = delivery->seq;
    }
    service->counters.deliveries++;
    switch ((enum cht_entry_kind)delivery->kind) {
    case cht_entry_kind_member:
        apply_member(service, room, delivery);
        break;
    case cht_entry_kind_room_deleted:
        deliver(service, room, delivery, NULL);
        room->removal_floor = delivery->seq;
        circles_on_room_gone(service, room);
        membership_clear(service, room);
        break;
    case cht_entry_kind_message:
    case cht_entry_kind_edited:
    case cht_entry_kind_deleted:
    case cht_entry_kind_reaction:
    case cht_entry_kind_created:
    case cht_entry_kind_updated:
    case cht_entry_kind_none:
    case cht_entry_kind_count:
        deliver(service, room, delivery, NULL);
        break;
    }
    if (room->first_wait != SLOT_NONE) {
        roster_wake(service, room);
    }
    if (room->due != SLOT_NONE) {
        subscription_settle(service, room);
    }
}

void replica_on_delivery(struct socket_service *service, const struct cht_delivery *delivery)
{
    struct room *room = room_find(service, &delivery->room);
    if (!room) {
        subscription_refuse(service, &delivery->room, (uint32_t)delivery->shard);
        return;
    }
    if (delivery->term < room->term) {
        return;
    }
    room->term = delivery->term;
    if (delivery->seq <= room->last_seq) {
        service->counters.repeats++;
    } else if (delivery->seq == room->last_seq + 1) {
        apply(service, room, delivery);
    } else {
        service->counters.gaps++;
        subscription_repair(service, room, delivery->seq);
    }
}

void replica_on_heads(struct socket_service *service, const struct cht_heads *heads)
{
    subscription_learn_clock(service, (uint32_t)heads->shard, heads->owner_now);
    const struct cht_room_seq *rooms = heads->rooms.at;
    for (uint32_t i = 0; i < heads->rooms.count; i++) {
        struct room *room = room_find(service, &rooms[i].room);
        if (room && heads->term >= room->term) {
            subscription_repair(service, room, rooms[i].seq);
        }
    }
}

/* They are members from the first entry of the record on, so that they hear of the room that was
 * made with them. */
void replica_on_joined(struct socket_service *service, const struct cht_joined *joined)
{
    if (room_find(service, &joined->room)) {
        return; /* the entry itself comes */
    }
    struct room *room = NULL;
    for (uint32_t i = 0; i < joined->users.count; i++) {
        struct user_slot *user = user_find(service, &joined->users.at[i]);
        if (user && !room) {
            room = room_create(
                service, &joined->room, joined->seq - 1, (enum cht_room_kind)joined->kind);
        }
        if (user && room) {
            membership_add(service, user, room);
        }
    }
    if (room) {
        subscription_begin(service, room);
    }
}

/* The connection whose command caused it and that is not told: its command still waits here. */
static uint32_t cause_of(struct socket_service *service, const struct cht_ephemeral *ephemeral)
{
    uint32_t slot = ephemeral->node == service->deps.mail->node
                        ? pending_find(&service->pendings, ephemeral->node_ref)
                        : PENDING_NONE;
    const struct pending *pending = slot != PENDING_NONE ? &service->pendings.slots[slot] : NULL;
    return pending && !pending->http ? pending->conn.slot : SLOT_NONE;
}

void replica_on_ephemeral(struct socket_service *service, const struct cht_ephemeral *ephemeral)
{
    struct room *room = room_find(service, &ephemeral->room);
    if (!room || room->audience.count == 0) {
        return;
    }
    struct fanout_rule rule = {
        .not_to = ephemeral->to_others ? &ephemeral->user : NULL,
        .only_to = ephemeral->to_self ? &ephemeral->user : NULL,
        .not_on = cause_of(service, ephemeral),
    };
    fanout_ephemeral(service, room, ephemeral->frame, &rule);
}
