#pragma once

/* refusals - commands that were refused, so that the same one is not accepted when the bus gives it
 * again.
 *
 * A refusal leaves no trace in the log. A redelivery at its old place is harmless: what changes a
 * room moves its `cause` beyond that place. At a new place, or when a fact outside the room changed
 * meanwhile (a block, a name), it might be accepted after its sender was told no. So each worker
 * remembers the digest of what it refused until the command's deadline, after which it is dropped
 * as late anyway. A repeat by the client is another command (another ref) and is decided anew.
 *
 * Bounded: beyond REFUSALS_MAX the oldest is forgotten. It does not follow a shard to another
 * worker. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"

#define REFUSALS_MAX 8192

struct refusal {
    uint64_t digest; /* 0: taken back */
    uint64_t until_ms;
};

struct refusals {
    struct map places; /* digest -> place in the ring */
    struct refusal *ring;
    uint32_t first, count;
    uint64_t secret[2];
};

void refusals_init(struct refusals *refusals, const uint64_t secret[2]);
void refusals_deinit(struct refusals *refusals);

/* Of the bytes of a command as they came. */
uint64_t refusals_digest(const struct refusals *refusals, const struct buf *command);

/* Until that moment of the owner's clock. */
void refusals_add(struct refusals *refusals, uint64_t digest, uint64_t until_ms, uint64_t now_ms);

/* It was never said. */
void refusals_take_back(struct refusals *refusals, uint64_t digest);

bool refusals_know(const struct refusals *refusals, uint64_t digest);

static inline bool refusals_any(const struct refusals *refusals)
{
    return refusals->places.count > 0;
}
