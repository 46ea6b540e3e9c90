#pragma once

/* fresh - has the store what was durable when a question arrived?
 *
 * A question waits for one shard, or for all. The tail of a shard is read once for all questions
 * that came while no reading was on its way; a question that comes while one is on its way waits
 * for the next, since the first may have been taken before. The common case, a store that has
 * caught up, costs one tail and no look at the store. What is not stored yet is hurried, whichever
 * worker writes it. */

#include "message_inner.h"

#define FRESH_ALL UINT32_MAX

struct fresh;
struct fresh_part;

/* Answers OK, or TIMEOUT if the store did not get there in time. Shard is one, or FRESH_ALL. */
struct fresh_op {
    struct op op;
    uint32_t shard;
    uint32_t left; /* shards that have not got there */
    uint64_t until_ms;
    struct fresh_part *parts; /* one at each shard that it waits for */
    struct fresh_op *next;
};

struct fresh *fresh_create(struct message_service *service);
void fresh_destroy(struct fresh *fresh);

void fresh_wait(struct fresh *fresh, struct asker *asker, struct fresh_op *op, uint32_t shard);

/* Answers OK after about `ms`. */
void fresh_pause(struct fresh *fresh, struct asker *asker, struct fresh_op *op, uint64_t ms);

/* Nobody waits and nothing is asked. */
bool fresh_is_idle(const struct fresh *fresh);

/* A shard of this worker is stored up to `index`. */
void fresh_stored(struct fresh *fresh, uint32_t shard, uint64_t index);
