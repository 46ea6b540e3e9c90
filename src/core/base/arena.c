/* arena - chunks of memory, given up together.
 *
 * Happy path: the newest chunk has room. Else a new one, twice as large up to a bound. A reset
 * keeps the newest, unless it is large: who needs that much once in a while should not hold it
 * meanwhile. How it fails: it does not (mem.h). */

#include "base/arena.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define FIRST_CHUNK_BYTES 1024u
#define GROWN_FIRST 8u /* a power of two */
#define CHUNK_BYTES_MAX (256u << 10)
#define KEPT_BYTES_MAX (16u << 10)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    _Alignas(16) uint8_t bytes[];
};

static void add_chunk(struct arena *arena, size_t size)
{
    size_t wanted = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK_BYTES;
    if (wanted > CHUNK_BYTES_MAX) {
        wanted = CHUNK_BYTES_MAX;
    }
    if (wanted < size) {
        wanted = size;
    }
    struct arena_chunk *chunk = mem_resize(NULL, sizeof(*chunk) + wanted);
    chunk->next = arena->chunks;
    chunk->size = wanted;
    arena->chunks = chunk;
    arena->used = 0;
    arena->total += wanted;
}

static size_t rounded_up(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

void *arena_take_raw(struct arena *arena, size_t size)
{
    CHECK(size <= SIZE_MAX / 2);
    size_t rounded = rounded_up(size);
    if (!arena->chunks || arena->chunks->size - arena->used < rounded) {
        add_chunk(arena, rounded);
    }
    void *taken = arena->chunks->bytes + arena->used;
    arena->used += rounded;
    return taken;
}

void arena_shorten(struct arena *arena, const void *last, size_t size)
{
    CHECK(arena->chunks != NULL);
    const uint8_t *end = (const uint8_t *)last + rounded_up(size);
    CHECK((const uint8_t *)last >= arena->chunks->bytes);
    CHECK(end <= arena->chunks->bytes + arena->used);
    arena->used = (size_t)(end - arena->chunks->bytes);
}

void *arena_take(struct arena *arena, size_t size)
{
    void *taken = arena_take_raw(arena, size);
    if (size) {
        memset(taken, 0, size);
    }
    return taken;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    CHECK(size == 0 || count <= SIZE_MAX / 2 / size);
    return arena_take(arena, count * size);
}

void *arena_grown(struct arena *arena, void *old, uint32_t count, size_t size)
{
    bool full = count == 0 || (count >= GROWN_FIRST && (count & (count - 1)) == 0);
    if (!full) {
        return old;
    }
    void *array = arena_array(arena, count ? (size_t)count * 2 : GROWN_FIRST, size);
    if (count) {
        memcpy(array, old, count * size);
    }
    return array;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_take_raw(arena, size);
    if (size) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

struct cht_str arena_str(struct arena *arena, struct cht_str text)
{
    if (text.size == 0) {
        return (struct cht_str){0};
    }
    return (struct cht_str){arena_copy(arena, text.at, text.size), text.size};
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
}

void arena_deinit(struct arena *arena)
{
    free_chunks(arena->chunks);
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunks;
    if (!kept || kept->size > KEPT_BYTES_MAX) {
        arena_deinit(arena);
        return;
    }
    free_chunks(kept->next);
    kept->next = NULL;
    arena->used = 0;
    arena->total = kept->size;
}
