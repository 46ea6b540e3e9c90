#pragma once

/* map - from a 16-byte id or a 64-bit number to a 32-bit number (a slot, usually).
 *
 * Open addressing with a secret SipHash key, so that nobody outside can choose colliding keys; at
 * most three quarters full, grows by doubling, never beyond `entries_max` (map_put then answers
 * false). Iteration is by slot of the map and its order says nothing: whoever needs an order keeps
 * a list of their own. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"

#define MAP_NONE UINT32_MAX

struct map_key {
    uint64_t words[2];
};

struct map_entry {
    uint64_t words[2];
    uint32_t value; /* MAP_NONE: empty */
    uint32_t hash;
};

struct map {
    struct map_entry *entries;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t count;
    uint32_t entries_max;
    uint64_t secret[2];
};

/* `secret`: 16 random bytes (random_fill). */
void map_init(struct map *map, uint32_t entries_max, const uint64_t secret[2]);
void map_deinit(struct map *map);

static inline struct map_key map_key_id(const struct cht_id *id)
{
    struct map_key key;
    __builtin_memcpy(key.words, id->bytes, sizeof(key.words));
    return key;
}

static inline struct map_key map_key_u64(uint64_t number)
{
    return (struct map_key){{number, 0}};
}

/* The value, or MAP_NONE. */
uint32_t map_find(const struct map *map, struct map_key key);

/* Adds or replaces; `value` is not MAP_NONE. False: entries_max is reached and the key is new. */
bool map_put(struct map *map, struct map_key key, uint32_t value);

/* The value that it had, or MAP_NONE. */
uint32_t map_remove(struct map *map, struct map_key key);

/* SipHash-1-3 of `size` bytes, for tables of other shapes. */
uint64_t map_hash(const uint64_t secret[2], const void *bytes, uint64_t size);
