/* text_field - single fields that come as text: from paths, queries and headers.
 *
 * Happy path: the text is checked like the JSON form would be. How it fails: false, and the command
 * is as before. */

#include <string.h>

#include "chattifier/events.h"
#include "field.h"

static bool number_from_text(
    const struct cht_field_row *field, struct cht_str text, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text.size == 0 || text.size > 16 || (text.size > 1 && text.at[0] == '0')) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    *ret_number = number;
    return number >= field->min && number <= field->max;
}

static bool flag_from_text(struct cht_str text, bool *ret_flag)
{
    *ret_flag = cht_str_is(text, "true");
    return *ret_flag || cht_str_is(text, "false");
}

static bool some_id_from_text(struct cht_str text, struct cht_id *ret_id)
{
    return cht_id_from_text(text, ret_id) && !cht_id_is_none(ret_id);
}

/* Ids with commas between them. */
static bool ids_from_text(const struct cht_field_row *field, struct cht_str text,
    struct cht_scratch *scratch, struct cht_ids *ret_ids)
{
    uint32_t step = CHT_ID_TEXT_SIZE + 1;
    uint32_t count = (text.size + 1) / step;
    if (text.size + 1 != count * step || count > field->max) {
        return false;
    }
    ret_ids->at = cht_scratch_take(scratch, count * sizeof(struct cht_id));
    for (uint32_t i = 0; ret_ids->at != NULL && i < count; i++) {
        struct cht_str one = {text.at + (size_t)i * step, CHT_ID_TEXT_SIZE};
        bool ends = i + 1 == count || one.at[CHT_ID_TEXT_SIZE] == ',';
        if (!ends || !some_id_from_text(one, &ret_ids->at[i])) {
            return false;
        }
    }
    ret_ids->count = count;
    return ret_ids->at != NULL;
}

union value {
    struct cht_id id;
    uint64_t number;
    bool flag;
    struct cht_str text;
    struct cht_ids ids;
};

/* The size of the value, 0 if the text does not fit. */
static size_t value_from_text(const struct cht_field_row *field, struct cht_str text,
    struct cht_scratch *scratch, union value *ret_value)
{
    switch ((enum cht_kind)field->kind) {
    case CHT_KIND_id:
        return some_id_from_text(text, &ret_value->id) ? sizeof(struct cht_id) : 0;
    case CHT_KIND_u64:
        return number_from_text(field, text, &ret_value->number) ? sizeof(uint64_t) : 0;
    case CHT_KIND_flag:
        return flag_from_text(text, &ret_value->flag) ? sizeof(bool) : 0;
    case CHT_KIND_word:
        ret_value->number = cht_word_number(field->words, text);
        return ret_value->number != 0 ? sizeof(uint64_t) : 0;
    case CHT_KIND_ids:
        return ids_from_text(field, text, scratch, &ret_value->ids) ? sizeof(struct cht_ids) : 0;
    case CHT_KIND_text:
    case CHT_KIND_chars:
    case CHT_KIND_token:
        break;
    case CHT_KIND_bytes:
    case CHT_KIND_json:
    case CHT_KIND_list:
        return 0;
    }
    ret_value->text = text.size == 0 ? (struct cht_str){NULL, 0} : text;
    bool has_nul = text.size > 0 && memchr(text.at, '\0', text.size) != NULL;
    return !has_nul && cht_field_fits_text(field, text) ? sizeof(struct cht_str) : 0;
}

bool cht_read_text_field(
    struct cht_command *command, int field, struct cht_str text, struct cht_scratch *scratch)
{
    union value value;
    if (field < 0 || field >= CHT_COUNT_command) {
        return false;
    }
    const struct cht_field_row *row = &cht_row_command.fields[field];
    memset(&value, 0, sizeof(value));
    size_t size = value_from_text(row, text, scratch, &value);
    if (size == 0) {
        return false;
    }
    memcpy(cht_field_in(row, command), &value, size);
    command->has |= UINT64_C(1) << field;
    return true;
}
