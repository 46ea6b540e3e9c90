/* json_names - what raw names and texts mean, and whether names are unique.
 *
 * Happy path: texts without escapes mean themselves; large objects are sorted by hash
 * first. How it fails: all texts here were accepted before, so only "the same" and "not the same"
 * are left. */

#include <string.h>

#include "json_scan.h"
#include "utf8.h"

static uint32_t hex_at(const char *at)
{
    uint32_t unit = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t digit = (uint8_t)at[i];
        unit = unit << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return unit;
}

static uint32_t next_unicode(const char **at)
{
    uint32_t unit = hex_at(*at);
    *at += 4;
    if (unit < 0xd800 || unit > 0xdbff) {
        return unit;
    }
    uint32_t low = hex_at(*at + 2);
    *at += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

static uint32_t next_escape(const char **at)
{
    char letter = *(*at)++;
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        return next_unicode(at);
    default:
        return (uint8_t)letter;
    }
}

uint32_t cht_json_next_point(const char **at, const char *end)
{
    if (**at == '\\') {
        (*at)++;
        return next_escape(at);
    }
    uint32_t point = 0;
    unsigned size = cht_utf8_step((const uint8_t *)*at, (const uint8_t *)end, &point);
    *at += size;
    return point;
}

static struct cht_str unescape(struct cht_str raw)
{
    const char *from = raw.at;
    const char *end = raw.at + raw.size;
    uint8_t *to = (uint8_t *)raw.at;
    while (from < end) {
        const char *slash = memchr(from, '\\', (size_t)(end - from));
        size_t plain = (size_t)((slash != NULL ? slash : end) - from);
        memmove(to, from, plain);
        to += plain;
        from += plain;
        if (slash != NULL) {
            from++;
            to += cht_utf8_put(next_escape(&from), to);
        }
    }
    return (struct cht_str){raw.at, (uint32_t)((const char *)to - raw.at)};
}

void cht_json_unescape_name(struct cht_member *member)
{
    if (member->escaped_name) {
        member->name = unescape(member->name);
        member->escaped_name = false;
    }
    if (member->name.size == 0) {
        member->name.at = NULL;
    }
}

void cht_json_unescape_text(struct cht_member *member)
{
    if (member->escaped) {
        member->value = unescape(member->value);
        member->escaped = false;
    }
    if (member->value.size == 0) {
        member->value.at = NULL;
    }
}

static int compare_meaning(struct cht_str a, struct cht_str b)
{
    const char *a_end = a.at + a.size;
    const char *b_end = b.at + b.size;
    while (a.at < a_end && b.at < b_end) {
        uint32_t one = cht_json_next_point(&a.at, a_end);
        uint32_t other = cht_json_next_point(&b.at, b_end);
        if (one != other) {
            return one < other ? -1 : 1;
        }
    }
    return (a.at < a_end) - (b.at < b_end);
}

bool cht_json_names_mean_the_same(struct cht_str a, struct cht_str b)
{
    return compare_meaning(a, b) == 0;
}

/* ---- sorting, in place and without recursion */
static int compare_names(
    const char *start, const struct cht_json_name *a, const struct cht_json_name *b)
{
    if (a->object != b->object) {
        return a->object < b->object ? -1 : 1;
    }
    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return compare_meaning(
        (struct cht_str){start + a->offset, a->size}, (struct cht_str){start + b->offset, b->size});
}

static void swap_names(struct cht_json_name *a, struct cht_json_name *b)
{
    struct cht_json_name kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(const char *start, struct cht_json_name *names, size_t at, size_t count)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && compare_names(start, &names[child], &names[child + 1]) < 0) {
            child++;
        }
        if (compare_names(start, &names[at], &names[child]) >= 0) {
            return;
        }
        swap_names(&names[at], &names[child]);
        at = child;
    }
}

static void sort_names(const char *start, struct cht_json_name *names, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(start, names, i - 1, count);
    }
    for (size_t left = count; left > 1; left--) {
        swap_names(&names[0], &names[left - 1]);
        sift_down(start, names, 0, left - 1);
    }
}

bool cht_json_names_unique(const char *start, struct cht_json_name *names, size_t count)
{
    sort_names(start, names, count);
    for (size_t i = 1; i < count; i++) {
        if (compare_names(start, &names[i - 1], &names[i]) == 0) {
            return false;
        }
    }
    return true;
}
