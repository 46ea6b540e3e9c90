#pragma once

/* big_endian - numbers as bytes, the highest first: so they have the order of the numbers. */

#include <stdint.h>

static inline void big_endian_put(uint8_t ret_bytes[8], uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8) {
        ret_bytes[i] = (uint8_t)number;
    }
}

static inline uint64_t big_endian_get(const uint8_t bytes[8])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}
