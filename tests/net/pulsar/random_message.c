/* random_message - any message of any row, from a seed.
 *
 * Happy path: each field that may be absent is so half of the time, others get values at their
 * bounds and between. How it fails: room that is too small ends the test. */

#include "random_message.h"

#include <string.h>

#include "test.h"

#include "pulsar/pulsar_bytes.h"

#define ITEMS_MAX 3
#define TEXT_BYTES_MAX 200

const struct pulsar_row *const message_rows[] = {
#define MESSAGE(message, text) &pulsar_row_##message,
#define NEED(message, number, kind, name, text)
#define MAY(message, number, kind, name, fallback, text)
#define MANY(message, number, kind, name, text)
#define NEED_OF(message, number, of, name, text)
#define MAY_OF(message, number, of, name, text)
#define MANY_OF(message, number, of, name, text)
#define END(message)
#include "pulsar/pulsar_messages.def"
};

const size_t message_row_count = sizeof(message_rows) / sizeof(message_rows[0]);

uint64_t message_roll(struct message_dice *dice, uint64_t below)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state % below;
}

static void *take(struct message_dice *dice, size_t size)
{
    size_t aligned = (size + 7) & ~(size_t)7;
    assert_true(aligned <= dice->capacity - dice->used);
    void *taken = dice->room + dice->used;
    dice->used += aligned;
    return taken;
}

/* Of every length of varint. */
static uint64_t random_number(struct message_dice *dice)
{
    uint64_t bits = message_roll(dice, 65);
    return bits == 0 ? 0 : message_roll(dice, UINT64_MAX) >> (64 - bits);
}

static struct cht_str random_str(struct message_dice *dice)
{
    struct cht_str text = {NULL, (uint32_t)message_roll(dice, TEXT_BYTES_MAX)};
    if (message_roll(dice, 4) == 0 || text.size == 0) {
        return (struct cht_str){0};
    }
    char *bytes = take(dice, text.size);
    for (uint32_t i = 0; i < text.size; i++) {
        bytes[i] = (char)message_roll(dice, 128);
    }
    text.at = bytes;
    return text;
}

static size_t size_of(const struct pulsar_field *field)
{
    static const size_t sizes[] = {[PULSAR_KIND_u64] = 8,
        [PULSAR_KIND_i64] = 8,
        [PULSAR_KIND_u32] = 4,
        [PULSAR_KIND_i32] = 4,
        [PULSAR_KIND_flag] = sizeof(bool),
        [PULSAR_KIND_word] = 4,
        [PULSAR_KIND_text] = sizeof(struct cht_str),
        [PULSAR_KIND_bytes] = sizeof(struct cht_str)};
    return field->kind == PULSAR_KIND_message ? field->row->size : sizes[field->kind];
}

static void random_value(
    struct message_dice *dice, const struct pulsar_field *field, void *ret_value)
{
    uint64_t number = random_number(dice);
    if (field->kind == PULSAR_KIND_message) {
        random_message(dice, field->row, ret_value);
    } else if (field->kind >= PULSAR_KIND_text) {
        *(struct cht_str *)ret_value = random_str(dice);
    } else if (field->kind == PULSAR_KIND_flag) {
        *(bool *)ret_value = (number & 1) != 0;
    } else {
        memcpy(
            ret_value, &number, size_of(field)); /* on machines that have the lowest byte first */
    }
}

static struct pulsar_many random_list(struct message_dice *dice, const struct pulsar_field *field)
{
    struct pulsar_many list = {.count = (uint32_t)message_roll(dice, ITEMS_MAX + 1)};
    uint8_t *items = take(dice, list.count * size_of(field));
    for (uint32_t i = 0; i < list.count; i++) {
        random_value(dice, field, items + i * size_of(field));
    }
    list.items = items;
    return list;
}

void random_message(struct message_dice *dice, const struct pulsar_row *row, void *ret_message)
{
    uint8_t *message = ret_message;
    memcpy(message, row->absent, row->size);
    for (uint32_t number = 0; number < row->numbers; number++) {
        const struct pulsar_field *field = &row->fields[number];
        if (field->kind == PULSAR_KIND_none) {
            continue;
        }
        if (field->rule == PULSAR_MANY) {
            *(struct pulsar_many *)(message + field->offset) = random_list(dice, field);
        } else if (field->rule == PULSAR_NEED || message_roll(dice, 2) == 0) {
            random_value(dice, field, message + field->offset);
            if (field->rule == PULSAR_MAY) {
                *(bool *)(message + field->has_offset) = true;
            }
        }
    }
}

/* ---- equal */

static bool values_equal(const struct pulsar_field *field, const void *a, const void *b)
{
    if (field->kind == PULSAR_KIND_message) {
        return messages_equal(field->row, a, b);
    }
    if (field->kind >= PULSAR_KIND_text) {
        return cht_str_equal(*(const struct cht_str *)a, *(const struct cht_str *)b);
    }
    return memcmp(a, b, size_of(field)) == 0;
}

static bool lists_equal(
    const struct pulsar_field *field, struct pulsar_many a, struct pulsar_many b)
{
    union pulsar_item first, second;
    if (a.count != b.count) {
        return false;
    }
    while (pulsar_next(&a, field, &first) && pulsar_next(&b, field, &second)) {
        if (!values_equal(field, &first, &second)) {
            return false;
        }
    }
    return true;
}

static bool fields_equal(const struct pulsar_field *field, const uint8_t *a, const uint8_t *b)
{
    const void *first = a + field->offset, *second = b + field->offset;
    if (field->rule == PULSAR_MANY) {
        return lists_equal(
            field, *(const struct pulsar_many *)first, *(const struct pulsar_many *)second);
    }
    if (field->rule == PULSAR_NEED) {
        return values_equal(field, first, second);
    }
    bool has = *(const bool *)(a + field->has_offset);
    bool other_has = *(const bool *)(b + field->has_offset);
    return has == other_has && (!has || values_equal(field, first, second));
}

bool messages_equal(const struct pulsar_row *row, const void *a, const void *b)
{
    for (uint32_t number = 0; number < row->numbers; number++) {
        const struct pulsar_field *field = &row->fields[number];
        if (field->kind != PULSAR_KIND_none && !fields_equal(field, a, b)) {
            return false;
        }
    }
    return true;
}
