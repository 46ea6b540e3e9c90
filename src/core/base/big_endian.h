#pragma once

/* big_endian - numbers as bytes, the highest first: so they have the order of the numbers. */

#include <stddef.h>
#include <stdint.h>

/* The lowest `size` bytes of the number; at most 8. */
static inline void big_endian_put_sized(uint8_t *ret_bytes, uint64_t number, size_t size)
{
    for (size_t i = size; i > 0; i--, number >>= 8) {
        ret_bytes[i - 1] = (uint8_t)number;
    }
}

static inline uint64_t big_endian_get_sized(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static inline void big_endian_put(uint8_t ret_bytes[8], uint64_t number)
{
    big_endian_put_sized(ret_bytes, number, 8);
}

static inline uint64_t big_endian_get(const uint8_t bytes[8])
{
    return big_endian_get_sized(bytes, 8);
}
