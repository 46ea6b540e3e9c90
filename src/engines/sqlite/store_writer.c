/* store_writer - what the writer thread of store.db does beside applying changes: opening, undoing,
 * purging the search index.
 *
 * The search index drops a deleted text at once for searches, but its old segments keep the words
 * until they are merged. So after deletes, whenever nothing else is to be done, the index is merged
 * piece by piece until those words are gone, and the write-ahead log is emptied. How it fails: a
 * failed piece is tried again after the next batch; an unfinished purge is noted in the file. While
 * the disk is full what is left of it is for batches. */

#include "base/mem.h"
#include "store.h"

#define ROOM_NUMBERS_MAX 65536u
/* A batch of many rooms writes the ends of all of them: what does not fit is written, and read
 * again, within it. */
#define WRITER_CACHE_KIB "65536"
#define MERGE_PAGES 200
/* Between two batches; so neither a write nor the end of the process waits long. */
#define PIECES_MAX 100

static void on_rollback(struct data_writer *writer)
{
    struct store_state *state = writer->state;
    map_deinit(&state->room_numbers);
    map_init(&state->room_numbers, ROOM_NUMBERS_MAX, state->secret);
    state->purge_noted = false;
    state->purge_wanted = true;
}

/* One piece; true if there may be more. A negative number begins by putting all segments into one
 * level. */
static bool merge_piece(struct data_writer *writer)
{
    struct store_state *state = writer->state;
    struct db *db = &writer->db;
    int before = sqlite3_total_changes(db->handle);
    db_begin_work(db);
    struct query merge = db_query(db, STORE_SEARCH_MERGE);
    query_u64(&merge, (uint64_t)(int64_t)(state->merging ? MERGE_PAGES : -MERGE_PAGES));
    query_run(&merge);
    state->merging = true;
    return db_err(db) == OK && sqlite3_total_changes(db->handle) - before >= 2;
}

static void on_idle(struct data_writer *writer)
{
    struct store_state *state = writer->state;
    for (int i = 0; i < PIECES_MAX && state->purge_wanted && db_queue_is_empty(&writer->queue) &&
                    !data_sqlite_is_full(writer->data);
         i++) {
        if (merge_piece(writer)) {
            continue;
        }
        state->merging = false;
        state->purge_wanted = false;
        state->purge_noted = false;
        state->wal_purge = true;
        struct query q = db_query(&writer->db, STORE_PURGE_PUT);
        query_u64(&q, 0);
        query_run(&q);
    }
    if (state->wal_purge) {
        state->wal_purge = false;
        data_keeper_purge(writer->data, DATA_STORE);
    }
}

enum err store_writer_open(struct data_sqlite *data)
{
    struct data_writer *writer = &data->store;
    struct store_state *state = mem_new(sizeof(*state));
    writer->state = state;
    sqlite3_randomness((int)sizeof(state->secret), state->secret);
    map_init(&state->room_numbers, ROOM_NUMBERS_MAX, state->secret);
    enum err err = db_open(&writer->db, data->dir, &store_schema, true, data->logger);
    if (err != OK) {
        return err;
    }
    store_set_statements(&writer->db);
    db_run(&writer->db, "PRAGMA cache_size=-" WRITER_CACHE_KIB);
    struct query q = db_query(&writer->db, STORE_PURGE_GET);
    state->purge_wanted = query_row(&q) && query_get_u64(&q, 0) != 0;
    state->purge_noted = state->purge_wanted;
    query_end(&q);
    err = db_err(&writer->db);
    if (err == OK) {
        writer->before_commit = search_order_run;
        writer->on_idle = on_idle;
        writer->on_rollback = on_rollback;
        data_keeper_watch(data, DATA_STORE, &writer->db);
        err = reserve_open(data, DATA_STORE, &writer->db);
    }
    if (err == OK) {
        data_writer_start(writer);
    }
    return err;
}

void store_writer_close(struct data_sqlite *data)
{
    struct store_state *state = data->store.state;
    data_writer_stop(&data->store);
    if (state) {
        map_deinit(&state->room_numbers);
        search_order_deinit(state);
        mem_free(state);
    }
}
