/* pulsar_read - messages from their bytes.
 *
 * Happy path: the struct becomes one in which everything is absent, each field that comes goes to
 * its place, and at the end all that are needed have come. How it fails: by the first flaw, which
 * ends the reading. It goes as deep as messages of the table are in each other. */

#include <string.h>

#include "base/check.h"
#include "chattifier/events.h"
#include "pulsar/pulsar_bytes.h"

/* Numbers of 32 bits. Those below zero have ten bytes, or five by some writers. */
static uint32_t take_32_bits(struct pulsar_bytes *bytes)
{
    uint64_t number = pulsar_take_varint(bytes);
    if (number > UINT32_MAX && number < (uint64_t)INT32_MIN) {
        pulsar_bytes_fail(bytes, PULSAR_WRONG_NUMBER);
        return 0;
    }
    return (uint32_t)number;
}

static bool take_flag(struct pulsar_bytes *bytes)
{
    uint64_t number = pulsar_take_varint(bytes);
    if (number > 1) {
        pulsar_bytes_fail(bytes, PULSAR_WRONG_NUMBER);
    }
    return number == 1;
}

static struct cht_str take_text(struct pulsar_bytes *bytes)
{
    struct cht_str text = pulsar_take_sized(bytes);
    if (!cht_utf8_valid(text)) {
        pulsar_bytes_fail(bytes, PULSAR_NOT_UTF8);
        return (struct cht_str){0};
    }
    return text;
}

static void take_message(
    struct pulsar_bytes *bytes, const struct pulsar_row *row, void *ret_message)
{
    struct cht_str inner = pulsar_take_sized(bytes);
    enum pulsar_flaw flaw = pulsar_read(row, (const uint8_t *)inner.at, inner.size, ret_message);
    if (flaw != PULSAR_FINE) {
        pulsar_bytes_fail(bytes, flaw);
    }
}

void pulsar_take_value(
    struct pulsar_bytes *bytes, const struct pulsar_field *field, void *ret_value)
{
    switch ((enum pulsar_kind)field->kind) {
    case PULSAR_KIND_u64:
        *(uint64_t *)ret_value = pulsar_take_varint(bytes);
        return;
    case PULSAR_KIND_i64:
        *(int64_t *)ret_value = (int64_t)pulsar_take_varint(bytes);
        return;
    case PULSAR_KIND_u32:
    case PULSAR_KIND_word:
        *(uint32_t *)ret_value = take_32_bits(bytes);
        return;
    case PULSAR_KIND_i32:
        *(int32_t *)ret_value = (int32_t)take_32_bits(bytes);
        return;
    case PULSAR_KIND_flag:
        *(bool *)ret_value = take_flag(bytes);
        return;
    case PULSAR_KIND_text:
        *(struct cht_str *)ret_value = take_text(bytes);
        return;
    case PULSAR_KIND_bytes:
        *(struct cht_str *)ret_value = pulsar_take_sized(bytes);
        return;
    case PULSAR_KIND_message:
        take_message(bytes, field->row, ret_value);
        return;
    case PULSAR_KIND_none:
        break;
    }
    CHECK_UNREACHABLE();
}

static uint8_t wire_of(const struct pulsar_field *field)
{
    return field->kind < PULSAR_KIND_text ? PULSAR_WIRE_VARINT : PULSAR_WIRE_SIZED;
}

/* Items are judged here and read again by who walks the list. */
static void take_block(
    struct pulsar_bytes *bytes, const struct pulsar_field *field, struct pulsar_many *list)
{
    uint64_t size = pulsar_take_varint(bytes);
    const uint8_t *block = pulsar_take(bytes, size);
    struct pulsar_bytes inner = {block, bytes->at, PULSAR_FINE};
    while (block && pulsar_bytes_left(&inner) > 0) {
        union pulsar_item item;
        pulsar_take_value(&inner, field, &item);
        list->count++;
    }
    if (inner.flaw != PULSAR_FINE) {
        pulsar_bytes_fail(bytes, inner.flaw);
    }
}

static void take_item(struct pulsar_bytes *bytes, const struct pulsar_field *field, uint8_t wire,
    struct pulsar_many *list)
{
    union pulsar_item item;
    if (wire == PULSAR_WIRE_SIZED && wire_of(field) == PULSAR_WIRE_VARINT) {
        take_block(bytes, field, list);
        return;
    }
    pulsar_take_value(bytes, field, &item);
    list->count++;
}

static bool may_have_wire(const struct pulsar_field *field, uint8_t wire)
{
    return wire == wire_of(field) || (wire == PULSAR_WIRE_SIZED && field->rule == PULSAR_MANY);
}

/* What the fields of one message are read into. */
struct reading {
    const struct pulsar_row *row;
    uint8_t *message;
    uint64_t seen;
};

static void take_known(struct pulsar_bytes *bytes, struct reading *reading, struct pulsar_tag tag,
    const uint8_t *tag_at)
{
    const struct pulsar_field *field = &reading->row->fields[tag.number];
    uint64_t bit = UINT64_C(1) << tag.number;
    void *place = reading->message + field->offset;
    bool again = (reading->seen & bit) != 0;
    reading->seen |= bit;
    if (!may_have_wire(field, tag.wire)) {
        pulsar_bytes_fail(bytes, PULSAR_WRONG_WIRE);
        return;
    }
    if (field->rule == PULSAR_MANY) {
        struct pulsar_many *list = place;
        if (!again) {
            *list = (struct pulsar_many){.number = tag.number, .at = tag_at, .end = bytes->end};
        }
        take_item(bytes, field, tag.wire, list);
        return;
    }
    if (again) {
        pulsar_bytes_fail(bytes, PULSAR_REPEATED);
        return;
    }
    if (field->rule == PULSAR_MAY) {
        *(bool *)(reading->message + field->has_offset) = true;
    }
    pulsar_take_value(bytes, field, place);
}

enum pulsar_flaw pulsar_read(
    const struct pulsar_row *row, const uint8_t *at, size_t size, void *ret_message)
{
    if (size > UINT32_MAX) {
        return PULSAR_TOO_LARGE;
    }
    struct pulsar_bytes bytes = {at, size ? at + size : at, PULSAR_FINE};
    struct reading reading = {.row = row, .message = ret_message};
    memcpy(ret_message, row->absent, row->size);
    while (pulsar_bytes_left(&bytes) > 0) {
        const uint8_t *tag_at = bytes.at;
        struct pulsar_tag tag = pulsar_take_tag(&bytes);
        if (tag.number < row->numbers && row->fields[tag.number].kind != PULSAR_KIND_none) {
            take_known(&bytes, &reading, tag, tag_at);
        } else if (tag.number > 0) {
            pulsar_skip(&bytes, tag.wire);
            ++*(uint32_t *)ret_message;
        }
    }
    if (bytes.flaw == PULSAR_FINE && (row->needed & ~reading.seen) != 0) {
        return PULSAR_MISSING;
    }
    return bytes.flaw;
}
