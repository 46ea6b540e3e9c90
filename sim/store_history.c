/* store_history - the port history of the model.
 *
 * Happy path: a write applies its changes and then the progress; a page is what lies between two
 * seqs, from one side. How it fails: NOT_FOUND, CONFLICT. */

#include <string.h>
#include <strings.h>

#include "heap.h"
#include "store_inner.h"

static struct store_port *of(struct history *history)
{
    return container_of(history, struct store_port, history);
}

static struct store *store_of(const struct job *job)
{
    return ((struct store_port *)job->model)->store;
}

static enum err run_write(struct job *job)
{
    struct history_write_op *op = container_of(job->op, struct history_write_op, op);
    struct store *store = store_of(job);
    uint32_t former = heap_use(HEAP_WORLD);
    store->writes++;
    for (uint32_t i = 0; i < op->count; i++) {
        store_apply(store, &op->changes[i]);
    }
    heap_use(former);
    struct history_progress *progress = &store->progress[op->progress.shard];
    if (progress->index < op->progress.index) {
        *progress = op->progress;
    }
    return OK;
}

static enum err run_progress(struct job *job)
{
    struct history_progress_op *op = container_of(job->op, struct history_progress_op, op);
    op->progress = store_of(job)->progress[op->shard];
    op->progress.shard = op->shard;
    return OK;
}

/* ---- pages: seqs above `first` - 1 and below `end`, from below or from above */

struct range {
    uint64_t first, end;
    bool down;
};

static struct range range_of(enum history_bound bound, uint64_t seq, uint64_t from_seq)
{
    struct range range = {from_seq, UINT64_MAX, bound != HISTORY_AFTER};
    if (bound == HISTORY_BEFORE) {
        range.end = seq;
    } else if (bound == HISTORY_AFTER && seq + 1 > range.first) {
        range.first = seq + 1;
    }
    return range;
}

static bool is_in(const struct range *range, uint64_t seq)
{
    return seq >= range->first && seq < range->end;
}

static struct history_message message_of(const struct stored_room *room,
    const struct stored_message *row, const struct cht_id *reader, struct arena *arena)
{
    struct history_message message = {.seq = row->seq,
        .n = row->n,
        .ts = row->ts,
        .from = row->from,
        .cid = arena_str(arena, row->cid),
        .text = arena_str(arena, row->text),
        .reply_to = row->reply_to,
        .mentions = row->mentions,
        .edited_seq = row->edited_seq,
        .deleted = row->deleted};
    if (row->mentions.count) {
        message.mentions.at =
            arena_copy(arena, row->mentions.at, row->mentions.count * sizeof(struct cht_id));
    }
    message.reactions = arena_array(arena, room->reaction_count + 1, sizeof(*message.reactions));
    for (uint32_t i = 0; reader && i < room->reaction_count; i++) {
        const struct stored_reaction *reaction = &room->reactions[i];
        if (reaction->target != row->seq || !reaction->on) {
            continue;
        }
        uint32_t at = 0;
        while (at < message.reaction_count &&
               !cht_str_equal(message.reactions[at].key, reaction->key)) {
            at++;
        }
        if (at == message.reaction_count) {
            message.reactions[message.reaction_count++].key = arena_str(arena, reaction->key);
        }
        message.reactions[at].count++;
        message.reactions[at].me |= cht_id_equal(&reaction->user, reader);
    }
    return message;
}

struct rows {
    uint32_t first, count; /* of the room's rows */
    bool more;
};

/* Which rows of `total` are the page; `seq_at` and `size_at` tell of a row. */
static struct rows choose(const struct stored_room *room, const struct range *range, uint32_t limit,
    uint32_t bytes_max, bool messages)
{
    uint32_t total = messages ? room->message_count : room->entry_count;
    struct rows rows = {0};
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < total; i++) {
        uint32_t at = range->down ? total - 1 - i : i;
        uint64_t seq = messages ? room->messages[at].seq : room->entries[at].seq;
        const struct stored_message *message = store_message(room, seq);
        if (!is_in(range, seq)) {
            continue;
        }
        bool own = !messages && !room->entries[at].text_of_message;
        bytes += own ? room->entries[at].text.size : message ? message->text.size : 0;
        if (rows.count == limit || (bytes_max && rows.count > 0 && bytes > bytes_max)) {
            rows.more = true;
            break;
        }
        rows.first = range->down || rows.count == 0 ? at : rows.first;
        rows.count++;
    }
    return rows;
}

