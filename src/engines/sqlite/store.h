#pragma once

/* store - store.db: its statements, and how rows become what ports speak of.
 *
 * A room has a small number (room_no), and everything in it a place: room_no << 35 | seq. The place
 * is the row id of messages, entries and of the search index, so each of them is clustered by room
 * and seq, and a room's rows are one range. */

#include "base/map.h"
#include "data_inner.h"
#include "ports/history.h"
#include "ports/rooms.h"

#define STORE_SEQ_BITS 35

/* In the order of store_get_room. */
#define ROOM_COLUMNS                                                                               \
    "r.room, r.kind, r.visibility, r.posting, r.adding, r.history, r.name, r.topic, r.creator, "   \
    "r.pair,"                                                                                      \
    " r.created, r.deleted, r.seq, r.n, r.ts, r.loud_seq, r.members, r.cause, r.last_seq, "        \
    "r.last_from,"                                                                                 \
    " r.last_ts, r.last_text, r.last_deleted, r.meta_seq"
#define ROOM_COLUMN_COUNT 24
#define MINE_COLUMNS "u.role, u.joined_seq, u.read_n, u.mention_n, u.hidden"
#define ENTRIES_FROM_1_TO_2                                                                        \
    "SELECT place, by, cid, body, text FROM entries"                                               \
    " WHERE place >= ?1 AND place < ?2 AND kind <> 1"                                              \
    " UNION ALL SELECT m.place, m.sender, m.cid, m.body, coalesce(e.text, m.text)"                 \
    " FROM messages m LEFT JOIN entries e ON e.place = m.place"                                    \
    " WHERE m.place >= ?1 AND m.place < ?2"
/* In the order of store_get_message. */
#define MESSAGE_COLUMNS                                                                            \
    "m.place, m.n, m.ts, m.sender, m.cid, m.text, m.reply_to, m.mentions, m.edited_seq, m.deleted"

enum store_statement {
#define STATEMENT(name, text) STORE_##name,
#include "store_sql.def"
#undef STATEMENT
    STORE_STATEMENT_COUNT
};

struct search_change {
    uint64_t place;
    uint32_t number; /* in the transaction */
    enum store_statement statement;
    struct cht_str text;
};

/* Of the transaction under way. */
struct search_order {
    struct search_change *at;
    uint32_t count, capacity;
    struct arena texts; /* those that are dropped */
};

/* What the writer thread of store.db keeps. */
struct store_state {
    struct search_order search;
    struct map room_numbers; /* of rooms written lately */
    uint64_t secret[2];
    bool purge_wanted; /* the search index still holds terms of deleted messages */
    bool purge_noted;  /* and the file says so */
    bool merging;
    bool wal_purge; /* this batch deleted text */
};

struct store_port {
    struct rooms rooms;
    struct history history;
    struct data_sqlite *data;
    struct loop *loop;
};

/* The place of `seq` in a room; seq over its bits is cut to the highest, which no row has. */
uint64_t store_place(uint64_t room_no, uint64_t seq);

static inline uint64_t store_seq_of(uint64_t place)
{
    return place & ((UINT64_C(1) << STORE_SEQ_BITS) - 1);
}

/* For readers: the room's number, 0 if there is none. */
uint64_t store_find_room(struct db *db, const struct cht_id *room);

/* store_apply.c, on the writer's thread. */
void store_apply(struct data_writer *writer, const struct history_change *change);

/* search_order.c, on the writer's thread. What is put has to stay until the commit. */
void search_order_put(struct store_state *state, uint64_t place, struct cht_str text);
void search_order_drop(struct store_state *state, uint64_t place, struct cht_str text);
void search_order_run(struct data_writer *writer);
void search_order_deinit(struct store_state *state);

/* Rows to values; texts go to the arena. `first` is the first column of the group. */
void store_get_room(
    const struct query *query, int first, struct arena *arena, struct room_of_user *ret_room);
void store_get_message(
    const struct query *query, int first, struct arena *arena, struct history_message *ret_message);

/* The entry as it was written, without by, cid and text, which have columns. False: it does not
 * decode. */
bool store_get_entry_body(struct cht_str body, struct arena *arena, struct cht_entry *ret_entry);

/* search_sqlite.c, on the thread that searches. */
enum err store_run_search(struct op *op, struct db_job *job, void *thread);
enum err store_search(struct db *db, struct history_search_op *op);

/* False: so many searches wait already, in all or of that user. */
bool store_search_enter(struct data_sqlite *data, const struct cht_id *user);
void store_search_leave(struct data_sqlite *data, const struct cht_id *user);
