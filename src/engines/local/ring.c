/* ring - head and tail, each written by one side.
 *
 * Happy path: put releases head, take acquires it. How it fails: full is false, empty is false. */

#include "local/ring.h"

#include "base/check.h"
#include "base/mem.h"

void ring_init(struct ring *ring, uint32_t capacity)
{
    CHECK(capacity > 0);
    CHECK(capacity <= 1u << 24);
    uint32_t rounded = 1;
    while (rounded < capacity) {
        rounded *= 2;
    }
    ring->items = mem_array(rounded, sizeof(*ring->items));
    ring->capacity = rounded;
    ring->tail_seen = 0;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
}

void ring_deinit(struct ring *ring)
{
    struct ring_item item;
    while (ring->items && ring_take(ring, &item)) {
        buf_unref(item.buf);
    }
    mem_free(ring->items);
    ring->items = NULL;
}

bool ring_put(struct ring *ring, struct ring_item item)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - ring->tail_seen == ring->capacity) {
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head - ring->tail_seen == ring->capacity) {
            return false;
        }
    }
    ring->items[head & (ring->capacity - 1)] = item;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

bool ring_take(struct ring *ring, struct ring_item *ret_item)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&ring->head, memory_order_acquire)) {
        return false;
    }
    *ret_item = ring->items[tail & (ring->capacity - 1)];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}
