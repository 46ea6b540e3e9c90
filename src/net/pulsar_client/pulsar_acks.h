#pragma once

/* pulsar_acks - acknowledgements on their way to the broker: gathered, and written as few commands.
 * For the files of this library.
 *
 * Of a batch the broker is told when all its messages are acknowledged: until then their bits are
 * here, for at most PULSAR_ACKED_BATCHES_MAX batches; those of one more are forgotten, and the
 * batch comes again. So do batches that were half done when a place was lost. */

#include "base/map.h"
#include "pulsar/pulsar_frame.h"
#include "pulsar_client/pulsar_position.h"

#define PULSAR_ACKED_BATCHES_MAX 16384u
#define PULSAR_ACKS_A_COMMAND 64u

struct pulsar_acked_batch {
    uint64_t ledger, entry;
    uint32_t left; /* messages without an acknowledgement */
    uint32_t words;
    uint64_t *bits; /* of them; NULL: the slot is free */
};

struct pulsar_acks {
    uint64_t (*entries)[2]; /* ledger, entry: whole ones to be acknowledged */
    uint32_t count, capacity;
    bool has_until;
    struct pulsar_position until; /* cumulative */
    struct map batches;           /* ledger and entry -> slot */
    struct pulsar_acked_batch *slots;
    uint32_t slot_count, slot_free;
};

/* At most `acks_max` are gathered. */
void pulsar_acks_init(struct pulsar_acks *acks, uint32_t acks_max, const uint64_t secret[2]);
void pulsar_acks_deinit(struct pulsar_acks *acks);

/* What a redelivered batch has left, as the broker says. */
void pulsar_acks_know(struct pulsar_acks *acks, const struct pulsar_position *first,
    const uint64_t *unacked, uint32_t words);

/* True: it is full, and is to be flushed; if that can not be, the next ones are forgotten. */
bool pulsar_acks_add(struct pulsar_acks *acks, const struct pulsar_position *position);
void pulsar_acks_add_until(struct pulsar_acks *acks, const struct pulsar_position *position);

static inline bool pulsar_acks_are_there(const struct pulsar_acks *acks)
{
    return acks->count > 0 || acks->has_until;
}

/* Writes the next command and forgets what it tells. False: there is none, or no room. */
bool pulsar_acks_write(
    struct pulsar_acks *acks, uint64_t consumer_id, struct pulsar_writer *writer);

/* The position was moved: what is here would undo that. */
void pulsar_acks_clear(struct pulsar_acks *acks);

/* Half-done batches are forgotten: they come again as the broker knows them. */
void pulsar_acks_forget_batches(struct pulsar_acks *acks);
