#pragma once

/* field - the value of one field of one event, by its descriptor. */

#include "chattifier/types.h"

static inline void *cht_field_in(const struct cht_field_row *field, void *event)
{
    return (char *)event + field->offset;
}

static inline const void *cht_field_of(const struct cht_field_row *field, const void *event)
{
    return (const char *)event + field->offset;
}

static inline bool cht_kind_is_number(unsigned kind)
{
    return kind == CHT_KIND_u64 || kind == CHT_KIND_word;
}

static inline bool cht_kind_is_str(unsigned kind)
{
    return kind >= CHT_KIND_text && kind <= CHT_KIND_json;
}

/* True if the value is not zero, not none, not empty. */
static inline bool cht_field_is_filled(const struct cht_field_row *field, const void *value)
{
    if (cht_kind_is_number(field->kind)) {
        return *(const uint64_t *)value != 0;
    }
    if (field->kind == CHT_KIND_id) {
        return !cht_id_is_none(value);
    }
    if (field->kind == CHT_KIND_flag) {
        return *(const bool *)value;
    }
    if (field->kind == CHT_KIND_ids) {
        return ((const struct cht_ids *)value)->count != 0;
    }
    if (field->kind == CHT_KIND_list) {
        return ((const struct cht_list *)value)->count != 0;
    }
    return ((const struct cht_str *)value)->size != 0;
}

/* True if a writer writes field `i`. A list is written by its items, so an empty one never is. */
static inline bool cht_field_is_set(const struct cht_event_row *row, uint32_t i, const void *event)
{
    const struct cht_field_row *field = &row->fields[i];
    uint64_t has = *(const uint64_t *)event | row->required;
    if ((has >> i & 1) != 0 && field->kind != CHT_KIND_list) {
        return true;
    }
    return cht_field_is_filled(field, cht_field_of(field, event));
}

/* True if the text fits the kind and the bounds of its field. `text` may be any bytes. */
bool cht_field_fits_text(const struct cht_field_row *field, struct cht_str text);

/* The same for text that is known to be valid UTF-8. */
bool cht_field_fits_valid_text(const struct cht_field_row *field, struct cht_str text);
