#pragma once

/* json_scan - strict RFC 8259, without a tree and without changing a byte.
 *
 * A whole document is looked through once; the members of its outermost object are noted with their
 * raw names and values. Refused are: anything that is no JSON, no object at the top, bytes after
 * it, depth over CHT_JSON_DEPTH_MAX, invalid UTF-8, wrong escapes, lone surrogates, numbers longer
 * than CHT_JSON_NUMBER_MAX, more than CHT_JSON_NAMES_MAX members in all objects together, and two
 * members of one object whose names mean the same. Time grows with the size, give or take a
 * logarithm. */

#include "chattifier/events.h"
#include "chattifier/uncleared.h"

#define CHT_JSON_DEPTH_MAX 16
#define CHT_JSON_NUMBER_MAX 32
#define CHT_JSON_NAMES_MAX 4096

/* A member's name where it stands in the document, for finding duplicates in large objects. */
struct cht_json_name {
    uint32_t offset;
    uint32_t size;
    uint32_t hash;
    uint16_t object;
};

struct cht_json_scan {
    const char *start;
    const char *at;
    const char *end;
    uint32_t names;              /* members so far */
    uint32_t objects;            /* objects so far */
    bool escaped;                /* the last text had escapes */
    bool escaped_names;          /* a name had some */
    bool many;                   /* an object was too large to be compared on the way */
    struct cht_json_name *noted; /* NULL, or room for CHT_JSON_NAMES_MAX */
};

/* Notes the members of the one object that `text` is: raw names (as between the quotes), raw values
 * (of texts what is between the quotes). False if it is refused or has more than `capacity`
 * members. */
bool cht_json_scan_object(
    struct cht_str text, struct cht_member *ret_members, size_t capacity, size_t *ret_count);

/* Walking a list or object that was accepted as part of a document: start, then next until false.
 */
struct cht_json_walk {
    struct cht_json_scan scan;
    bool object;
};

void cht_json_walk_start(struct cht_json_walk *walk, const struct cht_member *value);
bool cht_json_walk_next(struct cht_json_walk *walk, struct cht_member *ret_member);

/* Unescapes name or text of a member of an accepted document where it stands. */
void cht_json_unescape_name(struct cht_member *member);
void cht_json_unescape_text(struct cht_member *member);

/* The next code point of a raw text of an accepted document. at < end. */
uint32_t cht_json_next_point(const char **at, const char *end);

/* False if two members of one object among the noted ones mean the same. Sorts them. */
bool cht_json_names_unique(const char *start, struct cht_json_name *names, size_t count);

bool cht_json_names_mean_the_same(struct cht_str a, struct cht_str b);

/* True if the two raw names mean the same. `escaped`: one of them may have escapes. Most that
 * differ do so in size or in their first byte. */
static inline bool cht_json_names_equal(struct cht_str a, struct cht_str b, bool escaped)
{
    if (escaped) {
        return cht_json_names_mean_the_same(a, b);
    }
    return a.size == b.size && (a.size == 0 || (a.at[0] == b.at[0] && cht_str_equal(a, b)));
}
