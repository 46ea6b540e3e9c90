#pragma once

/* sha1 - for name-based UUIDs only, where it is prescribed; never for anything that must resist an
 * attacker. */

#include <stddef.h>
#include <stdint.h>

#define CHT_SHA1_BYTES 20

struct cht_sha1 {
    uint32_t state[5];
    uint64_t size;
    uint8_t block[64];
};

void cht_sha1_init(struct cht_sha1 *sha1);
void cht_sha1_add(struct cht_sha1 *sha1, const void *bytes, size_t size);

/* Writes CHT_SHA1_BYTES; the hash is used up. */
void cht_sha1_end(struct cht_sha1 *sha1, uint8_t *ret_digest);
