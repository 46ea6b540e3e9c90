/* log_sqlite - the port log on a loop: hands questions to the writer, answers from memory, reads
 * the file through a reader.
 *
 * Happy path: appends and claims go to the writer's queue; a read that lies in the ring and a tail
 * are answered in this turn. How it fails: what the file says (db_err). */

#include "base/check.h"
#include "base/mem.h"
#include "log_shared.h"
#include "world/loop.h"

struct position log_position(uint64_t index)
{
    struct position position = {{0}};
    for (int i = 0; i < 8; i++) {
        position.bytes[8 + i] = (uint8_t)(index >> (56 - 8 * i));
    }
    return position;
}

static struct log_sqlite *of(struct log *log)
{
    return container_of(log, struct log_sqlite, log);
}

static struct log_shard *shard_of(struct log *log, uint32_t shard)
{
    CHECK(shard < of(log)->shared->shard_count);
    return &of(log)->shared->shards[shard];
}

static void claim(struct log *log, struct log_claim_op *op)
{
    CHECK(op->shard < of(log)->shared->shard_count);
    log_writer_claim(of(log), op);
}

static void append(struct log *log, struct log_append_op *op)
{
    CHECK(op->writer);
    CHECK(op->writer->log == of(log)->shared);
    CHECK(op->record);
    log_writer_append(op);
}

static void release(struct log *log, struct log_writer *writer)
{
    CHECK(writer->log == of(log)->shared);
    log_writer_release(writer);
}

const struct log_recent *log_ring_find(const struct log_shard *shard, uint64_t index)
{
    if (index < shard->ring_first || index > shard->durable) {
        return NULL;
    }
    return &shard->ring[index % LOG_RING_RECORDS];
}

static struct log_item item_of(
    uint32_t shard, uint64_t index, uint64_t term, struct buf *record_take)
{
    return (struct log_item){shard, index, term, log_position(index), record_take};
}

/* The durable end in `ret_last`. */
static bool read_from_memory(struct log_shard *shard, struct log_read_op *op)
{
    pthread_mutex_lock(&shard->mutex);
    uint64_t last = op->until < shard->durable ? op->until : shard->durable;
    bool all = op->from > last || op->from >= shard->ring_first;
    for (uint64_t at = op->from; all && at <= last && op->count < op->limit; at++) {
        const struct log_recent *recent = log_ring_find(shard, at);
        CHECK(recent);
        op->items[op->count++] = item_of(op->shard, at, recent->term, buf_ref(recent->record));
    }
    pthread_mutex_unlock(&shard->mutex);
    return all;
}

/* How many of the wanted records there are: a shard's indexes are dense, so a read that ends there
 * does not look through what other shards have behind it. */
static uint64_t count_wanted(struct log_shard *shard, const struct log_read_op *op)
{
    pthread_mutex_lock(&shard->mutex);
    uint64_t last = op->until < shard->durable ? op->until : shard->durable;
    bool is_there = op->from >= shard->oldest && op->from <= last;
    pthread_mutex_unlock(&shard->mutex);
    uint64_t count = is_there ? last - op->from + 1 : 0;
    return count < op->limit ? count : op->limit;
}

/* The place behind which `index` lies. */
static uint64_t place_before(struct db *db, uint32_t shard, uint64_t index)
{
    struct query q = db_query(db, LOG_MARK_AT);
    query_u64(&q, shard);
    query_u64(&q, index);
    uint64_t place = query_row(&q) ? query_get_u64(&q, 0) : 0;
    query_end(&q);
    return place;
}

static enum err run_read(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct log_read_op *op = container_of(asked, struct log_read_op, op);
    struct data_reader *reader = thread;
    uint64_t wanted = count_wanted(&reader->data->log->shards[op->shard], op);
    uint64_t place = place_before(&reader->log, op->shard, op->from);
    struct query q = db_query(&reader->log, LOG_READ);
    query_u64(&q, place);
    query_u64(&q, op->shard);
    query_u64(&q, op->from);
    query_u64(&q, wanted);
    while (query_row(&q)) {
        struct cht_str record = query_lend_bytes(&q, 2);
        op->items[op->count++] = item_of(op->shard, query_get_u64(&q, 0), query_get_u64(&q, 1),
            buf_copy(record.at, record.size));
    }
    query_end(&q);
    enum err err = db_err(&reader->log);
    bool is_trimmed = wanted == 0 || (op->count > 0 && op->items[0].index != op->from);
    if (err == OK && (is_trimmed || op->count == 0)) {
        err = ERR_NOT_FOUND;
    }
    while (err != OK && op->count > 0) {
        buf_unref(op->items[--op->count].record);
    }
    return err;
}

static void read_records(struct log *log, struct log_read_op *op)
{
    struct log_shard *shard = shard_of(log, op->shard);
    if (op->from == 0) {
        op->from = 1;
    }
    if (read_from_memory(shard, op)) {
        op_answer_later(&op->op, of(log)->loop, OK);
    } else {
        db_job_put(&of(log)->shared->data->reads, &op->op, of(log)->loop, run_read);
    }
}

static void tail(struct log *log, struct log_tail_op *op)
{
    struct log_shard *shard = shard_of(log, op->shard);
    pthread_mutex_lock(&shard->mutex);
    op->index = shard->durable;
    pthread_mutex_unlock(&shard->mutex);
    op_answer_later(&op->op, of(log)->loop, OK);
}

static void mark(struct log *log, uint32_t shard, uint64_t index)
{
    log_trim_stored(shard_of(log, shard), index, loop_wall_ms(of(log)->loop));
}

static const struct log_ops ops = {
    .claim = claim,
    .append = append,
    .read = read_records,
    .tail = tail,
    .follow = log_sqlite_follow,
    .unfollow = log_sqlite_unfollow,
    .mark = mark,
    .release = release,
};

struct log *log_sqlite_create(struct data_sqlite *data, struct loop *loop)
{
    struct log_sqlite *log = mem_new(sizeof(*log));
    log->log.ops = &ops;
    log->shared = data->log;
    log->loop = loop;
    return &log->log;
}

void log_sqlite_destroy(struct log *log)
{
    if (log) {
        CHECK(!of(log)->asked.first);
        mem_free(of(log));
    }
}
