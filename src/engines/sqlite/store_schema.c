/* store_schema - the tables of store.db and the conversions of their rows.
 *
 * Everything here is a projection of the log, except cursors and claims of names. Happy path:
 * columns in the order of store.h become values. How it fails: a body that does not decode is
 * reported as CORRUPT by the caller. */

#include "base/fold.h"
#include "chattifier/events.h"
#include "store.h"

_Static_assert(cht_room_kind_channel == 3 && cht_visibility_public == 2,
    "the rooms that rooms_public and ROOM_DOOR name");
_Static_assert(cht_entry_kind_edited == 2 && cht_entry_kind_reaction == 4,
    "the entries that entries_edits and entries_reactions name");
_Static_assert(cht_entry_kind_message == 1, "the entries that are rows of messages");

static const char *const migrations[] = {
    "CREATE TABLE rooms (room_no INTEGER PRIMARY KEY, room BLOB NOT NULL UNIQUE,"
    " meta_seq INTEGER NOT NULL DEFAULT 0, gone_seq INTEGER NOT NULL DEFAULT 0,"
    " kind INTEGER NOT NULL DEFAULT 0, visibility INTEGER NOT NULL DEFAULT 0,"
    " posting INTEGER NOT NULL DEFAULT 0, adding INTEGER NOT NULL DEFAULT 0,"
    " history INTEGER NOT NULL DEFAULT 0, name TEXT, topic TEXT, creator BLOB, pair BLOB,"
    " created INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,"
    " seq INTEGER NOT NULL DEFAULT 0, n INTEGER NOT NULL DEFAULT 0, ts INTEGER NOT NULL DEFAULT 0,"
    " loud_seq INTEGER NOT NULL DEFAULT 0, members INTEGER NOT NULL DEFAULT 0, cause BLOB,"
    " last_seq INTEGER NOT NULL DEFAULT 0, last_from BLOB, last_ts INTEGER NOT NULL DEFAULT 0,"
    " last_text TEXT, last_deleted INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE public_names (name TEXT PRIMARY KEY, room BLOB NOT NULL,"
    " claimed_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX public_names_room ON public_names (room);"
    "CREATE TABLE members (room_no INTEGER, user BLOB, role INTEGER NOT NULL, state INTEGER NOT "
    "NULL,"
    " joined_seq INTEGER NOT NULL, muted_until INTEGER NOT NULL, changed_seq INTEGER NOT NULL,"
    " PRIMARY KEY (room_no, user)) WITHOUT ROWID;"
    "CREATE TABLE rooms_by_user (user BLOB, room BLOB, room_no INTEGER NOT NULL, role INTEGER NOT "
    "NULL,"
    " joined_seq INTEGER NOT NULL, read_n INTEGER NOT NULL, mention_n INTEGER NOT NULL DEFAULT 0,"
    " hidden INTEGER NOT NULL, changed_seq INTEGER NOT NULL, PRIMARY KEY (user, room)) WITHOUT "
    "ROWID;"
    "CREATE TABLE entries (place INTEGER PRIMARY KEY, kind INTEGER NOT NULL, target INTEGER, by "
    "BLOB,"
    " cid TEXT, body BLOB NOT NULL, text TEXT);"
    "CREATE INDEX entries_edits ON entries (target) WHERE kind = 2;"
    "CREATE TABLE messages (place INTEGER PRIMARY KEY, n INTEGER NOT NULL, ts INTEGER NOT NULL,"
    " sender BLOB NOT NULL, cid TEXT, text TEXT NOT NULL, reply_to INTEGER NOT NULL, mentions BLOB,"
    " edited_seq INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,"
    " changed_seq INTEGER NOT NULL);"
    "CREATE TABLE reactions (place INTEGER, key TEXT, user BLOB, is_on INTEGER NOT NULL,"
    " changed_seq INTEGER NOT NULL, PRIMARY KEY (place, key, user)) WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE search USING fts5 (text, content='', tokenize='unicode61 "
    "remove_diacritics 2');"
    "CREATE TABLE shard_progress (shard INTEGER PRIMARY KEY, term INTEGER NOT NULL, idx INTEGER "
    "NOT NULL,"
    " position BLOB NOT NULL);"
    "CREATE TABLE purge (wanted INTEGER NOT NULL);"
    "INSERT INTO purge (wanted) VALUES (0);",
    /* How many words each text has is only asked for by relevance, which nobody sorts by: a row
     * less for each message. */
    "DROP TABLE search;"
    "CREATE VIRTUAL TABLE search USING fts5 (text, content='', columnsize=0, tokenize='unicode61 "
    "remove_diacritics 2');"
    "INSERT INTO search (rowid, text) SELECT place, text FROM messages WHERE deleted = 0;",
    /* Names that look alike are one name. Of two rooms that had such the one stays in the list
     * whose name is written plainly. */
    "UPDATE OR IGNORE public_names SET name = folded(name);"
    "DELETE FROM public_names WHERE name <> folded(name);",
    /* Who is no member finds a private room no sooner and no later than one that is not there. */
    "CREATE INDEX rooms_public ON rooms (room) WHERE kind = 3 AND visibility = 2 AND deleted = 0;",
    /* The words of the search index; no rows of its own. */
    "CREATE VIRTUAL TABLE words USING fts5vocab (search, instance);",
    /* What a reaction is goes with its message. */
    "CREATE INDEX entries_reactions ON entries (target) WHERE kind = 4;"
    "UPDATE entries SET body = without_key(body) WHERE kind = 4 AND target IN"
    " (SELECT place FROM messages WHERE deleted = 1);"
    "UPDATE purge SET wanted = 1;",
    /* A message is one row: what its entry has beside it is there too. An entry keeps the first
     * text of a message that was edited. */
    "ALTER TABLE messages ADD COLUMN body BLOB NOT NULL DEFAULT x'';"
    "UPDATE messages SET body = e.body FROM entries e WHERE e.place = messages.place;"
    "DELETE FROM entries WHERE kind = 1 AND coalesce(text, '') = '';",
};

