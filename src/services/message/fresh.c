/* fresh - see fresh.h.
 *
 * Happy path: a question becomes a part at its shard (one at each, for all); the tail is asked, the
 * parts that it covers get it as their target, and those at or below what is stored are done. The
 * others are wanted: this worker writes its own shard at once, and for a shard of another one the
 * store is looked at each tick and everybody told, which may be lost. How it fails: a tail or
 * progress that can not be read is asked again at the next tick; who waited too long is answered
 * TIMEOUT. */

#include "fresh.h"

#include "base/event_buf.h"
#include "base/mem.h"
#include "consume.h"

#define TICK_MS 5

struct fresh_part {
    struct fresh_part *next;
    struct fresh_op *owner;
    uint64_t target;
};

struct fresh_shard {
    struct asker tail_asker, progress_asker;
    struct log_tail_op tail;
    struct history_progress_op progress;
    struct fresh *fresh;
    struct fresh_part *arrived; /* no tail was asked since they came */
    struct fresh_part *asked;   /* the tail on its way covers them */
    struct fresh_part *waiting; /* for the store */
    uint64_t stored;
    uint64_t wanted;        /* the newest target */
    uint64_t told_again_ms; /* not before, so that many questions are one word to the others */
    uint32_t index;
    bool tail_asked, progress_asked;
};

struct fresh {
    struct message_service *service;
    struct fresh_shard *shards;
    struct timer tick;
    struct fresh_op *pauses;
    uint32_t parts; /* in all lists */
};

static void on_tail(struct asker *asker, struct op *op);
static void on_progress(struct asker *asker, struct op *op);
static void on_tick(struct timer *timer);

struct fresh *fresh_create(struct message_service *service)
{
    struct fresh *fresh = mem_new(sizeof(*fresh));
    fresh->service = service;
    fresh->shards = mem_array(service->deps.shard_count, sizeof(*fresh->shards));
    for (uint32_t i = 0; i < service->deps.shard_count; i++) {
        fresh->shards[i].fresh = fresh;
        fresh->shards[i].index = i;
        fresh->shards[i].tail_asker.on_answer = on_tail;
        fresh->shards[i].progress_asker.on_answer = on_progress;
    }
    return fresh;
}

void fresh_destroy(struct fresh *fresh)
{
    if (fresh != NULL) {
        timer_stop(&fresh->tick);
        mem_free(fresh->shards);
        mem_free(fresh);
    }
}

static struct loop *loop_of(const struct fresh *fresh)
{
    return fresh->service->deps.world->loop;
}

static void ask_tail(struct fresh_shard *shard)
{
    if (shard->tail_asked || shard->arrived == NULL) {
        return;
    }
    shard->asked = shard->arrived;
    shard->arrived = NULL;
    shard->tail_asked = true;
    log_tail(shard->fresh->service->deps.log, &shard->tail_asker, &shard->tail, shard->index);
}

/* Whoever writes the shard may be gathering. */
static void tell_wanted(struct fresh_shard *shard)
{
    const struct message_deps *deps = &shard->fresh->service->deps;
    uint64_t now_ms = loop_now_ms(deps->world->loop);
    if (shard->waiting == NULL || now_ms < shard->told_again_ms) {
        return;
    }
    shard->told_again_ms = now_ms + TICK_MS;
    struct cht_wanted wanted = {.shard = shard->index, .index = shard->wanted};
    struct buf *buf = event_buf_encode(&cht_row_wanted, &wanted);
    cast_send(deps->cast, buf);
    buf_unref(buf);
}

/* The progress of another worker's shard is read; one's own is known. */
static void ask_progress(struct fresh_shard *shard)
{
    struct consume *own = shard->fresh->service->consumes[shard->index];
    if (shard->progress_asked || shard->waiting == NULL) {
        return;
    }
    if (own != NULL) {
        consume_want(own, shard->wanted);
        return;
    }
    shard->progress_asked = true;
    shard->progress.shard = shard->index;
    history_progress(shard->fresh->service->deps.history, &shard->progress_asker, &shard->progress);
}

static void start_tick(struct fresh *fresh)
{
    if (fresh->tick.loop == NULL && (fresh->parts > 0 || fresh->pauses != NULL)) {
        timer_start(loop_of(fresh), &fresh->tick, TICK_MS, on_tick);
    }
}

static void add_part(struct fresh_shard *shard, struct fresh_part *part, struct fresh_op *op)
{
    part->owner = op;
    part->next = shard->arrived;
    shard->arrived = part;
    shard->fresh->parts++;
    ask_tail(shard);
}

