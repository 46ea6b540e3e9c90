#pragma once

/* arena - memory that is given up as a whole.
 *
 * Bump allocation out of chunks; what is taken stays where it is until arena_reset or arena_deinit.
 * For the results of ops and the locals of flows. A zeroed arena is ready. Not thread-safe; may be
 * handed to another thread and back. */

#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used;                /* in the newest */
    size_t total;               /* bytes of all chunks */
};

/* Zeroed, aligned to 16. Never NULL. */
void *arena_take(struct arena *arena, size_t size);

/* The same with whatever is there: for what is written before it is read. */
void *arena_take_raw(struct arena *arena, size_t size);

/* Of what was taken last only the first `size` bytes stay; the rest is taken again. */
void arena_shorten(struct arena *arena, const void *last, size_t size);

void *arena_array(struct arena *arena, size_t count, size_t size);

/* A place more at the end of an array of `count` items that only this has grown: the same array, or
 * a larger one with the same items. NULL and 0 begin one. */
void *arena_grown(struct arena *arena, void *old, uint32_t count, size_t size);
void *arena_copy(struct arena *arena, const void *bytes, size_t size);
struct cht_str arena_str(struct arena *arena, struct cht_str text);

/* Everything taken is gone; one chunk is kept for the next use, if it is at most 16 KiB. */
void arena_reset(struct arena *arena);
void arena_deinit(struct arena *arena);
