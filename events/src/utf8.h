#pragma once

/* utf8 - words of eight bytes, and the bytes of one code point. */

#include <stddef.h>
#include <stdint.h>

#define CHT_EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight bytes from any address, the first one the lowest, on any machine. */
static inline uint64_t cht_eight(const void *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The high bit of each ASCII byte that JSON does not take as it is: control characters, quote,
 * backslash. Exact up to the first such byte; the other bits mean nothing, nor do those of bytes
 * that are not ASCII. */
static inline uint64_t cht_special_ascii(uint64_t word)
{
    uint64_t quote = word ^ CHT_EACH_BYTE('"');
    uint64_t slash = word ^ CHT_EACH_BYTE('\\');
    return (word - CHT_EACH_BYTE(0x20)) | (quote - CHT_EACH_BYTE(1)) | (slash - CHT_EACH_BYTE(1));
}

/* How many bytes come before the first one whose high bit is set in `marks`, which is not 0. */
static inline unsigned cht_bytes_before(uint64_t marks)
{
    return (unsigned)__builtin_ctzll(marks) / 8;
}

/* Writes `point` (no surrogate, at most 0x10ffff) and answers the size. */
unsigned cht_utf8_put(uint32_t point, uint8_t *ret_bytes);
