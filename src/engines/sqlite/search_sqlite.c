/* search_sqlite - words in the messages of one's rooms, the newest first.
 *
 * Happy path: the rooms of the asker are looked at window by window, always the one whose part that
 * was not looked at has the newest message, until enough hits are newer than all that is left. The
 * index gives the places of a window without walking through those of other rooms, so a search
 * costs what its asker's rooms are, and not what all are. For somebody in many rooms a beginning of
 * many words, and many words, are cheaper in one walk through all places between the first and the
 * last of these rooms. How it fails: a question without words finds nothing. One that has looked at
 * WINDOWS_MAX windows answers what it has found, and the next page goes on there. A walk through
 * too many places is stopped and answered OVERLOADED. */

#include "base/check.h"
#include "search_words.h"
#include "store.h"

/* Places of a room that are looked at together: messages, and what else has a seq. */
#define WINDOW_PLACES 8192u
/* Beside one of each room: two million places, about a second. */
#define WINDOWS_MAX 256u
/* Words of the question times rooms, each of which costs some looks at the index; with more all
 * places are walked through. */
#define SEEKS_MAX 4096u
/* The same for rooms and a beginning: SQLite gathers its places anew for each room, which is as
 * much as walking through a seventh of them. */
#define BEGINNING_ROOMS_MAX 6u
/* Steps of SQLite's machine between two calls, and how many calls a walk may have: about a second.
 */
#define STEPS_PER_CALL 10000
#define CALLS_MAX 4000

/* What is left of a room: from `first` up to `newest`, whose place is 0 when nothing is. */
struct search_room {
    struct cht_id room;
    uint64_t first;
    struct history_search_at newest;
    uint64_t *places; /* of a walk: the newest ones, descending */
    uint32_t place_count;
};

struct search_hit {
    struct history_search_at at;
    const struct search_room *room;
};

struct search {
    struct db *db;
    struct history_search_op *op;
    struct arena arena;
    struct search_words words;
    struct search_room *rooms; /* by descending place */
    uint32_t room_count;
    struct search_hit *hits; /* the newest, one more than is wanted */
    uint32_t hit_count;
    uint32_t windows_left;
    bool walked;
};

static bool is_newer(struct history_search_at a, struct history_search_at b)
{
    return a.ts != b.ts ? a.ts > b.ts : a.place > b.place;
}

/* The newest message of these places; place 0: there is none. */
static struct history_search_at newest_of(struct db *db, uint64_t first, uint64_t last)
{
    struct history_search_at at = {0};
    struct query q = db_query(db, STORE_SEARCH_NEWEST);
    query_u64(&q, first);
    query_u64(&q, last);
    if (query_row(&q)) {
        at = (struct history_search_at){query_get_u64(&q, 1), query_get_u64(&q, 0)};
    }
    query_end(&q);
    return at;
}

/* ---- the rooms */

static uint64_t end_of(const struct search_room *room)
{
    return store_place((room->first >> STORE_SEQ_BITS) + 1, 0) - 1;
}

/* Of what a page before has not told. In a room a later place is never an earlier time. */
static void begin_behind(struct search *search, struct search_room *room)
{
    uint64_t first = room->first, last = room->newest.place;
    room->newest = (struct history_search_at){0};
    while (first <= last) {
        uint64_t middle = first + (last - first) / 2;
        struct history_search_at at = newest_of(search->db, first, middle);
        if (at.place != 0 && !is_newer(search->op->after, at)) {
            last = at.place - 1;
        } else {
            room->newest = at.place != 0 ? at : room->newest;
            first = middle + 1;
        }
    }
}

static void read_rooms(struct search *search)
{
    const struct history_search_op *op = search->op;
    bool all = cht_id_is_none(&op->room);
    struct query q = db_query(search->db, all ? STORE_SEARCH_MINE : STORE_SEARCH_MINE_ONE);
    query_id(&q, &op->user);
    if (!all) {
        query_id(&q, &op->room);
    }
    while (query_row(&q)) {
        search->rooms =
            arena_grown(&search->arena, search->rooms, search->room_count, sizeof(*search->rooms));
        search->rooms[search->room_count++] = (struct search_room){
            .room = query_get_id(&q, 0),
            .first = store_place(query_get_u64(&q, 1), query_get_u64(&q, 2)),
        };
    }
    query_end(&q);
    for (uint32_t i = 0; i < search->room_count; i++) {
        struct search_room *room = &search->rooms[i];
        room->newest = newest_of(search->db, room->first, end_of(room));
        if (op->after.place != 0 && !is_newer(op->after, room->newest)) {
            begin_behind(search, room);
        }
    }
}

