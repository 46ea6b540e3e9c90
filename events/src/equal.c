/* equal - whether two events say the same: exactly if their binary forms are the same bytes.
 *
 * Happy path: field by field. How it fails: it cannot. */

#include <string.h>

#include "chattifier/events.h"
#include "field.h"

static bool lists_equal(
    const struct cht_field_row *field, const struct cht_list *a, const struct cht_list *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        size_t at = i * field->item->size;
        if (!cht_event_equal(field->item, (const char *)a->at + at, (const char *)b->at + at)) {
            return false;
        }
    }
    return true;
}

static bool values_equal(const struct cht_field_row *field, const void *a, const void *b)
{
    if (cht_kind_is_number(field->kind)) {
        return *(const uint64_t *)a == *(const uint64_t *)b;
    }
    if (field->kind == CHT_KIND_flag) {
        return *(const bool *)a == *(const bool *)b;
    }
    if (field->kind == CHT_KIND_id) {
        return cht_id_equal(a, b);
    }
    if (field->kind == CHT_KIND_ids) {
        const struct cht_ids *one = a;
        const struct cht_ids *other = b;
        return one->count == other->count &&
               (one->count == 0 ||
                   memcmp(one->at, other->at, one->count * sizeof(struct cht_id)) == 0);
    }
    if (field->kind == CHT_KIND_list) {
        return lists_equal(field, a, b);
    }
    return cht_str_equal(*(const struct cht_str *)a, *(const struct cht_str *)b);
}

bool cht_event_equal(const struct cht_event_row *row, const void *a, const void *b)
{
    for (uint32_t i = 0; i < row->field_count; i++) {
        const struct cht_field_row *field = &row->fields[i];
        bool is_set = cht_field_is_set(field, i, a);
        if (is_set != cht_field_is_set(field, i, b)) {
            return false;
        }
        if (is_set && !values_equal(field, cht_field_of(field, a), cht_field_of(field, b))) {
            return false;
        }
    }
    return true;
}
