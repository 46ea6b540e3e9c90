/* cql_murmur3 - sixteen bytes at a time, then the tail.
 *
 * Happy path: a key becomes a token. How it fails: only composing does, when the key has no room.
 */

#include "cql/cql_murmur3.h"

#include <string.h>

#define C1 UINT64_C(0x87c37b91114253d5)
#define C2 UINT64_C(0x4cf5ad432745937f)

static uint64_t rotate(uint64_t number, int bits)
{
    return number << bits | number >> (64 - bits);
}

/* The lowest byte is the first one. */
static uint64_t get_block(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 7; i >= 0; i--) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* Up to eight bytes of the tail; each with its sign, which is what makes the variant. */
static uint64_t get_tail(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number ^= (uint64_t)(int64_t)(int8_t)bytes[i] << (8 * i);
    }
    return number;
}

static uint64_t mix_first(uint64_t k1)
{
    return rotate(k1 * C1, 31) * C2;
}

static uint64_t mix_second(uint64_t k2)
{
    return rotate(k2 * C2, 33) * C1;
}

static uint64_t finish(uint64_t k)
{
    k ^= k >> 33;
    k *= UINT64_C(0xff51afd7ed558ccd);
    k ^= k >> 33;
    k *= UINT64_C(0xc4ceb9fe1a85ec53);
    return k ^ k >> 33;
}

static uint64_t hash(const uint8_t *key, size_t size)
{
    uint64_t h1 = 0;
    uint64_t h2 = 0;
    size_t whole = size / 16 * 16;
    for (size_t i = 0; i < whole; i += 16) {
        h1 ^= mix_first(get_block(key + i));
        h1 = (rotate(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= mix_second(get_block(key + i + 8));
        h2 = (rotate(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    size_t left = size - whole;
    if (left > 8) {
        h2 ^= mix_second(get_tail(key + whole + 8, left - 8));
    }
    if (left > 0) {
        h1 ^= mix_first(get_tail(key + whole, left < 8 ? left : 8));
    }
    h1 ^= size;
    h2 ^= size;
    h1 += h2;
    h2 += h1;
    return finish(h1) + finish(h2);
}

int64_t cql_token(const uint8_t *key, size_t size)
{
    if (size == 0) {
        return CQL_TOKEN_MIN;
    }
    int64_t token = (int64_t)hash(key, size);
    return token == CQL_TOKEN_MIN ? INT64_MAX : token;
}

static bool put(uint8_t *ret_key, size_t capacity, size_t *used, const uint8_t *bytes, size_t size)
{
    if (size > capacity - *used) {
        return false;
    }
    if (size > 0) {
        memcpy(ret_key + *used, bytes, size);
    }
    *used += size;
    return true;
}

bool cql_compose_key(const struct cql_key_part *parts, size_t count, uint8_t *ret_key,
    size_t capacity, size_t *ret_size)
{
    static const uint8_t end = 0;
    *ret_size = 0;
    if (count == 1) {
        return put(ret_key, capacity, ret_size, parts[0].at, parts[0].size);
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t length[2] = {(uint8_t)(parts[i].size >> 8), (uint8_t)parts[i].size};
        if (parts[i].size > UINT16_MAX || !put(ret_key, capacity, ret_size, length, 2) ||
            !put(ret_key, capacity, ret_size, parts[i].at, parts[i].size) ||
            !put(ret_key, capacity, ret_size, &end, 1)) {
            return false;
        }
    }
    return true;
}
