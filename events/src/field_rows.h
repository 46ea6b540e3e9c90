#pragma once

/* field_rows - the fields of every event and frame as constant descriptors, in `fields_of_<event>`.
 *
 * They are the data behind `cht_row_<event>`. They are visible here, and not only in rows.c, so
 * that a function that is inlined with one of these as its argument is compiled for that field: its
 * kind and bounds are known, and what does not concern it is gone. See binary.h. */

#include <stddef.h>

#include "chattifier/events.h"

/* The wire type of the binary form: 0 for varints, 2 for what has a length. */
enum {
    WIRE_id = 2,
    WIRE_u64 = 0,
    WIRE_flag = 0,
    WIRE_text = 2,
    WIRE_chars = 2,
    WIRE_token = 2,
    WIRE_bytes = 2,
    WIRE_json = 2,
    WIRE_ids = 2,
    WIRE_list = 2,
    WIRE_word = 0,
};

/* What is in front of the value in the binary form. */
#define CHT_TAG(number, kind) (((unsigned)(number) << 3) | (unsigned)WIRE_##kind)
#define TAG_IS_SHORT(number) ((number) < 16)
#define TAG_FIRST(number, kind)                                                                    \
    (uint8_t)((CHT_TAG(number, kind) & 0x7f) | (TAG_IS_SHORT(number) ? 0 : 0x80))
#define TAG_SECOND(number, kind) (uint8_t)(CHT_TAG(number, kind) >> 7)

#define PLACE(event, place, of_kind, member, must)                                                 \
    .name = #member, .name_size = sizeof(#member) - 1, .required = must,                           \
    .offset = offsetof(struct cht_##event, member), .number = place, .kind = CHT_KIND_##of_kind,   \
    .tag_size = TAG_IS_SHORT(place) ? 1 : 2,                                                       \
    .tag = {TAG_FIRST(place, of_kind), TAG_SECOND(place, of_kind)}, .key = ",\"" #member "\":"

/* ---- fields */
#define FIELD(event, place, of_kind, member, must, least, most, text)                              \
    {PLACE(event, place, of_kind, member, must), .min = least, .max = most, .doc = text},
#define WORDF(event, place, enumeration, member, must, text)                                       \
    {PLACE(event, place, word, member, must), .words = &cht_words_##enumeration,                   \
        .min = must ? 1 : 0, .max = cht_##enumeration##_count - 1, .doc = text},
#define LISTF(event, place, of_item, member, most, text)                                           \
    {PLACE(event, place, list, member, false), .item = &cht_row_##of_item, .max = most,            \
        .doc = text},
#define EVENT(number, name, doc) static const struct cht_field_row fields_of_##name[] = {
#define FRAME(number, name, wire, doc) EVENT(number, name, doc)
#define ITEM(number, name, doc) EVENT(number, name, doc)
#define END(event)                                                                                 \
    }                                                                                              \
    ;                                                                                              \
    _Static_assert(CHT_COUNT_##event <= 63, "has is one bit per field");
#include "chattifier/client.def"
#include "chattifier/events.def"
#undef FIELD
#undef WORDF
#undef LISTF
#undef EVENT
#undef FRAME
#undef ITEM
#undef END