static void fold(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    struct arena arena = {0};
    const char *text = (const char *)sqlite3_value_text(values[0]);
    struct cht_str name = {text, (uint32_t)sqlite3_value_bytes(values[0])};
    struct cht_str folded = name_fold(&arena, name);
    sqlite3_result_text(context, folded.size ? folded.at : "", (int)folded.size, SQLITE_TRANSIENT);
    arena_deinit(&arena);
}

static void forget_key(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    struct arena arena = {0};
    struct cht_entry entry;
    const char *bytes = sqlite3_value_blob(values[0]);
    struct cht_str body = {bytes, (uint32_t)sqlite3_value_bytes(values[0])};
    if (store_get_entry_body(body, &arena, &entry)) {
        entry.key = (struct cht_str){0};
        entry.has &= ~CHT_BIT(entry, key);
        size_t size = cht_encoded_size(&cht_row_entry, &entry);
        uint8_t *rest = arena_take(&arena, size);
        cht_encode(&cht_row_entry, &entry, rest);
        sqlite3_result_blob(context, rest, (int)size, SQLITE_TRANSIENT);
    } else {
        sqlite3_result_value(context, values[0]);
    }
    arena_deinit(&arena);
}

static const struct db_function functions[] = {
    {"folded", fold}, {"without_key", forget_key}, {NULL, NULL}};

const struct db_schema store_schema = {
    .file = "store.db",
    .application = 0x43485354,
    .migrations = migrations,
    .version = 7,
    .functions = functions,
    .cache_kib = 8192,
    .full = false,
};

static const char *const texts[STORE_STATEMENT_COUNT] = {
#define STATEMENT(name, text) [STORE_##name] = text,
#include "store_sql.def"
#undef STATEMENT
};

void store_set_statements(struct db *db)
{
    db_set_statements(db, texts, STORE_STATEMENT_COUNT);
}

