#pragma once

/* pulsar_proto - the messages of Pulsar's protocol as structs, and their bytes.
 *
 * One table (pulsar_messages.def) is included several times: here it becomes `struct pulsar_<name>`
 * for each message, in pulsar_rows.c a row that one reader and one writer walk. Pure, no
 * allocation, no clock.
 *
 * A field that need not be there has a `has_` beside it. Reading sets it, and leaves the fallback
 * of the table in a field that was absent; writing puts what has it. So a struct to be written
 * needs nothing but what is meant:
 *
 *     struct pulsar_flow flow = {.consumer_id = 1, .message_permits = 1000};
 *     struct pulsar_lookup lookup = {.topic = topic, .request_id = 7, .has_authoritative = true,
 *         .authoritative = true};
 *
 * Reading is strict: a message is right or refused as a whole, lists and messages inside it too,
 * and what was read of one that is refused is unspecified. Fields that the table does not have are
 * passed over and counted. Texts and bytes point into the caller's bytes and live as long as they
 * do; texts are UTF-8, bytes are not looked at.
 *
 * Lists (`struct pulsar_many`) are walked by pulsar_next_*. To be written they are an array of the
 * caller: {.items = ids, .count = 2}. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"
#include "pulsar/pulsar_flaw.h"
#include "pulsar/pulsar_words.h"

/* What a list has, in two forms: read, its fields in the bytes of the message that it is in; made,
 * an array. A copy of the struct is a cursor of its own. */
struct pulsar_many {
    const void *items; /* made: of the item's type: message, int64_t, int32_t or cht_str */
    uint32_t count;    /* of what is left */
    uint32_t number;   /* read: of the field */
    const uint8_t *at; /* read: from the first one to the end of the message */
    const uint8_t *end;
    const uint8_t *block_end; /* read: of numbers that stand together in one field; or NULL */
};

typedef uint64_t pulsar_type_u64;
typedef int64_t pulsar_type_i64;
typedef uint32_t pulsar_type_u32;
typedef int32_t pulsar_type_i32;
typedef bool pulsar_type_flag;
typedef uint32_t pulsar_type_word;
typedef struct cht_str pulsar_type_text;
typedef struct cht_str pulsar_type_bytes;

/* Each begins with `skipped`: how many fields were there that are not known; not written. */
#define MESSAGE(message, text)                                                                     \
    struct pulsar_##message {                                                                      \
        uint32_t skipped;
#define NEED(message, number, kind, name, text) pulsar_type_##kind name;
#define MAY(message, number, kind, name, fallback, text)                                           \
    bool has_##name;                                                                               \
    pulsar_type_##kind name;
#define MANY(message, number, kind, name, text) struct pulsar_many name;
#define NEED_OF(message, number, of, name, text) struct pulsar_##of name;
#define MAY_OF(message, number, of, name, text)                                                    \
    bool has_##name;                                                                               \
    struct pulsar_##of name;
#define MANY_OF(message, number, of, name, text) struct pulsar_many name;
#define END(message)                                                                               \
    }                                                                                              \
    ;
#include "pulsar/pulsar_messages.def"
#undef MESSAGE
#undef NEED
#undef MAY
#undef MANY
#undef NEED_OF
#undef MAY_OF
#undef MANY_OF
#undef END

/* ---- lists: true while there is one. What was read can not fail any more. */

bool pulsar_next_key_value(struct pulsar_many *list, struct pulsar_key_value *ret_item);
bool pulsar_next_message_id(struct pulsar_many *list, struct pulsar_message_id *ret_item);
bool pulsar_next_int_range(struct pulsar_many *list, struct pulsar_int_range *ret_item);
bool pulsar_next_i64(struct pulsar_many *list, int64_t *ret_item);
bool pulsar_next_i32(struct pulsar_many *list, int32_t *ret_item);
bool pulsar_next_bytes(struct pulsar_many *list, struct cht_str *ret_item);

/* The value of the first property of that name; false: there is none. */
bool pulsar_property(struct pulsar_many properties, const char *key, struct cht_str *ret_value);

/* True if both are the same place; partition and chunks are not looked at. */
bool pulsar_message_id_equal(const struct pulsar_message_id *a, const struct pulsar_message_id *b);

/* ---- rows: what the table says of a message */

enum pulsar_kind {
    PULSAR_KIND_none = 0, /* no field has this number */
    PULSAR_KIND_u64,
    PULSAR_KIND_i64,
    PULSAR_KIND_u32,
    PULSAR_KIND_i32,
    PULSAR_KIND_flag,
    PULSAR_KIND_word,
    PULSAR_KIND_text,
    PULSAR_KIND_bytes,
    PULSAR_KIND_message, /* of `row` */
};

enum pulsar_rule { PULSAR_NEED, PULSAR_MAY, PULSAR_MANY };

struct pulsar_row;

struct pulsar_field {
    const char *name;
    const struct pulsar_row *row; /* of kind message */
    uint16_t offset;
    uint16_t has_offset; /* of rule MAY */
    uint8_t kind;        /* enum pulsar_kind */
    uint8_t rule;        /* enum pulsar_rule */
};

/* Numbers of fields are below this. */
#define PULSAR_FIELD_NUMBERS 64

struct pulsar_row {
    const char *name;
    const struct pulsar_field *fields; /* by their numbers */
    const void *absent;                /* a struct in which everything is absent */
    uint32_t size;                     /* of the struct */
    uint32_t numbers;                  /* of the highest field, and one more */
    uint64_t needed;                   /* bits of the numbers that have to be there */
};

#define MESSAGE(message, text) extern const struct pulsar_row pulsar_row_##message;
#define NEED(message, number, kind, name, text)
#define MAY(message, number, kind, name, fallback, text)
#define MANY(message, number, kind, name, text)
#define NEED_OF(message, number, of, name, text)
#define MAY_OF(message, number, of, name, text)
#define MANY_OF(message, number, of, name, text)
#define END(message)
#include "pulsar/pulsar_messages.def"
#undef MESSAGE
#undef NEED
#undef MAY
#undef MANY
#undef NEED_OF
#undef MAY_OF
#undef MANY_OF
#undef END

/* Reads a message of that row from all of the bytes. */
enum pulsar_flaw pulsar_read(
    const struct pulsar_row *row, const uint8_t *bytes, size_t size, void *ret_message);
