/* json_scan - looks through a JSON document once.
 *
 * Happy path: object, member, value, with ASCII text passing eight bytes at a time. How it fails:
 * the first thing that is wrong ends it with false. */

#include "json_scan.h"

#include <string.h>

#include "field.h"
#include "utf8.h"

/* Objects with more members are checked for duplicates by sorting, in a second look. */
#define COMPARED_MAX 24

static bool scan_value(struct cht_json_scan *scan, unsigned depth, struct cht_member *ret_value);

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* Mostly there is none, which one comparison tells. */
static inline void skip_space(struct cht_json_scan *scan)
{
    while (scan->at < scan->end && *scan->at <= ' ' && is_space(*scan->at)) {
        scan->at++;
    }
}

static bool take_byte(struct cht_json_scan *scan, char byte)
{
    if (scan->at == scan->end || *scan->at != byte) {
        return false;
    }
    scan->at++;
    return true;
}

/* ---- texts */
static bool scan_hex(struct cht_json_scan *scan, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    if (scan->end - scan->at < 4) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        char digit = *scan->at++;
        if (digit >= '0' && digit <= '9') {
            unit = unit << 4 | (uint32_t)(digit - '0');
        } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
            unit = unit << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
        } else {
            return false;
        }
    }
    *ret_unit = unit;
    return true;
}

static bool scan_unicode(struct cht_json_scan *scan)
{
    uint32_t high;
    uint32_t low;
    if (!scan_hex(scan, &high)) {
        return false;
    }
    if (high < 0xd800 || high > 0xdfff) {
        return true;
    }
    return high < 0xdc00 && take_byte(scan, '\\') && take_byte(scan, 'u') && scan_hex(scan, &low) &&
           low >= 0xdc00 && low <= 0xdfff;
}

static bool scan_escape(struct cht_json_scan *scan)
{
    if (scan->at == scan->end) {
        return false;
    }
    switch (*scan->at++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return scan_unicode(scan);
    default:
        return false;
    }
}

/* Where plain ASCII ends, or is not known to go on. */
static inline const char *plain_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word = cht_eight(at);
        uint64_t special = (cht_special_ascii(word) | word) & CHT_EACH_BYTE(0x80);
        if (special != 0) {
            return at + cht_bytes_before(special);
        }
        at += 8;
    }
    return at;
}

/* One code point or escape of a text. */
static bool scan_point(struct cht_json_scan *scan)
{
    uint32_t point;
    uint8_t byte = (uint8_t)*scan->at;
    if (byte < 0x20) {
        return false;
    }
    if (byte == '\\') {
        scan->at++;
        scan->escaped = true;
        return scan_escape(scan);
    }
    if (byte < 0x80) {
        scan->at++;
        return true;
    }
    unsigned size = cht_utf8_step((const uint8_t *)scan->at, (const uint8_t *)scan->end, &point);
    scan->at += size;
    return size > 0;
}

static bool ends_here(const struct cht_json_scan *scan)
{
    return scan->at < scan->end && *scan->at == '"';
}

/* Goes on to the closing quote of a text that is not plain from end to end. Not inlined, so that
 * the others pay nothing for it. */
static __attribute__((noinline)) bool scan_to_quote(struct cht_json_scan *scan)
{
    while (!ends_here(scan)) {
        if (scan->at == scan->end || !scan_point(scan)) {
            return false;
        }
        scan->at = plain_end(scan->at, scan->end);
    }
    return true;
}

/* Behind the opening quote; ends behind the closing one. */
static bool scan_text(struct cht_json_scan *scan, struct cht_str *ret_raw)
{
    const char *start = scan->at;
    scan->escaped = false;
    scan->at = plain_end(scan->at, scan->end);
    if (!ends_here(scan) && !scan_to_quote(scan)) {
        return false;
    }
    *ret_raw = (struct cht_str){start, (uint32_t)(scan->at - start)};
    scan->at++;
    return true;
}

/* ---- numbers and words */
static bool is_digit(const struct cht_json_scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static bool scan_digits(struct cht_json_scan *scan)
{
    if (!is_digit(scan)) {
        return false;
    }
    while (is_digit(scan)) {
        scan->at++;
    }
    return true;
}

static bool scan_exponent(struct cht_json_scan *scan)
{
    scan->at++;
    if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-')) {
        scan->at++;
    }
    return scan_digits(scan);
}

static bool is_exponent(const struct cht_json_scan *scan)
{
    return scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E');
}

