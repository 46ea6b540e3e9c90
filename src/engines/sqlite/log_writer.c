/* log_writer - the thread that makes records durable.
 *
 * Happy path: what a loop asks in a turn is handed over together. The thread takes everything that
 * arrived while the last flush ran, writes it in one transaction (which flushes once), publishes
 * the records to rings, answers in order, each loop all at once, and wakes followers. Claims,
 * releases and trimming go through the same queue, so a claim is after every append before it and
 * before every append after it, whatever thread they come from. How it fails: an append with a
 * wrong index, term or form ends its writer. A commit that fails answers UNKNOWN for the batch and
 * ends all its writers; a disk that fails ends the process (db_err). */

#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "log_shared.h"
#include "world/loop.h"

#define TRIM_PIECE 256u
#define TRIM_PAUSE_MS 1000u
#define STATEMENT_BYTES_MAX 160
#define SHARDS_MAX 1024u

static const char *const migrations[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE claims (shard INTEGER PRIMARY KEY, term INTEGER NOT NULL, owner INTEGER NOT "
    "NULL);",
};

const struct db_schema log_schema = {
    .file = "log.db",
    .application = 0x43484c47,
    .migrations = migrations,
    .version = 1,
    .cache_kib = 2048,
    .full = true,
};

static const char *const fixed_texts[LOG_FIXED] = {
    [LOG_CLAIM] = "INSERT INTO claims (shard, term, owner) VALUES (?, ?, ?)"
                  " ON CONFLICT (shard) DO UPDATE SET term = excluded.term, owner = excluded.owner",
    [LOG_TERM] = "SELECT term FROM claims WHERE shard = ?",
    [LOG_META_GET] = "SELECT value FROM meta WHERE name = ?",
    [LOG_META_PUT] = "INSERT INTO meta (name, value) VALUES (?, ?)"
                     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
};

/* Names of tables can not be bound; the number in them is ours. */
static const char *const shard_formats[LOG_PER_SHARD] = {
    [LOG_INSERT] = "INSERT INTO records_%u (idx, term, at, record) VALUES (?, ?, ?, ?)",
    [LOG_READ] = ("SELECT idx, term, record FROM records_%u WHERE idx BETWEEN ? AND ?"
                  " ORDER BY idx LIMIT ?"),
    [LOG_EDGES] = "SELECT (SELECT min(idx) FROM records_%1$u), (SELECT max(idx) FROM records_%1$u)",
    [LOG_YOUNG] = "SELECT min(idx) FROM records_%u WHERE idx BETWEEN ? AND ? AND at > ?",
    [LOG_TRIM] = "DELETE FROM records_%u WHERE idx < ?",
};

/* ---- from the loops */

static void hand_over(struct log_sqlite *log)
{
    if (log->asked.first) {
        db_queue_put_all(&log->shared->queue, &log->asked);
    }
}

static void run_hand_over(struct task *task)
{
    struct log_sqlite *log = container_of(task, struct log_sqlite, hand_over);
    log->handing = false;
    hand_over(log);
}

static void ask(struct log_sqlite *log, struct task *task)
{
    task_queue_add(&log->asked, task);
    if (!log->handing) {
        log->handing = true;
        log->hand_over.run = run_hand_over;
        loop_defer(log->loop, &log->hand_over);
    }
}

/* ---- small readers of a record's first two fields */

struct reader {
    const uint8_t *at, *end;
};

static bool read_varint(struct reader *reader, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 63 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* The writer of a record puts its fields in the order of their tags: number, term (1), index (2).
 */
static bool peek_record(const struct buf *record, uint64_t *ret_term, uint64_t *ret_index)
{
    struct reader reader = {record->bytes, record->bytes + record->size};
    uint64_t number = 0, term_tag = 0, index_tag = 0;
    return read_varint(&reader, &number) && number == CHT_EVENT_record &&
           read_varint(&reader, &term_tag) && term_tag == (1u << 3) &&
           read_varint(&reader, ret_term) && read_varint(&reader, &index_tag) &&
           index_tag == (2u << 3) && read_varint(&reader, ret_index);
}

/* ---- answers */

static struct log_answers *answers_of(struct log_shared *log, struct loop *loop)
{
    for (uint32_t i = 0; i < log->loop_count; i++) {
        if (log->answers[i].loop == loop) {
            return &log->answers[i];
        }
    }
    log->answers = mem_resize(log->answers, (log->loop_count + 1) * sizeof(*log->answers));
    log->answers[log->loop_count] = (struct log_answers){.loop = loop};
    return &log->answers[log->loop_count++];
}

static void add_answer(struct log_shared *log, struct loop *loop, struct op *op, enum err err)
{
    op_answer_prepare(op, err);
    task_queue_add(&answers_of(log, loop)->tasks, &op->task);
}

static void post_answers(struct log_shared *log)
{
    for (uint32_t i = 0; i < log->loop_count; i++) {
        if (log->answers[i].tasks.first) {
            loop_post_all(log->answers[i].loop, &log->answers[i].tasks);
        }
    }
}

/* ---- append */

static enum err refuse_append(struct log_shard *shard, struct log_append_op *op)
{
    struct log_writer *writer = op->writer;
    uint64_t term = 0, index = 0;
    if (writer->dead != OK) {
        return writer->dead;
    }
    if (writer->term != shard->term) {
        writer->dead = ERR_FENCED;
        return ERR_FENCED;
    }
    if (!peek_record(op->record, &term, &index) || term != writer->term || index != shard->next) {
        LOG_ERROR(shard->log->data->logger, "log.bad_append",
            "shard=%u term=%llu expected_term=%llu index=%llu expected_index=%llu", shard->number,
            (unsigned long long)term, (unsigned long long)writer->term, (unsigned long long)index,
            (unsigned long long)shard->next);
        writer->dead = ERR_FENCED;
        return ERR_INTERNAL;
    }
    return OK;
}

static void run_append(struct task *task)
{
    struct log_append_op *op = container_of(task, struct log_append_op, op.task);
    struct log_shared *log = op->writer->log;
    struct log_shard *shard = &log->shards[op->writer->shard];
    op->op.err = refuse_append(shard, op);
    if (op->op.err != OK) {
        return;
    }
    struct query q = db_query(&log->db, log_statement(shard->number, LOG_INSERT));
    query_u64(&q, shard->next);
    query_u64(&q, shard->term);
    query_u64(&q, atomic_load_explicit(&op->writer->wall_ms, memory_order_relaxed));
    query_blob(&q, op->record->bytes, op->record->size);
    query_run(&q);
    shard->next++;
}

static void drop_oldest(struct log_shard *shard)
{
    struct log_recent *recent = &shard->ring[shard->ring_first % LOG_RING_RECORDS];
    shard->ring_bytes -= recent->record->size;
    buf_unref(recent->record);
    recent->record = NULL;
    shard->ring_first++;
}

/* The record's reference goes to the ring. */
static void publish(struct log_shard *shard, struct buf *record_take)
{
    pthread_mutex_lock(&shard->mutex);
    uint64_t index = shard->durable + 1;
    while (shard->ring_first < index && (index - shard->ring_first >= LOG_RING_RECORDS ||
                                            shard->ring_bytes > LOG_RING_BYTES_MAX)) {
        drop_oldest(shard);
    }
    shard->ring[index % LOG_RING_RECORDS] = (struct log_recent){index, shard->term, record_take};
    shard->ring_bytes += record_take->size;
    shard->durable = index;
    pthread_mutex_unlock(&shard->mutex);
    shard->touched = true;
}

static void settle_append(struct task *task, bool committed)
{
    struct log_append_op *op = container_of(task, struct log_append_op, op.task);
    struct log_writer *writer = op->writer;
    struct log_shard *shard = &writer->log->shards[writer->shard];
    if (op->op.err == OK && committed) {
        publish(shard, op->record);
        op->record = NULL;
        return;
    }
    if (op->op.err == OK) {
        op->op.err = ERR_UNKNOWN;
        writer->dead = ERR_UNKNOWN;
        shard->next = shard->durable + 1;
    }
    buf_unref(op->record);
    op->record = NULL;
}

void log_writer_append(struct log_append_op *op)
{
    atomic_store_explicit(
        &op->writer->wall_ms, loop_wall_ms(op->writer->loop), memory_order_relaxed);
    op->op.task.run = run_append;
    ask(op->writer->home, &op->op.task);
}

/* ---- claim */

struct claim {
    struct task task;
    struct log_claim_op *op;
    struct log_writer *writer;
};

static void run_claim(struct task *task)
{
    struct claim *claim = container_of(task, struct claim, task);
    struct log_writer *writer = claim->writer;
    struct log_shard *shard = &writer->log->shards[writer->shard];
    shard->term++;
    writer->term = shard->term;
    struct query q = db_query(&writer->log->db, LOG_CLAIM);
    query_u64(&q, writer->shard);
    query_u64(&q, writer->term);
    query_u64(&q, claim->op->owner);
    query_run(&q);
}

static void answer_claim(struct claim *claim, bool committed)
{
    struct log_writer *writer = claim->writer;
    struct log_shared *log = writer->log;
    struct loop *loop = writer->loop;
    claim->op->writer = committed ? writer : NULL;
    claim->op->term = committed ? writer->term : 0;
    if (!committed) {
        mem_free(writer);
    }
    add_answer(log, loop, &claim->op->op, committed ? OK : ERR_UNKNOWN);
    mem_free(claim);
}

void log_writer_claim(struct log_sqlite *log, struct log_claim_op *op)
{
    struct claim *claim = mem_new(sizeof(*claim));
    claim->op = op;
    claim->writer = mem_new(sizeof(*claim->writer));
    claim->writer->home = log;
    claim->writer->log = log->shared;
    claim->writer->loop = log->loop;
    claim->writer->shard = op->shard;
    claim->task.run = run_claim;
    ask(log, &claim->task);
}

/* ---- release */

static void run_release(struct task *task)
{
    (void)task; /* it is given up after the answers of its appends */
}

void log_writer_release(struct log_writer *writer)
{
    writer->task.run = run_release;
    ask(writer->home, &writer->task);
    hand_over(writer->home); /* the loop may not turn again */
}

/* ---- trim */

static void run_trim(struct task *task)
{
    struct log_shard *shard = container_of(task, struct log_shard, trim_task);
    struct db *db = &shard->log->db;
    uint64_t retention_ms = shard->log->data->retention_ms;
    pthread_mutex_lock(&shard->mutex);
    uint64_t oldest = shard->oldest;
    uint64_t until = shard->marked < shard->durable ? shard->marked : shard->durable - 1;
    pthread_mutex_unlock(&shard->mutex);
    shard->trim_until = oldest;
    if (until < oldest || shard->trim_wall_ms < retention_ms) {
        return;
    }
    uint64_t last = until - oldest < TRIM_PIECE ? until : oldest + TRIM_PIECE - 1;
    struct query young = db_query(db, log_statement(shard->number, LOG_YOUNG));
    query_u64(&young, oldest);
    query_u64(&young, last);
    query_u64(&young, shard->trim_wall_ms - retention_ms);
    shard->trim_until = last + 1;
    if (query_row(&young) && !query_get_null(&young, 0)) {
        shard->trim_until = query_get_u64(&young, 0);
    }
    query_end(&young);
    shard->trim_more = shard->trim_until == last + 1 && last < until;
    struct query trim = db_query(db, log_statement(shard->number, LOG_TRIM));
    query_u64(&trim, shard->trim_until);
    query_run(&trim);
}

static void settle_trim(struct task *task, bool committed)
{
    struct log_shard *shard = container_of(task, struct log_shard, trim_task);
    bool again =
        committed && shard->trim_more && db_queue_try_put(&shard->log->queue, &shard->trim_task);
    shard->trim_more = false;
    pthread_mutex_lock(&shard->mutex);
    if (committed) {
        shard->oldest = shard->trim_until;
    }
    shard->trim_queued = again;
    shard->next_trim_ms = shard->trim_wall_ms + TRIM_PAUSE_MS;
    pthread_mutex_unlock(&shard->mutex);
}

void log_writer_mark(struct log_shard *shard, uint64_t index, uint64_t wall_ms)
{
    pthread_mutex_lock(&shard->mutex);
    if (index > shard->marked) {
        shard->marked = index;
    }
    bool trim = !shard->trim_queued && shard->marked >= shard->oldest &&
                shard->durable > shard->oldest && wall_ms >= shard->next_trim_ms;
    if (trim) {
        shard->trim_queued = true;
        shard->trim_wall_ms = wall_ms;
    }
    pthread_mutex_unlock(&shard->mutex);
    if (trim) {
        shard->trim_task.run = run_trim;
        db_queue_put(&shard->log->queue, &shard->trim_task);
    }
}

/* ---- the thread */

static bool commit(struct log_shared *log)
{
    db_run(&log->db, "COMMIT");
    if (db_err(&log->db) == OK) {
        return true;
    }
    sqlite3_exec(log->db.handle, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static void wake_followers(struct log_shared *log)
{
    for (uint32_t i = 0; i < log->shard_count; i++) {
        struct log_shard *shard = &log->shards[i];
        if (shard->touched) {
            shard->touched = false;
            pthread_mutex_lock(&shard->mutex);
            log_followers_wake(shard);
            pthread_mutex_unlock(&shard->mutex);
        }
    }
}

static void settle(struct task *first, bool committed)
{
    for (struct task *task = first; task; task = task->next) {
        if (task->run == run_append) {
            settle_append(task, committed);
        }
    }
}

/* An answered op may be gone or asked again at once: what comes after it is read before. */
static void answer(struct log_shared *log, struct task *first, bool committed)
{
    for (struct task *task = first, *next; task; task = next) {
        next = task->next;
        if (task->run == run_append) {
            struct log_append_op *op = container_of(task, struct log_append_op, op.task);
            add_answer(log, op->writer->loop, &op->op, op->op.err);
        } else if (task->run == run_claim) {
            answer_claim(container_of(task, struct claim, task), committed);
        } else if (task->run == run_trim) {
            settle_trim(task, committed);
        } else {
            mem_free(container_of(task, struct log_writer, task));
        }
    }
    post_answers(log);
}

static void *run_thread(void *argument)
{
    struct log_shared *log = argument;
    struct task *first;
    while ((first = db_queue_take_all(&log->queue)) != NULL) {
        db_begin_work(&log->db);
        db_run(&log->db, "BEGIN IMMEDIATE");
        for (struct task *task = first, *next; task; task = next) {
            next = task->next;
            task->run(task);
        }
        bool committed = commit(log);
        settle(first, committed);
        answer(log, first, committed);
        wake_followers(log);
        data_keeper_nudge(log->data, DATA_LOG);
    }
    return NULL;
}

/* ---- opening */

static void make_texts(struct log_shared *log)
{
    uint32_t count = LOG_FIXED + log->shard_count * LOG_PER_SHARD;
    log->texts = mem_array(count, sizeof(char *));
    for (uint32_t i = 0; i < LOG_FIXED; i++) {
        log->texts[i] = mem_string(fixed_texts[i]);
    }
    for (uint32_t i = LOG_FIXED; i < count; i++) {
        char text[STATEMENT_BYTES_MAX];
        uint32_t shard = (i - LOG_FIXED) / LOG_PER_SHARD;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), shard_formats[(i - LOG_FIXED) % LOG_PER_SHARD], shard);
#pragma GCC diagnostic pop
        log->texts[i] = mem_string(text);
    }
}

void log_set_statements(struct data_sqlite *data, struct db *db)
{
    struct log_shared *log = data->log;
    db_set_statements(
        db, (const char *const *)log->texts, LOG_FIXED + log->shard_count * LOG_PER_SHARD);
}

static uint64_t get_meta(struct db *db, const char *name)
{
    struct query q = db_query(db, LOG_META_GET);
    uint32_t size = 0;
    while (name[size]) {
        size++;
    }
    query_text(&q, (struct cht_str){name, size});
    uint64_t value = query_row(&q) ? query_get_u64(&q, 0) : 0;
    query_end(&q);
    return value;
}

static void put_meta(struct db *db, const char *name, uint64_t value)
{
    struct query q = db_query(db, LOG_META_PUT);
    uint32_t size = 0;
    while (name[size]) {
        size++;
    }
    query_text(&q, (struct cht_str){name, size});
    query_u64(&q, value);
    query_run(&q);
}

static void make_tables(struct log_shared *log)
{
    for (uint32_t i = 0; i < log->shard_count; i++) {
        char text[STATEMENT_BYTES_MAX];
        snprintf(text, sizeof(text),
            "CREATE TABLE IF NOT EXISTS records_%u (idx INTEGER PRIMARY KEY, term INTEGER NOT NULL,"
            " at INTEGER NOT NULL, record BLOB NOT NULL)",
            i);
        db_run(&log->db, text);
    }
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
    make_tables(log);
    db_run(&log->db, "COMMIT");
    return db_err(&log->db);
}

static void load_shard(struct log_shared *log, uint32_t number)
{
    struct log_shard *shard = &log->shards[number];
    shard->log = log;
    shard->number = number;
    CHECK(pthread_mutex_init(&shard->mutex, NULL) == 0);
    struct query term = db_query(&log->db, LOG_TERM);
    query_u64(&term, number);
    shard->term = query_row(&term) ? query_get_u64(&term, 0) : 0;
    query_end(&term);
    struct query edges = db_query(&log->db, log_statement(number, LOG_EDGES));
    shard->oldest = 1;
    if (query_row(&edges) && !query_get_null(&edges, 0)) {
        shard->oldest = query_get_u64(&edges, 0);
        shard->durable = query_get_u64(&edges, 1);
    }
    query_end(&edges);
    shard->next = shard->durable + 1;
    shard->ring_first = shard->next;
}

enum err log_shared_open(struct data_sqlite *data)
{
    struct log_shared *log = mem_new(sizeof(*log));
    data->log = log;
    log->data = data;
    log->shard_count = data->shards;
    db_queue_init(&log->queue);
    if (data->shards == 0 || data->shards > SHARDS_MAX) {
        LOG_ERROR(data->logger, "store.refused",
            "reason=\"impossible number of shards\" configured=%u", data->shards);
        log->shard_count = 0;
        return ERR_BAD_CONFIG;
    }
    make_texts(log);
    log->shards = mem_array(log->shard_count, sizeof(*log->shards));
    enum err err = db_open(&log->db, data->dir, &log_schema, true, data->logger);
    if (err != OK) {
        return err;
    }
    log_set_statements(data, &log->db);
    err = prepare(data, log);
    for (uint32_t i = 0; i < log->shard_count && err == OK; i++) {
        load_shard(log, i);
        err = db_err(&log->db);
    }
    if (err == OK) {
        log->db.fatal = true;
        data_keeper_watch(data, DATA_LOG, &log->db);
        CHECK(pthread_create(&log->thread, NULL, run_thread, log) == 0);
        pthread_setname_np(log->thread, "log");
        log->running = true;
    }
    return err;
}

static void free_shard(struct log_shard *shard)
{
    if (!shard->log) {
        return;
    }
    while (shard->ring_first <= shard->durable) {
        drop_oldest(shard);
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
    if (log->running) {
        db_queue_stop(&log->queue);
        pthread_join(log->thread, NULL);
    }
    for (uint32_t i = 0; i < log->shard_count && log->shards; i++) {
        free_shard(&log->shards[i]);
    }
    db_close(&log->db);
    for (uint32_t i = 0; log->texts && i < LOG_FIXED + log->shard_count * LOG_PER_SHARD; i++) {
        mem_free(log->texts[i]);
    }
    mem_free(log->texts);
    mem_free(log->shards);
    mem_free(log->answers);
    db_queue_deinit(&log->queue);
    mem_free(log);
    data->log = NULL;
}
