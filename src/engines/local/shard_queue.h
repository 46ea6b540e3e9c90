#pragma once

/* shard_queue - the commands of one shard that are not done yet, in order, and the last ones that
 * are.
 *
 * A command gets its place when it arrives; it is given to the owner, perhaps again, until it is
 * done. Done commands are kept while older ones are not done, and the newest SHARD_QUEUE_DONE_MAX
 * for the chaos switch. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define SHARD_QUEUE_DONE_MAX 32

struct shard_command {
    struct buf *command; /* NULL once done */
};

struct shard_queue {
    struct shard_command *items; /* a ring of `capacity`, a power of two */
    uint32_t capacity;
    uint64_t first;   /* place of the oldest that is kept */
    uint64_t next;    /* place that the next command gets */
    uint64_t waiting; /* not done */
    uint64_t given;   /* all below it were given to the present owner */
    bool owned;
    bool given_up;                          /* by an owner, and none has done anything since */
    struct buf *done[SHARD_QUEUE_DONE_MAX]; /* only with chaos */
    uint32_t done_count;
};

/* Takes the reference. Places begin at 1. */
void shard_queue_add(struct shard_queue *queue, struct buf *command_take);

/* The command at a place, NULL if it is done. */
struct buf *shard_queue_at(const struct shard_queue *queue, uint64_t place);

/* False: it had been done. `keep`: remember it among the done ones. */
bool shard_queue_done(struct shard_queue *queue, uint64_t place, bool keep);

static inline uint64_t shard_queue_waiting(const struct shard_queue *queue)
{
    return queue->waiting;
}

void shard_queue_deinit(struct shard_queue *queue);
