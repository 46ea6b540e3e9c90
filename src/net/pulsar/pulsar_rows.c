/* pulsar_rows - the table of messages as arrays of descriptors.
 *
 * Happy path: everything here is constant data. How it fails: it can not; a row that does not fit
 * its struct does not build. */

#include <assert.h>

#include "pulsar/pulsar_proto.h"

/* ---- structs in which everything is absent: fallbacks */
#define VALUE_u64(value) value
#define VALUE_i64(value) value
#define VALUE_u32(value) value
#define VALUE_i32(value) value
#define VALUE_flag(value) value
#define VALUE_word(value) value
#define VALUE_text(value)                                                                          \
    {                                                                                              \
        value                                                                                      \
    }
#define VALUE_bytes(value)                                                                         \
    {                                                                                              \
        value                                                                                      \
    }
#define MESSAGE(message, text)                                                                     \
    static const struct pulsar_##message absent_##message = {.skipped = 0,
#define NEED(message, number, kind, name, text)
#define MAY(message, number, kind, name, fallback, text) .name = VALUE_##kind(fallback),
#define MANY(message, number, kind, name, text)
#define NEED_OF(message, number, of, name, text)
#define MAY_OF(message, number, of, name, text)
#define MANY_OF(message, number, of, name, text)
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

/* ---- fields, by their numbers; 0 is none */
#define PLACE(owner, of_kind, of_rule, member)                                                     \
    .name = #member, .offset = offsetof(struct pulsar_##owner, member),                            \
    .kind = PULSAR_KIND_##of_kind, .rule = PULSAR_##of_rule
#define HAS(owner, member) .has_offset = offsetof(struct pulsar_##owner, has_##member)
#define ROW(of) .row = &pulsar_row_##of
#define MESSAGE(owner, text) static const struct pulsar_field fields_of_##owner[] = {[0] = {0},
#define NEED(owner, number, kind, name, text) [number] = {PLACE(owner, kind, NEED, name)},
#define MAY(owner, number, kind, name, fallback, text)                                             \
    [number] = {PLACE(owner, kind, MAY, name), HAS(owner, name)},
#define MANY(owner, number, kind, name, text) [number] = {PLACE(owner, kind, MANY, name)},
#define NEED_OF(owner, number, of, name, text)                                                     \
    [number] = {PLACE(owner, message, NEED, name), ROW(of)},
#define MAY_OF(owner, number, of, name, text)                                                      \
    [number] = {PLACE(owner, message, MAY, name), HAS(owner, name), ROW(of)},
#define MANY_OF(owner, number, of, name, text)                                                     \
    [number] = {PLACE(owner, message, MANY, name), ROW(of)},
#define END(owner)                                                                                 \
    }                                                                                              \
    ;                                                                                              \
    static_assert(sizeof(fields_of_##owner) <= PULSAR_FIELD_NUMBERS * sizeof(struct pulsar_field), \
        "a number of a field of " #owner " is too high for the bits of those that were seen");
#include "pulsar/pulsar_messages.def"
#undef MESSAGE
#undef NEED
#undef MAY
#undef MANY
#undef NEED_OF
#undef MAY_OF
#undef MANY_OF
#undef END

/* ---- rows */
#define BIT(number) | (UINT64_C(1) << (number))
#define MESSAGE(message, text)                                                                     \
    const struct pulsar_row pulsar_row_##message = {.name = #message,                              \
        .fields = fields_of_##message,                                                             \
        .absent = &absent_##message,                                                               \
        .size = sizeof(struct pulsar_##message),                                                   \
        .numbers = sizeof(fields_of_##message) / sizeof(struct pulsar_field),                      \
        .needed = 0
#define NEED(message, number, kind, name, text) BIT(number)
#define MAY(message, number, kind, name, fallback, text)
#define MANY(message, number, kind, name, text)
#define NEED_OF(message, number, of, name, text) BIT(number)
#define MAY_OF(message, number, of, name, text)
#define MANY_OF(message, number, of, name, text)
#define END(message)                                                                               \
    }                                                                                              \
    ;
#include "pulsar/pulsar_messages.def"
