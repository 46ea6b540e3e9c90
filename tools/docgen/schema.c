/* schema - JSON Schema (2020-12) of fields, frames and commands.
 *
 * Happy path: a row becomes an object. How it fails: the JSON block is too small, which main checks
 * at the end. */

#include "docgen.h"

#define ID_PATTERN "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

void key_text(struct cht_json *json, const char *key, const char *text)
{
    cht_json_key(json, key);
    cht_json_text(json, cht_str_of(text));
}

static void key_number(struct cht_json *json, const char *key, uint64_t number)
{
    cht_json_key(json, key);
    cht_json_u64(json, number);
}

static void id_members(struct cht_json *json)
{
    key_text(json, "type", "string");
    key_text(json, "format", "uuid");
    key_text(json, "pattern", ID_PATTERN);
}

static void string_members(struct cht_json *json, const struct cht_field_row *field)
{
    key_text(json, "type", "string");
    if (field->min > 0) {
        key_number(json, "minLength", field->min);
    }
    key_number(json, "maxLength", field->max);
    if (field->kind == CHT_KIND_token) {
        key_text(json, "pattern", "^[A-Za-z0-9._:-]*$");
    }
    if (field->kind == CHT_KIND_bytes) {
        key_text(json, "contentEncoding", "base64url");
    }
}

static void word_members(struct cht_json *json, const struct cht_words *words)
{
    cht_json_key(json, "enum");
    cht_json_begin(json, '[');
    for (uint32_t i = 1; i < words->count; i++) {
        cht_json_text(json, cht_str_of(words->texts[i]));
    }
    cht_json_end(json, ']');
}

static void array_members(struct cht_json *json, const struct cht_field_row *field)
{
    key_text(json, "type", "array");
    key_number(json, "maxItems", field->max);
    cht_json_key(json, "items");
    if (field->kind == CHT_KIND_list) {
        schema_of_event(json, field->item);
        return;
    }
    cht_json_begin(json, '{');
    id_members(json);
    cht_json_end(json, '}');
}

static void field_members(struct cht_json *json, const struct cht_field_row *field)
{
    switch ((enum cht_kind)field->kind) {
    case CHT_KIND_id:
        id_members(json);
        break;
    case CHT_KIND_u64:
        key_text(json, "type", "integer");
        key_number(json, "minimum", field->min);
        key_number(json, "maximum", field->max);
        break;
    case CHT_KIND_flag:
        key_text(json, "type", "boolean");
        break;
    case CHT_KIND_text:
    case CHT_KIND_chars:
    case CHT_KIND_token:
    case CHT_KIND_bytes:
        string_members(json, field);
        break;
    case CHT_KIND_json:
        break;
    case CHT_KIND_ids:
    case CHT_KIND_list:
        array_members(json, field);
        break;
    case CHT_KIND_word:
        word_members(json, field->words);
        break;
    }
}

void schema_of_field(struct cht_json *json, const struct cht_field_row *field)
{
    cht_json_begin(json, '{');
    field_members(json, field);
    key_text(json, "description", field->doc);
    cht_json_end(json, '}');
}

static void const_type(struct cht_json *json, const char *type)
{
    cht_json_key(json, "type");
    cht_json_begin(json, '{');
    key_text(json, "const", type);
    cht_json_end(json, '}');
}

void schema_of_event(struct cht_json *json, const struct cht_event_row *row)
{
    const char *type = frame_type(row);
    cht_json_begin(json, '{');
    key_text(json, "description", row->doc);
    key_text(json, "type", "object");
    cht_json_key(json, "properties");
    cht_json_begin(json, '{');
    if (row == &cht_row_f_room) {
        cht_json_key(json, "type");
        cht_json_raw(json, cht_str_of("{\"enum\":[\"room.created\",\"room.updated\"]}"));
    } else if (type != NULL) {
        const_type(json, type);
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        cht_json_key(json, row->fields[i].name);
        schema_of_field(json, &row->fields[i]);
    }
    cht_json_end(json, '}');
    cht_json_key(json, "required");
    cht_json_begin(json, '[');
    if (type != NULL) {
        cht_json_text(json, cht_str_of("type"));
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        if (row->fields[i].required) {
            cht_json_text(json, cht_str_of(row->fields[i].name));
        }
    }
    cht_json_end(json, ']');
    cht_json_end(json, '}');
}

static void rooms_schema(struct cht_json *json, const struct cht_field_row *field)
{
    cht_json_begin(json, '{');
    key_text(json, "type", "object");
    key_text(json, "description", field->doc);
    key_number(json, "maxProperties", field->max);
    cht_json_key(json, "propertyNames");
    cht_json_begin(json, '{');
    key_text(json, "pattern", ID_PATTERN);
    cht_json_end(json, '}');
    cht_json_key(json, "additionalProperties");
    schema_of_field(json, &cht_row_room_seq.fields[CHT_AT_room_seq_seq]);
    cht_json_end(json, '}');
}

static void properties_of(struct cht_json *json, uint64_t bits)
{
    for (uint64_t left = bits; left != 0; left &= left - 1) {
        const struct cht_field_row *field = &cht_row_command.fields[__builtin_ctzll(left)];
        cht_json_key(json, field->name);
        if (field->kind == CHT_KIND_list) {
            rooms_schema(json, field);
        } else {
            schema_of_field(json, field);
        }
    }
}

static void settings_of(struct cht_json *json, uint64_t bits)
{
    if (bits == 0) {
        return;
    }
    cht_json_key(json, "settings");
    cht_json_begin(json, '{');
    key_text(json, "type", "object");
    cht_json_key(json, "properties");
    cht_json_begin(json, '{');
    properties_of(json, bits);
    cht_json_end(json, '}');
    cht_json_end(json, '}');
}

static void required_of(struct cht_json *json, uint64_t bits)
{
    for (uint64_t left = bits; left != 0; left &= left - 1) {
        cht_json_text(json, cht_str_of(cht_row_command.fields[__builtin_ctzll(left)].name));
    }
}

void schema_of_fields(struct cht_json *json, uint64_t type, uint64_t bits)
{
    key_text(json, "type", "object");
    cht_json_key(json, "properties");
    cht_json_begin(json, '{');
    properties_of(json, bits & ~SETTINGS);
    settings_of(json, bits & SETTINGS);
    cht_json_end(json, '}');
    cht_json_key(json, "required");
    cht_json_begin(json, '[');
    required_of(json, bits & cht_command_row(type)->requires);
    cht_json_end(json, ']');
}

void schema_of_command(struct cht_json *json, uint64_t type)
{
    const struct cht_command_row *row = cht_command_row(type);
    cht_json_begin(json, '{');
    key_text(json, "description", row->doc);
    key_text(json, "type", "object");
    cht_json_key(json, "properties");
    cht_json_begin(json, '{');
    const_type(json, row->wire);
    cht_json_key(json, "ref");
    cht_json_raw(json, cht_str_of("{\"type\":\"string\",\"minLength\":1,\"maxLength\":32,"
                                  "\"description\":\"Comes back in the answer.\"}"));
    properties_of(json, row->takes & ~SETTINGS);
    settings_of(json, row->takes & SETTINGS);
    cht_json_end(json, '}');
    cht_json_key(json, "required");
    cht_json_begin(json, '[');
    cht_json_text(json, cht_str_of("type"));
    required_of(json, row->requires);
    cht_json_end(json, ']');
    cht_json_end(json, '}');
}
