#pragma once

/* base64url - RFC 4648, section 5, without padding; strict, so that one value has one text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"

/* Characters for `size` bytes. */
static inline size_t base64url_size(size_t size)
{
    return size / 3 * 4 + (size % 3 ? size % 3 + 1 : 0);
}

/* Writes base64url_size(size) characters, no NUL; answers how many. */
size_t base64url_write(const void *bytes, size_t size, char *ret_text);

/* False for any character outside the alphabet (padding and white space too), for bits that say
 * nothing but are not zero, and for more than `capacity` bytes. */
bool base64url_read(struct cht_str text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size);