/* What the digits say, or UINT64_MAX if that is no number of the protocol. */
static uint64_t number_of(struct cht_str raw)
{
    uint64_t number = 0;
    if (raw.size > 16) {
        return UINT64_MAX;
    }
    for (uint32_t i = 0; i < raw.size; i++) {
        number = number * 10 + (uint64_t)(raw.at[i] - '0');
    }
    return number <= CHT_NUMBER_MAX ? number : UINT64_MAX;
}

static bool scan_number(struct cht_json_scan *scan, struct cht_member *ret_value)
{
    const char *start = scan->at;
    bool natural = !take_byte(scan, '-');
    if (!take_byte(scan, '0') && !scan_digits(scan)) {
        return false;
    }
    if (take_byte(scan, '.')) {
        natural = false;
        if (!scan_digits(scan)) {
            return false;
        }
    }
    if (is_exponent(scan)) {
        natural = false;
        if (!scan_exponent(scan)) {
            return false;
        }
    }
    if (scan->at - start > CHT_JSON_NUMBER_MAX) {
        return false;
    }
    ret_value->type = CHT_JSON_NUMBER;
    ret_value->value = (struct cht_str){start, (uint32_t)(scan->at - start)};
    ret_value->number = natural ? number_of(ret_value->value) : UINT64_MAX;
    return true;
}

static bool scan_word(struct cht_json_scan *scan, const char *word, struct cht_member *ret_value)
{
    size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0) {
        return false;
    }
    ret_value->value = (struct cht_str){scan->at, (uint32_t)size};
    ret_value->type = word[0] == 'n' ? CHT_JSON_NULL : CHT_JSON_FLAG;
    scan->at += size;
    return true;
}

/* ---- lists and objects */
static bool scan_list(struct cht_json_scan *scan, unsigned depth)
{
    struct cht_member item;
    skip_space(scan);
    if (take_byte(scan, ']')) {
        return true;
    }
    do {
        if (!scan_value(scan, depth, &item)) {
            return false;
        }
        skip_space(scan);
    } while (take_byte(scan, ','));
    return take_byte(scan, ']');
}

CHT_INLINED bool scan_name(struct cht_json_scan *scan, struct cht_member *ret_member)
{
    skip_space(scan);
    if (!take_byte(scan, '"') || !scan_text(scan, &ret_member->name)) {
        return false;
    }
    ret_member->escaped_name = scan->escaped;
    scan->escaped_names = scan->escaped_names || scan->escaped;
    skip_space(scan);
    return take_byte(scan, ':');
}

