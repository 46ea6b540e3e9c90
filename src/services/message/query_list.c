/* query_list - room.list and sync: the rooms of the asker.
 *
 * Happy path: all of the asker's rooms (at most 1,000) are read, chosen, put in order and cut to a
 * page; sync adds the newest events of each room of the page, one after the other. How it fails: as
 * query.c. */

#include "query.h"

#include <stdlib.h>
#include <string.h>

struct list_position {
    uint64_t ts;
    struct cht_id room;
};

static void read_rooms(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    query->rooms.user = query->command.author;
    query->rooms.limit = QUERY_ROOMS_MAX;
    rooms_of_user(query->service->deps.rooms, &flow->asker, &query->rooms);
}

static uint64_t activity(const struct room_of_user *room)
{
    return room->head.ts > room->meta.created ? room->head.ts : room->meta.created;
}

static int compare_places(uint64_t ts, const struct cht_id *room, const struct room_of_user *other)
{
    uint64_t other_ts = activity(other);
    if (ts != other_ts) {
        return ts > other_ts ? -1 : 1;
    }
    return memcmp(room, &other->meta.room, sizeof(*room));
}

static int newest_first(const void *one, const void *other)
{
    const struct room_of_user *a = *(struct room_of_user *const *)one;
    const struct room_of_user *b = *(struct room_of_user *const *)other;
    return compare_places(activity(a), &a->meta.room, b);
}

static int by_room(const void *one, const void *other)
{
    const struct room_of_user *a = *(struct room_of_user *const *)one;
    const struct room_of_user *b = *(struct room_of_user *const *)other;
    return memcmp(&a->meta.room, &b->meta.room, sizeof(a->meta.room));
}

static void collect_user(struct query *query, const struct room_of_user *room)
{
    query_add_user(query, &room->head.last_from);
    query_add_user(query, &room->meta.pair[0]);
    query_add_user(query, &room->meta.pair[1]);
}

static void choose(struct query *query, struct room_of_user *room)
{
    query->chosen[query->chosen_count++] = room;
}

/* ---- room.list */

static void choose_listed(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct list_position position = {.ts = UINT64_MAX};
    if (query->position.size == sizeof(position)) {
        memcpy(&position, query->position.at, sizeof(position));
    }
    query->chosen = arena_array(&query->arena, query->rooms.count + 1, sizeof(*query->chosen));
    for (uint32_t i = 0; i < query->rooms.count; i++) {
        struct room_of_user *room = &query->rooms.rooms[i];
        if (!room->hidden && compare_places(position.ts, &position.room, room) < 0) {
            choose(query, room);
        }
    }
    qsort(query->chosen, query->chosen_count, sizeof(struct room_of_user *), newest_first);
    if (query->chosen_count > query->limit) {
        query->chosen_count = query->limit;
        const struct room_of_user *last = query->chosen[query->limit - 1];
        struct list_position next = {activity(last), last->meta.room};
        query_set_next(query, &next, sizeof(next));
    }
    for (uint32_t i = 0; i < query->chosen_count; i++) {
        collect_user(query, query->chosen[i]);
    }
}

static void encode_list(struct query *query, struct cht_json *json)
{
    cht_json_key(json, "rooms");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < query->chosen_count; i++) {
        cht_json_begin(json, '{');
        query_put_room(query, json, query->chosen[i], false);
        if (query->events_json != NULL) {
            cht_json_key(json, "events");
            cht_json_raw(json, query->events_json[i]);
        }
        cht_json_end(json, '}');
    }
    cht_json_end(json, ']');
    if (query->command.type == cht_command_type_sync) {
        cht_json_key(json, "gone");
        cht_json_begin(json, '[');
        for (uint32_t i = 0; i < query->gone_count; i++) {
            cht_json_id(json, &query->gone[i]);
        }
        cht_json_end(json, ']');
    }
    query_put_next(query, json);
    query_put_users(query, json);
}

void query_start_list(struct query *query)
{
    static const struct flow_step steps[] = {
        {"wait_fresh", query_wait_all}, {"read", read_rooms}, {"choose", choose_listed}, QUERY_END};
    query->encode = encode_list;
    QUERY_START(query, steps);
}

/* ---- sync */

static int compare_known(const void *one, const void *other)
{
    const struct cht_room_seq *a = one;
    const struct cht_room_seq *b = other;
    return memcmp(&a->room, &b->room, sizeof(a->room));
}

static const struct cht_room_seq *find_known(const struct query *query, const struct cht_id *room)
{
    struct cht_room_seq wanted = {.room = *room};
    const struct cht_list *known = &query->command.rooms;
    return known->count > 0
               ? bsearch(&wanted, known->at, known->count, sizeof(wanted), compare_known)
               : NULL;
}

static int compare_room(const void *key, const void *element)
{
    const struct room_of_user *room = *(struct room_of_user *const *)element;
    return memcmp(key, &room->meta.room, sizeof(struct cht_id));
}

