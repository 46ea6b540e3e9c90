#pragma once

/* field - the value of one field of one event, by its descriptor.
 *
 * All of it is inlined, so that where the descriptor is a constant only what that field needs is
 * left. */

#include "chattifier/events.h"

#ifndef CHT_INLINED /* tools/coverage counts a function once, not wherever it was written out */
#define CHT_INLINED static inline __attribute__((always_inline))
#endif

CHT_INLINED void *cht_field_in(const struct cht_field_row *field, void *event)
{
    return (char *)event + field->offset;
}

CHT_INLINED const void *cht_field_of(const struct cht_field_row *field, const void *event)
{
    return (const char *)event + field->offset;
}

CHT_INLINED bool cht_kind_is_number(unsigned kind)
{
    return kind == CHT_KIND_u64 || kind == CHT_KIND_word;
}

CHT_INLINED bool cht_kind_is_str(unsigned kind)
{
    return kind >= CHT_KIND_text && kind <= CHT_KIND_json;
}

/* True if the value is not zero, not none, not empty. */
CHT_INLINED bool cht_field_is_filled(const struct cht_field_row *field, const void *value)
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

/* True if a writer writes the field at `place`. A list is written by its items, so an empty one
 * never is. */
CHT_INLINED bool cht_field_is_set(
    const struct cht_field_row *field, unsigned place, const void *event)
{
    if (field->kind != CHT_KIND_list &&
        (field->required || (*(const uint64_t *)event >> place & 1) != 0)) {
        return true;
    }
    return cht_field_is_filled(field, cht_field_of(field, event));
}

CHT_INLINED bool cht_field_in_bounds(const struct cht_field_row *field, size_t size)
{
    return size >= field->min && size <= field->max;
}

/* True if the text, which is known to be valid UTF-8, fits the kind and the bounds of its field. */
CHT_INLINED bool cht_field_fits_valid_text(const struct cht_field_row *field, struct cht_str text)
{
    if (field->kind == CHT_KIND_chars) {
        return text.size / 4 <= field->max && cht_field_in_bounds(field, cht_utf8_count(text)) &&
               !cht_has_hidden(text);
    }
    return cht_field_in_bounds(field, text.size) &&
           (field->kind != CHT_KIND_token || cht_is_token(text));
}

/* The same for any bytes. */
CHT_INLINED bool cht_field_fits_text(const struct cht_field_row *field, struct cht_str text)
{
    bool must_be_utf8 = field->kind == CHT_KIND_text || field->kind == CHT_KIND_chars;
    if (must_be_utf8 && (text.size / 4 > field->max || !cht_utf8_valid(text))) {
        return false;
    }
    return cht_field_fits_valid_text(field, text);
}
