#pragma once

/* pulsar_partition - which partition of a topic a key belongs to: Murmur3 of 32 bits, as the
 * official clients have it under the name Murmur3_32Hash. All who publish to a topic have to choose
 * in the same way, or the order of a key is lost; the default of most clients is another one. */

#include <stddef.h>
#include <stdint.h>

/* 0 to INT32_MAX. */
uint32_t pulsar_key_hash(const void *key, size_t size);

/* 0 to `partitions` - 1. */
uint32_t pulsar_partition(const void *key, size_t size, uint32_t partitions);
