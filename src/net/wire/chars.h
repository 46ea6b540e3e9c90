#pragma once

/* chars - classes of characters of RFC 9110 and RFC 3986, as one table. */

#include <stdint.h>

#define CHAR_TOKEN 1u  /* tchar */
#define CHAR_VALUE 2u  /* of a field value, without blanks at its ends */
#define CHAR_TARGET 4u /* of a request target */
#define CHAR_HOST 8u   /* of a registered name or an IPv4 address */
#define CHAR_DIGIT 16u
#define CHAR_BASE64 32u

extern const uint8_t char_classes[256];

static inline uint32_t char_is(uint8_t c, uint32_t classes)
{
    return char_classes[c] & classes;
}

/* Value of a hexadecimal digit, or -1. */
static inline int char_hex(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline uint8_t char_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