/* NULL: nothing is left of any. */
static struct search_room *newest_room(const struct search *search)
{
    struct search_room *newest = NULL;
    for (uint32_t i = 0; i < search->room_count; i++) {
        struct search_room *room = &search->rooms[i];
        if (room->newest.place != 0 && (!newest || is_newer(room->newest, newest->newest))) {
            newest = room;
        }
    }
    return newest;
}

/* ---- the hits */

/* So many are newer than `at` that it changes nothing. */
static bool is_settled(const struct search *search, struct history_search_at at)
{
    uint32_t limit = search->op->limit;
    return search->hit_count > limit && is_newer(search->hits[limit].at, at);
}

static void add_hit(
    struct search *search, const struct search_room *room, struct history_search_at at)
{
    if (is_settled(search, at)) {
        return;
    }
    uint32_t i = search->hit_count <= search->op->limit ? search->hit_count++ : search->op->limit;
    for (; i > 0 && is_newer(at, search->hits[i - 1].at); i--) {
        search->hits[i] = search->hits[i - 1];
    }
    search->hits[i] = (struct search_hit){at, room};
}

/* ---- windows */

static void look_at_window(struct search *search, struct search_room *room)
{
    uint64_t last = room->newest.place;
    bool whole = search->words.is_beginning || last - room->first < WINDOW_PLACES;
    uint64_t first = whole ? room->first : last - WINDOW_PLACES + 1;
    uint32_t limit = search->op->limit + 1, found = 0;
    uint64_t left_until = first;
    struct query q = db_query(search->db, STORE_SEARCH_WINDOW);
    query_text(&q, search->words.match);
    query_u64(&q, first);
    query_u64(&q, last);
    query_u64(&q, limit);
    while (found < limit && query_row(&q)) {
        struct history_search_at at = {query_get_u64(&q, 1), query_get_u64(&q, 0)};
        add_hit(search, room, at);
        left_until = ++found == limit ? at.place : left_until;
    }
    query_end(&q);
    room->newest = left_until > room->first ? newest_of(search->db, room->first, left_until - 1)
                                            : (struct history_search_at){0};
}

/* ---- a walk through all places */

static int on_steps(void *argument)
{
    int *left = argument;
    return --*left <= 0;
}

/* Of each room those that may be on the page: the newest ones. */
static void keep_places(struct search *search)
{
    uint32_t i = 0;
    struct query q = db_query(search->db, STORE_SEARCH_PLACES);
    query_text(&q, search->words.match);
    query_u64(&q, search->rooms[search->room_count - 1].first);
    query_u64(&q, end_of(&search->rooms[0]));
    while (query_row(&q)) {
        uint64_t place = query_get_u64(&q, 0);
        while (i < search->room_count && place < search->rooms[i].first) {
            i++;
        }
        if (i == search->room_count) {
            break;
        }
        struct search_room *room = &search->rooms[i];
        if (place <= room->newest.place && room->place_count <= search->op->limit) {
            room->places =
                arena_grown(&search->arena, room->places, room->place_count, sizeof(*room->places));
            room->places[room->place_count++] = place;
        }
    }
    query_end(&q);
}

static bool is_for_walk(const struct search *search)
{
    return search->words.is_beginning
               ? search->room_count > BEGINNING_ROOMS_MAX
               : (uint64_t)search->words.terms * search->room_count > SEEKS_MAX;
}

static enum err walk(struct search *search)
{
    int left = CALLS_MAX;
    search->walked = true;
    sqlite3_progress_handler(search->db->handle, STEPS_PER_CALL, on_steps, &left);
    keep_places(search);
    sqlite3_progress_handler(search->db->handle, 0, NULL, NULL);
    return left > 0 ? OK : ERR_OVERLOADED;
}

/* All of it: what was not kept is older than a page that it fills alone. */
static void look_at_places(struct search *search, struct search_room *room)
{
    room->newest.place = 0;
    for (uint32_t i = 0; i < room->place_count; i++) {
        struct history_search_at at = newest_of(search->db, room->places[i], room->places[i]);
        if (is_settled(search, at)) {
            return;
        }
        if (at.place != 0) {
            add_hit(search, room, at);
        }
    }
}

