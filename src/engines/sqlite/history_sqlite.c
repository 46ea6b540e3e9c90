/* history_sqlite - the port history on store.db.
 *
 * Happy path: writes go to the writer's thread, where all that arrived becomes one transaction with
 * its progress; reads take a page out of one range of a clustered table. How it fails: db_err; a
 * stored entry that does not decode is CORRUPT. */

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "store.h"

struct history_sqlite {
    struct history history;
    struct data_sqlite *data;
    struct loop *loop;
};

/* ---- writing */

static enum err run_write(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct history_write_op *op = container_of(asked, struct history_write_op, op);
    struct data_writer *writer = thread;
    for (uint32_t i = 0; i < op->count && writer->db.rc == SQLITE_OK; i++) {
        const struct history_change *change = &op->changes[i];
        stamps_open(&writer->stamps, &change->room);
        if (change->kind == CHANGE_MEMBER) {
            stamps_open(&writer->stamps, &change->member->user);
        }
        store_apply(writer, change);
    }
    struct query q = db_query(&writer->db, STORE_PROGRESS_PUT);
    query_u64(&q, op->progress.shard);
    query_u64(&q, op->progress.term);
    query_u64(&q, op->progress.index);
    query_blob(&q, op->progress.at.bytes, sizeof(op->progress.at.bytes));
    query_run(&q);
    return db_err(&writer->db);
}

