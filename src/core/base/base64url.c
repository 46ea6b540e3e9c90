/* base64url - bytes as text and back.
 *
 * Happy path: four characters are three bytes. How it fails: reading answers false; nothing is
 * repaired. */

#include "base/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_write(const void *bytes, size_t size, char *ret_text)
{
    const uint8_t *from = bytes;
    uint32_t bits = 0;
    unsigned held = 0;
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8 | from[i]) & 0xffffu;
        held += 8;
        while (held >= 6) {
            held -= 6;
            ret_text[used++] = alphabet[bits >> held & 63];
        }
    }
    if (held > 0) {
        ret_text[used++] = alphabet[bits << (6 - held) & 63];
    }
    return used;
}

static int value_of(char at)
{
    if (at >= 'A' && at <= 'Z') {
        return at - 'A';
    }
    if (at >= 'a' && at <= 'z') {
        return at - 'a' + 26;
    }
    if (at >= '0' && at <= '9') {
        return at - '0' + 52;
    }
    return at == '-' ? 62 : at == '_' ? 63 : -1;
}

bool base64url_read(struct cht_str text, uint8_t *ret_bytes, size_t capacity, size_t *ret_size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t used = 0;
    if (text.size % 4 == 1) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        int value = value_of(text.at[i]);
        if (value < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xffffu;
        held += 6;
        if (held >= 8) {
            if (used == capacity) {
                return false;
            }
            held -= 8;
            ret_bytes[used++] = (uint8_t)(bits >> held);
        }
    }
    *ret_size = used;
    return (bits & ((1u << held) - 1)) == 0;
}