static void add_messages(
    const struct stored_room *room, struct history_messages_op *op, struct rows rows)
{
    for (uint32_t i = 0; i < rows.count; i++) {
        op->messages[op->count++] =
            message_of(room, &room->messages[rows.first + i], &op->reader, &op->arena);
    }
}

/* False: `reader` is no member. */
static bool raise_from(const struct store *store, const struct stored_room *room,
    const struct cht_id *reader, uint64_t *from_seq)
{
    const struct stored_mine *mine = room ? store_mine(store, reader, &room->id) : NULL;
    if (mine && room->meta.history == cht_history_from_joined && *from_seq < mine->joined_seq) {
        *from_seq = mine->joined_seq;
    }
    return mine != NULL;
}

static enum err run_messages(struct job *job)
{
    struct history_messages_op *op = container_of(job->op, struct history_messages_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    arena_reset(&op->arena);
    op->head = 0;
    op->messages = NULL;
    op->count = 0;
    op->more = false;
    if (op->as_member && !raise_from(store_of(job), room, &op->reader, &op->from_seq)) {
        return ERR_NOT_FOUND;
    }
    if (!room) {
        return OK;
    }
    op->head = room->head.seq;
    op->messages = arena_array(&op->arena, op->limit, sizeof(*op->messages));
    struct range range = range_of(op->bound, op->seq, op->from_seq);
    uint32_t limit = op->limit;
    if (op->bound == HISTORY_AROUND) {
        range = range_of(HISTORY_BEFORE, op->seq, op->from_seq);
        add_messages(room, op, choose(room, &range, op->limit / 2, op->bytes_max, true));
        limit = op->limit - op->limit / 2;
        range = range_of(HISTORY_AFTER, op->seq ? op->seq - 1 : 0, op->from_seq);
    }
    struct rows rows = choose(room, &range, limit, op->bytes_max, true);
    add_messages(room, op, rows);
    op->more = rows.more;
    return OK;
}

static enum err run_entries(struct job *job)
{
    struct history_entries_op *op = container_of(job->op, struct history_entries_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    arena_reset(&op->arena);
    op->head = 0;
    op->entries = NULL;
    op->count = 0;
    op->oldest_seq = 0;
    op->more = false;
    if (op->as_member && !raise_from(store_of(job), room, &op->reader, &op->from_seq)) {
        return ERR_NOT_FOUND;
    }
    if (!room) {
        return OK;
    }
    op->head = room->head.seq;
    op->oldest_seq = room->entry_count ? room->entries[0].seq : 0;
    op->entries = arena_array(&op->arena, op->limit, sizeof(*op->entries));
    struct range range = range_of(op->bound, op->seq, op->from_seq);
    struct rows rows = choose(room, &range, op->limit, op->bytes_max, false);
    for (uint32_t i = 0; i < rows.count; i++) {
        op->entries[op->count++] = store_entry(room, &room->entries[rows.first + i], &op->arena);
    }
    op->more = rows.more;
    return OK;
}

static enum err run_message(struct job *job)
{
    struct history_message_op *op = container_of(job->op, struct history_message_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    const struct stored_message *row = store_message(room, op->seq);
    arena_reset(&op->arena);
    op->reacted = false;
    op->other_keys = 0;
    if (!row) {
        return ERR_NOT_FOUND;
    }
    op->message = message_of(room, row, &op->reader, &op->arena);
    bool is_there = op->key.size == 0;
    for (uint32_t i = 0; i < op->message.reaction_count; i++) {
        const struct history_reaction *reaction = &op->message.reactions[i];
        if (cht_str_equal(reaction->key, op->key)) {
            is_there = true;
            op->reacted = reaction->me;
        }
    }
    op->other_keys = is_there ? 0 : op->message.reaction_count;
    return OK;
}

static enum err run_find_cid(struct job *job)
{
    struct history_find_cid_op *op = container_of(job->op, struct history_find_cid_op, op);
    const struct stored_room *room = store_room(store_of(job), &op->room);
    arena_reset(&op->arena);
    uint32_t seen = 0;
    for (uint32_t i = room ? room->entry_count : 0; i > 0; i--) {
        const struct stored_entry *row = &room->entries[i - 1];
        if (row->seq <= op->above_seq) {
            break;
        }
        if (seen++ == op->limit) {
            return ERR_CONFLICT;
        }
        if (cht_id_equal(&row->by, &op->user) && cht_str_equal(row->cid, op->cid)) {
            struct cht_entry entry = store_entry(room, row, &op->arena);
            op->found =
                (struct room_cid){entry.by, entry.cid, entry.seq, entry.n, entry.ts, entry.content};
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* ---- search: words that begin so, all of them */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}

static bool has_word(struct cht_str text, struct cht_str word)
{
    for (uint32_t i = 0; i + word.size <= text.size; i++) {
        bool begins = i == 0 || !is_word(text.at[i - 1]);
        if (begins && strncasecmp(text.at + i, word.at, word.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_all(struct cht_str text, struct cht_str q)
{
    uint32_t at = 0, words = 0;
    while (at < q.size) {
        uint32_t from = at;
        while (at < q.size && is_word(q.at[at])) {
            at++;
        }
        if (at > from) {
            words++;
            if (!has_word(text, (struct cht_str){q.at + from, at - from})) {
                return false;
            }
        }
        at++;
    }
    return words > 0;
}

static bool is_newer(struct history_search_at a, struct history_search_at b)
{
    return a.ts != b.ts ? a.ts > b.ts : a.place > b.place;
}

/* Of the messages of a room, in the order of the ids of rooms. */
static uint64_t first_place(const struct cht_id *room)
{
    return ((uint64_t)room->bytes[0] << 16 | (uint64_t)room->bytes[1] << 8 | room->bytes[15]) << 36;
}

/* In order; one more than is wanted. */
static void add_hit(struct history_search_op *op, struct history_hit hit)
{
    uint32_t i = op->count;
    while (i > 0 && is_newer(hit.at, op->hits[i - 1].at)) {
        i--;
    }
    if (i > op->limit) {
        return;
    }
    uint32_t moved = op->count < op->limit + 1 ? op->count - i : op->limit - i;
    memmove(&op->hits[i + 1], &op->hits[i], moved * sizeof(hit));
    op->hits[i] = hit;
    op->count += op->count < op->limit + 1;
}

static void search_room(
    const struct store *store, const struct stored_mine *mine, struct history_search_op *op)
{
    const struct stored_room *room = store_room(store, &mine->room);
    bool from_joined = room->meta.history == cht_history_from_joined;
    for (uint32_t i = room->message_count; i > 0; i--) {
        const struct stored_message *row = &room->messages[i - 1];
        struct history_search_at at = {row->ts, first_place(&room->id) + row->seq};
        bool seen = !from_joined || row->seq >= mine->joined_seq;
        bool is_behind = op->after.place == 0 || is_newer(op->after, at);
        if (!row->deleted && seen && is_behind && has_all(row->text, op->q)) {
            add_hit(op, (struct history_hit){at, room->id, row->seq, row->n, row->ts, row->from,
                            arena_str(&op->arena, row->text)});
        }
    }
}

static enum err run_search(struct job *job)
{
    struct history_search_op *op = container_of(job->op, struct history_search_op, op);
    const struct store *store = store_of(job);
    arena_reset(&op->arena);
    op->hits = arena_array(&op->arena, op->limit + 1, sizeof(*op->hits));
    op->count = 0;
    for (uint32_t i = 0; i < store->mine_count; i++) {
        const struct stored_mine *mine = &store->mine[i];
        bool wanted = cht_id_is_none(&op->room) || cht_id_equal(&mine->room, &op->room);
        if (wanted && cht_id_equal(&mine->user, &op->user)) {
            search_room(store, mine, op);
        }
    }
    op->more = op->count > op->limit;
    op->count -= op->more;
    op->at = op->more && op->count > 0 ? op->hits[op->count - 1].at : (struct history_search_at){0};
    return OK;
}

#define PORT(name, op_type, kind, run)                                                             \
    static void name(struct history *history, struct op_type *op)                                  \
    {                                                                                              \
        STORE_ASK(of(history), op, kind, run);                                                     \
    }

PORT(write_changes, history_write_op, JOB_WRITE, run_write)
PORT(progress, history_progress_op, JOB_READ, run_progress)
PORT(messages, history_messages_op, JOB_READ, run_messages)
PORT(entries, history_entries_op, JOB_READ, run_entries)
PORT(message, history_message_op, JOB_READ, run_message)
PORT(find_cid, history_find_cid_op, JOB_READ, run_find_cid)
PORT(search, history_search_op, JOB_READ, run_search)

static uint64_t now(struct history *history)
{
    return 1 + of(history)->store->writes;
}

static uint64_t stamp(struct history *history, const struct cht_id *id)
{
    const struct stored_room *room = store_room(of(history)->store, id);
    return room ? 1 + room->changed : 1;
}

const struct history_ops store_history_ops = {
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
