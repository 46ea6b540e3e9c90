/* gaps - see the header. Happy path: there are none. How it fails: a client that does not even take
 * the room.gap frames is closed with 4003. */

#include "gaps.h"

#include "base/mem.h"
#include "fanout.h"
#include "frames.h"
#include "rooms.h"

#define CLOSE_TOO_SLOW 4003

static struct gap *find(struct gap_list *list, const struct cht_id *room)
{
    for (uint32_t i = list ? list->count : 0; i > 0; i--) {
        if (cht_id_equal(&list->gaps[i - 1].room, room)) {
            return &list->gaps[i - 1];
        }
    }
    return NULL;
}

static void add(struct connection *connection, const struct room *room, uint64_t seq)
{
    struct gap_list *list = connection->gaps;
    if (!list || list->count == list->capacity) {
        uint32_t count = list ? list->count : 0;
        uint32_t capacity = list ? list->capacity * 2 : 4;
        list = mem_resize(list, sizeof(*list) + capacity * sizeof(struct gap));
        list->count = count;
        list->capacity = capacity;
        connection->gaps = list;
    }
    list->gaps[list->count++] = (struct gap){.room = room->id, .from = seq};
}

void gap_open(
    struct socket_service *service, uint32_t connection, const struct room *room, uint64_t seq)
{
    struct connection *c = &service->connections[connection];
    if (!(c->flags & CONNECTION_SLOW)) {
        c->flags |= CONNECTION_SLOW;
        service->slow_count++;
        service->counters.slow++;
    }
    struct gap *gap = find(c->gaps, &room->id);
    if (gap) {
        gap->to = 0;
    } else {
        add(c, room, seq);
    }
}

void gap_end(
    struct socket_service *service, uint32_t connection, const struct room *room, uint64_t seq)
{
    struct gap *gap = find(service->connections[connection].gaps, &room->id);
    if (gap && gap->to == 0) {
        gap->to = seq;
    }
}

/* False: even this does not fit. */
static bool tell(struct socket_service *service, uint32_t connection, const struct gap *gap)
{
    struct cht_f_gap frame = {.room = gap->room, .from = gap->from, .to = gap->to};
    struct room *room = room_find(service, &gap->room);
    if (room && frame.to == 0) {
        fanout_close_block(service, room);
        frame.to = room->last_seq;
    }
    if (frame.to < frame.from) {
        return true;
    }
    struct cht_str bytes = frame_of_event(service, &cht_row_f_gap, &frame);
    return edge_push_bytes(service->deps.edge, connection, bytes.at, bytes.size);
}

void gaps_tell(struct socket_service *service, uint32_t connection)
{
    struct connection *c = &service->connections[connection];
    struct gap_list *list = c->gaps;
    c->gaps = NULL;
    if (c->flags & CONNECTION_SLOW) {
        c->flags &= (uint8_t)~CONNECTION_SLOW;
        service->slow_count--;
    }
    bool told = true;
    for (uint32_t i = 0; list && i < list->count && told; i++) {
        told = tell(service, connection, &list->gaps[i]);
    }
    mem_free(list);
    if (!told) {
        edge_close(service->deps.edge, connection, CLOSE_TOO_SLOW, "too slow");
    }
}

void gaps_tell_missed(
    struct socket_service *service, const struct user_slot *user, struct room *room, uint64_t from)
{
    fanout_close_block(service, room);
    struct cht_f_gap frame = {.room = room->id, .from = from, .to = room->last_seq};
    struct cht_str bytes = frame_of_event(service, &cht_row_f_gap, &frame);
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        if (!edge_push_bytes(service->deps.edge, c, bytes.at, bytes.size)) {
            gap_open(service, c, room, from);
        }
    }
}

void gaps_forget(struct socket_service *service, uint32_t connection)
{
    struct connection *c = &service->connections[connection];
    if (c->flags & CONNECTION_SLOW) {
        c->flags &= (uint8_t)~CONNECTION_SLOW;
        service->slow_count--;
    }
    mem_free(c->gaps);
    c->gaps = NULL;
}
