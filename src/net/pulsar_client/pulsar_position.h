#pragma once

/* pulsar_position - where a message is in its topic, as a value to keep.
 *
 * A topic is a row of ledgers, a ledger a row of entries, an entry one message or a batch of them.
 * Positions of one topic are ordered (pulsar_position_compare). */

#include <stdbool.h>
#include <stdint.h>

#include "pulsar/pulsar_words.h"

struct pulsar_position {
    uint64_t ledger, entry;
    int32_t batch_index; /* in its batch, from 0; -1: it is in none */
    int32_t batch_size;  /* of the batch; 0: it is in none */
};

/* Before the first message of a topic. */
static inline struct pulsar_position pulsar_position_earliest(void)
{
    return (struct pulsar_position){PULSAR_POSITION_NONE, PULSAR_POSITION_NONE, -1, 0};
}

/* Behind the last one. */
static inline struct pulsar_position pulsar_position_latest(void)
{
    return (struct pulsar_position){PULSAR_POSITION_END, PULSAR_POSITION_END, -1, 0};
}

static inline bool pulsar_position_is_earliest(const struct pulsar_position *position)
{
    return position->ledger == PULSAR_POSITION_NONE;
}

static inline int pulsar_position_order(uint64_t one, uint64_t other)
{
    return one < other ? -1 : one > other ? 1 : 0;
}

/* < 0: `one` comes first. The earliest is before all; a whole entry is before its first message. */
static inline int pulsar_position_compare(
    const struct pulsar_position *one, const struct pulsar_position *other)
{
    /* One more, and the largest number, which stands for "before all", is 0. */
    int order = pulsar_position_order(one->ledger + 1, other->ledger + 1);
    order = order ? order : pulsar_position_order(one->entry + 1, other->entry + 1);
    return order ? order
                 : pulsar_position_order(
                       (uint32_t)one->batch_index + 1, (uint32_t)other->batch_index + 1);
}
