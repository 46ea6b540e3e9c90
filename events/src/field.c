/* field - which texts fit a field.
 *
 * Happy path: kind and bounds agree. How it fails: false; the caller knows whose fault that is. */

#include "field.h"

#include "chattifier/events.h"

static bool is_token_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == ':' || byte == '-';
}

static bool is_token(struct cht_str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (!is_token_byte(text.at[i])) {
            return false;
        }
    }
    return true;
}

static bool in_bounds(const struct cht_field_row *field, size_t size)
{
    return size >= field->min && size <= field->max;
}

bool cht_field_fits_valid_text(const struct cht_field_row *field, struct cht_str text)
{
    if (field->kind == CHT_KIND_chars) {
        return text.size / 4 <= field->max && in_bounds(field, cht_utf8_count(text)) &&
               !cht_has_hidden(text);
    }
    if (!in_bounds(field, text.size)) {
        return false;
    }
    return field->kind != CHT_KIND_token || is_token(text);
}

bool cht_field_fits_text(const struct cht_field_row *field, struct cht_str text)
{
    bool must_be_utf8 = field->kind == CHT_KIND_text || field->kind == CHT_KIND_chars;
    if (must_be_utf8 && (text.size / 4 > field->max || !cht_utf8_valid(text))) {
        return false;
    }
    return cht_field_fits_valid_text(field, text);
}
