/* entries_cassandra - the log of a room: pages of it, and what its newest entries remember of
 * commands.
 *
 * Happy path: rows from the newest bucket downwards, or upwards from a seq; the texts of messages,
 * which are in rows of their own, are asked for the rows that need them. How it fails: an entry
 * that does not decode is CORRUPT; as Cassandra does. */

#include <string.h>

#include "base/check.h"
#include "cassandra/history_reads.h"
#include "cassandra/view.h"
#include "chattifier/events.h"

void history_turn_round(void *items, uint32_t count, size_t size)
{
    uint8_t kept[sizeof(struct history_message) > sizeof(struct cht_entry)
                     ? sizeof(struct history_message)
                     : sizeof(struct cht_entry)];
    CHECK(size <= sizeof(kept));
    uint8_t *bytes = items;
    for (uint32_t i = 0; i + 1 < count - i; i++) {
        memcpy(kept, bytes + i * size, size);
        memcpy(bytes + i * size, bytes + (count - 1 - i) * size, size);
        memcpy(bytes + (count - 1 - i) * size, kept, size);
    }
}

/* ---- rows */

/* Without the text of a message. */
static bool entry_take(struct cells *cells, struct arena *arena, struct cht_entry *ret_entry)
{
    struct cht_str body = arena_str(arena, cells_lend_blob(cells, 1));
    size_t size = body.size + sizeof(struct cht_id) * 2;
    struct cht_scratch scratch = {arena_take(arena, size), size, 0};
    if (!cht_decode(&cht_row_entry, body, &scratch, ret_entry)) {
        return false;
    }
    ret_entry->text = cells_text(cells, 2, arena);
    ret_entry->key = cells_text(cells, 3, arena);
    ret_entry->has |= ret_entry->text.size ? CHT_BIT(entry, text) : 0;
    ret_entry->has |= ret_entry->key.size ? CHT_BIT(entry, key) : 0;
    return !cells->bad;
}

/* ---- a page */

enum read_phase { READ_ASK, READ_ROWS, READ_TEXTS };

struct page {
    struct call call; /* first */
    struct history_entries_op *op;
    struct view view;
    struct pages pages;
    struct cql_ask ask, texts;
    enum read_phase phase;
    uint64_t bytes;
    uint32_t taken; /* rows of this page of Cassandra, behind op->count */
    uint32_t capacity;
    bool is_full;
};

static void ask_view(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    p->view.room = &p->op->room;
    p->view.reader = p->op->as_member ? &p->op->reader : NULL;
    view_ask(&p->view, &p->call);
}

static void take_view(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    struct history_entries_op *op = p->op;
    if (!view_take(&p->view, &p->call, &op->arena, &op->from_seq)) {
        return;
    }
    op->head = p->view.row.head.seq;
    p->pages = (struct pages){.room = op->room,
        .up = STORE_ENTRIES_UP,
        .down = STORE_ENTRIES_DOWN,
        .page_rows = history_page_rows(op->limit)};
    p->capacity = op->limit + p->pages.page_rows;
    op->entries = arena_array(&op->arena, p->capacity, sizeof(*op->entries));
    pages_begin(&p->pages, op->bound, op->seq, op->from_seq, op->head);
}

static void ask_texts(struct page *p, uint64_t lowest, uint64_t highest)
{
    struct cql_writer *values = store_begin(p->call.store, &p->texts, STORE_TEXTS_GET);
    cql_put_uuid(values, p->op->room);
    cells_put_u64(values, p->pages.bucket);
    cells_put_u64(values, lowest);
    cells_put_u64(values, highest);
    p->texts.page_rows = HISTORY_PAGE_ROWS;
    call_ask(&p->call, &p->texts);
}

/* Rows go behind those that are of the page already; which of them are, their texts decide. */
static enum err take_rows(struct page *p)
{
    struct history_entries_op *op = p->op;
    struct cells cells = {.ask = &p->ask};
    uint64_t lowest = UINT64_MAX, highest = 0;
    p->taken = 0;
    while (op->count + p->taken < p->capacity && cql_ask_next(&p->ask)) {
        struct cht_entry *entry = &op->entries[op->count + p->taken];
        if (!entry_take(&cells, &op->arena, entry)) {
            return ERR_CORRUPT;
        }
        p->taken++;
        if (entry->kind == cht_entry_kind_message) {
            lowest = entry->seq < lowest ? entry->seq : lowest;
            highest = entry->seq > highest ? entry->seq : highest;
        }
    }
    if (highest) {
        ask_texts(p, lowest, highest);
    }
    return OK;
}

