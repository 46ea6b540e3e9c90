/* pulsar_put - messages to their bytes.
 *
 * Happy path: the fields of a row that are meant follow each other by their numbers; in front of a
 * message inside there is room for a size of one byte, and it moves up if it needs more. How it
 * fails: the first thing that does not fit marks the writer, and what comes after it is passed
 * over. */

#include <string.h>

#include "base/big_endian.h"
#include "base/check.h"
#include "pulsar/pulsar_bytes.h"
#include "pulsar/pulsar_writing.h"

#define VARINT_BYTES_MAX 10

void pulsar_writer_init(struct pulsar_writer *writer, uint8_t *bytes, size_t capacity)
{
    CHECK(capacity <= PULSAR_MESSAGE_BYTES_MAX);
    *writer = (struct pulsar_writer){.at = bytes, .capacity = capacity};
}

/* True if there is room for so many bytes more. */
static bool fits(struct pulsar_writer *writer, size_t size)
{
    writer->failed |= size > writer->capacity - writer->used;
    return !writer->failed;
}

void pulsar_put_bytes(struct pulsar_writer *writer, const void *bytes, size_t size)
{
    if (!fits(writer, size)) {
        return;
    }
    if (writer->at && size > 0) {
        memcpy(writer->at + writer->used, bytes, size);
    }
    writer->used += size;
}

static void put_big_endian(struct pulsar_writer *writer, uint32_t number, size_t size)
{
    uint8_t bytes[4];
    big_endian_put_sized(bytes, number, size);
    pulsar_put_bytes(writer, bytes, size);
}

void pulsar_put_u16(struct pulsar_writer *writer, uint16_t number)
{
    put_big_endian(writer, number, 2);
}

void pulsar_put_u32(struct pulsar_writer *writer, uint32_t number)
{
    put_big_endian(writer, number, 4);
}

void pulsar_patch_u32(struct pulsar_writer *writer, size_t at, uint32_t number)
{
    if (!writer->failed && writer->at) {
        big_endian_put_sized(writer->at + at, number, 4);
    }
}

static size_t write_varint(uint8_t ret_bytes[VARINT_BYTES_MAX], uint64_t number)
{
    size_t size = 0;
    for (; number > 0x7f; number >>= 7) {
        ret_bytes[size++] = (uint8_t)(number | 0x80);
    }
    ret_bytes[size++] = (uint8_t)number;
    return size;
}

/* At its place, unless that is near the end of the buffer. */
void pulsar_put_varint(struct pulsar_writer *writer, uint64_t number)
{
    uint8_t bytes[VARINT_BYTES_MAX];
    bool has_room = writer->at && writer->capacity - writer->used >= VARINT_BYTES_MAX;
    if (has_room && !writer->failed) {
        writer->used += write_varint(writer->at + writer->used, number);
    } else {
        pulsar_put_bytes(writer, bytes, write_varint(bytes, number));
    }
}

void pulsar_put_tag(struct pulsar_writer *writer, uint32_t number, uint8_t wire)
{
    pulsar_put_varint(writer, (uint64_t)number << 3 | wire);
}

/* ---- sizes that are known only later */

/* Behind a byte for the size; answers its place. */
static size_t open_size(struct pulsar_writer *writer)
{
    size_t at = writer->used;
    pulsar_put_bytes(writer, "", 1);
    return at;
}

static void close_size(struct pulsar_writer *writer, size_t at)
{
    uint8_t bytes[VARINT_BYTES_MAX];
    if (writer->failed) {
        return;
    }
    size_t size = writer->used - at - 1;
    size_t more = write_varint(bytes, size) - 1;
    if (!fits(writer, more)) {
        return;
    }
    writer->used += more;
    if (writer->at) {
        memmove(writer->at + at + 1 + more, writer->at + at + 1, size);
        memcpy(writer->at + at, bytes, more + 1);
    }
}

/* ---- fields */

static void put_sized_bytes(struct pulsar_writer *writer, struct cht_str bytes)
{
    pulsar_put_varint(writer, bytes.size);
    pulsar_put_bytes(writer, bytes.at, bytes.size);
}

/* Of 32 bits, those below zero as 64 of them. */
static uint64_t number_of(const struct pulsar_field *field, const void *value)
{
    switch ((enum pulsar_kind)field->kind) {
    case PULSAR_KIND_u64:
        return *(const uint64_t *)value;
    case PULSAR_KIND_i64:
        return (uint64_t) * (const int64_t *)value;
    case PULSAR_KIND_u32:
    case PULSAR_KIND_word:
        return *(const uint32_t *)value;
    case PULSAR_KIND_i32:
        return (uint64_t)(int64_t) * (const int32_t *)value;
    case PULSAR_KIND_flag:
        return *(const bool *)value;
    case PULSAR_KIND_text:
    case PULSAR_KIND_bytes:
    case PULSAR_KIND_message:
    case PULSAR_KIND_none:
        break;
    }
    CHECK_UNREACHABLE();
}

static void put_field(struct pulsar_writer *writer, uint32_t number,
    const struct pulsar_field *field, const void *value)
{
    if (field->kind < PULSAR_KIND_text) {
        pulsar_put_tag(writer, number, PULSAR_WIRE_VARINT);
        pulsar_put_varint(writer, number_of(field, value));
        return;
    }
    pulsar_put_tag(writer, number, PULSAR_WIRE_SIZED);
    if (field->kind == PULSAR_KIND_message) {
        pulsar_put_sized_message(writer, field->row, value);
    } else {
        put_sized_bytes(writer, *(const struct cht_str *)value);
    }
}

static void put_list(struct pulsar_writer *writer, uint32_t number,
    const struct pulsar_field *field, struct pulsar_many list)
{
    union pulsar_item item;
    while (!writer->failed && pulsar_next(&list, field, &item)) {
        put_field(writer, number, field, &item);
    }
}

void pulsar_put_message(
    struct pulsar_writer *writer, const struct pulsar_row *row, const void *message)
{
    const uint8_t *bytes = message;
    for (uint32_t number = 1; number < row->numbers && !writer->failed; number++) {
        const struct pulsar_field *field = &row->fields[number];
        const void *value = bytes + field->offset;
        if (field->kind == PULSAR_KIND_none) {
            continue;
        }
        if (field->rule == PULSAR_MANY) {
            put_list(writer, number, field, *(const struct pulsar_many *)value);
        } else if (field->rule == PULSAR_NEED || *(const bool *)(bytes + field->has_offset)) {
            put_field(writer, number, field, value);
        }
    }
}

void pulsar_put_sized_message(
    struct pulsar_writer *writer, const struct pulsar_row *row, const void *message)
{
    size_t size_at = open_size(writer);
    pulsar_put_message(writer, row, message);
    close_size(writer, size_at);
}

void pulsar_put_long_message(
    struct pulsar_writer *writer, const struct pulsar_row *row, const void *message)
{
    size_t size_at = writer->used;
    pulsar_put_u32(writer, 0);
    pulsar_put_message(writer, row, message);
    pulsar_patch_u32(writer, size_at, (uint32_t)(writer->used - size_at - 4));
}