uint64_t store_place(uint64_t room_no, uint64_t seq)
{
    const uint64_t seq_max = (UINT64_C(1) << STORE_SEQ_BITS) - 1;
    return room_no << STORE_SEQ_BITS | (seq < seq_max ? seq : seq_max);
}

uint64_t store_find_room(struct db *db, const struct cht_id *room)
{
    struct query q = db_query(db, STORE_ROOM_NO);
    query_id(&q, room);
    uint64_t room_no = query_row(&q) ? query_get_u64(&q, 0) : 0;
    query_end(&q);
    return room_no;
}

static void get_meta(const struct query *q, int at, struct arena *arena, struct room_meta *ret_meta)
{
    ret_meta->room = query_get_id(q, at);
    ret_meta->kind = (enum cht_room_kind)query_get_u64(q, at + 1);
    ret_meta->visibility = (enum cht_visibility)query_get_u64(q, at + 2);
    ret_meta->posting = (enum cht_who)query_get_u64(q, at + 3);
    ret_meta->adding = (enum cht_who)query_get_u64(q, at + 4);
    ret_meta->history = (enum cht_history_from)query_get_u64(q, at + 5);
    ret_meta->name = query_get_str(q, at + 6, arena);
    ret_meta->topic = query_get_str(q, at + 7, arena);
    ret_meta->creator = query_get_id(q, at + 8);
    query_get_bytes(q, at + 9, ret_meta->pair, sizeof(ret_meta->pair));
    ret_meta->created = query_get_u64(q, at + 10);
    ret_meta->deleted = query_get_u64(q, at + 11) != 0;
}

static void get_head(const struct query *q, int at, struct arena *arena, struct room_head *ret_head)
{
    ret_head->seq = query_get_u64(q, at);
    ret_head->n = query_get_u64(q, at + 1);
    ret_head->ts = query_get_u64(q, at + 2);
    ret_head->loud_seq = query_get_u64(q, at + 3);
    ret_head->members = query_get_u64(q, at + 4);
    query_get_bytes(q, at + 5, ret_head->cause.bytes, sizeof(ret_head->cause.bytes));
    ret_head->last_seq = query_get_u64(q, at + 6);
    ret_head->last_from = query_get_id(q, at + 7);
    ret_head->last_ts = query_get_u64(q, at + 8);
    ret_head->last_text = query_get_str(q, at + 9, arena);
    ret_head->last_deleted = query_get_u64(q, at + 10) != 0;
}

void store_get_room(
    const struct query *query, int first, struct arena *arena, struct room_of_user *ret_room)
{
    get_meta(query, first, arena, &ret_room->meta);
    get_head(query, first + 12, arena, &ret_room->head);
}

void store_get_message(
    const struct query *query, int first, struct arena *arena, struct history_message *ret_message)
{
    *ret_message = (struct history_message){
        .seq = store_seq_of(query_get_u64(query, first)),
        .n = query_get_u64(query, first + 1),
        .ts = query_get_u64(query, first + 2),
        .from = query_get_id(query, first + 3),
        .cid = query_get_str(query, first + 4, arena),
        .text = query_get_str(query, first + 5, arena),
        .reply_to = query_get_u64(query, first + 6),
        .edited_seq = query_get_u64(query, first + 8),
        .deleted = query_get_u64(query, first + 9) != 0,
    };
    struct cht_str mentions = query_lend_bytes(query, first + 7);
    ret_message->mentions.count = mentions.size / (uint32_t)sizeof(struct cht_id);
    ret_message->mentions.at = mentions.size ? arena_copy(arena, mentions.at, mentions.size) : NULL;
}

bool store_get_entry_body(struct cht_str body, struct arena *arena, struct cht_entry *ret_entry)
{
    struct cht_str copy = arena_str(arena, body);
    size_t scratch_size = body.size + sizeof(struct cht_id) * 2;
    struct cht_scratch scratch = {arena_take(arena, scratch_size), scratch_size, 0};
    return cht_decode(&cht_row_entry, copy, &scratch, ret_entry);
}
