#pragma once

/* pulsar_bytes - reading what protobuf is made of, off the front of bytes.
 *
 * For the readers of this library only. The first flaw stays: after it every take answers zero and
 * nothing is left, so a reader takes what it needs and looks once at the end. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pulsar/pulsar_proto.h"

enum pulsar_wire {
    PULSAR_WIRE_VARINT = 0,
    PULSAR_WIRE_64 = 1,
    PULSAR_WIRE_SIZED = 2,
    PULSAR_WIRE_32 = 5
};

struct pulsar_bytes {
    const uint8_t *at;
    const uint8_t *end;
    enum pulsar_flaw flaw;
};

/* What stands in front of a field. */
struct pulsar_tag {
    uint32_t number; /* 0 after a flaw */
    uint8_t wire;
};

static inline size_t pulsar_bytes_left(const struct pulsar_bytes *bytes)
{
    return (size_t)(bytes->end - bytes->at);
}

/* Notes the first flaw; nothing is left to take. */
void pulsar_bytes_fail(struct pulsar_bytes *bytes, enum pulsar_flaw flaw);

/* `size` bytes, or NULL. */
const uint8_t *pulsar_take(struct pulsar_bytes *bytes, uint64_t size);

/* The big-endian numbers around messages. */
uint32_t pulsar_take_u32(struct pulsar_bytes *bytes);

uint64_t pulsar_take_varint(struct pulsar_bytes *bytes);
struct pulsar_tag pulsar_take_tag(struct pulsar_bytes *bytes);

/* Bytes behind their size; of no bytes `at` is NULL. */
struct cht_str pulsar_take_sized(struct pulsar_bytes *bytes);

/* Passes over the value behind a tag. */
void pulsar_skip(struct pulsar_bytes *bytes, uint8_t wire);

/* The value of a field, or one item of a list, into its place. */
void pulsar_take_value(
    struct pulsar_bytes *bytes, const struct pulsar_field *field, void *ret_value);

/* Room for one item of any list. */
union pulsar_item {
    struct pulsar_key_value key_value;
    struct pulsar_message_id message_id;
    struct pulsar_int_range int_range;
    struct cht_str bytes;
    int64_t i64;
    int32_t i32;
};

/* One item of a list in either form, of `kind` and, if that is message, `row`. */
bool pulsar_next(struct pulsar_many *list, const struct pulsar_field *item, void *ret_item);
