/* consume - see consume.h.
 *
 * Happy path: items gather in a ring; a flow takes a batch, loads the rooms that are not in memory,
 * projects, writes, marks, and starts anew when more have gathered. How it fails: a failed load or
 * write forgets the rooms in memory and tries the same batch again after a wait; a record that can
 * not be read or a hole in the indexes stops the shard, which makes the worker not ready. */

#include "consume.h"

#include "base/event_buf.h"
#include "base/logger.h"
#include "base/mem.h"
#include "fresh.h"
#include "room_cache.h"

#define RETRY_DOUBLINGS_MAX 5
#define RECORDS_A_TURN 256
#define TURN_MS 1

/* Memory for a decoded record, for each byte of it, at the most: structs are wider than what is on
 * the wire. */
#define DECODED_PER_BYTE 16

struct waiting {
    struct buf *record;
    uint64_t index, term;
    struct position at;
};

struct consume {
    struct flow flow; /* first */
    struct message_service *service;
    struct log_follow follow;
    struct history_progress_op progress;
    struct log_tail_op tail;
    struct history_write_op write;
    struct rooms_load_op load;
    struct room_cache rooms;
    struct timer retry;
    struct arena arena; /* what the changes of this batch point at */
    struct project_changes changes;
    struct cht_record *records; /* of this batch, decoded */
    struct waiting *ring;
    uint32_t shard;
    uint32_t ring_size, first, count;
    uint64_t bytes;              /* of the records in the ring */
    uint32_t batch_size, loaded; /* records of this batch, and how many of them have their room */
    uint64_t batch_bytes;
    uint64_t batch;
    struct log_place place;
    uint64_t stored;
    uint64_t wanted; /* somebody waits for it to be stored */
    uint32_t failures;
    bool busy, started, stopped, closing;
};

static void read_progress(struct flow *flow);
static void read_tail(struct flow *flow);
static void load_rooms(struct flow *flow);
static void write_batch(struct flow *flow);
static void finish_start(struct flow *flow);
static void finish_batch(struct flow *flow);

static const struct flow_step start_steps[] = {
    {"read_progress", read_progress}, {"read_tail", read_tail}, {"follow", finish_start}};
static const struct flow_step batch_steps[] = {
    {"load_rooms", load_rooms}, {"write_batch", write_batch}, {"finish_batch", finish_batch}};

bool consume_is_idle(const struct consume *consume)
{
    return !consume->busy && (consume->started || consume->retry.loop != NULL) &&
           (consume->count == 0 || consume->stopped || consume->retry.loop != NULL);
}

static struct waiting *waiting_at(const struct consume *consume, uint32_t i)
{
    return &consume->ring[(consume->first + i) % consume->ring_size];
}

static void stop_with_alarm(struct consume *consume, uint64_t index, const char *why)
{
    consume->stopped = true;
    consume->service->counters.holes++;
    atomic_store(&consume->service->broken, true);
    LOG_ERROR(consume->service->deps.world->logger, "message.log_broken",
        "shard=%u index=%llu last=%llu why=%s", consume->shard, (unsigned long long)index,
        (unsigned long long)consume->place.index, why);
}

static bool may_start(const struct consume *consume)
{
    return !consume->busy && consume->count > 0 && !consume->stopped && consume->retry.loop == NULL;
}

static void start_batch(struct consume *consume)
{
    if (!may_start(consume)) {
        return;
    }
    consume->busy = true;
    consume->batch++;
    consume->loaded = 0;
    consume->batch_size = 0;
    consume->batch_bytes = 0;
    consume->changes.count = 0;
    flow_start(
        &consume->flow, consume->service->deps.world->loop, batch_steps, FLOW_STEPS(batch_steps));
}

