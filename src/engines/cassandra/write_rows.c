/* write_rows - the plain rows of a batch: what needs no look at what is there.
 *
 * Happy path: a stage's changes become statements, those of one partition a batch of them, which is
 * done as a whole; the partitions are written side by side. How it fails: as Cassandra does. */

#include "base/check.h"
#include "base/mem.h"
#include "cassandra/write_inner.h"
#include "chattifier/events.h"

#define BATCH_BYTES 32768u
#define OF_ROOM UINT64_MAX /* no bucket: the row of a room itself, or of a user */

static const uint64_t secrets[2][2] = {{21, 22}, {23, 24}};

/* ---- which statements */

static void add_row(struct write *write, uint32_t change, enum store_statement statement,
    const struct cht_id *id, uint64_t bucket)
{
    struct {
        struct cht_id id;
        uint64_t bucket;
    } place = {*id, bucket};
    struct map_key key = {
        {map_hash(secrets[0], &place, sizeof(place)), map_hash(secrets[1], &place, sizeof(place))}};
    write->rows = arena_grown(&write->arena, write->rows, write->row_count, sizeof(*write->rows));
    uint32_t row = write->row_count++;
    write->rows[row] = (struct write_row){change, statement, UINT32_MAX};
    uint32_t partition = map_find(&write->partition_places, key);
    if (partition != MAP_NONE) {
        write->rows[write->partitions[partition].last].next = row;
        write->partitions[partition].last = row;
        return;
    }
    write->partitions = arena_grown(
        &write->arena, write->partitions, write->partition_count, sizeof(*write->partitions));
    write->partitions[write->partition_count] = (struct write_partition){row, row};
    CHECK(map_put(&write->partition_places, key, write->partition_count));
    write->partition_count++;
}

/* Has text or a key that goes with the message it is about. */
static bool leaves_trace(const struct cht_entry *entry)
{
    return entry->target &&
           (entry->kind == cht_entry_kind_edited || entry->kind == cht_entry_kind_reaction);
}

static void add_log(struct write *write, uint32_t i)
{
    const struct history_change *change = &write->op->changes[i];
    const struct cht_id *room = &change->room;
    uint64_t own = room_bucket(change->seq), target = room_bucket(change->target);
    if (change->kind == CHANGE_ENTRY) {
        add_row(write, i, STORE_ENTRY_PUT, room, own);
        if (leaves_trace(change->entry)) {
            add_row(write, i, STORE_TRACE_PUT, room, room_bucket(change->entry->target));
        }
    } else if (change->kind == CHANGE_MESSAGE) {
        add_row(write, i, STORE_MESSAGE_PUT, room, own);
    } else if (change->kind == CHANGE_EDIT) {
        add_row(write, i, STORE_MESSAGE_EDIT, room, target);
    } else if (change->kind == CHANGE_DELETE) {
        add_row(write, i, STORE_MESSAGE_DELETE, room, target);
        add_row(write, i, STORE_REACTIONS_DROP, room, target);
    } else if (change->kind == CHANGE_REACTION) {
        add_row(write, i, STORE_REACTION_PUT, room, target);
    }
}

static void add_ends(struct write *write, uint32_t i)
{
    const struct history_change *change = &write->op->changes[i];
    if (change->kind == CHANGE_HEAD && change->head->seq) {
        add_row(write, i, STORE_HEAD_PUT, &change->room, OF_ROOM);
    } else if (change->kind == CHANGE_SENT) {
        if (change->hidden) {
            add_row(write, i, STORE_ROOM_SENT, &change->room, OF_ROOM);
        }
        if (change->read_n) {
            add_row(write, i, STORE_CURSOR_READ, &change->user, OF_ROOM);
        }
    } else if (change->kind == CHANGE_MENTION && write->counts[i] && change->n) {
        add_row(write, i, STORE_CURSOR_MENTION, &change->user, OF_ROOM);
    }
}

/* ---- their values */

