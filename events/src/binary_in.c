/* binary_in - bytes as events: the protobuf wire format behind a varint with the event's number.
 *
 * Happy path: the bytes are walked once; each field goes to its place in the struct, checked
 * against its row, and at the end all required fields must have come. How it fails: false for
 * everything that the writer would not have written, except tags that this build does not know.
 * Recursion is as deep as lists in rows are nested. */

#include <string.h>

#include "binary.h"
#include "utf8.h"

/* What is left to read, and what came so far. It is handed down to inlined functions only, so its
 * members stay in registers. */
struct in {
    const uint8_t *at;
    const uint8_t *end;
    struct cht_scratch *scratch;
    uint64_t has;
};

static bool read_body(struct in in, const struct cht_event_row *row, void *ret_event);

/* ---- varints and sizes */
struct varint {
    const uint8_t *next; /* NULL if it is refused */
    uint64_t number;
};

static struct varint read_bytes_of_varint(const uint8_t *at, const uint8_t *end)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return (struct varint){at, number};
        }
    }
    return (struct varint){NULL, 0};
}

/* Moves eight groups of seven bits together: two each, four each, all. */
static uint64_t join_sevens(uint64_t word)
{
    word &= CHT_EACH_BYTE(0x7f);
    word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
    word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
    return (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
}

/* Of the longer ones most are sizes of two bytes and times of six, which are read as one word. */
static __attribute__((noinline)) struct varint read_varint(const uint8_t *at, const uint8_t *end)
{
    if (end - at >= 2 && at[1] < 0x80) {
        return (struct varint){at + 2, (at[0] & 0x7fu) | (uint64_t)at[1] << 7};
    }
    uint64_t word = end - at >= 8 ? cht_eight(at) : 0;
    uint64_t lasts = ~word & CHT_EACH_BYTE(0x80);
    if (end - at < 8 || lasts == 0) {
        return read_bytes_of_varint(at, end);
    }
    uint64_t up_to_last = lasts ^ (lasts - 1);
    return (struct varint){at + cht_bytes_before(lasts) + 1, join_sevens(word & up_to_last)};
}

/* Most are of one byte. */
CHT_INLINED bool take_varint(struct in *in, uint64_t *ret_number)
{
    if (in->at < in->end && *in->at < 0x80) {
        *ret_number = *in->at++;
        return true;
    }
    struct varint varint = read_varint(in->at, in->end);
    in->at = varint.next;
    *ret_number = varint.number;
    return varint.next != NULL;
}

CHT_INLINED bool take_bytes(struct in *in, uint64_t size)
{
    if (size > (uint64_t)(in->end - in->at)) {
        return false;
    }
    in->at += size;
    return true;
}

CHT_INLINED bool take_sized(struct in *in, struct in *ret_part)
{
    uint64_t size = 0;
    if (!take_varint(in, &size) || !take_bytes(in, size)) {
        return false;
    }
    *ret_part = (struct in){in->at - size, in->at, in->scratch, 0};
    return true;
}

/* ---- what is unknown */
CHT_INLINED bool skip_value(struct in *in, uint64_t tag)
{
    uint64_t number;
    struct in part;
    switch (tag & 7) {
    case 0:
        return take_varint(in, &number);
    case 1:
        return take_bytes(in, 8);
    case 2:
        return take_sized(in, &part);
    case 5:
        return take_bytes(in, 4);
    default:
        return false;
    }
}

/* A tag that is none of the row: of a field that this build does not know, or of one that it knows,
 * but not with this wire type. */
CHT_INLINED bool skip_field(struct in *in, uint64_t tag, const struct cht_event_row *row)
{
    if (tag >> 3 < 1 || tag >> 3 > (1u << 29) - 1) {
        return false;
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        if (row->fields[i].number == tag >> 3) {
            return false;
        }
    }
    return skip_value(in, tag);
}

/* ---- lists */

/* How many items of the list are in what is left, and the one whose tag was just read. */
static bool count_items(struct in in, uint64_t tag, uint32_t *ret_count)
{
    uint64_t next = tag;
    *ret_count = 0;
    for (;;) {
        *ret_count += next == tag;
        if (!skip_value(&in, next)) {
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

/* With the first item comes the room for all. */
CHT_INLINED bool has_room(struct in in, const struct cht_field_row *field, struct cht_list *list)
{
    uint32_t count;
    uint64_t tag = (uint64_t)field->number << 3 | 2;
    if (list->at != NULL) {
        return true;
    }
    if (!count_items(in, tag, &count) || count > field->max) {
        return false;
    }
    list->at = cht_scratch_take(in.scratch, (size_t)count * field->item->size);
    return list->at != NULL;
}

CHT_INLINED bool take_item(struct in *in, const struct cht_field_row *field, struct cht_list *list)
{
    struct in part;
    if (!has_room(*in, field, list)) {
        return false;
    }
    void *item = (char *)list->at + (size_t)list->count * field->item->size;
    list->count++;
    return take_sized(in, &part) && read_body(part, field->item, item);
}

CHT_INLINED bool read_ids(
    struct in part, const struct cht_field_row *field, struct cht_ids *ret_ids)
{
    size_t size = (size_t)(part.end - part.at);
    if (size % sizeof(struct cht_id) != 0 || size / sizeof(struct cht_id) > field->max) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    ret_ids->at = cht_scratch_take(part.scratch, size);
    if (ret_ids->at == NULL) {
        return false;
    }
    memcpy(ret_ids->at, part.at, size);
    ret_ids->count = (uint32_t)(size / sizeof(struct cht_id));
    return true;
}

/* ---- values */
CHT_INLINED bool take_number(struct in *in, const struct cht_field_row *field, void *ret_value)
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

CHT_INLINED bool read_id(struct in part, struct cht_id *ret_id)
{
    if (part.end - part.at != (ptrdiff_t)sizeof(*ret_id)) {
        return false;
    }
    memcpy(ret_id, part.at, sizeof(*ret_id));
    return true;
}

CHT_INLINED bool read_text(
    struct in part, const struct cht_field_row *field, struct cht_str *ret_text)
{
    size_t size = (size_t)(part.end - part.at);
    if (size > UINT32_MAX) {
        return false;
    }
    ret_text->size = (uint32_t)size;
    ret_text->at = size == 0 ? NULL : (const char *)part.at;
    return cht_field_fits_text(field, *ret_text);
}

CHT_INLINED bool take_value(struct in *in, const struct cht_field_row *field, void *ret_value)
{
    struct in part;
    if (cht_kind_is_number(field->kind) || field->kind == CHT_KIND_flag) {
        return take_number(in, field, ret_value);
    }
    if (field->kind == CHT_KIND_list) {
        return take_item(in, field, ret_value);
    }
    if (!take_sized(in, &part)) {
        return false;
    }
    if (field->kind == CHT_KIND_id) {
        return read_id(part, ret_value);
    }
    if (field->kind == CHT_KIND_ids) {
        return read_ids(part, field, ret_value);
    }
    return read_text(part, field, ret_value);
}

/* The field at `place`, whose tag was just read. */
CHT_INLINED bool take_field(
    struct in *in, const struct cht_field_row *field, unsigned place, void *event)
{
    uint64_t bit = UINT64_C(1) << place;
    if ((in->has & bit) != 0 && field->kind != CHT_KIND_list) {
        return false;
    }
    in->has |= bit;
    return take_value(in, field, cht_field_in(field, event));
}

/* ---- rows: by their table, and the events of the bus field by field */
CHT_INLINED bool take_by_table(
    struct in *in, uint64_t tag, const struct cht_event_row *row, void *event)
{
    for (uint32_t i = 0; i < row->field_count; i++) {
        const struct cht_field_row *field = &row->fields[i];
        if (((uint64_t)field->number << 3 | (field->tag[0] & 7u)) == tag) {
            return take_field(in, field, i, event);
        }
    }
    return skip_field(in, tag, row);
}

#define EVENT(number, name, doc)                                                                   \
    CHT_INLINED bool take_field_of_##name(                                                         \
        struct in *in, uint64_t tag, const struct cht_event_row *row, void *event)                 \
    {                                                                                              \
        switch (tag) {
#define FIELD(of, number, kind, member, must, min, max, doc)                                       \
    case CHT_TAG(number, kind):                                                                    \
        return take_field(in, CHT_FIELD_AT(of, member), event);
#define WORDF(of, number, words, member, must, doc) FIELD(of, number, word, member, , , , )
#define LISTF(of, number, item, member, max, doc) FIELD(of, number, list, member, , , , )
#define END(name)                                                                                  \
    default:                                                                                       \
        return skip_field(in, tag, row);                                                           \
        }                                                                                          \
        }
#include "chattifier/events.def"
#undef EVENT
#undef FIELD
#undef WORDF
#undef LISTF
#undef END

typedef bool take_function(
    struct in *in, uint64_t tag, const struct cht_event_row *row, void *event);

CHT_INLINED bool take_fields(
    struct in in, take_function *take, const struct cht_event_row *row, void *event)
{
    while (in.at < in.end) {
        uint64_t tag;
        if (!take_varint(&in, &tag) || !take(&in, tag, row, event)) {
            return false;
        }
    }
    *(uint64_t *)event = in.has;
    return true;
}

#define FIELD(of, number, kind, member, must, min, max, doc)
#define WORDF(of, number, words, member, must, doc)
#define LISTF(of, number, item, member, max, doc)
#define EVENT(number, name, doc)                                                                   \
    static bool take_##name(                                                                       \
        const uint8_t *at, const uint8_t *end, struct cht_scratch *scratch, void *event)           \
    {                                                                                              \
        struct in in = {at, end, scratch, 0};                                                      \
        return take_fields(in, take_field_of_##name, &cht_row_##name, event);                      \
    }
#define END(name)
#include "chattifier/events.def"
#undef EVENT

struct reader {
    const struct cht_event_row *row;
    bool (*take)(const uint8_t *at, const uint8_t *end, struct cht_scratch *scratch, void *event);
};

static const struct reader readers[] = {
#define EVENT(number, name, doc) [number] = {&cht_row_##name, take_##name},
#include "chattifier/events.def"
};

/* ---- whole events */
CHT_INLINED bool take_body(struct in in, const struct cht_event_row *row, void *ret_event)
{
    bool known = row->number < sizeof(readers) / sizeof(readers[0]);
    memset(ret_event, 0, row->size);
    bool good = known && readers[row->number].row == row
                    ? readers[row->number].take(in.at, in.end, in.scratch, ret_event)
                    : take_fields(in, take_by_table, row, ret_event);
    return good && (*(const uint64_t *)ret_event & row->required) == row->required;
}

static bool read_body(struct in in, const struct cht_event_row *row, void *ret_event)
{
    return take_body(in, row, ret_event);
}

static struct in in_of(struct cht_str bytes, struct cht_scratch *scratch)
{
    const uint8_t *at = (const uint8_t *)bytes.at;
    return (struct in){at, bytes.size == 0 ? at : at + bytes.size, scratch, 0};
}

uint32_t cht_event_number_of(struct cht_str bytes)
{
    struct in in = in_of(bytes, NULL);
    uint64_t number;
    return take_varint(&in, &number) && number <= UINT32_MAX ? (uint32_t)number : 0;
}

bool cht_decode(const struct cht_event_row *row, struct cht_str bytes, struct cht_scratch *scratch,
    void *ret_event)
{
    struct in in = in_of(bytes, scratch);
    uint64_t number;
    return take_varint(&in, &number) && number == row->number && take_body(in, row, ret_event);
}