/* Some records a turn: all of all shards would hold up what else the loop has to do. */
static void write_some(struct timer *timer)
{
    struct message_service *service = container_of(timer, struct message_service, writes);
    uint32_t records = 0;
    while (service->writes_left > 0 && records < RECORDS_A_TURN) {
        struct consume *consume = service->consumes[service->write_at];
        service->write_at = (service->write_at + 1) % service->deps.shard_count;
        service->writes_left--;
        if (consume != NULL && may_start(consume)) {
            records += consume->count;
            start_batch(consume);
        }
    }
    if (service->writes_left > 0) {
        timer_start(service->deps.world->loop, &service->writes, TURN_MS, write_some);
    }
}

void consume_write_all(struct message_service *service)
{
    service->gather_end_ms = loop_now_ms(service->deps.world->loop) + service->settings.gather_ms;
    service->writes_left = service->deps.shard_count;
    if (service->writes.loop == NULL) {
        write_some(&service->writes);
    }
}

static void on_gathered(struct timer *timer)
{
    consume_write_all(container_of(timer, struct message_service, gather));
}

static bool gathers_no_more(const struct consume *consume)
{
    const struct message_settings *settings = &consume->service->settings;
    return consume->count >= settings->batch_records_max ||
           consume->bytes >= settings->batch_bytes_max || consume->stored < consume->wanted ||
           consume->service->hurries;
}

/* Starts a batch, now or when more have gathered. The ring holds two batches, so half of it still
 * takes items while one is written. */
static void gather(struct consume *consume)
{
    struct message_service *service = consume->service;
    struct loop *loop = service->deps.world->loop;
    uint64_t now = loop_now_ms(loop);
    if (gathers_no_more(consume)) {
        start_batch(consume);
    } else if (consume->count == 0 || service->gather.loop != NULL) {
        return;
    } else if (now >= service->gather_end_ms) {
        consume_write_all(service);
    } else {
        timer_start(loop, &service->gather, service->gather_end_ms - now, on_gathered);
    }
}

void consume_mark(struct consume *consume)
{
    if (consume->started) {
        log_mark(consume->service->deps.log, consume->shard, consume->stored);
    }
}

/* Only what is durable is wanted, so it comes, if it is not here yet. */
void consume_want(struct consume *consume, uint64_t index)
{
    if (index > consume->wanted) {
        consume->wanted = index;
        gather(consume);
    }
}

static void on_item(struct source *source, void *item)
{
    struct log_follow *follow = container_of(source, struct log_follow, source);
    struct consume *consume = container_of(follow, struct consume, follow);
    const struct log_item *got = item;
    enum log_next next = consume->stopped ? LOG_REPEAT : log_place_next(&consume->place, got);
    if (next == LOG_HOLE) {
        stop_with_alarm(consume, got->index, "hole");
        return;
    }
    if (next != LOG_TAKE) {
        consume->service->counters.repeats += next == LOG_REPEAT;
        consume->service->counters.old_terms += next == LOG_OLD_TERM;
        source_credit(source, 1);
        return;
    }
    CHECK(consume->count < consume->ring_size);
    *waiting_at(consume, consume->count++) =
        (struct waiting){buf_ref(got->record), got->index, got->term, got->at};
    consume->bytes += got->record->size;
    gather(consume);
}

static void on_end(struct source *source, enum err err)
{
    struct log_follow *follow = container_of(source, struct log_follow, source);
    struct consume *consume = container_of(follow, struct consume, follow);
    if (!consume->closing) {
        stop_with_alarm(consume, consume->place.index, err_name(err));
    }
}

static void on_retry(struct timer *timer)
{
    struct consume *consume = container_of(timer, struct consume, retry);
    if (consume->started) {
        start_batch(consume);
    } else {
        flow_start(&consume->flow, consume->service->deps.world->loop, start_steps,
            FLOW_STEPS(start_steps));
    }
}

static void wait_and_retry(struct consume *consume)
{
    uint32_t doublings =
        consume->failures < RETRY_DOUBLINGS_MAX ? consume->failures : RETRY_DOUBLINGS_MAX;
    consume->failures++;
    consume->service->counters.failed_writes++;
    LOG_WARN(consume->service->deps.world->logger, "message.store_failed", "shard=%u err=%s",
        consume->shard, err_name(consume->flow.err));
    timer_start(consume->service->deps.world->loop, &consume->retry,
        consume->service->settings.retry_ms << doublings, on_retry);
}

