/* random_event - any valid event of any row, from a seed.
 *
 * Happy path: each field is left out or gets a value inside its bounds, often at them. How it
 * fails: a scratch that is too small ends the test. */

#include "random_event.h"

#include "support.h"

#define TEXT_BYTES_MAX 80
#define ITEMS_MAX 3

uint64_t dice_roll(struct dice *dice, uint64_t below)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state % below;
}

static void *take(struct cht_scratch *scratch, size_t size)
{
    void *taken = cht_scratch_take(scratch, size);
    assert_non_null(taken);
    return taken;
}

static uint64_t between(struct dice *dice, uint64_t min, uint64_t max)
{
    switch (dice_roll(dice, 4)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return min + dice_roll(dice, max - min < 300 ? max - min + 1 : 300);
    default:
        return min + dice_roll(dice, max - min + 1);
    }
}

static struct cht_str random_str(
    struct dice *dice, const struct cht_field_row *field, struct cht_scratch *scratch)
{
    static const char letters[] = "abcXYZ019._:-";
    static const char texts[] = "a\"\\\n\x01\x7f \t/z";
    uint64_t most = field->max < TEXT_BYTES_MAX ? field->max : TEXT_BYTES_MAX;
    struct cht_str text = {NULL, (uint32_t)between(dice, field->min, most)};
    if (text.size == 0) {
        return text;
    }
    char *bytes = take(scratch, text.size);
    for (uint32_t i = 0; i < text.size; i++) {
        if (field->kind == CHT_KIND_bytes) {
            bytes[i] = (char)dice_roll(dice, 256);
        } else if (field->kind == CHT_KIND_text) {
            bytes[i] = texts[dice_roll(dice, sizeof(texts) - 1)];
        } else {
            bytes[i] = letters[dice_roll(dice, sizeof(letters) - 1)];
        }
    }
    if (field->kind == CHT_KIND_json) {
        memset(bytes, '1', text.size);
        if (text.size > 1) {
            bytes[0] = bytes[text.size - 1] = '"';
        }
    }
    if (field->kind == CHT_KIND_text && text.size >= 4) {
        memcpy(bytes, "\xf0\x9f\x98\x80", 4);
    }
    text.at = bytes;
    return text;
}

static void random_id(struct dice *dice, struct cht_id *ret_id)
{
    for (size_t i = 0; i < sizeof(ret_id->bytes); i++) {
        ret_id->bytes[i] = (uint8_t)dice_roll(dice, 256);
    }
}

static void random_ids(struct dice *dice, struct cht_scratch *scratch, struct cht_ids *ret_ids)
{
    ret_ids->count = (uint32_t)dice_roll(dice, ITEMS_MAX + 1);
    ret_ids->at = ret_ids->count == 0 ? NULL : take(scratch, ret_ids->count * 16);
    for (uint32_t i = 0; i < ret_ids->count; i++) {
        random_id(dice, &ret_ids->at[i]);
    }
}

static void random_list(struct dice *dice, const struct cht_event_row *item,
    struct cht_scratch *scratch, struct cht_list *ret_list)
{
    ret_list->count = (uint32_t)dice_roll(dice, ITEMS_MAX + 1);
    ret_list->at = ret_list->count == 0 ? NULL : take(scratch, ret_list->count * item->size);
    for (uint32_t i = 0; i < ret_list->count; i++) {
        random_event(dice, item, scratch, (char *)ret_list->at + i * item->size);
    }
}

static void random_value(struct dice *dice, const struct cht_field_row *field,
    struct cht_scratch *scratch, void *ret_value)
{
    switch ((enum cht_kind)field->kind) {
    case CHT_KIND_id:
        random_id(dice, ret_value);
        break;
    case CHT_KIND_u64:
    case CHT_KIND_word:
        *(uint64_t *)ret_value = between(dice, field->min, field->max);
        break;
    case CHT_KIND_flag:
        *(bool *)ret_value = dice_roll(dice, 2) != 0;
        break;
    case CHT_KIND_text:
    case CHT_KIND_chars:
    case CHT_KIND_token:
    case CHT_KIND_bytes:
    case CHT_KIND_json:
        *(struct cht_str *)ret_value = random_str(dice, field, scratch);
        break;
    case CHT_KIND_ids:
        random_ids(dice, scratch, ret_value);
        break;
    case CHT_KIND_list:
        random_list(dice, field->item, scratch, ret_value);
        break;
    }
}

void random_event(struct dice *dice, const struct cht_event_row *row, struct cht_scratch *scratch,
    void *ret_event)
{
    memset(ret_event, 0, row->size);
    for (uint32_t i = 0; i < row->field_count; i++) {
        const struct cht_field_row *field = &row->fields[i];
        if (field->required || dice_roll(dice, 3) != 0) {
            random_value(dice, field, scratch, (char *)ret_event + field->offset);
            *(uint64_t *)ret_event |= UINT64_C(1) << i;
        }
    }
}
