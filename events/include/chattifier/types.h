#pragma once

/* types - the few kinds of value that travel in events, and the rows that describe an event.
 *
 * The tables (enums.def, events.def, client.def) are included several times: once they become the
 * structs of events.h, once arrays of descriptors (rows.c). From a descriptor one
 * ordinary function each encodes, decodes, compares, prints and documents every event. Pointers in
 * a decoded event point into the bytes it was decoded from, or into the caller's scratch; nothing
 * is allocated, nothing needs to be freed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A 128-bit id: user, room, device, session. Text form: lower-case UUID, 36 characters. All zero is
 * "none". */
struct cht_id {
    uint8_t bytes[16];
};

/* Bytes that somebody else owns. Not NUL-terminated. `at` is NULL exactly if `size` is 0 or the
 * value is absent. */
struct cht_str {
    const char *at;
    uint32_t size;
};

struct cht_ids {
    struct cht_id *at;
    uint32_t count;
};

/* A list of structs of one other event type. */
struct cht_list {
    void *at;
    uint32_t count;
};

/* The kinds of field. Numbers in the tables are at most 2^53 - 1, as JSON clients need them. */
enum cht_kind {
    CHT_KIND_id,    /* struct cht_id */
    CHT_KIND_u64,   /* uint64_t, 0 .. 2^53 - 1 */
    CHT_KIND_flag,  /* bool */
    CHT_KIND_text,  /* struct cht_str, valid UTF-8; minimum and maximum in bytes */
    CHT_KIND_chars, /* struct cht_str, UTF-8; bounds in code points; no control or bidi character */
    CHT_KIND_token, /* struct cht_str of [A-Za-z0-9._:-]; minimum and maximum in bytes */
    CHT_KIND_bytes, /* struct cht_str of any bytes; in JSON: base64url */
    CHT_KIND_json,  /* struct cht_str, finished JSON, inserted as it is; never read from a client */
    CHT_KIND_ids,   /* struct cht_ids; maximum is their number */
    CHT_KIND_list,  /* struct cht_list of `item` */
    CHT_KIND_word,  /* uint64_t, one of an enum's words (`words`); 0 is "none" */
};

#define CHT_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

typedef struct cht_id cht_type_id;
typedef uint64_t cht_type_u64;
typedef bool cht_type_flag;
typedef struct cht_str cht_type_text;
typedef struct cht_str cht_type_chars;
typedef struct cht_str cht_type_token;
typedef struct cht_str cht_type_bytes;
typedef struct cht_str cht_type_json;
typedef struct cht_ids cht_type_ids;
typedef struct cht_list cht_type_list;
typedef uint64_t cht_type_word;

struct cht_words {
    const char *name;
    const char *const *texts; /* [0] is "none" and never on the wire as text */
    uint32_t count;
};

struct cht_event_row;

/* More than any name of a field with the signs around it. */
#define CHT_KEY_BYTES 24

struct cht_field_row {
    const char *name;
    const char *doc;
    const struct cht_words *words;    /* of kind word */
    const struct cht_event_row *item; /* of kind list */
    uint64_t min, max;
    uint32_t offset;
    uint16_t number; /* tag in the binary form; never changes its meaning, never reused */
    uint8_t kind;    /* enum cht_kind */
    bool required;
    uint8_t name_size;
    uint8_t tag_size; /* of `tag`, the bytes in front of the value in the binary form */
    uint8_t tag[2];
    char key[CHT_KEY_BYTES + 1]; /* in JSON: ,"name": */
};

/* Every event struct starts with `has`: bit i is set if field i (its place in the table, not its
 * tag) was there when it was decoded; a writer sets it only for an optional field whose zero or
 * empty value is meant. */
struct cht_event_row {
    const char *name; /* in C: cht_<name> */
    const char *wire; /* "type" in JSON; NULL for events of the bus */
    const char *doc;
    const struct cht_field_row *fields;
    uint32_t field_count; /* at most 63 */
    uint32_t number;
    uint32_t size;     /* of the struct */
    uint64_t required; /* bits of the fields that must be there */
};

static inline bool cht_id_equal(const struct cht_id *a, const struct cht_id *b)
{
    return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool cht_id_is_none(const struct cht_id *id)
{
    static const struct cht_id none;
    return cht_id_equal(id, &none);
}

static inline bool cht_str_equal(struct cht_str a, struct cht_str b)
{
    return a.size == b.size && (a.size == 0 || __builtin_memcmp(a.at, b.at, a.size) == 0);
}

/* A text of C's: a name or a word of the program's own. NULL is absent. */
static inline struct cht_str cht_str_of(const char *text)
{
    return (struct cht_str){text, text ? (uint32_t)__builtin_strlen(text) : 0};
}

static inline bool cht_str_is(struct cht_str text, const char *word)
{
    return cht_str_equal(text, cht_str_of(word));
}