struct consume *consume_create(struct message_service *service, uint32_t shard)
{
    struct consume *consume = mem_new(sizeof(*consume));
    consume->service = service;
    consume->shard = shard;
    consume->ring_size = (uint32_t)service->settings.batch_records_max * 2;
    consume->ring = mem_array(consume->ring_size, sizeof(*consume->ring));
    consume->records =
        mem_array((uint32_t)service->settings.batch_records_max, sizeof(*consume->records));
    uint64_t secret[2];
    random_fill(service->deps.world->random, secret, sizeof(secret));
    room_cache_init(&consume->rooms, (uint32_t)service->settings.rooms_cached, secret);
    consume->follow.source.on_item = on_item;
    consume->follow.source.on_end = on_end;
    flow_start(&consume->flow, service->deps.world->loop, start_steps, FLOW_STEPS(start_steps));
    return consume;
}

void consume_destroy(struct consume *consume)
{
    if (consume == NULL) {
        return;
    }
    consume->closing = true;
    timer_stop(&consume->retry);
    if (consume->started) {
        log_unfollow(consume->service->deps.log, &consume->follow);
    }
    for (uint32_t i = 0; i < consume->count; i++) {
        buf_unref(waiting_at(consume, i)->record);
    }
    room_cache_deinit(&consume->rooms);
    arena_deinit(&consume->arena);
    arena_deinit(&consume->load.arena);
    mem_free(consume->changes.at);
    mem_free(consume->records);
    mem_free(consume->ring);
    mem_free(consume);
}

/* ---- start */

static void read_progress(struct flow *flow)
{
    struct consume *consume = (struct consume *)flow;
    consume->progress.shard = consume->shard;
    history_progress(consume->service->deps.history, &flow->asker, &consume->progress);
}

/* What is in the log at the start is behind already. */
static void read_tail(struct flow *flow)
{
    struct consume *consume = (struct consume *)flow;
    log_tail(consume->service->deps.log, &flow->asker, &consume->tail, consume->shard);
}

static void finish_start(struct flow *flow)
{
    struct consume *consume = (struct consume *)flow;
    if (flow->err != OK) {
        wait_and_retry(consume);
        return;
    }
    consume->failures = 0;
    consume->started = true;
    consume->stored = consume->progress.progress.index;
    consume_want(consume, consume->tail.index);
    consume->place = (struct log_place){consume->stored, consume->progress.progress.term};
    fresh_stored(consume->service->fresh, consume->shard, consume->stored);
    log_follow(consume->service->deps.log, &consume->follow, consume->shard, consume->stored + 1);
    source_credit(&consume->follow.source, consume->ring_size);
}

/* ---- a batch */

static bool decode(
    struct consume *consume, const struct waiting *waiting, struct cht_record *record)
{
    size_t size = (size_t)waiting->record->size * DECODED_PER_BYTE + 1024;
    struct cht_scratch scratch = {arena_take_raw(&consume->arena, size), size, 0};
    struct cht_str bytes = event_buf_bytes(waiting->record);
    bool good = cht_event_number_of(bytes) == CHT_EVENT_record &&
                cht_decode(&cht_row_record, bytes, &scratch, record);
    arena_shorten(&consume->arena, scratch.at, scratch.used);
    return good;
}

/* Projects the record if its room is in memory; false: it has to be loaded, or does not fit into
 * this batch. */
static bool take_record(struct consume *consume, const struct cht_record *record)
{
    if (record->entries.count == 0) {
        return true;
    }
    struct room_slot *slot = room_cache_find(&consume->rooms, &record->room);
    if (slot == NULL) {
        return false;
    }
    slot->batch = consume->batch;
    project_record(&slot->room, record, &consume->arena, &consume->changes);
    return true;
}

