/* binary_out - events as bytes: the protobuf wire format behind a varint with the event's number.
 *
 * Happy path: the fields that are set are measured, and then written, in the order of their row.
 * How it fails: it can not. Recursion is as deep as lists in rows are nested. */

#include <string.h>

#include "binary.h"

/* ---- sizes */
static size_t body_size(const struct cht_event_row *row, const void *event);

CHT_INLINED size_t varint_size(uint64_t number)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(number | 1);
    return (bits * 9 + 64) / 64; /* seven bits a byte, without a division */
}

CHT_INLINED size_t list_size(const struct cht_field_row *field, const struct cht_list *list)
{
    size_t size = 0;
    const char *item = list->at;
    for (uint32_t i = 0; i < list->count; i++, item += field->item->size) {
        size_t bytes = body_size(field->item, item);
        size += field->tag_size + varint_size(bytes) + bytes;
    }
    return size;
}

/* The size behind the tag, with the varint of the length. */
CHT_INLINED size_t value_size(const struct cht_field_row *field, const void *value)
{
    size_t bytes = sizeof(struct cht_id);
    if (cht_kind_is_number(field->kind)) {
        return varint_size(*(const uint64_t *)value);
    }
    if (field->kind == CHT_KIND_flag) {
        return 1;
    }
    if (field->kind == CHT_KIND_ids) {
        bytes = ((const struct cht_ids *)value)->count * sizeof(struct cht_id);
    } else if (cht_kind_is_str(field->kind)) {
        bytes = ((const struct cht_str *)value)->size;
    }
    return varint_size(bytes) + bytes;
}

/* 0 if the field is not written. */
CHT_INLINED size_t field_size(const struct cht_field_row *field, unsigned place, const void *event)
{
    const void *value = cht_field_of(field, event);
    if (!cht_field_is_set(field, place, event)) {
        return 0;
    }
    return field->kind == CHT_KIND_list ? list_size(field, value)
                                        : field->tag_size + value_size(field, value);
}

/* ---- writing; each answers where the next byte goes */
static uint8_t *put_body(uint8_t *at, const struct cht_event_row *row, const void *event);

CHT_INLINED uint8_t *put_varint(uint8_t *at, uint64_t number)
{
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}

CHT_INLINED uint8_t *put_tag(uint8_t *at, const struct cht_field_row *field)
{
    at[0] = field->tag[0];
    if (field->tag_size > 1) {
        at[1] = field->tag[1];
    }
    return at + field->tag_size;
}

CHT_INLINED uint8_t *put_sized(uint8_t *at, const void *bytes, size_t size)
{
    at = put_varint(at, size);
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return at + size;
}

/* The size in front of the item is known once the item is written. Moving it is cheaper than
 * measuring it before. */
static uint8_t *put_item(uint8_t *at, const struct cht_event_row *row, const void *item)
{
    uint8_t *start = at + 1;
    size_t size = (size_t)(put_body(start, row, item) - start);
    size_t more = varint_size(size) - 1;
    if (more > 0) {
        memmove(start + more, start, size);
    }
    return put_varint(at, size) + size;
}

CHT_INLINED uint8_t *put_list(
    uint8_t *at, const struct cht_field_row *field, const struct cht_list *list)
{
    const char *item = list->at;
    for (uint32_t i = 0; i < list->count; i++, item += field->item->size) {
        at = put_tag(at, field);
        at = put_item(at, field->item, item);
    }
    return at;
}

CHT_INLINED uint8_t *put_value(uint8_t *at, const struct cht_field_row *field, const void *value)
{
    if (cht_kind_is_number(field->kind)) {
        return put_varint(at, *(const uint64_t *)value);
    }
    if (field->kind == CHT_KIND_flag) {
        *at = *(const bool *)value;
        return at + 1;
    }
    if (field->kind == CHT_KIND_id) {
        return put_sized(at, value, sizeof(struct cht_id));
    }
    if (field->kind == CHT_KIND_ids) {
        const struct cht_ids *ids = value;
        return put_sized(at, ids->at, ids->count * sizeof(struct cht_id));
    }
    const struct cht_str *text = value;
    return put_sized(at, text->at, text->size);
}

CHT_INLINED uint8_t *put_field(
    uint8_t *at, const struct cht_field_row *field, unsigned place, const void *event)
{
    const void *value = cht_field_of(field, event);
    if (!cht_field_is_set(field, place, event)) {
        return at;
    }
    return field->kind == CHT_KIND_list ? put_list(at, field, value)
                                        : put_value(put_tag(at, field), field, value);
}

/* ---- the events of the bus, field by field */
#define WORDF(of, number, words, member, must, doc) FIELD(of, , , member, , , , )
#define LISTF(of, number, item, member, max, doc) FIELD(of, , , member, , , , )
#define EVENT(number, name, doc)                                                                   \
    static size_t size_of_##name(const void *event)                                                \
    {                                                                                              \
        size_t size = 0;
#define FIELD(of, number, kind, member, must, min, max, doc)                                       \
    size += field_size(CHT_FIELD_AT(of, member), event);
#define END(name)                                                                                  \
    return size;                                                                                   \
    }
#include "chattifier/events.def"
#undef EVENT
#undef FIELD
#undef END

#define EVENT(number, name, doc)                                                                   \
    static uint8_t *put_##name(uint8_t *at, const void *event)                                     \
    {
#define FIELD(of, number, kind, member, must, min, max, doc)                                       \
    at = put_field(at, CHT_FIELD_AT(of, member), event);
#define END(name)                                                                                  \
    return at;                                                                                     \
    }
#include "chattifier/events.def"
#undef EVENT
#undef FIELD
#undef END

struct writer {
    const struct cht_event_row *row;
    size_t (*size_of)(const void *event);
    uint8_t *(*put)(uint8_t *at, const void *event);
};

static const struct writer writers[] = {
#define FIELD(of, number, kind, member, must, min, max, doc)
#define EVENT(number, name, doc) [number] = {&cht_row_##name, size_of_##name, put_##name},
#define END(name)
#include "chattifier/events.def"
};

/* NULL for a row that is no event of the bus. */
CHT_INLINED const struct writer *writer_of(const struct cht_event_row *row)
{
    bool known = row->number < sizeof(writers) / sizeof(writers[0]);
    return known && writers[row->number].row == row ? &writers[row->number] : NULL;
}

/* ---- whole events */
static size_t body_size(const struct cht_event_row *row, const void *event)
{
    const struct writer *writer = writer_of(row);
    size_t size = 0;
    if (writer != NULL) {
        return writer->size_of(event);
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        size += field_size(&row->fields[i], i, event);
    }
    return size;
}

static uint8_t *put_body(uint8_t *at, const struct cht_event_row *row, const void *event)
{
    const struct writer *writer = writer_of(row);
    if (writer != NULL) {
        return writer->put(at, event);
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        at = put_field(at, &row->fields[i], i, event);
    }
    return at;
}

size_t cht_encoded_size(const struct cht_event_row *row, const void *event)
{
    return varint_size(row->number) + body_size(row, event);
}

void cht_encode(const struct cht_event_row *row, const void *event, uint8_t *ret_bytes)
{
    put_body(put_varint(ret_bytes, row->number), row, event);
}