/* ---- the answer */

static void put_hit(struct search *search, const struct search_hit *hit)
{
    struct history_search_op *op = search->op;
    struct history_message message = {0};
    struct query q = db_query(search->db, STORE_MESSAGE_GET);
    query_u64(&q, hit->at.place);
    if (query_row(&q)) {
        store_get_message(&q, 0, &op->arena, &message);
    }
    query_end(&q);
    if (message.seq != 0 && !message.deleted) {
        op->hits[op->count++] = (struct history_hit){hit->at, hit->room->room, message.seq,
            message.n, message.ts, message.from, message.text};
    }
}

/* What is newer than all that is left, which is from `left` on. */
static void answer(struct search *search, const struct search_room *left)
{
    struct history_search_op *op = search->op;
    uint32_t count = search->hit_count < op->limit ? search->hit_count : op->limit;
    while (left && count > 0 && is_newer(left->newest, search->hits[count - 1].at)) {
        count--;
    }
    op->more = left != NULL || search->hit_count > op->limit;
    op->hits = arena_array(&op->arena, count, sizeof(*op->hits));
    for (uint32_t i = 0; i < count; i++) {
        put_hit(search, &search->hits[i]);
    }
    if (count == op->limit) {
        op->at = search->hits[count - 1].at;
    } else if (left) {
        op->at = (struct history_search_at){left->newest.ts, left->newest.place + 1};
    }
}

static enum err run_in(struct search *search)
{
    struct history_search_op *op = search->op;
    search_words_read(search->db, &search->arena, op->q, &search->words);
    read_rooms(search);
    if (search->words.match.size == 0 || search->room_count == 0) {
        return OK;
    }
    search->hits = arena_array(&search->arena, op->limit + 1, sizeof(*search->hits));
    search->windows_left = search->room_count + WINDOWS_MAX;
    enum err err = OK;
    struct search_room *room = newest_room(search);
    if (room && is_for_walk(search)) {
        err = walk(search);
    }
    while (err == OK && room && !is_settled(search, room->newest) && search->windows_left > 0) {
        (search->walked ? look_at_places : look_at_window)(search, room);
        search->windows_left--;
        room = newest_room(search);
    }
    if (err == OK) {
        answer(search, room);
    }
    return err;
}

enum err store_search(struct db *db, struct history_search_op *op)
{
    struct search search = {.db = db, .op = op};
    arena_reset(&op->arena);
    op->hits = NULL;
    op->count = 0;
    op->more = false;
    op->at = (struct history_search_at){0};
    db_begin_read(db);
    enum err said = op->limit > 0 ? run_in(&search) : OK;
    enum err err = db_end_read(db);
    arena_deinit(&search.arena);
    return said == ERR_OVERLOADED ? said : err;
}

/* ---- on its thread */

bool store_search_enter(struct data_sqlite *data, const struct cht_id *user)
{
    struct data_searches *searching = &data->searching;
    uint32_t of_user = 0;
    pthread_mutex_lock(&searching->mutex);
    for (uint32_t i = 0; i < searching->count; i++) {
        of_user += cht_id_equal(&searching->users[i], user);
    }
    bool enters = searching->count < DATA_SEARCHES_MAX && of_user < DATA_SEARCHES_OF_USER_MAX;
    if (enters) {
        searching->users[searching->count++] = *user;
    }
    pthread_mutex_unlock(&searching->mutex);
    return enters;
}

void store_search_leave(struct data_sqlite *data, const struct cht_id *user)
{
    struct data_searches *searching = &data->searching;
    uint32_t i = 0;
    pthread_mutex_lock(&searching->mutex);
    while (i < searching->count && !cht_id_equal(&searching->users[i], user)) {
        i++;
    }
    CHECK(i < searching->count);
    searching->users[i] = searching->users[--searching->count];
    pthread_mutex_unlock(&searching->mutex);
}

enum err store_run_search(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct data_reader *reader = thread;
    struct history_search_op *op = container_of(asked, struct history_search_op, op);
    struct cht_id user = op->user;
    enum err err = store_search(&reader->store, op);
    store_search_leave(reader->data, &user);
    return err;
}
