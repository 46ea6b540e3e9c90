/* url - percent-decoding, once.
 *
 * Happy path: a path without escapes is taken as it is. How it fails: whatever two decoders could
 * read differently is refused as a whole. */

#include "wire/url.h"

#include <string.h>

#include "chattifier/events.h"
#include "wire/chars.h"

/* The byte of the escape at `at`, or -1. */
static int escape_at(struct cht_str text, uint32_t at)
{
    if (text.size - at < 3) {
        return -1;
    }
    int high = char_hex((uint8_t)text.at[at + 1]);
    int low = char_hex((uint8_t)text.at[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Decodes the escapes of `text`; the size in `ret_size`. */
static bool decode(struct cht_str text, char *ret_bytes, bool plus_is_blank, uint32_t *ret_size)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        int c = (uint8_t)text.at[i];
        if (c == '%') {
            c = escape_at(text, i);
            if (c <= 0 || (!plus_is_blank && (c == '/' || c == '\\'))) {
                return false;
            }
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        ret_bytes[size] = (char)c;
        size++;
    }
    *ret_size = size;
    return true;
}

static bool has_dot_segment(struct cht_str path)
{
    const char *end = path.at + path.size;
    for (const char *at = path.at; at < end;) {
        const char *from = at + 1;
        const char *slash = memchr(from, '/', (size_t)(end - from));
        const char *to = slash ? slash : end;
        size_t size = (size_t)(to - from);
        if ((size == 1 && from[0] == '.') || (size == 2 && from[0] == '.' && from[1] == '.')) {
            return true;
        }
        at = to;
    }
    return false;
}

static bool has_control(struct cht_str path)
{
    for (uint32_t i = 0; i < path.size; i++) {
        uint8_t c = (uint8_t)path.at[i];
        if (c < ' ' || c == 0x7f) {
            return true;
        }
    }
    return false;
}

bool url_decode_path(struct cht_str path, char *scratch, struct cht_str *ret_path)
{
    if (path.size == 0 || path.at[0] != '/') {
        return false;
    }
    *ret_path = path;
    if (memchr(path.at, '%', path.size)) {
        ret_path->at = scratch;
        if (!decode(path, scratch, false, &ret_path->size)) {
            return false;
        }
    }
    return !has_control(*ret_path) && cht_utf8_valid(*ret_path) && !has_dot_segment(*ret_path);
}

bool url_query_next(struct cht_str *rest, struct cht_str *ret_name, struct cht_str *ret_value)
{
    while (rest->size > 0) {
        const char *mark = memchr(rest->at, '&', rest->size);
        struct cht_str part = {rest->at, mark ? (uint32_t)(mark - rest->at) : rest->size};
        uint32_t step = mark ? part.size + 1 : part.size;
        rest->at += step;
        rest->size -= step;
        if (part.size == 0) {
            continue;
        }
        const char *equals = memchr(part.at, '=', part.size);
        uint32_t name_size = equals ? (uint32_t)(equals - part.at) : part.size;
        *ret_name = (struct cht_str){part.at, name_size};
        *ret_value =
            equals ? (struct cht_str){equals + 1, part.size - name_size - 1} : (struct cht_str){0};
        return true;
    }
    return false;
}

bool url_decode_query(struct cht_str text, char *ret_bytes, struct cht_str *ret_text)
{
    *ret_text = (struct cht_str){ret_bytes, 0};
    return decode(text, ret_bytes, true, &ret_text->size) && cht_utf8_valid(*ret_text);
}

/* True if the encoded `text` is `name`. */
static bool names(struct cht_str text, const char *name)
{
    uint32_t at = 0;
    for (; *name; name++) {
        if (at >= text.size) {
            return false;
        }
        int c = (uint8_t)text.at[at];
        uint32_t step = 1;
        if (c == '%') {
            c = escape_at(text, at);
            step = 3;
        }
        if (c != (uint8_t)*name) {
            return false;
        }
        at += step;
    }
    return at == text.size;
}

enum url_found url_query_get(
    struct cht_str query, const char *name, char *scratch, size_t size, struct cht_str *ret_value)
{
    enum url_found found = URL_ABSENT;
    struct cht_str at_name;
    struct cht_str value;
    while (url_query_next(&query, &at_name, &value)) {
        if (!names(at_name, name)) {
            continue;
        }
        if (found != URL_ABSENT) {
            return URL_REPEATED;
        }
        if (value.size > size || !url_decode_query(value, scratch, ret_value)) {
            return URL_BAD;
        }
        found = URL_ONE;
    }
    return found;
}