static uint32_t hash_of(struct cht_str raw)
{
    uint32_t hash = 2166136261u;
    const char *at = raw.at;
    while (at < raw.at + raw.size) {
        hash = (hash ^ cht_json_next_point(&at, raw.at + raw.size)) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static bool note_name(struct cht_json_scan *scan, uint32_t object, struct cht_str name)
{
    if (scan->names == CHT_JSON_NAMES_MAX) {
        return false;
    }
    if (scan->noted != NULL) {
        scan->noted[scan->names] = (struct cht_json_name){
            .offset = (uint32_t)(name.at - scan->start),
            .size = name.size,
            .hash = hash_of(name),
            .object = (uint16_t)object,
        };
    }
    scan->names++;
    return true;
}

static bool is_among(const struct cht_str *names, size_t count, struct cht_str name, bool escaped)
{
    for (size_t i = 0; i < count; i++) {
        if (cht_json_names_equal(names[i], name, escaped)) {
            return true;
        }
    }
    return false;
}

/* Behind the opening brace. */
static bool scan_object(struct cht_json_scan *scan, unsigned depth)
{
    struct cht_str names[COMPARED_MAX] CHT_UNCLEARED;
    struct cht_member member;
    size_t count = 0;
    uint32_t object = scan->objects;
    skip_space(scan);
    if (take_byte(scan, '}')) {
        return true;
    }
    scan->objects++;
    do {
        if (!scan_name(scan, &member) || !note_name(scan, object, member.name)) {
            return false;
        }
        if (count == COMPARED_MAX) {
            scan->many = true;
        } else if (is_among(names, count, member.name, scan->escaped_names)) {
            return false;
        } else {
            names[count++] = member.name;
        }
        if (!scan_value(scan, depth, &member)) {
            return false;
        }
        skip_space(scan);
    } while (take_byte(scan, ','));
    return take_byte(scan, '}');
}

static bool scan_nested(struct cht_json_scan *scan, unsigned depth, struct cht_member *ret_value)
{
    const char *start = scan->at++;
    bool object = *start == '{';
    if (depth == CHT_JSON_DEPTH_MAX) {
        return false;
    }
    if (!(object ? scan_object(scan, depth + 1) : scan_list(scan, depth + 1))) {
        return false;
    }
    ret_value->type = object ? CHT_JSON_OBJECT : CHT_JSON_LIST;
    ret_value->value = (struct cht_str){start, (uint32_t)(scan->at - start)};
    return true;
}

static bool scan_text_value(struct cht_json_scan *scan, struct cht_member *ret_value)
{
    scan->at++;
    ret_value->type = CHT_JSON_TEXT;
    bool good = scan_text(scan, &ret_value->value);
    ret_value->escaped = scan->escaped;
    return good;
}

/* A value inside of `depth` lists and objects. */
static bool scan_value(struct cht_json_scan *scan, unsigned depth, struct cht_member *ret_value)
{
    skip_space(scan);
    if (scan->at == scan->end) {
        return false;
    }
    ret_value->number = UINT64_MAX;
    ret_value->escaped = false;
    switch (*scan->at) {
    case '"':
        return scan_text_value(scan, ret_value);
    case '{':
    case '[':
        return scan_nested(scan, depth, ret_value);
    case 't':
        return scan_word(scan, "true", ret_value);
    case 'f':
        return scan_word(scan, "false", ret_value);
    case 'n':
        return scan_word(scan, "null", ret_value);
    default:
        return scan_number(scan, ret_value);
    }
}

/* ---- the outermost object, whose members are noted */
struct top {
    struct cht_member *members;
    size_t capacity;
    size_t count;
};

static bool is_known(const struct top *top, struct cht_str name, bool escaped)
{
    for (size_t i = 0; i < top->count && i < COMPARED_MAX; i++) {
        if (cht_json_names_equal(top->members[i].name, name, escaped)) {
            return true;
        }
    }
    return false;
}

static bool scan_top_members(struct cht_json_scan *scan, struct top *top)
{
    uint32_t object = scan->objects++;
    do {
        struct cht_member *member = &top->members[top->count];
        if (top->count == top->capacity || !scan_name(scan, member) ||
            !note_name(scan, object, member->name)) {
            return false;
        }
        if (is_known(top, member->name, scan->escaped_names)) {
            return false;
        }
        scan->many = scan->many || top->count >= COMPARED_MAX;
        if (!scan_value(scan, 1, member)) {
            return false;
        }
        top->count++;
        skip_space(scan);
    } while (take_byte(scan, ','));
    return take_byte(scan, '}');
}

static bool scan_top(struct cht_json_scan *scan, struct top *top)
{
    skip_space(scan);
    if (!take_byte(scan, '{')) {
        return false;
    }
    skip_space(scan);
    if (!take_byte(scan, '}') && !scan_top_members(scan, top)) {
        return false;
    }
    skip_space(scan);
    return scan->at == scan->end;
}

/* The second look at a document with a large object. Its own function: the block of names is large.
 */
static __attribute__((noinline)) bool has_unique_names(struct cht_str text)
{
    struct cht_json_name noted[CHT_JSON_NAMES_MAX] CHT_UNCLEARED;
    struct cht_json_scan scan = {
        .start = text.at, .at = text.at, .end = text.at + text.size, .noted = noted};
    struct cht_member value;
    skip_space(&scan);
    return scan_value(&scan, 0, &value) && cht_json_names_unique(text.at, noted, scan.names);
}

bool cht_json_scan_object(
    struct cht_str text, struct cht_member *ret_members, size_t capacity, size_t *ret_count)
{
    struct cht_json_scan scan = {.start = text.at, .at = text.at, .end = text.at + text.size};
    struct top top = {.members = ret_members, .capacity = capacity};
    *ret_count = 0;
    if (text.size == 0 || !scan_top(&scan, &top)) {
        return false;
    }
    *ret_count = top.count;
    return !scan.many || has_unique_names(text);
}

/* ---- walking what was accepted */
void cht_json_walk_start(struct cht_json_walk *walk, const struct cht_member *value)
{
    walk->object = value->type == CHT_JSON_OBJECT;
    walk->scan = (struct cht_json_scan){
        .start = value->value.at,
        .at = value->value.at + 1,
        .end = value->value.at + value->value.size - 1,
    };
}

bool cht_json_walk_next(struct cht_json_walk *walk, struct cht_member *ret_member)
{
    struct cht_json_scan *scan = &walk->scan;
    skip_space(scan);
    if (scan->at == scan->end) {
        return false;
    }
    take_byte(scan, ',');
    ret_member->name = (struct cht_str){NULL, 0};
    ret_member->escaped_name = false;
    if (walk->object && !scan_name(scan, ret_member)) {
        return false;
    }
    /* The depth was judged when the whole document was looked through. */
    scan->names = 0;
    return scan_value(scan, 1, ret_member);
}
