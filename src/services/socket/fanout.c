/* fanout - see the header. Happy path: the room's first frame of a turn makes a block and pushes it
 * along the audience, the others are appended. How it fails: the edge refuses a push to a
 * connection that is over its limit; then its gap is remembered. */

#include "fanout.h"

#include "gaps.h"
#include "rooms.h"
#include "users.h"

#define BLOCK_BYTES_LEAST 512u
#define MERGE_BYTES_MAX (16u << 10) /* of a block: to send more costs more than the calls */
#define MERGE_SENDS_A_MS 300u       /* to wait longer than the sends take does not pay */

static void open_block(struct socket_service *service, struct room *room, struct cht_str frame)
{
    size_t capacity = frame.size < BLOCK_BYTES_LEAST ? BLOCK_BYTES_LEAST : frame.size;
    room->block = edge_block_create(service->deps.edge, capacity);
    edge_block_append(service->deps.edge, room->block, frame.at, frame.size);
    if (!room->open) {
        room->open = true;
        list_add(&service->open, room_slot(service, room));
    }
}

static bool is_slow(const struct socket_service *service, uint32_t connection)
{
    return service->slow_count > 0 &&
           (service->connections[connection].flags & CONNECTION_SLOW) != 0;
}

void fanout_all(
    struct socket_service *service, struct room *room, struct cht_str frame, uint64_t seq)
{
    if (room->block) {
        edge_block_append(service->deps.edge, room->block, frame.at, frame.size);
        return;
    }
    if (room->audience.count == 0) {
        return;
    }
    open_block(service, room, frame);
    struct edge *edge = service->deps.edge;
    struct edge_block *block = room->block;
    const uint32_t *at = slot_list_peek(&room->audience);
    uint32_t count = room->audience.count;
    for (uint32_t i = 0; i < count; i++) {
        if (is_slow(service, at[i]) || !edge_push(edge, at[i], block)) {
            gap_open(service, at[i], room, seq);
        }
    }
    service->counters.pushes += count;
}

void fanout_user(struct socket_service *service, struct room *room, struct user_slot *user,
    struct cht_str frame, uint64_t seq)
{
    fanout_close_block(service, room);
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        if (is_slow(service, c) || !edge_push_bytes(service->deps.edge, c, frame.at, frame.size)) {
            gap_open(service, c, room, seq);
        }
    }
}

static bool is_behind(const struct socket_service *service, uint32_t connection)
{
    return is_slow(service, connection) || edge_queued_bytes(service->deps.edge, connection) > 0;
}

static void ephemeral_to_user(struct socket_service *service, const struct user_slot *user,
    uint32_t not_on, struct cht_str frame)
{
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        if (c != not_on && !is_behind(service, c)) {
            (void)edge_push_bytes(service->deps.edge, c, frame.at, frame.size);
        }
    }
}

void fanout_ephemeral(struct socket_service *service, struct room *room, struct cht_str frame,
    const struct fanout_rule *rule)
{
    fanout_close_block(service, room); /* else what follows it in the turn would overtake it */
    if (rule->only_to) {
        struct user_slot *user = user_find(service, rule->only_to);
        if (user && slot_list_find(&user->rooms, room_slot(service, room)) != SLOT_NONE) {
            ephemeral_to_user(service, user, rule->not_on, frame);
        }
        return;
    }
    struct user_slot *except = rule->not_to ? user_find(service, rule->not_to) : NULL;
    uint32_t except_slot = except ? user_slot_of(service, except) : SLOT_NONE;
    struct edge_block *block = edge_block_create(service->deps.edge, frame.size);
    edge_block_append(service->deps.edge, block, frame.at, frame.size);
    const uint32_t *at = slot_list_peek(&room->audience);
    for (uint32_t i = 0; i < room->audience.count; i++) {
        bool skip = except && service->connections[at[i]].user == except_slot;
        if (!skip && !is_behind(service, at[i])) {
            (void)edge_push(service->deps.edge, at[i], block);
        }
    }
    edge_block_unref(service->deps.edge, block);
}

void fanout_close_block(struct socket_service *service, struct room *room)
{
    if (room->block) {
        edge_block_unref(service->deps.edge, room->block);
        room->block = NULL;
    }
}

/* ---- the end of the turn */

static bool is_to_merge(const struct socket_service *service, const struct room *room)
{
    return room->block && room->audience.count >= service->settings.merge_connections &&
           room->block->size <= MERGE_BYTES_MAX && service->shards[room->shard].in_flight > 0;
}

static void on_merge_late(struct timer *timer)
{
    container_of(timer, struct merge, timer)->state = MERGE_OVER;
}

static void merge_begin(struct socket_service *service)
{
    for (uint32_t i = 0; i < service->open.count; i++) {
        const struct room *room = &service->rooms[service->open.at[i]];
        if (is_to_merge(service, room)) {
            struct merge *merge = &service->merge;
            merge->state = MERGE_WAITS;
            merge->shard = room->shard;
            uint64_t wait_ms = 1 + room->audience.count / MERGE_SENDS_A_MS;
            timer_start(service->deps.world->loop, &merge->timer, wait_ms, on_merge_late);
            return;
        }
    }
}

static bool merge_waits(struct socket_service *service)
{
    struct merge *merge = &service->merge;
    if (merge->state == MERGE_NONE && service->settings.merge_connections && !service->draining) {
        merge_begin(service);
    } else if (merge->state == MERGE_OVER) {
        merge->state = MERGE_NONE;
        timer_stop(&merge->timer);
    }
    return merge->state == MERGE_WAITS;
}

void fanout_answered(struct socket_service *service, uint32_t shard)
{
    if (service->merge.state == MERGE_WAITS && service->merge.shard == shard) {
        service->merge.state = MERGE_OVER;
    }
}

bool fanout_turn_end(struct socket_service *service)
{
    if (merge_waits(service)) {
        return false;
    }
    for (uint32_t i = 0; i < service->open.count; i++) {
        struct room *room = &service->rooms[service->open.at[i]];
        fanout_close_block(service, room);
        room->open = false;
    }
    service->open.count = 0;
    return true;
}
