/* pulsar_partition - the hash of a key, and its partition.
 *
 * Happy path: four bytes at a time, then what is left of them, then all bits are mixed. How it
 * fails: it can not. */

#include "pulsar/pulsar_partition.h"

#include "base/check.h"

static uint32_t rotate(uint32_t number, unsigned bits)
{
    return number << bits | number >> (32 - bits);
}

/* Up to four bytes, the first of them lowest. */
static uint32_t little_endian(const uint8_t *bytes, size_t size)
{
    uint32_t number = 0;
    for (size_t i = size; i > 0; i--) {
        number = number << 8 | bytes[i - 1];
    }
    return number;
}

static uint32_t scramble(uint32_t block)
{
    return rotate(block * 0xcc9e2d51u, 15) * 0x1b873593u;
}

static uint32_t mix(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

uint32_t pulsar_key_hash(const void *key, size_t size)
{
    const uint8_t *at = key;
    size_t left = size;
    uint32_t hash = 0;
    for (; left >= 4; left -= 4, at += 4) {
        hash = rotate(hash ^ scramble(little_endian(at, 4)), 13) * 5 + 0xe6546b64u;
    }
    hash ^= scramble(little_endian(at, left));
    return mix(hash ^ (uint32_t)size) & INT32_MAX;
}

uint32_t pulsar_partition(const void *key, size_t size, uint32_t partitions)
{
    CHECK(partitions > 0);
    return pulsar_key_hash(key, size) % partitions;
}
