#pragma once

/* spare - freed blocks of one size, kept for whoever wants one next.
 *
 * For what is taken and given back once per message: a list of at most SPARE_BLOCKS_MAX saves the
 * way through the heap. A zeroed struct is ready; not thread-safe. It belongs to what uses it,
 * never to a thread: a simulated node that dies takes its memory along. Under the address sanitizer
 * nothing is kept, so that a use after the end is found there. */

#include <stddef.h>
#include <stdint.h>

#define SPARE_BLOCKS_MAX 256u

struct spare {
    void *first; /* a kept block begins with the address of the next */
    uint32_t count;
};

/* `size` bytes, the same in every call and at least a pointer's, with whatever is there. Never
 * NULL. */
void *spare_take(struct spare *spare, size_t size);

/* A block of spare_take; or of mem.h, if it has that size. */
void spare_give(struct spare *spare, void *block);

/* Frees what is kept. */
void spare_deinit(struct spare *spare);
