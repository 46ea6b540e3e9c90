/* binary - events as bytes: the protobuf wire format behind a varint with the event's number.
 *
 * Happy path: encode walks the rows of the fields that are set; decode walks the bytes, which come
 * in the order of the rows, and ends by looking whether all required fields came. How it fails:
 * decode answers false for everything that encode would not have written, except tags that this
 * build does not know. Recursion is as deep as lists in rows are nested. */

#include <string.h>

#include "chattifier/events.h"
#include "field.h"

/* ---- sizes */
static size_t body_size(const struct cht_event_row *row, const void *event);

static inline size_t varint_size(uint64_t number)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(number | 1);
    return (bits + 6) / 7;
}

static size_t list_size(const struct cht_field_row *field, const struct cht_list *list)
{
    size_t size = 0;
    const char *item = list->at;
    for (uint32_t i = 0; i < list->count; i++, item += field->item->size) {
        size_t bytes = body_size(field->item, item);
        size += field->tag_size + varint_size(bytes) + bytes;
    }
    return size;
}

static size_t field_size(const struct cht_field_row *field, const void *value)
{
    size_t bytes = sizeof(struct cht_id);
    if (cht_kind_is_number(field->kind)) {
        return field->tag_size + varint_size(*(const uint64_t *)value);
    }
    if (field->kind == CHT_KIND_flag) {
        return field->tag_size + 1u;
    }
    if (field->kind == CHT_KIND_list) {
        return list_size(field, value);
    }
    if (field->kind == CHT_KIND_ids) {
        bytes = ((const struct cht_ids *)value)->count * sizeof(struct cht_id);
    } else if (cht_kind_is_str(field->kind)) {
        bytes = ((const struct cht_str *)value)->size;
    }
    return field->tag_size + varint_size(bytes) + bytes;
}

static size_t body_size(const struct cht_event_row *row, const void *event)
{
    size_t size = 0;
    for (uint32_t i = 0; i < row->field_count; i++) {
        if (cht_field_is_set(row, i, event)) {
            size += field_size(&row->fields[i], cht_field_of(&row->fields[i], event));
        }
    }
    return size;
}

size_t cht_encoded_size(const struct cht_event_row *row, const void *event)
{
    return varint_size(row->number) + body_size(row, event);
}

/* ---- out */
static uint8_t *put_body(uint8_t *at, const struct cht_event_row *row, const void *event);

static inline uint8_t *put_varint(uint8_t *at, uint64_t number)
{
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}

static inline uint8_t *put_tag(uint8_t *at, const struct cht_field_row *field)
{
    at[0] = field->tag[0];
    if (field->tag_size > 1) {
        at[1] = field->tag[1];
    }
    return at + field->tag_size;
}

static uint8_t *put_sized(uint8_t *at, const void *bytes, size_t size)
{
    at = put_varint(at, size);
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return at + size;
}

static uint8_t *put_list(
    uint8_t *at, const struct cht_field_row *field, const struct cht_list *list)
{
    const char *item = list->at;
    for (uint32_t i = 0; i < list->count; i++, item += field->item->size) {
        at = put_tag(at, field);
        at = put_varint(at, body_size(field->item, item));
        at = put_body(at, field->item, item);
    }
    return at;
}

