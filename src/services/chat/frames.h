#pragma once

/* frames - the newest deliveries of a room, as they may be said again.
 *
 * A ring without a gap: one frame per seq, up to the newest that was said. It grows with use up to
 * a bound that the caller names, the same in every call. Beside the bytes each frame keeps what is
 * needed to make it anew without its text. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct frame {
    struct buf *delivery;
    uint64_t seq, n, prev, ts;
    uint64_t target; /* of an edit, a delete or a reaction; else 0 */
    uint8_t kind;    /* enum cht_entry_kind */
    bool on;         /* of a reaction */
};

struct frames {
    struct frame *ring;
    uint32_t capacity, count;
    uint64_t newest; /* seq */
    uint64_t bytes;  /* of all deliveries */
};

/* A zeroed one is ready, and is empty again after this. */
void frames_deinit(struct frames *frames);

/* The one that follows the newest; takes a reference of its own. The oldest goes when there are
 * `most`. */
void frames_add(struct frames *frames, const struct frame *frame, uint32_t most);

/* NULL: it is older than all that are kept, or newer. */
const struct frame *frames_at(const struct frames *frames, uint64_t seq);

/* Seq of the oldest that is kept; one more than the newest if none is. */
static inline uint64_t frames_oldest(const struct frames *frames)
{
    return frames->newest + 1 - frames->count;
}

/* The frame of `seq`, which is kept, has other bytes from here on. */
void frames_replace(struct frames *frames, uint64_t seq, struct buf *delivery_take);
