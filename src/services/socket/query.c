/* query - see the header. Happy path: one pass over the pairs. How it fails: by its results;
 * nothing is kept of a bad pair. */

#include "query.h"

#include <stdbool.h>
#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One decoded byte from text[*at]; -1: a bad escape. */
static int next_byte(struct cht_str text, uint32_t *at)
{
    char c = text.at[(*at)++];
    if (c == '+') {
        return ' ';
    }
    if (c != '%') {
        return (unsigned char)c;
    }
    if (text.size - *at < 2) {
        return -1;
    }
    int high = hex(text.at[*at]);
    int low = hex(text.at[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool decode(struct cht_str text, struct query_value *value)
{
    value->size = 0;
    uint32_t at = 0;
    while (at < text.size) {
        int byte = next_byte(text, &at);
        if (byte < 0 || value->size == value->capacity) {
            return false;
        }
        value->into[value->size++] = (char)byte;
    }
    return true;
}

static bool is_named(struct cht_str text, const char *name)
{
    uint32_t at = 0;
    while (at < text.size) {
        int byte = next_byte(text, &at);
        if (byte < 0 || *name == '\0' || (unsigned char)*name != (unsigned int)byte) {
            return false;
        }
        name++;
    }
    return *name == '\0';
}

static struct cht_str part(const char *from, const char *to)
{
    return (struct cht_str){from, (uint32_t)(to - from)};
}

enum query_result query_find(struct cht_str query, const char *name, struct query_value *value)
{
    enum query_result result = QUERY_ABSENT;
    const char *at = query.at;
    const char *end = query.at ? query.at + query.size : NULL;
    while (at && at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const char *name_end = equals ? equals : stop;
        if (is_named(part(at, name_end), name)) {
            if (result != QUERY_ABSENT) {
                return QUERY_REPEATED;
            }
            struct cht_str text = part(equals ? equals + 1 : stop, stop);
            result = decode(text, value) ? QUERY_FOUND : QUERY_BAD;
        }
        at = stop + 1;
    }
    return result;
}
