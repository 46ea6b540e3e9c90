#pragma once

/* base64 - the plain alphabet with padding (RFC 4648, section 4). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"

#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4)

/* Writes BASE64_SIZE(size) characters, no NUL. */
void base64_write(const uint8_t *bytes, size_t size, char *ret_text);

/* True if `text` is the one encoding of `size` bytes: right length, padding, no stray bits. */
bool base64_is(struct cht_str text, size_t size);
