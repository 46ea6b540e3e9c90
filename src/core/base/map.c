/* map - open addressing with linear probing and backward-shift removal.
 *
 * Happy path: one hash, a short probe. How it fails: at entries_max a new key is refused; nothing
 * else can go wrong. */

#include "base/map.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define FIRST_CAPACITY 16u

static uint64_t rotate(uint64_t word, int by)
{
    return word << by | word >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", with 1 and 3 rounds. */
uint64_t map_hash(const uint64_t secret[2], const void *bytes, uint64_t size)
{
    uint64_t v[4] = {
        secret[0] ^ 0x736f6d6570736575u,
        secret[1] ^ 0x646f72616e646f6du,
        secret[0] ^ 0x6c7967656e657261u,
        secret[1] ^ 0x7465646279746573u,
    };
    const uint8_t *at = bytes;
    for (uint64_t left = size; left >= 8; left -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        sip_word(v, word);
    }
    uint64_t last = size << 56;
    for (uint64_t i = 0; i < (size & 7); i++) {
        last |= (uint64_t)at[i] << (8 * i);
    }
    sip_word(v, last);
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint32_t hash_of(const struct map *map, struct map_key key)
{
    return (uint32_t)map_hash(map->secret, key.words, sizeof(key.words));
}

void map_init(struct map *map, uint32_t entries_max, const uint64_t secret[2])
{
    CHECK(entries_max <= MAP_NONE / 2);
    *map = (struct map){.entries_max = entries_max, .secret = {secret[0], secret[1]}};
}

void map_deinit(struct map *map)
{
    mem_free(map->entries);
    *map = (struct map){0};
}

/* The key's place, or the empty place where it would be. The table is never full. */
static uint32_t place_of(const struct map *map, struct map_key key, uint32_t hash)
{
    uint32_t mask = map->capacity - 1;
    uint32_t at = hash & mask;
    while (map->entries[at].value != MAP_NONE) {
        const struct map_entry *entry = &map->entries[at];
        if (entry->words[0] == key.words[0] && entry->words[1] == key.words[1]) {
            return at;
        }
        at = (at + 1) & mask;
    }
    return at;
}

static void resize(struct map *map, uint32_t capacity)
{
    struct map_entry *old = map->entries;
    uint32_t old_capacity = map->capacity;
    map->entries = mem_array(capacity, sizeof(*map->entries));
    map->capacity = capacity;
    for (uint32_t i = 0; i < capacity; i++) {
        map->entries[i].value = MAP_NONE;
    }
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].value != MAP_NONE) {
            struct map_key key = {{old[i].words[0], old[i].words[1]}};
            map->entries[place_of(map, key, old[i].hash)] = old[i];
        }
    }
    mem_free(old);
}

uint32_t map_find(const struct map *map, struct map_key key)
{
    if (map->count == 0) {
        return MAP_NONE;
    }
    return map->entries[place_of(map, key, hash_of(map, key))].value;
}

bool map_put(struct map *map, struct map_key key, uint32_t value)
{
    CHECK(value != MAP_NONE);
    uint64_t needed = ((uint64_t)map->count + 1) * 4;
    if (needed > (uint64_t)map->capacity * 3) {
        resize(map, map->capacity ? map->capacity * 2 : FIRST_CAPACITY);
    }
    uint32_t hash = hash_of(map, key);
    uint32_t at = place_of(map, key, hash);
    if (map->entries[at].value == MAP_NONE) {
        if (map->count >= map->entries_max) {
            return false;
        }
        map->count++;
    }
    map->entries[at] = (struct map_entry){{key.words[0], key.words[1]}, value, hash};
    return true;
}

/* Moves what follows back, so that no probe ever meets a hole before its key. */
static void close_gap(struct map *map, uint32_t gap)
{
    uint32_t mask = map->capacity - 1;
    for (uint32_t at = (gap + 1) & mask; map->entries[at].value != MAP_NONE; at = (at + 1) & mask) {
        uint32_t home = map->entries[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            map->entries[gap] = map->entries[at];
            gap = at;
        }
    }
    map->entries[gap].value = MAP_NONE;
}

uint32_t map_remove(struct map *map, struct map_key key)
{
    if (map->count == 0) {
        return MAP_NONE;
    }
    uint32_t at = place_of(map, key, hash_of(map, key));
    uint32_t value = map->entries[at].value;
    if (value != MAP_NONE) {
        close_gap(map, at);
        map->count--;
    }
    return value;
}