/* What the load of the step before brought goes into memory; a room that is not stored begins now.
 */
static bool keep_loaded(struct consume *consume, const struct cht_id *room)
{
    struct room_slot *slot = room_cache_add(&consume->rooms, room, consume->batch);
    if (slot == NULL) {
        return false;
    }
    slot->batch = consume->batch;
    if (consume->load.op.err == OK) {
        project_room_set(&slot->room, &consume->load.meta, &consume->load.head);
    }
    return true;
}

static bool is_full(const struct consume *consume)
{
    const struct message_settings *settings = &consume->service->settings;
    return consume->batch_size == consume->count ||
           consume->batch_size == settings->batch_records_max ||
           consume->batch_bytes >= settings->batch_bytes_max;
}

/* Takes records until one needs its room loaded; that load is asked, and the step runs again. */
static void load_rooms(struct flow *flow)
{
    struct consume *consume = (struct consume *)flow;
    bool just_loaded = consume->loaded > 0;
    if (just_loaded && consume->load.op.err != OK && consume->load.op.err != ERR_NOT_FOUND) {
        flow_fail(flow, consume->load.op.err);
        return;
    }
    if (just_loaded && !keep_loaded(consume, &consume->load.room)) {
        return;
    }
    while (!is_full(consume)) {
        struct cht_record *record = &consume->records[consume->batch_size];
        if (!decode(consume, waiting_at(consume, consume->batch_size), record)) {
            stop_with_alarm(
                consume, waiting_at(consume, consume->batch_size)->index, "unreadable record");
            flow_fail(flow, ERR_CORRUPT);
            return;
        }
        if (!take_record(consume, record)) {
            consume->loaded++;
            consume->load.room = record->room;
            rooms_load(consume->service->deps.rooms, flow_tolerate(flow), &consume->load);
            flow_again(flow);
            return;
        }
        consume->batch_bytes += waiting_at(consume, consume->batch_size)->record->size;
        consume->batch_size++;
    }
}

/* Rooms of this batch are the newest of the list. */
static void add_heads(struct consume *consume)
{
    struct room_slot *slot = room_cache_newest(&consume->rooms);
    while (slot != NULL && slot->batch == consume->batch) {
        if (slot->room.head.seq > 0) {
            project_head(&slot->room, &consume->arena, &consume->changes);
        }
        slot = room_cache_older(&consume->rooms, slot);
    }
}

static void write_batch(struct flow *flow)
{
    struct consume *consume = (struct consume *)flow;
    CHECK(consume->batch_size > 0);
    const struct waiting *newest = waiting_at(consume, consume->batch_size - 1);
    add_heads(consume);
    consume->write.progress =
        (struct history_progress){consume->shard, newest->term, newest->index, newest->at};
    consume->write.changes = consume->changes.at;
    consume->write.count = consume->changes.count;
    history_write(consume->service->deps.history, &flow->asker, &consume->write);
}

static void batch_stored(struct consume *consume)
{
    uint32_t size = consume->batch_size;
    for (uint32_t i = 0; i < size; i++) {
        buf_unref(waiting_at(consume, i)->record);
    }
    consume->first = (consume->first + size) % consume->ring_size;
    consume->count -= size;
    consume->bytes -= consume->batch_bytes;
    consume->failures = 0;
    consume->stored = consume->write.progress.index;
    consume->service->counters.records += size;
    consume->service->counters.batches++;
    consume_mark(consume);
    fresh_stored(consume->service->fresh, consume->shard, consume->stored);
    source_credit(&consume->follow.source, size);
}

static void finish_batch(struct flow *flow)
{
    struct consume *consume = (struct consume *)flow;
    consume->busy = false;
    if (flow->err == OK) {
        batch_stored(consume);
    } else {
        room_cache_clear(&consume->rooms);
    }
    arena_reset(&consume->arena);
    if (flow->err != OK && !consume->stopped) {
        wait_and_retry(consume);
    } else {
        gather(consume);
    }
}
