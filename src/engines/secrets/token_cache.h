#pragma once

/* token_cache - tokens that were verified, by SHA-256, until they end. Of one worker. That a token
 * is not here says nothing: it has more than one text (jwt.h).
 *
 * A table of fixed size: a new token takes the place that its digest names, whoever was there is
 * verified again at the next use. */

#include "ports/secrets.h"

#define TOKEN_CACHE_ROWS 8192 /* a power of two */

struct token_cache_row {
    uint8_t digest[32];
    struct identity identity;
    uint64_t generation; /* of the keys when it was verified */
};

struct token_cache {
    uint16_t *places; /* by digest */
    struct token_cache_row *rows;
    uint16_t used;
};

void token_cache_init(struct token_cache *cache);
void token_cache_deinit(struct token_cache *cache);

/* False if it is not there or was verified under other keys. Whether it is over is for the caller
 * to see. */
bool token_cache_find(const struct token_cache *cache, const uint8_t digest[32],
    uint64_t generation, struct identity *ret_identity);
void token_cache_put(struct token_cache *cache, const uint8_t digest[32], uint64_t generation,
    const struct identity *identity);