static enum err run_progress(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct history_progress_op *op = container_of(asked, struct history_progress_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    op->progress = (struct history_progress){.shard = op->shard};
    struct query q = db_query(db, STORE_PROGRESS_GET);
    query_u64(&q, op->shard);
    if (query_row(&q)) {
        op->progress.term = query_get_u64(&q, 0);
        op->progress.index = query_get_u64(&q, 1);
        query_get_bytes(&q, 2, op->progress.at.bytes, sizeof(op->progress.at.bytes));
    }
    query_end(&q);
    return db_err(db);
}

/* ---- pages */

/* What a page is of. */
struct view {
    uint64_t room_no; /* 0: nothing */
    uint64_t head, first_seq;
};

/* `member` NULL: everybody's. */
static struct view view_of(struct db *db, const struct cht_id *room, const struct cht_id *member)
{
    struct view view = {0};
    struct query q = db_query(db, member ? STORE_MINE_VIEW : STORE_ROOM_VIEW);
    query_id(&q, room);
    if (member) {
        query_id(&q, member);
    }
    if (query_row(&q)) {
        view = (struct view){query_get_u64(&q, 0), query_get_u64(&q, 1), query_get_u64(&q, 2)};
    }
    query_end(&q);
    return view;
}

/* Which rows: places from `first` up to but not with `end`, from one side. */
struct range {
    uint64_t first, end;
    bool down;
};

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static struct range range_of(
    uint64_t room_no, enum history_bound bound, uint64_t seq, uint64_t from_seq)
{
    struct range range = {
        .first = store_place(room_no, larger(from_seq, 1)),
        .end = store_place(room_no + 1, 0),
        .down = bound != HISTORY_AFTER,
    };
    if (bound == HISTORY_BEFORE) {
        range.end = store_place(room_no, seq);
    } else if (bound == HISTORY_AFTER) {
        range.first = larger(range.first, store_place(room_no, seq) + 1);
    }
    return range;
}

static struct query ask_range(
    struct db *db, const uint32_t statements[2], struct range range, uint64_t limit)
{
    struct query q = db_query(db, statements[range.down ? 1 : 0]);
    query_u64(&q, range.first);
    query_u64(&q, range.end);
    query_u64(&q, limit);
    return q;
}

static void turn_round(void *items, uint32_t count, size_t size)
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

/* ---- messages */

static const uint32_t message_statements[2] = {STORE_MESSAGES_UP, STORE_MESSAGES_DOWN};

struct page {
    struct history_message *messages;
    uint32_t count;
    bool more;
};

static struct page read_messages(
    struct db *db, struct history_messages_op *op, struct range range, uint32_t limit)
{
    struct page page = {arena_array(&op->arena, limit, sizeof(struct history_message)), 0, false};
    uint64_t bytes = 0;
    struct query q = ask_range(db, message_statements, range, (uint64_t)limit + 1);
    while (query_row(&q)) {
        bytes += query_lend_bytes(&q, 5).size;
        if (page.count == limit || (op->bytes_max && page.count > 0 && bytes > op->bytes_max)) {
            page.more = true;
            break;
        }
        store_get_message(&q, 0, &op->arena, &page.messages[page.count++]);
    }
    query_end(&q);
    if (range.down) {
        turn_round(page.messages, page.count, sizeof(*page.messages));
    }
    return page;
}

/* Half of the page is older than seq, half from it on. */
static struct page read_around(struct db *db, struct history_messages_op *op, uint64_t room_no)
{
    uint32_t older_limit = op->limit / 2;
    struct range older = range_of(room_no, HISTORY_BEFORE, op->seq, op->from_seq);
    struct range newer = range_of(room_no, HISTORY_AFTER, op->seq ? op->seq - 1 : 0, op->from_seq);
    struct page first = read_messages(db, op, older, older_limit);
    struct page second = read_messages(db, op, newer, op->limit - older_limit);
    struct page page = {
        arena_array(&op->arena, op->limit, sizeof(struct history_message)), 0, second.more};
    memcpy(page.messages, first.messages, first.count * sizeof(*page.messages));
    memcpy(page.messages + first.count, second.messages, second.count * sizeof(*page.messages));
    page.count = first.count + second.count;
    return page;
}

static void get_reactions(struct db *db, struct history_messages_op *op, uint64_t room_no)
{
    struct query q = db_query(db, STORE_REACTIONS_OF);
    query_u64(&q, store_place(room_no, op->messages[0].seq));
    query_u64(&q, store_place(room_no, op->messages[op->count - 1].seq));
    query_id(&q, &op->reader);
    uint32_t at = 0, room_left = 0;
    while (query_row(&q)) {
        uint64_t seq = store_seq_of(query_get_u64(&q, 0));
        while (at < op->count && op->messages[at].seq < seq) {
            at++;
            room_left = 0;
        }
        if (at == op->count || op->messages[at].seq != seq) {
            continue;
        }
        struct history_message *message = &op->messages[at];
        if (room_left == 0) {
            room_left = message->reaction_count + 8;
            struct history_reaction *grown =
                arena_array(&op->arena, message->reaction_count + room_left, sizeof(*grown));
            if (message->reaction_count) {
                memcpy(grown, message->reactions, message->reaction_count * sizeof(*grown));
            }
            message->reactions = grown;
        }
        message->reactions[message->reaction_count++] = (struct history_reaction){
            query_get_str(&q, 1, &op->arena), query_get_u64(&q, 2), query_get_u64(&q, 3) != 0};
        room_left--;
    }
    query_end(&q);
}

static enum err read_page(struct db *db, struct history_messages_op *op)
{
    struct view view = view_of(db, &op->room, op->as_member ? &op->reader : NULL);
    if (!view.room_no) {
        return op->as_member ? ERR_NOT_FOUND : OK;
    }
    op->head = view.head;
    op->from_seq = larger(op->from_seq, view.first_seq);
    uint64_t room_no = view.room_no;
    struct page page =
        op->bound == HISTORY_AROUND
            ? read_around(db, op, room_no)
            : read_messages(db, op, range_of(room_no, op->bound, op->seq, op->from_seq), op->limit);
    op->messages = page.messages;
    op->count = page.count;
    op->more = page.more;
    if (op->count) {
        get_reactions(db, op, room_no);
    }
    return OK;
}

static enum err run_messages(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct history_messages_op *op = container_of(asked, struct history_messages_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    arena_reset(&op->arena);
    op->head = 0;
    op->messages = NULL;
    op->count = 0;
    op->more = false;
    db_begin_read(db);
    enum err said = read_page(db, op);
    enum err err = db_end_read(db);
    return err == OK ? said : err;
}

/* ---- entries */

static const uint32_t entry_statements[2] = {STORE_ENTRIES_UP, STORE_ENTRIES_DOWN};

static bool get_entry(const struct query *q, struct arena *arena, struct cht_entry *ret_entry)
{
    if (!store_get_entry_body(query_lend_bytes(q, 3), arena, ret_entry)) {
        return false;
    }
    ret_entry->by = query_get_id(q, 1);
    ret_entry->cid = query_get_str(q, 2, arena);
    ret_entry->text = query_get_str(q, 4, arena);
    ret_entry->has |= cht_id_is_none(&ret_entry->by) ? 0 : CHT_BIT(entry, by);
    ret_entry->has |= ret_entry->cid.size ? CHT_BIT(entry, cid) : 0;
    ret_entry->has |= ret_entry->text.size ? CHT_BIT(entry, text) : 0;
    return true;
}

static enum err read_entries(struct db *db, struct history_entries_op *op, struct range range)
{
    uint64_t bytes = 0;
    bool sound = true;
    op->entries = arena_array(&op->arena, op->limit, sizeof(*op->entries));
    struct query q = ask_range(db, entry_statements, range, (uint64_t)op->limit + 1);
    while (sound && query_row(&q)) {
        bytes += query_lend_bytes(&q, 4).size;
        if (op->count == op->limit || (op->bytes_max && op->count > 0 && bytes > op->bytes_max)) {
            op->more = true;
            break;
        }
        sound = get_entry(&q, &op->arena, &op->entries[op->count]);
        op->count++;
    }
    query_end(&q);
    if (range.down) {
        turn_round(op->entries, op->count, sizeof(*op->entries));
    }
    return sound ? OK : ERR_CORRUPT;
}

static enum err read_log(struct db *db, struct history_entries_op *op)
{
    struct view view = view_of(db, &op->room, op->as_member ? &op->reader : NULL);
    if (!view.room_no) {
        return op->as_member ? ERR_NOT_FOUND : OK;
    }
    op->head = view.head;
    op->from_seq = larger(op->from_seq, view.first_seq);
    struct query oldest = db_query(db, STORE_ENTRY_OLDEST);
    query_u64(&oldest, store_place(view.room_no, 0));
    query_u64(&oldest, store_place(view.room_no + 1, 0));
    if (query_row(&oldest) && !query_get_null(&oldest, 0)) {
        op->oldest_seq = store_seq_of(query_get_u64(&oldest, 0));
    }
    query_end(&oldest);
    return read_entries(db, op, range_of(view.room_no, op->bound, op->seq, op->from_seq));
}

static enum err run_entries(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct history_entries_op *op = container_of(asked, struct history_entries_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    arena_reset(&op->arena);
    op->head = 0;
    op->entries = NULL;
    op->count = 0;
    op->oldest_seq = 0;
    op->more = false;
    db_begin_read(db);
    enum err said = read_log(db, op);
    enum err err = db_end_read(db);
    return err == OK ? said : err;
}

/* ---- one message, one cid */

static void get_reaction(struct db *db, struct history_message_op *op, uint64_t place)
{
    struct query q = db_query(db, STORE_REACTION_GET);
    query_u64(&q, place);
    query_text(&q, op->key);
    query_id(&q, &op->reader);
    op->reacted = query_row(&q) && query_get_u64(&q, 0) != 0;
    query_end(&q);
    if (!op->reacted) {
        q = db_query(db, STORE_REACTION_KEYS);
        query_u64(&q, place);
        query_text(&q, op->key);
        bool is_there = !query_row(&q) || query_get_u64(&q, 1) != 0;
        op->other_keys = is_there ? 0 : (uint32_t)query_get_u64(&q, 0);
        query_end(&q);
    }
}

static enum err run_message(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct history_message_op *op = container_of(asked, struct history_message_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    uint64_t place = store_place(store_find_room(db, &op->room), op->seq);
    arena_reset(&op->arena);
    op->reacted = false;
    op->other_keys = 0;
    struct query q = db_query(db, STORE_MESSAGE_GET);
    query_u64(&q, place);
    bool found = query_row(&q);
    if (found) {
        store_get_message(&q, 0, &op->arena, &op->message);
    }
    query_end(&q);
    if (found && op->key.size) {
        get_reaction(db, op, place);
    }
    enum err err = db_err(db);
    return err == OK && !found ? ERR_NOT_FOUND : err;
}

static bool is_wanted(const struct query *q, const struct history_find_cid_op *op)
{
    struct cht_id by = query_get_id(q, 1);
    return cht_id_equal(&by, &op->user) && cht_str_equal(query_lend_bytes(q, 2), op->cid);
}

static enum err find_cid_in(struct db *db, struct history_find_cid_op *op, uint64_t room_no)
{
    uint32_t seen = 0;
    enum err said = ERR_NOT_FOUND;
    struct query q = db_query(db, STORE_ENTRY_CIDS);
    query_u64(&q, store_place(room_no, op->above_seq) + 1);
    query_u64(&q, store_place(room_no + 1, 0));
    query_u64(&q, (uint64_t)op->limit + 1);
    while (said == ERR_NOT_FOUND && query_row(&q)) {
        if (seen++ == op->limit) {
            said = ERR_CONFLICT;
        } else if (is_wanted(&q, op)) {
            struct cht_entry entry;
            said = store_get_entry_body(query_lend_bytes(&q, 3), &op->arena, &entry) ? OK
                                                                                     : ERR_CORRUPT;
            if (said == OK) {
                op->found = (struct room_cid){op->user, arena_str(&op->arena, op->cid), entry.seq,
                    entry.n, entry.ts, entry.content};
            }
        }
    }
    query_end(&q);
    return said;
}

static enum err run_find_cid(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct history_find_cid_op *op = container_of(asked, struct history_find_cid_op, op);
    struct db *db = &((struct data_reader *)thread)->store;
    arena_reset(&op->arena);
    uint64_t room_no = store_find_room(db, &op->room);
    enum err said = room_no ? find_cid_in(db, op, room_no) : ERR_NOT_FOUND;
    enum err err = db_err(db);
    return err == OK ? said : err;
}

/* ---- the port */

static struct history_sqlite *of(struct history *history)
{
    return container_of(history, struct history_sqlite, history);
}

#define READ(name, op_type, run)                                                                   \
    static void name(struct history *history, struct op_type *op)                                  \
    {                                                                                              \
        db_job_put(&of(history)->data->reads, &op->op, of(history)->loop, run);                    \
    }

READ(progress, history_progress_op, run_progress)
READ(messages, history_messages_op, run_messages)
READ(entries, history_entries_op, run_entries)
READ(message, history_message_op, run_message)
READ(find_cid, history_find_cid_op, run_find_cid)

/* One may take a second, and they wait for each other: beyond a few there is no use in waiting, and
 * nobody takes all places. */
static void search(struct history *history, struct history_search_op *op)
{
    struct data_sqlite *data = of(history)->data;
    if (!store_search_enter(data, &op->user)) {
        op_answer_later(&op->op, of(history)->loop, ERR_OVERLOADED);
        return;
    }
    db_job_put(&data->searches, &op->op, of(history)->loop, store_run_search);
}

static void write_changes(struct history *history, struct history_write_op *op)
{
    db_job_put(&of(history)->data->store.queue, &op->op, of(history)->loop, run_write);
}

static uint64_t now(struct history *history)
{
    return stamps_now(&of(history)->data->store.stamps);
}

static uint64_t stamp(struct history *history, const struct cht_id *room)
{
    return stamps_get(&of(history)->data->store.stamps, room);
}

static const struct history_ops ops = {
    .write = write_changes,
    .progress = progress,
    .messages = messages,
    .entries = entries,
    .message = message,
    .find_cid = find_cid,
    .search = search,
    .now = now,
    .stamp = stamp,
};

struct history *history_sqlite_create(struct data_sqlite *data, struct loop *loop)
{
    struct history_sqlite *history = mem_new(sizeof(*history));
    *history = (struct history_sqlite){{&ops}, data, loop};
    return &history->history;
}

void history_sqlite_destroy(struct history *history)
{
    if (history) {
        mem_free(of(history));
    }
}
