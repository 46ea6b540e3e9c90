#pragma once

/* answered - commands that were answered and left no entry, so that the same one changes nothing
 * when the bus gives it again.
 *
 * A refusal, and a wish that was true already, leave no trace in the log. A redelivery at its old
 * place is harmless: what changes a room moves its `cause` beyond that place. At a new place, or
 * when a fact outside the room changed meanwhile (a block, a name), it might be accepted after its
 * sender was told otherwise. So each worker remembers the digest of what it answered until a while
 * after the command's deadline, when it is late anyway. A repeat by the client is another command
 * (another ref) and is decided anew.
 *
 * Bounded: beyond ANSWERED_MAX the oldest is forgotten. It does not follow a shard to another
 * worker: that one accepts nothing of an older term (decide.c). */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"

#define ANSWERED_MAX 8192

struct answered_command {
    uint64_t digest; /* 0: taken back */
    uint64_t until_ms;
};

struct answered {
    struct map places; /* digest -> place in the ring */
    struct answered_command *ring;
    uint32_t first, count;
    uint64_t secret[2];
};

void answered_init(struct answered *answered, const uint64_t secret[2]);
void answered_deinit(struct answered *answered);

/* Of the bytes of a command as they came. */
uint64_t answered_digest(const struct answered *answered, const struct buf *command);

/* Until that moment, both by one clock. */
void answered_add(struct answered *answered, uint64_t digest, uint64_t until_ms, uint64_t now_ms);

/* It was never said. */
void answered_take_back(struct answered *answered, uint64_t digest);

bool answered_know(const struct answered *answered, uint64_t digest);

static inline bool answered_any(const struct answered *answered)
{
    return answered->places.count > 0;
}
