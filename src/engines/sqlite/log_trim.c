/* log_trim - what the store has, and is older than the retention, leaves the log.
 *
 * Happy path: the store says how far it has a shard; at most once a second the writer thread looks
 * at the front of the log and drops, piece by piece, what may go. Places are in the order of time,
 * so it stops at the first record that has to stay. The write-ahead log goes round in its file, and
 * behind its newest end there may be what has left: it is emptied, at most once an hour, because
 * whoever appends waits for that. How it fails: a piece that is not committed is
 * tried again after the next word of the store. A shard whose store does not go on keeps everything
 * behind its oldest record in the file. */

#include "log_shared.h"

#define TRIM_PIECE 256u
#define TRIM_PAUSE_MS 1000u
#define PURGE_PAUSE_MS 3600000u

static bool is_stored(struct log_shard *shard, uint64_t index)
{
    pthread_mutex_lock(&shard->mutex);
    bool stored = index <= shard->stored;
    pthread_mutex_unlock(&shard->mutex);
    return stored;
}

/* The place up to which records may go, at most a piece; 0 if none may. */
static uint64_t find_end(struct log_shared *log, uint64_t at_most_ms)
{
    uint64_t end = 0;
    uint32_t count = 0;
    struct query q = db_query(&log->db, LOG_FRONT);
    query_u64(&q, TRIM_PIECE);
    while (query_row(&q) && query_get_u64(&q, 1) < log->shard_count) {
        struct log_shard *shard = &log->shards[query_get_u64(&q, 1)];
        uint64_t index = query_get_u64(&q, 2);
        if (query_get_u64(&q, 3) > at_most_ms || !is_stored(shard, index)) {
            break;
        }
        shard->trim_until = index + 1;
        end = query_get_u64(&q, 0);
        count++;
    }
    query_end(&q);
    log->trim.more = count == TRIM_PIECE;
    return end;
}

static void note_oldest(struct log_shared *log, const struct log_shard *shard)
{
    struct query oldest = db_query(&log->db, LOG_OLDEST_PUT);
    query_u64(&oldest, shard->number);
    query_u64(&oldest, shard->trim_until);
    query_run(&oldest);
    struct query marks = db_query(&log->db, LOG_MARKS_DROP);
    query_u64(&marks, shard->number);
    query_u64(&marks, shard->trim_until);
    query_run(&marks);
}

static void run_trim(struct task *task)
{
    struct log_shared *log = container_of(task, struct log_shared, trim.task);
    uint64_t retention_ms = log->data->retention_ms;
    if (log->trim.wall_ms < retention_ms) {
        return;
    }
    uint64_t end = find_end(log, log->trim.wall_ms - retention_ms);
    if (end == 0) {
        return;
    }
    for (uint32_t i = 0; i < log->shard_count; i++) {
        if (log->shards[i].trim_until) {
            note_oldest(log, &log->shards[i]);
        }
    }
    struct query trim = db_query(&log->db, LOG_TRIM);
    query_u64(&trim, end);
    query_run(&trim);
}

void log_trim_settle(struct log_shared *log, bool committed)
{
    bool trimmed = false;
    for (uint32_t i = 0; i < log->shard_count; i++) {
        struct log_shard *shard = &log->shards[i];
        if (shard->trim_until && committed) {
            pthread_mutex_lock(&shard->mutex);
            shard->oldest = shard->trim_until;
            pthread_mutex_unlock(&shard->mutex);
            trimmed = true;
        }
        shard->trim_until = 0;
    }
    bool again = committed && log->trim.more && db_queue_try_put(&log->queue, &log->trim.task);
    pthread_mutex_lock(&log->trim.mutex);
    log->trim.queued = again;
    log->trim.purge_wanted = log->trim.purge_wanted || trimmed;
    log->trim.next_ms = log->trim.wall_ms + TRIM_PAUSE_MS;
    pthread_mutex_unlock(&log->trim.mutex);
}

void log_trim_stored(struct log_shard *shard, uint64_t index, uint64_t wall_ms)
{
    struct log_shared *log = shard->log;
    pthread_mutex_lock(&shard->mutex);
    if (index > shard->stored) {
        shard->stored = index;
    }
    bool wanted = shard->stored >= shard->oldest && shard->durable >= shard->oldest;
    pthread_mutex_unlock(&shard->mutex);
    pthread_mutex_lock(&log->trim.mutex);
    wanted = wanted && !log->trim.queued && wall_ms >= log->trim.next_ms;
    if (wanted) {
        log->trim.queued = true;
        log->trim.wall_ms = wall_ms;
    }
    bool purges = log->trim.purge_wanted && wall_ms >= log->trim.purge_ms;
    if (purges) {
        log->trim.purge_wanted = false;
        log->trim.purge_ms = wall_ms + PURGE_PAUSE_MS;
    }
    pthread_mutex_unlock(&log->trim.mutex);
    if (purges) {
        data_keeper_purge(log->data, DATA_LOG);
    }
    if (wanted) {
        log->trim.task.run = run_trim;
        db_queue_put(&log->queue, &log->trim.task);
    }
}
