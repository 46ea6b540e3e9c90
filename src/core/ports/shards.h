#pragma once

/* shards - commands on their way to the one owner of a room.
 *
 * Rooms are hashed to a fixed number of shards (cht_shard_of_room). Everybody may post a command to
 * a shard; at any time one worker is told to own it and gets the shard's commands in the order
 * posted (per poster and shard). Delivery is at least once: after a change of owner, or at any
 * moment, commands that were not reported done may come again, at the same or at a new position,
 * and beside them some that were. Two owners may overlap for a while: only the log excludes.
 *
 * Bounded: over the queue's limit nothing is taken. Payload: one `command` event in binary form. */

#include "base/buf.h"
#include "base/err.h"
#include "chattifier/events.h"

/* Where a command lies in its shard: opaque, ordered by memcmp. */
struct position {
    uint8_t bytes[24]; /* {generation, ledger, entry, batch}, big endian */
};

struct shards;

struct shards_handler {
    /* This worker may own the shard: claim it in the log. */
    void (*on_gain)(struct shards_handler *handler, uint32_t shard);
    /* One command; the bytes are lent for the call (buf_ref to keep them). */
    void (*on_command)(struct shards_handler *handler, uint32_t shard,
        const struct position *position, struct buf *command);
    /* This worker is no longer told to own the shard: decide nothing more, forget its state. */
    void (*on_lose)(struct shards_handler *handler, uint32_t shard);
};

struct shards_ops {
    void (*own)(struct shards *shards, struct shards_handler *handler, uint32_t credit);
    void (*done)(struct shards *shards, uint32_t shard, const struct position *position);
    void (*release)(struct shards *shards, uint32_t shard);
    bool (*try_post)(struct shards *shards, uint32_t shard, struct buf *command);
};

struct shards {
    const struct shards_ops *ops;
    uint32_t count; /* fixed at installation */
};

/* Hands a command over for the owner of `shard`. False: certainly not sent (the queue is full).
 * True promises only that it was handed over: whoever waits for an answer finds a loss by their
 * timeout. Takes a reference of its own. */
MUST_USE static inline bool shards_try_post(
    struct shards *shards, uint32_t shard, struct buf *command)
{
    return shards->ops->try_post(shards, shard, command);
}

/* Takes part in owning: gains, commands and losses come to `handler` from here on, at most `credit`
 * commands not yet done. */
static inline void shards_own(
    struct shards *shards, struct shards_handler *handler, uint32_t credit)
{
    shards->ops->own(shards, handler, credit);
}

/* The command needs no redelivery. In any order; may be forgotten by a crash. */
static inline void shards_done(
    struct shards *shards, uint32_t shard, const struct position *position)
{
    shards->ops->done(shards, shard, position);
}

/* Gives the shard up (its term ended, or a planned stop). It may be given to somebody else, or
 * again to this worker after a wait. */
static inline void shards_release(struct shards *shards, uint32_t shard)
{
    shards->ops->release(shards, shard);
}
