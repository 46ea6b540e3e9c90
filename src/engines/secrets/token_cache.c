/* token_cache - a fixed table of verified tokens.
 *
 * Happy path: one row is looked at, by the first bytes of the digest. How it fails: it forgets.
 * Only verified tokens come in, so strangers can not push anybody out. */

#include "secrets/token_cache.h"

#include <string.h>

#include "base/mem.h"

static struct token_cache_row *row_of(const struct token_cache *cache, const uint8_t digest[32])
{
    uint32_t number;
    memcpy(&number, digest, sizeof(number));
    return &cache->rows[number % TOKEN_CACHE_ROWS];
}

void token_cache_init(struct token_cache *cache)
{
    cache->rows = mem_array(TOKEN_CACHE_ROWS, sizeof(*cache->rows));
}

void token_cache_deinit(struct token_cache *cache)
{
    mem_free(cache->rows);
}

bool token_cache_find(const struct token_cache *cache, const uint8_t digest[32],
    uint64_t generation, struct identity *ret_identity)
{
    const struct token_cache_row *row = row_of(cache, digest);
    if (row->identity.expires_at == 0 || row->generation != generation ||
        memcmp(row->digest, digest, sizeof(row->digest)) != 0) {
        return false;
    }
    *ret_identity = row->identity;
    return true;
}

void token_cache_put(struct token_cache *cache, const uint8_t digest[32], uint64_t generation,
    const struct identity *identity)
{
    struct token_cache_row *row = row_of(cache, digest);
    memcpy(row->digest, digest, sizeof(row->digest));
    row->identity = *identity;
    row->generation = generation;
}