static uint8_t *put_field(uint8_t *at, const struct cht_field_row *field, const void *value)
{
    if (field->kind == CHT_KIND_list) {
        return put_list(at, field, value);
    }
    at = put_tag(at, field);
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

static uint8_t *put_body(uint8_t *at, const struct cht_event_row *row, const void *event)
{
    for (uint32_t i = 0; i < row->field_count; i++) {
        if (cht_field_is_set(row, i, event)) {
            at = put_field(at, &row->fields[i], cht_field_of(&row->fields[i], event));
        }
    }
    return at;
}

void cht_encode(const struct cht_event_row *row, const void *event, uint8_t *ret_bytes)
{
    put_body(put_varint(ret_bytes, row->number), row, event);
}

/* ---- in */
struct in {
    const uint8_t *at;
    const uint8_t *end;
};

static bool take_body(
    struct in in, const struct cht_event_row *row, struct cht_scratch *scratch, void *ret_event);

static bool take_varint(struct in *in, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

static bool take_sized(struct in *in, struct in *ret_part)
{
    uint64_t size = 0;
    if (!take_varint(in, &size) || size > (uint64_t)(in->end - in->at)) {
        return false;
    }
    *ret_part = (struct in){in->at, in->at + size};
    in->at += size;
    return true;
}

static bool skip_bytes(struct in *in, size_t size)
{
    if (size > (size_t)(in->end - in->at)) {
        return false;
    }
    in->at += size;
    return true;
}

static bool skip_value(struct in *in, unsigned wire)
{
    uint64_t number;
    struct in part;
    switch (wire) {
    case 0:
        return take_varint(in, &number);
    case 1:
        return skip_bytes(in, 8);
    case 2:
        return take_sized(in, &part);
    case 5:
        return skip_bytes(in, 4);
    default:
        return false;
    }
}

/* How many items of the list are in what is left, and the one whose tag was just read. */
static bool count_items(struct in in, uint64_t tag, uint32_t *ret_count)
{
    uint64_t next = tag;
    *ret_count = 0;
    for (;;) {
        *ret_count += next == tag;
        if (!skip_value(&in, next & 7)) {
            return false;
        }
        if (in.at == in.end) {
            return true;
        }
        if (!take_varint(&in, &next)) {
            return false;
        }
    }
}

static bool take_item(struct in *in, const struct cht_field_row *field, struct cht_scratch *scratch,
    struct cht_list *list)
{
    struct in part;
    uint64_t tag = (uint64_t)field->number << 3 | 2;
    if (list->at == NULL) {
        uint32_t count;
        if (!count_items(*in, tag, &count) || count > field->max) {
            return false;
        }
        list->at = cht_scratch_take(scratch, (size_t)count * field->item->size);
        if (list->at == NULL) {
            return false;
        }
    }
    void *item = (char *)list->at + (size_t)list->count * field->item->size;
    list->count++;
    return take_sized(in, &part) && take_body(part, field->item, scratch, item);
}

static bool take_number(struct in *in, const struct cht_field_row *field, void *ret_value)
{
    uint64_t number;
    if (!take_varint(in, &number) || number < field->min || number > field->max) {
        return false;
    }
    if (field->kind == CHT_KIND_flag) {
        *(bool *)ret_value = number != 0;
    } else {
        *(uint64_t *)ret_value = number;
    }
    return true;
}

static bool take_ids(struct in part, const struct cht_field_row *field, struct cht_scratch *scratch,
    struct cht_ids *ret_ids)
{
    size_t size = (size_t)(part.end - part.at);
    if (size % sizeof(struct cht_id) != 0 || size / sizeof(struct cht_id) > field->max) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    ret_ids->at = cht_scratch_take(scratch, size);
    if (ret_ids->at == NULL) {
        return false;
    }
    memcpy(ret_ids->at, part.at, size);
    ret_ids->count = (uint32_t)(size / sizeof(struct cht_id));
    return true;
}

static bool take_text(struct in part, const struct cht_field_row *field, struct cht_str *ret_text)
{
    size_t size = (size_t)(part.end - part.at);
    if (size > UINT32_MAX) {
        return false;
    }
    ret_text->size = (uint32_t)size;
    ret_text->at = size == 0 ? NULL : (const char *)part.at;
    return cht_field_fits_text(field, *ret_text);
}

static bool take_value(
    struct in *in, const struct cht_field_row *field, struct cht_scratch *scratch, void *ret_value)
{
    struct in part;
    if (cht_kind_is_number(field->kind) || field->kind == CHT_KIND_flag) {
        return take_number(in, field, ret_value);
    }
    if (field->kind == CHT_KIND_list) {
        return take_item(in, field, scratch, ret_value);
    }
    if (!take_sized(in, &part)) {
        return false;
    }
    if (field->kind == CHT_KIND_id) {
        if (part.end - part.at != (ptrdiff_t)sizeof(struct cht_id)) {
            return false;
        }
        memcpy(ret_value, part.at, sizeof(struct cht_id));
        return true;
    }
    if (field->kind == CHT_KIND_ids) {
        return take_ids(part, field, scratch, ret_value);
    }
    return take_text(part, field, ret_value);
}

/* Rows are dense as long as no field was ever taken away: then the place is the number before. */
static const struct cht_field_row *field_by_number(const struct cht_event_row *row, uint64_t number)
{
    if (number - 1 < row->field_count && row->fields[number - 1].number == number) {
        return &row->fields[number - 1];
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        if (row->fields[i].number == number) {
            return &row->fields[i];
        }
    }
    return NULL;
}

static bool take_field(
    struct in *in, const struct cht_event_row *row, struct cht_scratch *scratch, void *event)
{
    uint64_t tag;
    if (!take_varint(in, &tag) || tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1) {
        return false;
    }
    const struct cht_field_row *field = field_by_number(row, tag >> 3);
    if (field == NULL) {
        return skip_value(in, tag & 7);
    }
    uint64_t bit = UINT64_C(1) << (field - row->fields);
    uint64_t *has = event;
    if ((field->tag[0] & 7u) != (tag & 7)) {
        return false;
    }
    if ((*has & bit) != 0 && field->kind != CHT_KIND_list) {
        return false;
    }
    *has |= bit;
    return take_value(in, field, scratch, cht_field_in(field, event));
}

static bool take_body(
    struct in in, const struct cht_event_row *row, struct cht_scratch *scratch, void *ret_event)
{
    memset(ret_event, 0, row->size);
    while (in.at < in.end) {
        if (!take_field(&in, row, scratch, ret_event)) {
            return false;
        }
    }
    return (*(const uint64_t *)ret_event & row->required) == row->required;
}

static struct in in_of(struct cht_str bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.at;
    return (struct in){at, bytes.size == 0 ? at : at + bytes.size};
}

uint32_t cht_event_number_of(struct cht_str bytes)
{
    struct in in = in_of(bytes);
    uint64_t number;
    return take_varint(&in, &number) && number <= UINT32_MAX ? (uint32_t)number : 0;
}

bool cht_decode(const struct cht_event_row *row, struct cht_str bytes, struct cht_scratch *scratch,
    void *ret_event)
{
    struct in in = in_of(bytes);
    uint64_t number;
    return take_varint(&in, &number) && number == row->number &&
           take_body(in, row, scratch, ret_event);
}
