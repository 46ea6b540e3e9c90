/* utf8 - valid UTF-8 as of Unicode (no overlong forms, no surrogates, nothing past U+10FFFF).
 *
 * Happy path: ASCII passes in words, the rest byte by byte. How it fails: the state
 * becomes CHT_UTF8_BAD.
 *
 * The state is how many bytes of a code point are missing (bits 0-7) and which range the next one
 * must be in (bits 8-15 its first, 16-23 its last). */

#include "utf8.h"

#include "chattifier/events.h"

#define STATE(missing, first, last)                                                                \
    ((uint32_t)(missing) | (uint32_t)(first) << 8 | (uint32_t)(last) << 16)

static uint32_t state_after_lead(uint8_t byte)
{
    if (byte < 0x80) {
        return 0;
    }
    if (byte < 0xc2) {
        return CHT_UTF8_BAD;
    }
    if (byte < 0xe0) {
        return STATE(1, 0x80, 0xbf);
    }
    if (byte < 0xf0) {
        return STATE(2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
    }
    if (byte < 0xf5) {
        return STATE(3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
    }
    return CHT_UTF8_BAD;
}

static uint32_t state_after(uint32_t state, uint8_t byte)
{
    if (state == 0) {
        return state_after_lead(byte);
    }
    if (byte < (uint8_t)(state >> 8) || byte > (uint8_t)(state >> 16)) {
        return CHT_UTF8_BAD;
    }
    uint32_t missing = (state & 0xff) - 1;
    return missing == 0 ? 0 : STATE(missing, 0x80, 0xbf);
}

/* How many bytes at the beginning are ASCII, at least as far as whole words say so. */
static size_t ascii_size(const uint8_t *bytes, size_t size)
{
    const uint64_t high = CHT_EACH_BYTE(0x80);
    size_t i = 0;
    while (size - i >= 32 && ((cht_eight(bytes + i) | cht_eight(bytes + i + 8) |
                                  cht_eight(bytes + i + 16) | cht_eight(bytes + i + 24)) &
                                 high) == 0) {
        i += 32;
    }
    while (size - i >= 8 && (cht_eight(bytes + i) & high) == 0) {
        i += 8;
    }
    bool last = size >= 8 && size - i < 8 && (cht_eight(bytes + size - 8) & high) == 0;
    return last ? size : i;
}

uint32_t cht_utf8_next(uint32_t state, const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && state != CHT_UTF8_BAD) {
        if (state == 0 && bytes[i] < 0x80) {
            i += ascii_size(bytes + i, size - i);
        }
        if (i < size) {
            state = state_after(state, bytes[i++]);
        }
    }
    return state;
}

bool cht_utf8_valid(struct cht_str text)
{
    return cht_utf8_next(0, (const uint8_t *)text.at, text.size) == 0;
}

size_t cht_utf8_count(struct cht_str valid_text)
{
    size_t count = 0;
    for (uint32_t i = 0; i < valid_text.size; i++) {
        count += ((uint8_t)valid_text.at[i] & 0xc0) != 0x80;
    }
    return count;
}

unsigned cht_utf8_step(const uint8_t *at, const uint8_t *end, uint32_t *ret_point)
{
    uint32_t state = state_after_lead(*at);
    unsigned size = 1;
    if (state == 0) {
        *ret_point = *at;
        return 1;
    }
    if (state == CHT_UTF8_BAD) {
        return 0;
    }
    *ret_point = *at & (0x3fu >> (state & 0xff));
    while (state != 0) {
        if (at + size == end) {
            return 0;
        }
        state = state_after(state, at[size]);
        if (state == CHT_UTF8_BAD) {
            return 0;
        }
        *ret_point = *ret_point << 6 | (at[size++] & 0x3fu);
    }
    return size;
}

unsigned cht_utf8_put(uint32_t point, uint8_t *ret_bytes)
{
    if (point < 0x80) {
        ret_bytes[0] = (uint8_t)point;
        return 1;
    }
    unsigned size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (unsigned i = size - 1; i > 0; i--) {
        ret_bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    ret_bytes[0] = (uint8_t)((0xf00u >> size) | point);
    return size;
}

static bool is_hidden(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

bool cht_has_hidden(struct cht_str valid_text)
{
    const uint8_t *at = (const uint8_t *)valid_text.at;
    const uint8_t *end = valid_text.size == 0 ? at : at + valid_text.size;
    while (at < end) {
        uint32_t point = 0;
        unsigned size = cht_utf8_step(at, end, &point);
        if (size == 0 || is_hidden(point)) {
            return true;
        }
        at += size;
    }
    return false;
}