static enum err take_texts(struct page *p)
{
    struct history_entries_op *op = p->op;
    struct cells cells = {.ask = &p->texts};
    while (cql_ask_next(&p->texts)) {
        uint64_t seq = cells_u64(&cells, 0);
        for (uint32_t i = 0; i < p->taken; i++) {
            struct cht_entry *entry = &op->entries[op->count + i];
            if (entry->seq == seq && entry->kind == cht_entry_kind_message) {
                entry->text = cells_text(&cells, 1, &op->arena);
                entry->has |= entry->text.size ? CHT_BIT(entry, text) : 0;
            }
        }
    }
    return cells_err(&cells);
}

/* How many of the rows fit into the page. */
static void keep_rows(struct page *p)
{
    struct history_entries_op *op = p->op;
    for (; p->taken > 0 && !p->is_full; p->taken--) {
        p->bytes += op->entries[op->count].text.size;
        p->is_full =
            op->count == op->limit || (op->bytes_max && op->count > 0 && p->bytes > op->bytes_max);
        op->count += !p->is_full;
    }
}

static void read_page(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    enum err err = OK;
    if (p->pages.is_over) {
        return;
    }
    if (p->phase == READ_ASK) {
        pages_ask(&p->pages, &p->call, &p->ask);
        p->phase = READ_ROWS;
        flow_again(flow);
    } else if (p->phase == READ_ROWS) {
        err = take_rows(p);
        p->phase = READ_TEXTS;
        flow_again(flow);
    } else {
        err = take_texts(p);
        if (p->texts.next_page.size) {
            call_more(&p->call, &p->texts);
            return;
        }
        keep_rows(p);
        p->phase = READ_ROWS;
        if (!p->is_full) {
            pages_go_on(&p->pages, &p->call, &p->ask);
        }
    }
    if (err != OK) {
        flow_fail(flow, err);
    }
}

static void look_again(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    view_ask_again(&p->view, &p->call);
}

/* Nothing is ever taken out of a log here, so its oldest entry is the first one. */
static void answer_page(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    struct history_entries_op *op = p->op;
    enum err err = flow->err == OK ? view_take_again(&p->view) : flow->err;
    op->more = err == OK && p->is_full;
    op->head = err == OK ? op->head : 0;
    op->count = err == OK ? op->count : 0;
    op->oldest_seq = op->head || op->count ? 1 : 0;
    if (p->pages.is_down && op->count) {
        history_turn_round(op->entries, op->count, sizeof(*op->entries));
    }
    view_deinit(&p->view);
    cql_ask_deinit(&p->ask);
    cql_ask_deinit(&p->texts);
    call_end(&p->call, err);
}

static const struct flow_step page_steps[] = {
    {"ask_view", ask_view},
    {"take_view", take_view},
    {"read_page", read_page},
    {"look_again", look_again},
    {"answer", answer_page},
};

void entries_page(struct cassandra *store, struct history_entries_op *op)
{
    struct page *p = call_create(store, sizeof(*p), &op->op);
    arena_reset(&op->arena);
    op->entries = NULL;
    op->count = 0;
    op->head = op->oldest_seq = 0;
    op->more = false;
    if (p) {
        p->op = op;
        call_start(&p->call, page_steps, FLOW_STEPS(page_steps));
    }
}

/* ---- what the newest entries remember */

/* A walk down the log of a room, from its head. */
struct walk {
    struct call call; /* first */
    struct cql_ask room_ask, ask;
    struct stored_room room;
    struct pages pages;
    struct arena *arena; /* of the answer */
    struct arena scratch;
    uint32_t seen;
    bool asked, is_done;
    struct rooms_load_op *load; /* one of these */
    struct history_find_cid_op *find;
};

static void ask_room(struct flow *flow)
{
    struct walk *w = (struct walk *)flow;
    room_row_ask(w->call.store, &w->room_ask, w->load ? &w->load->room : &w->find->room);
    call_ask(&w->call, &w->room_ask);
}

