/* log_open - log.db: its tables, its statements, and what an opening reads.
 *
 * Happy path: the schema is brought to this version, the boot is counted, the newest round of marks
 * and the few records behind it tell where each shard goes on; then the writer's thread starts. How
 * it fails: data of another number of shards, or of a newer version, is refused with one line. */

#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "log_shared.h"

#define SHARDS_MAX 1024u
#define TEXT_BYTES_MAX 512

static const char *const migrations[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE claims (shard INTEGER PRIMARY KEY, term INTEGER NOT NULL, owner INTEGER NOT "
    "NULL);",
    "CREATE TABLE records (place INTEGER PRIMARY KEY, shard INTEGER NOT NULL, idx INTEGER NOT NULL,"
    " term INTEGER NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL);"
    "CREATE TABLE marks (shard INTEGER NOT NULL, idx INTEGER NOT NULL, place INTEGER NOT NULL,"
    " PRIMARY KEY (shard, idx)) WITHOUT ROWID;"
    "CREATE TABLE oldest (shard INTEGER PRIMARY KEY, idx INTEGER NOT NULL);",
};

const struct db_schema log_schema = {
    .file = "log.db",
    .application = 0x43484c47,
    .migrations = migrations,
    .version = 2,
    .cache_kib = 2048,
    .full = true,
};

static const char *const texts[LOG_STATEMENT_COUNT] = {
    [LOG_CLAIM] = "INSERT INTO claims (shard, term, owner) VALUES (?, ?, ?)"
                  " ON CONFLICT (shard) DO UPDATE SET term = excluded.term, owner = excluded.owner",
    [LOG_TERM] = "SELECT term FROM claims WHERE shard = ?",
    [LOG_META_GET] = "SELECT value FROM meta WHERE name = ?",
    [LOG_META_PUT] = "INSERT INTO meta (name, value) VALUES (?, ?)"
                     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [LOG_INSERT] = "INSERT INTO records (place, shard, idx, term, at, record)"
                   " VALUES (?, ?, ?, ?, ?, ?)",
    [LOG_READ] = "SELECT idx, term, record FROM records WHERE place >= ? AND shard = ? AND idx >= ?"
                 " ORDER BY place LIMIT ?",
    [LOG_PLACES] = "SELECT max(place) FROM records",
    [LOG_NEWEST] = "SELECT shard, max(idx) FROM records WHERE place >= ? GROUP BY shard",
    [LOG_MARK_PUT] = "INSERT OR REPLACE INTO marks (shard, idx, place) VALUES (?, ?, ?)",
    [LOG_MARK_AT] =
        "SELECT place FROM marks WHERE shard = ? AND idx <= ? ORDER BY idx DESC LIMIT 1",
    [LOG_MARK_NEWEST] = "SELECT idx, place FROM marks WHERE shard = ? ORDER BY idx DESC LIMIT 1",
    [LOG_MARKS_DROP] = "DELETE FROM marks WHERE shard = ?1 AND idx <"
                       " (SELECT max(idx) FROM marks WHERE shard = ?1 AND idx <= ?2)",
    [LOG_OLDEST_GET] = "SELECT idx FROM oldest WHERE shard = ?",
    [LOG_OLDEST_PUT] = "INSERT OR REPLACE INTO oldest (shard, idx) VALUES (?, ?)",
    [LOG_FRONT] = "SELECT place, shard, idx, at FROM records ORDER BY place LIMIT ?",
    [LOG_TRIM] = "DELETE FROM records WHERE place <= ?",
};

void log_set_statements(struct db *db)
{
    db_set_statements(db, texts, LOG_STATEMENT_COUNT);
}

/* ---- what the directory is */

static struct query on_name(struct db *db, uint32_t statement, const char *name)
{
    struct query q = db_query(db, statement);
    query_text(&q, cht_str_of(name));
    return q;
}

static uint64_t get_meta(struct db *db, const char *name)
{
    struct query q = on_name(db, LOG_META_GET, name);
    uint64_t value = query_row(&q) ? query_get_u64(&q, 0) : 0;
    query_end(&q);
    return value;
}

static void put_meta(struct db *db, const char *name, uint64_t value)
{
    struct query q = on_name(db, LOG_META_PUT, name);
    query_u64(&q, value);
    query_run(&q);
}

/* The number of shards decides where every room lies: it never changes. */
static enum err check_shards(struct data_sqlite *data, struct log_shared *log)
{
    uint64_t recorded = get_meta(&log->db, "shards");
    if (recorded && recorded != log->shard_count) {
        LOG_ERROR(data->logger, "store.refused",
            "file=log.db reason=\"the data was made with another number of shards\" recorded=%llu"
            " configured=%u",
            (unsigned long long)recorded, log->shard_count);
        return ERR_BAD_CONFIG;
    }
    return OK;
}

/* ---- version 1 had a table for each shard */

static bool has_old_table(struct log_shared *log, uint32_t shard)
{
    char name[32];
    snprintf(name, sizeof(name), "records_%u", shard);
    return sqlite3_table_column_metadata(
               log->db.handle, NULL, name, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static void move_old_table(struct log_shared *log, uint32_t shard)
{
    char text[TEXT_BYTES_MAX];
    snprintf(text, sizeof(text),
        "INSERT INTO oldest SELECT %u, idx FROM records_%u ORDER BY idx LIMIT 1;"
        "INSERT INTO marks SELECT %u, idx, (SELECT coalesce(max(place), 0) + 1 FROM records)"
        " FROM records_%u ORDER BY idx LIMIT 1;"
        "INSERT INTO records (shard, idx, term, at, record)"
        " SELECT %u, idx, term, at, record FROM records_%u ORDER BY idx",
        shard, shard, shard, shard, shard, shard);
    db_run(&log->db, text);
}

/* A round of marks behind all of them: an opening looks for the newest records there. */
static void end_old_table(struct log_shared *log, uint32_t shard)
{
    char text[TEXT_BYTES_MAX];
    snprintf(text, sizeof(text),
        "INSERT OR REPLACE INTO marks SELECT %u, idx + 1, (SELECT max(place) + 1 FROM records)"
        " FROM records_%u ORDER BY idx DESC LIMIT 1; DROP TABLE records_%u",
        shard, shard, shard);
    db_run(&log->db, text);
}

static void take_over_old_tables(struct log_shared *log)
{
    if (!has_old_table(log, 0)) {
        return;
    }
    for (uint32_t i = 0; i < log->shard_count; i++) {
        move_old_table(log, i);
    }
    for (uint32_t i = 0; i < log->shard_count; i++) {
        end_old_table(log, i);
    }
}

static enum err prepare(struct data_sqlite *data, struct log_shared *log)
{
    enum err err = check_shards(data, log);
    if (err != OK) {
        return err;
    }
    db_run(&log->db, "BEGIN IMMEDIATE");
    data->boot = get_meta(&log->db, "boot") + 1;
    put_meta(&log->db, "boot", data->boot);
    put_meta(&log->db, "shards", log->shard_count);
    take_over_old_tables(log);
    db_run(&log->db, "COMMIT");
    return db_err(&log->db);
}

/* ---- where each shard goes on */

static uint64_t get_of_shard(struct log_shared *log, uint32_t statement, uint32_t shard)
{
    struct query q = db_query(&log->db, statement);
    query_u64(&q, shard);
    uint64_t value = query_row(&q) ? query_get_u64(&q, 0) : 0;
    query_end(&q);
    return value;
}

static void load_mark(struct log_shared *log, struct log_shard *shard)
{
    struct query q = db_query(&log->db, LOG_MARK_NEWEST);
    query_u64(&q, shard->number);
    if (query_row(&q)) {
        shard->mark_index = query_get_u64(&q, 0);
        uint64_t place = query_get_u64(&q, 1);
        log->round_place = place > log->round_place ? place : log->round_place;
    }
    query_end(&q);
}

static void load_shard(struct log_shared *log, uint32_t number)
{
    struct log_shard *shard = &log->shards[number];
    shard->log = log;
    shard->number = number;
    CHECK(pthread_mutex_init(&shard->mutex, NULL) == 0);
    shard->term = get_of_shard(log, LOG_TERM, number);
    uint64_t oldest = get_of_shard(log, LOG_OLDEST_GET, number);
    shard->oldest = oldest ? oldest : 1;
    load_mark(log, shard);
    shard->next = shard->mark_index > shard->oldest ? shard->mark_index : shard->oldest;
}

/* Records behind the newest round of marks. */
static void load_newest(struct log_shared *log)
{
    struct query q = db_query(&log->db, LOG_NEWEST);
    query_u64(&q, log->round_place);
    while (query_row(&q) && query_get_u64(&q, 0) < log->shard_count) {
        struct log_shard *shard = &log->shards[query_get_u64(&q, 0)];
        uint64_t next = query_get_u64(&q, 1) + 1;
        shard->next = next > shard->next ? next : shard->next;
    }
    query_end(&q);
}

static enum err load(struct log_shared *log)
{
    for (uint32_t i = 0; i < log->shard_count; i++) {
        load_shard(log, i);
    }
    load_newest(log);
    for (uint32_t i = 0; i < log->shard_count; i++) {
        struct log_shard *shard = &log->shards[i];
        shard->durable = shard->next - 1;
        shard->ring_first = shard->next;
    }
    struct query q = db_query(&log->db, LOG_PLACES);
    log->next_place = query_row(&q) ? query_get_u64(&q, 0) + 1 : 1;
    query_end(&q);
    if (log->next_place < log->round_place) {
        log->next_place = log->round_place;
    }
    return db_err(&log->db);
}

/* ---- opening and closing */

enum err log_shared_open(struct data_sqlite *data)
{
    struct log_shared *log = mem_new(sizeof(*log));
    data->log = log;
    log->data = data;
    log->shard_count = data->shards;
    db_queue_init(&log->queue);
    CHECK(pthread_mutex_init(&log->trim.mutex, NULL) == 0);
    if (data->shards == 0 || data->shards > SHARDS_MAX) {
        LOG_ERROR(data->logger, "store.refused",
            "reason=\"impossible number of shards\" configured=%u", data->shards);
        log->shard_count = 0;
        return ERR_BAD_CONFIG;
    }
    log->shards = mem_array(log->shard_count, sizeof(*log->shards));
    enum err err = db_open(&log->db, data->dir, &log_schema, true, data->logger);
    if (err != OK) {
        return err;
    }
    log_set_statements(&log->db);
    err = prepare(data, log);
    if (err == OK) {
        err = load(log);
    }
    if (err == OK) {
        data_keeper_watch(data, DATA_LOG, &log->db);
        err = reserve_open(data, DATA_LOG, &log->db);
    }
    if (err == OK) {
        log->db.fatal = true;
        log_writer_start(log);
    }
    return err;
}

static void free_shard(struct log_shard *shard)
{
    if (!shard->log) {
        return;
    }
    while (shard->ring_first <= shard->durable) {
        log_ring_drop_oldest(shard);
    }
    log_followers_drop(shard);
    pthread_mutex_destroy(&shard->mutex);
}

void log_shared_close(struct data_sqlite *data)
{
    struct log_shared *log = data->log;
    if (!log) {
        return;
    }
    log_writer_stop(log);
    for (uint32_t i = 0; i < log->shard_count && log->shards; i++) {
        free_shard(&log->shards[i]);
    }
    db_close(&log->db);
    mem_free(log->shards);
    mem_free(log->answers);
    pthread_mutex_destroy(&log->trim.mutex);
    db_queue_deinit(&log->queue);
    mem_free(log);
    data->log = NULL;
}
