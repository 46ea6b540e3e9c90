#pragma once

/* heap - one heap a node, behind base/mem.h.
 *
 * Linked instead of base/mem.c. Every block belongs to the heap that was in use when it was made,
 * whoever frees it. A crash drops the whole heap of a node: what anybody else still holds of it is
 * found by the address sanitizer at its next use. What is not zeroed is filled, so that nobody
 * reads luck. Heap 0 is the world's own: it outlives all. */

#include <stdint.h>

#define HEAP_WORLD 0u
#define HEAPS_MAX 32u

/* From here on blocks belong to `heap`; answers the one that was in use. */
uint32_t heap_use(uint32_t heap);

/* Frees every block of it. */
void heap_drop(uint32_t heap);

/* Blocks that are not freed. */
uint64_t heap_blocks(uint32_t heap);

/* Bytes of all of them. */
uint64_t heap_bytes(uint32_t heap);
