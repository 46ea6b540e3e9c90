/* token_cache - a fixed table of verified tokens.
 *
 * Happy path: the first bytes of the digest name a place, the place a row. Rows are taken in order,
 * so the memory of rows that no token needed yet is never touched. How it fails: it forgets. Only
 * verified tokens come in, so strangers can not push anybody out. */

#include "secrets/token_cache.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

_Static_assert(TOKEN_CACHE_ROWS < UINT16_MAX, "0 is no row");

/* The row that a digest names, plus one; 0: none yet. */
static uint16_t *place_of(const struct token_cache *cache, const uint8_t digest[32])
{
    uint32_t number;
    memcpy(&number, digest, sizeof(number));
    return &cache->places[number % TOKEN_CACHE_ROWS];
}

void token_cache_init(struct token_cache *cache)
{
    *cache = (struct token_cache){
        .places = mem_array(TOKEN_CACHE_ROWS, sizeof(*cache->places)),
        .rows = mem_array(TOKEN_CACHE_ROWS, sizeof(*cache->rows)),
    };
}

void token_cache_deinit(struct token_cache *cache)
{
    mem_free(cache->places);
    mem_free(cache->rows);
}

bool token_cache_find(const struct token_cache *cache, const uint8_t digest[32],
    uint64_t generation, struct identity *ret_identity)
{
    uint16_t place = *place_of(cache, digest);
    const struct token_cache_row *row = place ? &cache->rows[place - 1] : NULL;
    if (!row || row->generation != generation ||
        memcmp(row->digest, digest, sizeof(row->digest)) != 0) {
        return false;
    }
    *ret_identity = row->identity;
    return true;
}

void token_cache_put(struct token_cache *cache, const uint8_t digest[32], uint64_t generation,
    const struct identity *identity)
{
    uint16_t *place = place_of(cache, digest);
    if (*place == 0) {
        CHECK(cache->used < TOKEN_CACHE_ROWS);
        *place = ++cache->used;
    }
    struct token_cache_row *row = &cache->rows[*place - 1];
    memcpy(row->digest, digest, sizeof(row->digest));
    row->identity = *identity;
    row->generation = generation;
}
