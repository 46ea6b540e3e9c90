#pragma once

/* sized - bytes for the tests of codecs, from hexadecimal text. Each lies in memory of exactly its
 * size, so that a sanitizer sees who reads beyond it. */

#include "test.h"

struct sized {
    uint8_t *at;
    size_t size;
};

/* Blanks are passed over. Free with sized_free. */
struct sized sized_from_hex(const char *hex);
struct sized sized_copy(const void *bytes, size_t size);
void sized_free(struct sized bytes);

/* Fails the test unless the bytes are those of `hex`. */
void assert_hex(const uint8_t *bytes, size_t size, const char *hex);
