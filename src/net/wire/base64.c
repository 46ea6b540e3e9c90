/* base64 - bytes as text.
 *
 * Happy path: three bytes become four characters. It does not fail. */

#include "wire/base64.h"

#include <string.h>

#include "wire/chars.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const uint8_t *bytes, size_t size, char *ret_text)
{
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < size ? (uint32_t)bytes[i + 2] : 0;
        *ret_text++ = alphabet[group >> 18];
        *ret_text++ = alphabet[group >> 12 & 63];
        *ret_text++ = i + 1 < size ? alphabet[group >> 6 & 63] : '=';
        *ret_text++ = i + 2 < size ? alphabet[group & 63] : '=';
    }
}

bool base64_is(struct cht_str text, size_t size)
{
    size_t padding = (3 - size % 3) % 3;
    if (text.size != BASE64_SIZE(size)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        bool fine = i < text.size - padding ? char_is((uint8_t)text.at[i], CHAR_BASE64) != 0
                                            : text.at[i] == '=';
        if (!fine) {
            return false;
        }
    }
    if (padding == 0) {
        return true;
    }
    const char *last = strchr(alphabet, text.at[text.size - padding - 1]);
    return ((uint32_t)(last - alphabet) & (padding == 1 ? 3u : 15u)) == 0;
}