/* Rooms that were named and are not the asker's: told once, with the first page. */
static void find_gone(struct query *query, struct room_of_user **mine)
{
    const struct cht_list *known = &query->command.rooms;
    const struct cht_room_seq *rooms = known->at;
    query->gone = arena_array(&query->arena, known->count + 1, sizeof(*query->gone));
    for (uint32_t i = 0; query->position.size == 0 && i < known->count; i++) {
        bool is_mine = query->rooms.count > 0 && bsearch(&rooms[i].room, mine, query->rooms.count,
                                                     sizeof(*mine), compare_room) != NULL;
        if (!is_mine) {
            query->gone[query->gone_count++] = rooms[i].room;
        }
    }
}

static bool has_moved(const struct query *query, const struct room_of_user *room)
{
    const struct cht_room_seq *known = find_known(query, &room->meta.room);
    return known != NULL ? room->head.seq > known->seq : !room->hidden;
}

static void choose_moved(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    uint32_t count = query->rooms.count;
    struct room_of_user **mine = arena_array(&query->arena, count + 1, sizeof(*mine));
    query->chosen = arena_array(&query->arena, count + 1, sizeof(*query->chosen));
    for (uint32_t i = 0; i < count; i++) {
        mine[i] = &query->rooms.rooms[i];
    }
    qsort(mine, count, sizeof(*mine), by_room);
    if (query->command.rooms.count > 0) {
        qsort(query->command.rooms.at, query->command.rooms.count, sizeof(struct cht_room_seq),
            compare_known);
    }
    find_gone(query, mine);
    for (uint32_t i = 0; i < count; i++) {
        bool is_behind = query->position.size == sizeof(struct cht_id) &&
                         compare_room(query->position.at, &mine[i]) >= 0;
        if (!is_behind && has_moved(query, mine[i])) {
            choose(query, mine[i]);
        }
    }
}

static void cut_page(struct query *query, uint32_t count)
{
    if (count < query->chosen_count) {
        query->chosen_count = count;
        query_set_next(query, &query->chosen[count - 1]->meta.room, sizeof(struct cht_id));
    }
}

/* Nothing is newer than the list: who had to go meanwhile is not shown what was said after. */
static void cut_events(struct query *query)
{
    struct history_entries_op *op = &query->read.entries;
    while (op->count > 0 && op->entries[op->count - 1].seq > query->chosen[query->at]->head.seq) {
        op->count--;
    }
}

static void keep_events(struct query *query)
{
    const struct history_entries_op *op = &query->read.entries;
    const struct cht_id *room = &query->chosen[query->at]->meta.room;
    cut_events(query);
    struct cht_json json = {.at = query->service->body, .size = QUERY_BODY_BYTES};
    cht_json_begin(&json, '[');
    for (uint32_t i = 0; i < op->count; i++) {
        cht_entry_json(&json, room, &op->entries[i]);
        query_add_user(query, &op->entries[i].by);
        query_add_user(query, &op->entries[i].user);
        query_add_users(query, &op->entries[i].mentions);
    }
    cht_json_end(&json, ']');
    struct cht_str all = {json.at, (uint32_t)json.used};
    query->events_json[query->at] =
        arena_str(&query->arena, json.used <= json.size ? all : (struct cht_str){"[]", 2});
    query->bytes += query->events_json[query->at].size;
    query->at++;
}

static void ask_events(struct query *query)
{
    struct history_entries_op *op = &query->read.entries;
    const struct room_of_user *room = query->chosen[query->at];
    const struct cht_room_seq *known = find_known(query, &room->meta.room);
    uint64_t first = room->meta.history == cht_history_from_joined ? room->joined_seq : 1;
    uint64_t after = known != NULL ? known->seq + 1 : 1;
    op->room = room->meta.room;
    op->bound = HISTORY_NEWEST;
    op->from_seq = first > after ? first : after;
    op->limit = (uint32_t)query->command.events;
    op->bytes_max = QUERY_PAGE_BYTES / 2;
    history_entries(query->service->deps.history, &query->flow.asker, op);
}

/* Runs once for each room of the page, and ends the page early when it has grown large. */
static void read_events(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    if (query->events_json == NULL) {
        cut_page(query, query->limit);
        if (query->command.events == 0 || query->chosen_count == 0) {
            return;
        }
        query->events_json =
            arena_array(&query->arena, query->chosen_count, sizeof(*query->events_json));
    } else {
        keep_events(query);
    }
    if (query->bytes >= QUERY_PAGE_BYTES) {
        cut_page(query, query->at);
    }
    if (query->at < query->chosen_count) {
        ask_events(query);
        flow_again(flow);
    }
}

static void collect_sync(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    for (uint32_t i = 0; i < query->chosen_count; i++) {
        collect_user(query, query->chosen[i]);
    }
}

void query_start_sync(struct query *query)
{
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_all}, {"read", read_rooms},
        {"choose", choose_moved}, {"read_events", read_events}, {"collect", collect_sync},
        QUERY_END};
    query->encode = encode_list;
    QUERY_START(query, steps);
}
