/* log_writer - the thread that makes records durable.
 *
 * Happy path: what a loop asks in a turn is handed over together. The thread takes everything that
 * arrived while the last flush ran, writes it in one transaction (which flushes once), publishes
 * the records to rings, answers in order, each loop all at once, and wakes followers. Claims,
 * releases and trimming go through the same queue, so a claim is after every append before it and
 * before every append after it, whatever thread they come from. How it fails: an append with a
 * wrong index, term or form ends its writer. A commit that fails answers UNKNOWN for the batch and
 * ends all its writers; a disk that fails ends the process (db_err). */

#include "base/check.h"
#include "base/mem.h"
#include "log_shared.h"
#include "ports/log_record.h"
#include "world/loop.h"

/* Places between two rounds of marks: what a reader may pass by in vain, and an opening reads. */
#define PLACES_A_ROUND 1024u

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
    if (!log_record_place(op->record->bytes, op->record->size, &term, &index) ||
        term != writer->term || index != shard->next) {
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
    struct query q = db_query(&log->db, LOG_INSERT);
    query_u64(&q, log->next_place++);
    query_u64(&q, shard->number);
    query_u64(&q, shard->next);
    query_u64(&q, shard->term);
    query_u64(&q, atomic_load_explicit(&op->writer->wall_ms, memory_order_relaxed));
    query_blob(&q, op->record->bytes, op->record->size);
    query_run(&q);
    shard->next++;
}

void log_ring_drop_oldest(struct log_shard *shard)
{
    struct log_recent *recent = &shard->ring[shard->ring_first % LOG_RING_RECORDS];
    shard->ring_bytes -= recent->record->size;
    buf_unref(recent->record);
    recent->record = NULL;
    shard->ring_first++;
}

/* The record's reference goes to the ring, with the term of its writer: the shard's may be that of
 * a claim behind it in the batch. */
static void publish(struct log_shard *shard, uint64_t term, struct buf *record_take)
{
    pthread_mutex_lock(&shard->mutex);
    uint64_t index = shard->durable + 1;
    while (shard->ring_first < index && (index - shard->ring_first >= LOG_RING_RECORDS ||
                                            shard->ring_bytes > LOG_RING_BYTES_MAX)) {
        log_ring_drop_oldest(shard);
    }
    shard->ring[index % LOG_RING_RECORDS] = (struct log_recent){index, term, record_take};
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
        publish(shard, writer->term, op->record);
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
    enum err err = committed ? OK : db_found_disk_full(&log->db) ? ERR_DISK_FULL : ERR_UNKNOWN;
    add_answer(log, loop, &claim->op->op, err);
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

/* ---- marks */

/* Every so many places, a mark for each shard that moved says where its next record lies at the
 * earliest. */
static void put_marks(struct log_shared *log)
{
    if (log->next_place - log->round_place < PLACES_A_ROUND) {
        return;
    }
    log->round_place = log->next_place;
    for (uint32_t i = 0; i < log->shard_count; i++) {
        struct log_shard *shard = &log->shards[i];
        if (shard->mark_index != shard->next) {
            shard->mark_index = shard->next;
            struct query q = db_query(&log->db, LOG_MARK_PUT);
            query_u64(&q, shard->number);
            query_u64(&q, shard->next);
            query_u64(&q, log->next_place);
            query_run(&q);
        }
    }
}

/* A round that was not committed is made again. */
static void forget_marks(struct log_shared *log)
{
    log->round_place = 0;
    for (uint32_t i = 0; i < log->shard_count; i++) {
        log->shards[i].mark_index = 0;
    }
}

/* ---- a look at the disk */

static void run_look(struct task *task)
{
    (void)task; /* begin() has looked */
}

void log_writer_look(struct log_shared *log)
{
    if (!atomic_exchange(&log->looks, true)) {
        log->look.run = run_look;
        db_queue_put(&log->queue, &log->look);
    }
}

/* ---- the thread */

/* While the disk is full nothing is tried: what is free belongs to the reserve first. */
static void begin(struct log_shared *log)
{
    db_begin(&log->db);
    if (!reserve_may_append(log->data)) {
        log->db.rc = SQLITE_FULL;
    }
}

static bool commit(struct log_shared *log)
{
    bool committed = db_commit(&log->db) == OK;
    if (!committed) {
        forget_marks(log);
    }
    if (db_found_disk_full(&log->db)) {
        reserve_note_full(log->data);
    }
    return committed;
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
        } else if (task == &log->trim.task) {
            log_trim_settle(log, committed);
        } else if (task == &log->look) {
            atomic_store(&log->looks, false);
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
        begin(log);
        put_marks(log);
        for (struct task *task = first, *next; task; task = next) {
            next = task->next;
            task->run(task);
        }
        bool committed = commit(log);
        settle(first, committed);
        answer(log, first, committed);
        wake_followers(log);
        reserve_keep(log->data, DATA_LOG);
        data_keeper_nudge(log->data, DATA_LOG);
    }
    return NULL;
}

void log_writer_start(struct log_shared *log)
{
    CHECK(pthread_create(&log->thread, NULL, run_thread, log) == 0);
    pthread_setname_np(log->thread, "log");
    log->running = true;
}

void log_writer_stop(struct log_shared *log)
{
    if (log->running) {
        db_queue_stop(&log->queue);
        pthread_join(log->thread, NULL);
        log->running = false;
    }
}
