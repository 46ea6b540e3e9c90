#pragma once

/* log - the room log, one per shard: what happened, durable, the truth.
 *
 * A record is one `record` event in binary form. `index` is dense per shard over all terms; it is
 * given by the owner and checked by every reader. Writing is exclusive: log_claim fences every
 * older writer, so that none of its appends can land after the claim was answered (with one
 * exception that readers must survive: an append of the old owner that was on its way may land
 * after the fence and before the claim record). An appended record is durable at the engine's
 * declared level when its op answers OK.
 *
 * Appends of one writer answer in the order asked. After the first that is not OK every later one
 * fails too (FENCED or UNKNOWN), and the writer is dead: the term is over. UNKNOWN: it may or may
 * not be in the log.
 *
 * Reading gives records in order of position; a reader drops an index at or below its last (a
 * repeat) and records of a term older than the last claim it passed, and stops with an alarm at a
 * hole. Those rules are the readers', not the engine's: log_place_next. */

#include "base/buf.h"
#include "flow/op.h"
#include "flow/source.h"
#include "ports/shards.h"

struct log;
struct log_writer;

struct log_claim_op {
    struct op op;
    uint32_t shard;
    uint64_t owner;            /* node that claims */
    struct log_writer *writer; /* answer: the caller's until log_release */
    uint64_t term;             /* answer: higher than every one before */
};

struct log_append_op {
    struct op op;
    struct log_writer *writer;
    struct buf *record; /* the engine's until answered */
};

/* One record as a reader gets it. */
struct log_item {
    uint32_t shard;
    uint64_t index;
    uint64_t term;
    struct position at; /* where to go on from */
    struct buf *record; /* lent; buf_ref to keep it */
};

/* Where a reader is: index and term of the newest record that it took. */
struct log_place {
    uint64_t index, term;
};

enum log_next { LOG_TAKE, LOG_REPEAT, LOG_OLD_TERM, LOG_HOLE };

/* What a reader does with the item that comes next; at one that it takes, it is there. */
static inline enum log_next log_place_next(struct log_place *place, const struct log_item *item)
{
    if (item->index <= place->index) {
        return LOG_REPEAT;
    }
    if (item->term < place->term) {
        return LOG_OLD_TERM;
    }
    if (item->index != place->index + 1) {
        return LOG_HOLE;
    }
    *place = (struct log_place){item->index, item->term};
    return LOG_TAKE;
}

struct log_read_op {
    struct op op;
    uint32_t shard;
    uint64_t from;          /* first index wanted */
    uint64_t until;         /* last index wanted */
    uint32_t limit;         /* records; in: most wanted, out: how many */
    struct log_item *items; /* the caller's array of `limit`; each item holds a reference that the
                               caller gives back */
    uint32_t count;
};

struct log_tail_op {
    struct op op;
    uint32_t shard;
    uint64_t index; /* answer: of the newest durable record; 0 if there is none */
};

/* A subscription: items are `struct log_item *`. */
struct log_follow {
    struct source source;
    uint32_t shard;
    uint64_t from; /* first index wanted */
    void *engine;
};

struct log_ops {
    void (*claim)(struct log *log, struct log_claim_op *op);
    void (*append)(struct log *log, struct log_append_op *op);
    void (*read)(struct log *log, struct log_read_op *op);
    void (*tail)(struct log *log, struct log_tail_op *op);
    void (*follow)(struct log *log, struct log_follow *follow);
    void (*unfollow)(struct log *log, struct log_follow *follow);
    void (*mark)(struct log *log, uint32_t shard, uint64_t index);
    void (*release)(struct log *log, struct log_writer *writer);
};

struct log {
    const struct log_ops *ops;
};

/* Fences older writers and makes `term` durable. Does not append a claim record: the owner does
 * that, as its first append. */
static inline void log_claim(
    struct log *log, struct asker *asker, struct log_claim_op *op, uint32_t shard, uint64_t owner)
{
    op_ask(&op->op, asker);
    op->shard = shard;
    op->owner = owner;
    op->writer = (struct log_writer *)0;
    log->ops->claim(log, op);
}

static inline void log_append(struct log *log, struct asker *asker, struct log_append_op *op,
    struct log_writer *writer, struct buf *record_take)
{
    op_ask(&op->op, asker);
    op->writer = writer;
    op->record = record_take;
    log->ops->append(log, op);
}

/* Records from..until, at most `limit`; an index that was trimmed is answered NOT_FOUND. */
static inline void log_read(struct log *log, struct asker *asker, struct log_read_op *op)
{
    op_ask(&op->op, asker);
    op->count = 0;
    log->ops->read(log, op);
}

/* The newest durable index: every append answered OK before this question was asked is at or below
 * it. */
static inline void log_tail(
    struct log *log, struct asker *asker, struct log_tail_op *op, uint32_t shard)
{
    op_ask(&op->op, asker);
    op->shard = shard;
    log->ops->tail(log, op);
}

/* Items of `shard` from index `from` on, those already there and those to come, under the source's
 * credit, on the caller's loop. */
static inline void log_follow(
    struct log *log, struct log_follow *follow, uint32_t shard, uint64_t from)
{
    follow->shard = shard;
    follow->from = from;
    log->ops->follow(log, follow);
}

/* Nothing more comes after the call. */
static inline void log_unfollow(struct log *log, struct log_follow *follow)
{
    log->ops->unfollow(log, follow);
}

/* The store has everything up to `index`: what is older than the retention may be trimmed. Said
 * again, it trims what has grown old since. */
static inline void log_mark(struct log *log, uint32_t shard, uint64_t index)
{
    log->ops->mark(log, shard, index);
}

/* The writer is given back; appends in flight are answered first (UNKNOWN at worst). */
static inline void log_release(struct log *log, struct log_writer *writer)
{
    log->ops->release(log, writer);
}