static void put_place(struct cql_writer *values, const struct cht_id *room, uint64_t seq)
{
    cql_put_uuid(values, *room);
    cells_put_u64(values, room_bucket(seq));
    cells_put_u64(values, seq);
}

static void put_text_or_not(struct cql_writer *values, struct cht_str text)
{
    if (text.size) {
        cql_put_text(values, text);
    } else {
        cql_put_unset(values);
    }
}

/* The text of a message is in its own row. */
static void put_entry(struct cql_writer *values, const struct history_change *change)
{
    struct cht_entry rest = *change->entry;
    struct cht_str text = rest.kind == cht_entry_kind_message ? (struct cht_str){0} : rest.text;
    rest.text = rest.key = (struct cht_str){0};
    rest.has &= ~(CHT_BIT(entry, text) | CHT_BIT(entry, key));
    size_t size = cht_encoded_size(&cht_row_entry, &rest);
    uint8_t *body = mem_resize(NULL, size);
    cht_encode(&cht_row_entry, &rest, body);
    put_place(values, &change->room, change->seq);
    cells_put_bytes(values, body, size);
    put_text_or_not(values, text);
    put_text_or_not(values, change->entry->key);
    cells_put_u64(values, change->seq);
    mem_free(body);
}

static void put_trace(struct cql_writer *values, const struct history_change *change)
{
    put_place(values, &change->room, change->entry->target);
    cells_put_u64(values, change->seq);
    cells_put_u64(values, change->seq);
}

static void put_message(struct cql_writer *values, const struct history_change *change)
{
    const struct cht_entry *entry = change->entry;
    put_place(values, &change->room, change->seq);
    cells_put_u64(values, entry->n);
    cells_put_u64(values, entry->ts);
    cql_put_uuid(values, entry->by);
    cql_put_text(values, entry->cid);
    cql_put_text(values, entry->text);
    cells_put_u64(values, entry->reply_to);
    cells_put_bytes(values, entry->mentions.at, entry->mentions.count * sizeof(struct cht_id));
    cells_put_u64(values, change->seq);
}

static void put_edit(struct cql_writer *values, const struct history_change *change)
{
    cells_put_u64(values, change->seq);
    cql_put_text(values, change->text);
    cells_put_u64(values, change->seq);
    put_place(values, &change->room, change->target);
}

static void put_forgotten(struct cql_writer *values, const struct history_change *change)
{
    cql_put_bigint(values, WRITE_FORGOTTEN_AT);
    put_place(values, &change->room, change->target);
}

static void put_reaction(struct cql_writer *values, const struct history_change *change)
{
    put_place(values, &change->room, change->target);
    cql_put_text(values, change->key);
    cql_put_uuid(values, change->user);
    cql_put_boolean(values, change->on);
    cells_put_u64(values, change->seq);
    cells_put_u64(values, change->seq);
}

static void put_room(
    struct cql_writer *values, const struct history_change *change, struct cht_str name)
{
    const struct room_meta *meta = change->meta;
    cql_put_uuid(values, change->room);
    cells_put_u64(values, change->seq);
    cells_put_u64(values, meta->kind);
    cells_put_u64(values, meta->visibility);
    cells_put_u64(values, meta->posting);
    cells_put_u64(values, meta->adding);
    cells_put_u64(values, meta->history);
    cql_put_text(values, meta->name);
    cql_put_text(values, meta->topic);
    cql_put_uuid(values, meta->creator);
    cql_put_uuid(values, meta->pair[0]);
    cql_put_uuid(values, meta->pair[1]);
    cells_put_u64(values, meta->created);
    cql_put_boolean(values, meta->deleted);
    cql_put_text(values, name);
    cells_put_u64(values, change->seq);
}

static void put_head(struct cql_writer *values, const struct history_change *change)
{
    const struct room_head *head = change->head;
    cells_put_u64(values, head->seq);
    cells_put_u64(values, head->seq);
    cells_put_u64(values, head->n);
    cells_put_u64(values, head->ts);
    cells_put_u64(values, head->loud_seq);
    cells_put_u64(values, head->members);
    cells_put_bytes(values, head->cause.bytes, sizeof(head->cause.bytes));
    cells_put_u64(values, head->last_seq);
    cql_put_uuid(values, head->last_from);
    cells_put_u64(values, head->last_ts);
    cql_put_text(values, head->last_text);
    cql_put_boolean(values, head->last_deleted);
    cql_put_uuid(values, change->room);
}

