#pragma once

/* cql_murmur3 - tokens of partition keys, as Murmur3Partitioner makes them.
 *
 * The hash is the first half of MurmurHash3 x64 128 with seed 0, in Cassandra's variant: the bytes
 * of the tail are extended with their sign. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the ring begins; no key but the empty one has it. */
#define CQL_TOKEN_MIN INT64_MIN

/* One serialized value of a partition key. */
struct cql_key_part {
    const uint8_t *at;
    size_t size;
};

/* The token of a serialized partition key. */
int64_t cql_token(const uint8_t *key, size_t size);

/* Writes the key that `count` parts make: of one, its bytes; of several, each with its length and a
 * zero byte. Answers its size in `ret_size`; false if it does not fit, or a part of several has
 * more than 65535 bytes. */
bool cql_compose_key(const struct cql_key_part *parts, size_t count, uint8_t *ret_key,
    size_t capacity, size_t *ret_size);