static void take_room(struct flow *flow)
{
    struct walk *w = (struct walk *)flow;
    enum err err = room_first(&w->room_ask, w->arena, &w->room);
    if (err == OK && w->load && w->room.meta_seq == 0) {
        err = ERR_NOT_FOUND;
    }
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    w->pages = (struct pages){.room = w->load ? w->load->room : w->find->room,
        .down = STORE_ENTRIES_DOWN,
        .page_rows = ROOMS_CIDS_MIN};
    pages_begin(
        &w->pages, HISTORY_NEWEST, 0, w->load ? 1 : w->find->above_seq + 1, w->room.head.seq);
}

/* True: it was the last one that is wanted. */
static bool load_entry(struct walk *w, const struct cht_entry *entry)
{
    struct rooms_load_op *op = w->load;
    bool enough = w->seen++ >= ROOMS_CIDS_MIN && entry->ts < op->since_ts;
    op->cids_above = enough ? entry->seq : entry->seq - 1;
    op->cids_above_ts = entry->ts;
    if (enough) {
        return true;
    }
    if (entry->cid.size) {
        op->cids = arena_grown(w->arena, op->cids, op->cid_count, sizeof(*op->cids));
        op->cids[op->cid_count++] = (struct room_cid){entry->by, arena_str(w->arena, entry->cid),
            entry->seq, entry->n, entry->ts, entry->content};
    }
    return w->seen == (op->since_ts ? ROOMS_CIDS_MAX : ROOMS_CIDS_MIN);
}

static bool find_entry(struct walk *w, const struct cht_entry *entry)
{
    struct history_find_cid_op *op = w->find;
    if (w->seen++ == op->limit) {
        flow_fail(&w->call.flow, ERR_CONFLICT);
        return true;
    }
    if (!cht_id_equal(&entry->by, &op->user) || !cht_str_equal(entry->cid, op->cid)) {
        return false;
    }
    op->found = (struct room_cid){
        op->user, arena_str(w->arena, op->cid), entry->seq, entry->n, entry->ts, entry->content};
    return true;
}

static void walk_down(struct flow *flow)
{
    struct walk *w = (struct walk *)flow;
    struct cells cells = {.ask = &w->ask};
    if (!w->asked) {
        w->asked = true;
        pages_ask(&w->pages, &w->call, &w->ask);
        flow_again(flow);
        return;
    }
    while (!w->is_done && !w->pages.is_over && cql_ask_next(&w->ask)) {
        struct cht_entry entry;
        arena_reset(&w->scratch);
        if (!entry_take(&cells, &w->scratch, &entry)) {
            flow_fail(flow, ERR_CORRUPT);
            return;
        }
        w->is_done = w->load ? load_entry(w, &entry) : find_entry(w, &entry);
    }
    if (!w->is_done) {
        pages_go_on(&w->pages, &w->call, &w->ask);
    }
}

static void end_walk(struct walk *w, enum err err)
{
    cql_ask_deinit(&w->room_ask);
    cql_ask_deinit(&w->ask);
    arena_deinit(&w->scratch);
    call_end(&w->call, err);
}

static void answer_load(struct flow *flow)
{
    struct walk *w = (struct walk *)flow;
    w->load->meta = w->room.meta;
    w->load->head = w->room.head;
    end_walk(w, flow->err);
}

static void answer_find(struct flow *flow)
{
    struct walk *w = (struct walk *)flow;
    end_walk(w, flow->err == OK && !w->is_done ? ERR_NOT_FOUND : flow->err);
}

static const struct flow_step load_steps[] = {{"ask_room", ask_room}, {"take_room", take_room},
    {"walk_down", walk_down}, {"answer", answer_load}};
static const struct flow_step find_steps[] = {{"ask_room", ask_room}, {"take_room", take_room},
    {"walk_down", walk_down}, {"answer", answer_find}};

void entries_load(struct cassandra *store, struct rooms_load_op *op)
{
    struct walk *w = call_create(store, sizeof(*w), &op->op);
    arena_reset(&op->arena);
    op->cids = NULL;
    op->cid_count = 0;
    op->cids_above = op->cids_above_ts = 0;
    if (w) {
        w->load = op;
        w->arena = &op->arena;
        call_start(&w->call, load_steps, FLOW_STEPS(load_steps));
    }
}

void entries_find_cid(struct cassandra *store, struct history_find_cid_op *op)
{
    struct walk *w = call_create(store, sizeof(*w), &op->op);
    arena_reset(&op->arena);
    if (w) {
        w->find = op;
        w->arena = &op->arena;
        call_start(&w->call, find_steps, FLOW_STEPS(find_steps));
    }
}