/* One number of the row of a room, with itself as its time. */
static void put_number(struct cql_writer *values, uint64_t number)
{
    cells_put_u64(values, number);
    cells_put_u64(values, number);
}

static void put_values(
    const struct write *write, struct cql_writer *values, const struct write_row *row)
{
    const struct history_change *change = &write->op->changes[row->change];
    if (row->statement == STORE_ENTRY_PUT) {
        put_entry(values, change);
    } else if (row->statement == STORE_TRACE_PUT) {
        put_trace(values, change);
    } else if (row->statement == STORE_MESSAGE_PUT) {
        put_message(values, change);
    } else if (row->statement == STORE_MESSAGE_EDIT) {
        put_edit(values, change);
    } else if (row->statement == STORE_REACTION_PUT) {
        put_reaction(values, change);
    } else if (row->statement == STORE_HEAD_PUT) {
        put_head(values, change);
    } else if (row->statement == STORE_ROOM_SENT) {
        put_number(values, change->seq);
        cql_put_uuid(values, change->room);
    } else if (row->statement == STORE_CURSOR_READ || row->statement == STORE_CURSOR_MENTION) {
        put_number(values, row->statement == STORE_CURSOR_READ ? change->read_n : change->n);
        cql_put_uuid(values, change->user);
        cql_put_uuid(values, change->room);
    } else {
        put_forgotten(values, change); /* MESSAGE_DELETE, REACTIONS_DROP */
    }
}

/* ---- writing */

void write_room(struct write *write, const struct history_change *change)
{
    bool is_over = change->kind == CHANGE_ROOM_GONE;
    struct cql_writer *values =
        store_begin(write->call.store, &write->ask, is_over ? STORE_ROOM_GONE : STORE_ROOM_PUT);
    if (is_over) {
        put_number(values, change->seq);
        cql_put_uuid(values, change->room);
    } else {
        put_room(values, change, write->name.name);
    }
    call_ask(&write->call, &write->ask);
}

static bool ask_batch(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct write *write = container_of(many, struct write, many);
    (void)number;
    if (write->row_at == UINT32_MAX) {
        if (++write->partition_at >= write->partition_count) {
            return false;
        }
        write->row_at = write->partitions[write->partition_at].first;
    }
    struct cql_client *client = many->store->client;
    struct cql_writer *values = cql_batch_begin(client, ask);
    uint32_t count = 0;
    while (write->row_at != UINT32_MAX && count < CQL_BATCH_STATEMENTS_MAX &&
           (count == 0 || cql_batch_bytes(client) < BATCH_BYTES)) {
        const struct write_row *row = &write->rows[write->row_at];
        cql_batch_add(client, ask, row->statement);
        put_values(write, values, row);
        write->row_at = row->next;
        count++;
    }
    return true;
}

void write_rows(struct write *write, enum write_stage stage)
{
    static void (*const adds[])(struct write * write, uint32_t i) = {
        [WRITE_LOG] = add_log, [WRITE_ENDS] = add_ends};
    uint32_t count = write->op->count;
    write->row_count = write->partition_count = 0;
    write->rows = NULL;
    write->partitions = NULL;
    map_init(&write->partition_places, count * 2 + 1, secrets[0]);
    for (uint32_t i = 0; i < count; i++) {
        adds[stage](write, i);
    }
    map_deinit(&write->partition_places);
    if (write->partition_count) {
        write->partition_at = UINT32_MAX;
        write->row_at = UINT32_MAX;
        write->many.ask = ask_batch;
        write->many.take = NULL;
        many_ask(&write->many, write->call.store, &write->call.flow.asker, UINT32_MAX);
    }
}
