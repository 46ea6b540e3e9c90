/* sized - bytes from hexadecimal text.
 *
 * Happy path: two digits a byte. How it fails: anything else fails the test. */

#include "sized.h"

#include <stdlib.h>
#include <string.h>

static unsigned digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, c);
    assert_non_null(found);
    return (unsigned)(found - digits);
}

struct sized sized_copy(const void *bytes, size_t size)
{
    struct sized copy = {malloc(size ? size : 1), size};
    assert_non_null(copy.at);
    if (size > 0) {
        memcpy(copy.at, bytes, size);
    }
    return copy;
}

struct sized sized_from_hex(const char *hex)
{
    uint8_t *bytes = malloc(strlen(hex) / 2 + 1);
    assert_non_null(bytes);
    size_t size = 0;
    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        bytes[size] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
        size++;
        hex += 2;
    }
    struct sized exact = sized_copy(bytes, size);
    free(bytes);
    return exact;
}

void sized_free(struct sized bytes)
{
    free(bytes.at);
}

void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    struct sized wanted = sized_from_hex(hex);
    assert_int_equal(size, wanted.size);
    assert_memory_equal(bytes, wanted.at, size);
    sized_free(wanted);
}