void fresh_wait(struct fresh *fresh, struct asker *asker, struct fresh_op *op, uint32_t shard)
{
    uint32_t count = fresh->service->deps.shard_count;
    op_ask(&op->op, asker);
    op->shard = shard;
    op->left = shard == FRESH_ALL ? count : 1;
    op->until_ms = loop_now_ms(loop_of(fresh)) + fresh->service->settings.fresh_wait_ms;
    op->parts = mem_array(op->left, sizeof(*op->parts));
    if (shard != FRESH_ALL) {
        CHECK(shard < count);
        add_part(&fresh->shards[shard], &op->parts[0], op);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            add_part(&fresh->shards[i], &op->parts[i], op);
        }
    }
    start_tick(fresh);
}

void fresh_pause(struct fresh *fresh, struct asker *asker, struct fresh_op *op, uint64_t ms)
{
    op_ask(&op->op, asker);
    op->until_ms = loop_now_ms(loop_of(fresh)) + ms;
    op->next = fresh->pauses;
    fresh->pauses = op;
    start_tick(fresh);
}

static void part_done(struct fresh *fresh, struct fresh_op *op, enum err err)
{
    fresh->parts--;
    op->left--;
    if (op->left == 0) {
        mem_free(op->parts);
        op->parts = NULL;
        op_answer_later(&op->op, loop_of(fresh), err);
    }
}

/* Answers the parts that what is stored covers. */
static void settle(struct fresh_shard *shard)
{
    struct fresh_part **at = &shard->waiting;
    while (*at != NULL) {
        struct fresh_part *part = *at;
        if (part->target <= shard->stored) {
            *at = part->next;
            part_done(shard->fresh, part->owner, OK);
        } else {
            at = &part->next;
        }
    }
}

bool fresh_is_idle(const struct fresh *fresh)
{
    for (uint32_t i = 0; i < fresh->service->deps.shard_count; i++) {
        if (fresh->shards[i].tail_asked || fresh->shards[i].progress_asked) {
            return false;
        }
    }
    return fresh->parts == 0 && fresh->pauses == NULL;
}

void fresh_stored(struct fresh *fresh, uint32_t shard, uint64_t index)
{
    if (index > fresh->shards[shard].stored) {
        fresh->shards[shard].stored = index;
        settle(&fresh->shards[shard]);
    }
}

static void move_asked(struct fresh_shard *shard, struct fresh_part **to, uint64_t target)
{
    while (shard->asked != NULL) {
        struct fresh_part *part = shard->asked;
        shard->asked = part->next;
        part->target = target;
        part->next = *to;
        *to = part;
    }
}

static void on_tail(struct asker *asker, struct op *op)
{
    struct fresh_shard *shard = container_of(asker, struct fresh_shard, tail_asker);
    shard->tail_asked = false;
    if (op->err != OK) {
        move_asked(shard, &shard->arrived, 0);
        return;
    }
    shard->wanted = shard->tail.index;
    move_asked(shard, &shard->waiting, shard->wanted);
    settle(shard);
    ask_progress(shard);
    ask_tail(shard);
}

static void on_progress(struct asker *asker, struct op *op)
{
    struct fresh_shard *shard = container_of(asker, struct fresh_shard, progress_asker);
    shard->progress_asked = false;
    if (op->err == OK) {
        fresh_stored(shard->fresh, shard->index, shard->progress.progress.index);
        tell_wanted(shard);
    }
}

static void expire(struct fresh *fresh, struct fresh_part **list, uint64_t now_ms)
{
    struct fresh_part **at = list;
    while (*at != NULL) {
        struct fresh_part *part = *at;
        if (part->owner->until_ms <= now_ms) {
            *at = part->next;
            part_done(fresh, part->owner, ERR_TIMEOUT);
        } else {
            at = &part->next;
        }
    }
}

static void end_pauses(struct fresh *fresh, uint64_t now_ms)
{
    struct fresh_op **at = &fresh->pauses;
    while (*at != NULL) {
        struct fresh_op *op = *at;
        if (op->until_ms <= now_ms) {
            *at = op->next;
            op_answer_later(&op->op, loop_of(fresh), OK);
        } else {
            at = &op->next;
        }
    }
}

static void on_tick(struct timer *timer)
{
    struct fresh *fresh = container_of(timer, struct fresh, tick);
    uint64_t now_ms = loop_now_ms(loop_of(fresh));
    for (uint32_t i = 0; i < fresh->service->deps.shard_count && fresh->parts > 0; i++) {
        struct fresh_shard *shard = &fresh->shards[i];
        expire(fresh, &shard->arrived, now_ms);
        expire(fresh, &shard->asked, now_ms);
        expire(fresh, &shard->waiting, now_ms);
        ask_tail(shard);
        ask_progress(shard);
    }
    end_pauses(fresh, now_ms);
    start_tick(fresh);
}
