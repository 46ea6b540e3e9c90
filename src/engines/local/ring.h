#pragma once

/* ring - a bounded queue from one thread to one other, without locks.
 *
 * One producer, one consumer. A full ring refuses: what that means is the caller's (a command is
 * not sent, a mail is dropped). */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct ring_item {
    struct buf *buf; /* one reference travels with it */
    uint64_t about;  /* the shard of a command; unused otherwise */
};

struct ring {
    struct ring_item *items;
    uint32_t capacity;                   /* a power of two */
    _Alignas(64) _Atomic(uint32_t) head; /* written by the producer */
    uint32_t tail_seen;                  /* the producer's last view of tail */
    _Alignas(64) _Atomic(uint32_t) tail; /* written by the consumer */
};

/* `capacity` is rounded up to a power of two. */
void ring_init(struct ring *ring, uint32_t capacity);

/* Gives back what is still inside. */
void ring_deinit(struct ring *ring);

/* Producer. False: full. */
bool ring_put(struct ring *ring, struct ring_item item);

/* Consumer. False: empty. */
bool ring_take(struct ring *ring, struct ring_item *ret_item);
