/* shard - which shard a room lives in.
 *
 * Happy path: murmur3 of the id, modulo the shards. How it fails: it cannot; no shards at all count
 * as one. */

#include "chattifier/events.h"

static uint32_t rotated(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint32_t murmur3_of_id(const struct cht_id *id)
{
    uint32_t hash = 0;
    for (unsigned i = 0; i < sizeof(id->bytes); i += 4) {
        hash ^= rotated(word_at(id->bytes + i) * 0xcc9e2d51u, 15) * 0x1b873593u;
        hash = rotated(hash, 13) * 5 + 0xe6546b64u;
    }
    hash ^= (uint32_t)sizeof(id->bytes);
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

uint32_t cht_shard_of_room(const struct cht_id *room, uint32_t shards)
{
    return shards == 0 ? 0 : murmur3_of_id(room) % shards;
}
