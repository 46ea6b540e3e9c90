/* query_list - room.list and sync: the rooms of the asker.
 *
 * Happy path: all of the asker's rooms (at most 1,000) are taken from memory or read, chosen, put
 * in order and cut to a page; sync adds the newest events of each room of the page, which are in
 * memory too if anybody asked for them since they changed. How it fails: as query.c. */

#include "query.h"

#include <stdlib.h>
#include <string.h>

struct list_position {
    uint64_t ts;
    struct cht_id room;
};

static void find_list(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct shared *lists = query->service->lists;
    query->list = (struct room_list *)shared_find(lists, &query->command.author);
    if (query->list == NULL) {
        shared_ask(lists, &flow->asker, &query->ask, &query->command.author);
    }
}

/* What was asked for and not found at once. */
static struct shared_thing *take_asked(struct query *query)
{
    struct shared_thing *thing = query->ask.thing;
    query->ask.thing = NULL;
    return thing;
}

/* The list that the step before found, or asked for. */
static const struct rooms_of_user_op *list_of(struct query *query)
{
    if (query->list == NULL) {
        query->list = (struct room_list *)take_asked(query);
    }
    return &query->list->read;
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
    const struct room_of_user *a = *(const struct room_of_user *const *)one;
    const struct room_of_user *b = *(const struct room_of_user *const *)other;
    return compare_places(activity(a), &a->meta.room, b);
}

static int by_room(const void *one, const void *other)
{
    const struct room_of_user *a = *(const struct room_of_user *const *)one;
    const struct room_of_user *b = *(const struct room_of_user *const *)other;
    return memcmp(&a->meta.room, &b->meta.room, sizeof(a->meta.room));
}

static void collect_user(struct query *query, const struct room_of_user *room)
{
    query_add_user(query, &room->head.last_from);
    query_add_user(query, &room->meta.pair[0]);
    query_add_user(query, &room->meta.pair[1]);
}

static void choose(struct query *query, const struct room_of_user *room)
{
    query->chosen[query->chosen_count++] = room;
}

/* ---- room.list */

static void choose_listed(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    const struct rooms_of_user_op *mine = list_of(query);
    struct list_position position = {.ts = UINT64_MAX};
    if (query->position.size == sizeof(position)) {
        memcpy(&position, query->position.at, sizeof(position));
    }
    query->chosen = arena_array(&query->arena, mine->count + 1, sizeof(*query->chosen));
    for (uint32_t i = 0; i < mine->count; i++) {
        const struct room_of_user *room = &mine->rooms[i];
        if (!room->hidden && compare_places(position.ts, &position.room, room) < 0) {
            choose(query, room);
        }
    }
    qsort(query->chosen, query->chosen_count, sizeof(*query->chosen), newest_first);
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

static void put_events(struct cht_json *json, const struct query_events *events)
{
    cht_json_key(json, "events");
    cht_json_begin(json, '[');
    for (uint32_t i = events->first; i < events->end; i++) {
        cht_json_raw(json, events->tail->entries[i].json);
    }
    cht_json_end(json, ']');
}

static void encode_list(struct query *query, struct cht_json *json)
{
    cht_json_key(json, "rooms");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < query->chosen_count; i++) {
        cht_json_begin(json, '{');
        query_put_room(query, json, query->chosen[i], false);
        if (query->events != NULL) {
            put_events(json, &query->events[i]);
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
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_all},
        {"find_list", find_list}, {"choose", choose_listed}, QUERY_END};
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
    const struct room_of_user *room = *(const struct room_of_user *const *)element;
    return memcmp(key, &room->meta.room, sizeof(struct cht_id));
}

/* Rooms that were named and are not the asker's: told once, with the first page. */
static void find_gone(struct query *query, const struct room_of_user **mine, uint32_t count)
{
    const struct cht_list *known = &query->command.rooms;
    const struct cht_room_seq *rooms = known->at;
    query->gone = arena_array(&query->arena, known->count + 1, sizeof(*query->gone));
    for (uint32_t i = 0; query->position.size == 0 && i < known->count; i++) {
        bool is_mine =
            count > 0 && bsearch(&rooms[i].room, mine, count, sizeof(*mine), compare_room) != NULL;
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
    const struct rooms_of_user_op *read = list_of(query);
    uint32_t count = read->count;
    const struct room_of_user **mine = arena_array(&query->arena, count + 1, sizeof(*mine));
    query->chosen = arena_array(&query->arena, count + 1, sizeof(*query->chosen));
    for (uint32_t i = 0; i < count; i++) {
        mine[i] = &read->rooms[i];
    }
    qsort(mine, count, sizeof(*mine), by_room);
    if (query->command.rooms.count > 0) {
        qsort(query->command.rooms.at, query->command.rooms.count, sizeof(struct cht_room_seq),
            compare_known);
    }
    find_gone(query, mine, count);
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

/* The newest entries that the asker may see, has not seen, and wants. The tail may be newer than
 * the list, which is when the asker was a member: nothing behind the list is told. */
static void add_events(struct query *query, struct tail *tail)
{
    const struct room_of_user *room = query->chosen[query->event_rooms];
    const struct cht_room_seq *known = find_known(query, &room->meta.room);
    uint64_t first = room->meta.history == cht_history_from_joined ? room->joined_seq : 1;
    uint64_t after = known != NULL ? known->seq : 0;
    struct query_events *events = &query->events[query->event_rooms++];
    *events = (struct query_events){tail, tail->count, tail->count};
    while (events->end > 0 && tail->entries[events->end - 1].seq > room->head.seq) {
        events->end--;
    }
    events->first = events->end;
    while (events->first > 0 && events->end - events->first < query->command.events &&
           tail->entries[events->first - 1].seq >= first &&
           tail->entries[events->first - 1].seq > after) {
        const struct tail_entry *entry = &tail->entries[--events->first];
        query->bytes += entry->json.size;
    }
    for (uint32_t i = events->first; i < events->end; i++) {
        query_add_users(query, tail->entries[i].users, tail->entries[i].user_count);
    }
}

static bool wants_events(struct query *query)
{
    cut_page(query, query->limit);
    if (query->command.events == 0 || query->chosen_count == 0) {
        return false;
    }
    query->events = arena_array(&query->arena, query->chosen_count, sizeof(*query->events));
    return true;
}

/* Runs again for each room whose tail has to be read, and ends the page early when it has grown
 * large. */
static void find_events(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct shared *tails = query->service->tails;
    struct shared_thing *tail = take_asked(query);
    if (query->events == NULL && !wants_events(query)) {
        return;
    }
    while (query->event_rooms < query->chosen_count) {
        const struct cht_id *room = &query->chosen[query->event_rooms]->meta.room;
        tail = tail != NULL ? tail : shared_find(tails, room);
        if (tail == NULL) {
            shared_ask(tails, &flow->asker, &query->ask, room);
            flow_again(flow);
            return;
        }
        add_events(query, (struct tail *)tail);
        tail = NULL;
        if (query->bytes >= QUERY_PAGE_BYTES) {
            cut_page(query, query->event_rooms);
        }
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
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_all},
        {"find_list", find_list}, {"choose", choose_moved}, {"find_events", find_events},
        {"collect", collect_sync}, QUERY_END};
    query->encode = encode_list;
    QUERY_START(query, steps);
}
