/* subscriptions - see the header. Happy path: subscribe, subscribed, nothing missing. How it fails:
 * mails get lost and owners change; both are answered by asking again. A tick asks for a bounded
 * number of rooms, the rest comes with the next. */

#include "subscriptions.h"

#include "bus_out.h"
#include "fanout.h"
#include "rooms.h"

#define ASKS_PER_TICK 4096u
#define HELLO_MS 1000u
#define HELLO_AGAIN_MS 5000u /* when an owner that is known does not answer */
#define REFUSE_MS 100u

uint64_t subscription_owner(const struct socket_service *service, uint32_t shard)
{
    return service->shards[shard].node;
}

static void say_subscribe(struct socket_service *service, const struct room *room, bool off)
{
    struct cht_subscribe subscribe = {
        .room = room->id,
        .node = service->deps.mail->node,
        .boot = service->deps.mail->boot,
        .from = room->last_seq,
        .off = off,
    };
    uint64_t owner = subscription_owner(service, room->shard);
    if (owner != 0) {
        bus_mail(service, MAIL_WORK, owner, &cht_row_subscribe, &subscribe);
    }
}

static void say_resend(struct socket_service *service, const struct room *room)
{
    struct cht_resend resend = {
        .room = room->id, .node = service->deps.mail->node, .after = room->last_seq};
    service->counters.resends++;
    bus_mail(
        service, MAIL_WORK, subscription_owner(service, room->shard), &cht_row_resend, &resend);
}

static bool is_missing(const struct room *room)
{
    return room->head_seen > room->last_seq;
}

/* False: the owner is unknown. */
static bool ask(struct socket_service *service, struct room *room)
{
    if (subscription_owner(service, room->shard) == 0) {
        return false;
    }
    if (!room->subscribed) {
        say_subscribe(service, room, false);
    } else if (is_missing(room)) {
        say_resend(service, room);
    }
    room->asked = true;
    room->asked_at = socket_now(service);
    return true;
}

void subscription_begin(struct socket_service *service, struct room *room)
{
    (void)ask(service, room);
}

void subscription_settle(struct socket_service *service, struct room *room)
{
    if (room->subscribed && !is_missing(room)) {
        room_make_done(service, room);
    }
}

void subscription_repair(struct socket_service *service, struct room *room, uint64_t head)
{
    if (head > room->head_seen) {
        room->head_seen = head;
    }
    if (is_missing(room) && room->due == SLOT_NONE) {
        room_make_due(service, room);
        ask(service, room);
    }
}

static void resubscribe_shard(struct socket_service *service, uint32_t shard)
{
    for (uint32_t i = 0; i < service->rooms_used; i++) {
        struct room *room = &service->rooms[i];
        if (room->used && room->shard == shard) {
            room->subscribed = false;
            room_make_due(service, room);
            room->asked = false;
        }
    }
}

void subscription_on_claimed(struct socket_service *service, const struct cht_claimed *claimed)
{
    if (claimed->shard >= service->deps.shards->count) {
        service->counters.bad_events++;
        return;
    }
    struct shard_state *shard = &service->shards[claimed->shard];
    if (claimed->term <= shard->term) {
        return;
    }
    if (shard->node == 0) {
        service->shards_unknown--;
    }
    shard->node = claimed->node;
    shard->term = claimed->term;
    resubscribe_shard(service, (uint32_t)claimed->shard);
    subscription_tick(service);
}

void subscription_on_subscribed(
    struct socket_service *service, const struct cht_subscribed *subscribed)
{
    struct room *room = room_find(service, &subscribed->room);
    if (!room || subscribed->term < room->term) {
        return;
    }
    subscription_learn_clock(service, room->shard, subscribed->owner_now);
    room->term = subscribed->term;
    room->subscribed = subscribed->term >= service->shards[room->shard].term;
    if (subscribed->head > room->head_seen) {
        room->head_seen = subscribed->head;
    }
    if (is_missing(room)) {
        room_make_due(service, room);
        ask(service, room);
    }
    subscription_settle(service, room);
}

void subscription_learn_clock(struct socket_service *service, uint32_t shard, uint64_t owner_now)
{
    if (owner_now != 0 && shard < service->deps.shards->count) {
        service->shards[shard].clock_offset = (int64_t)owner_now - (int64_t)socket_wall(service);
    }
}

void subscription_refuse(struct socket_service *service, const struct cht_id *id, uint32_t shard)
{
    uint32_t now = socket_now(service);
    if (shard >= service->deps.shards->count || now - service->stray_at < REFUSE_MS) {
        return;
    }
    service->stray_at = now;
    struct room stray = {.id = *id, .shard = shard};
    say_subscribe(service, &stray, true);
}

static void say_hello(struct socket_service *service, uint32_t now)
{
    uint32_t wait_ms = service->shards_unknown > 0 ? HELLO_MS : HELLO_AGAIN_MS;
    if ((service->shards_unknown == 0 && !service->unanswered) ||
        now - service->hello_at < wait_ms) {
        return;
    }
    service->hello_at = now;
    service->unanswered = false;
    struct cht_hello hello = {.node = service->deps.mail->node, .boot = service->deps.mail->boot};
    bus_cast(service, &cht_row_hello, &hello);
}

static void ask_for_due(struct socket_service *service, uint32_t now)
{
    uint32_t asks = 0;
    for (uint32_t i = 0; i < service->due.count && asks < ASKS_PER_TICK; i++) {
        struct room *room = &service->rooms[service->due.at[i]];
        bool overdue = room->asked && now - room->asked_at >= service->settings.resend_ms;
        service->unanswered |= overdue;
        if ((!room->asked || overdue) && ask(service, room)) {
            asks++;
        }
    }
}

/* Until its owner answers it counts as not subscribed: one that is the owner no more does not, and
 * then it is asked for the owner again. So a claim that was never heard of is found. */
static void subscribe_again(struct socket_service *service, struct room *room)
{
    room->subscribed = false;
    room_make_due(service, room);
    (void)ask(service, room);
}

/* One whose members have just left is kept for those who come back, and stays subscribed: its owner
 * forgets a node that does not ask again, whoever is there when its turn comes. */
static void rotate_one(struct socket_service *service, struct room *room, uint32_t now)
{
    if (!room->used) {
        return;
    }
    if (room_is_idle(room) && now - room->idle_since >= service->settings.room_idle_ms) {
        fanout_close_block(service, room);
        say_subscribe(service, room, true);
        room_free(service, room);
    } else if (room->due == SLOT_NONE) {
        subscribe_again(service, room);
    }
}

/* As many rooms as the time since the last tick is of the whole rotation. */
static void rotate(struct socket_service *service, uint32_t passed_ms, uint32_t now)
{
    service->rotation_part += (uint64_t)service->rooms_used * passed_ms;
    uint64_t steps = service->rotation_part / service->settings.rotation_ms;
    service->rotation_part %= service->settings.rotation_ms;
    for (uint64_t i = 0; i < steps && service->rooms_used > 0; i++) {
        service->rotation_at = (service->rotation_at + 1) % service->rooms_used;
        rotate_one(service, &service->rooms[service->rotation_at], now);
    }
}

void subscription_tick(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    say_hello(service, now);
    ask_for_due(service, now);
    rotate(service, now - service->now_ms, now);
    service->now_ms = now;
}
