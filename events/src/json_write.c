/* json_write - JSON into a block of the caller.
 *
 * Happy path: pieces are appended, commas come by themselves. How it fails: when the block is full
 * nothing more is written, but `used` still counts, so the caller learns what it would take. */

#include <string.h>

#include "chattifier/events.h"
#include "field.h"
#include "json_write.h"
#include "utf8.h"

static void put(struct cht_json *json, const void *bytes, size_t size)
{
    if (json->used <= json->size && size <= json->size - json->used && size > 0) {
        memcpy(json->at + json->used, bytes, size);
    }
    json->used += size;
}

static void put_byte(struct cht_json *json, char byte)
{
    if (json->used < json->size) {
        json->at[json->used] = byte;
    }
    json->used++;
}

static void before_value(struct cht_json *json)
{
    if (json->comma) {
        put_byte(json, ',');
    }
    json->comma = true;
}

void cht_json_begin(struct cht_json *json, char bracket)
{
    before_value(json);
    put_byte(json, bracket);
    json->comma = false;
}

void cht_json_end(struct cht_json *json, char bracket)
{
    put_byte(json, bracket);
    json->comma = true;
}

static void put_key(struct cht_json *json, const char *name, size_t size)
{
    before_value(json);
    put_byte(json, '"');
    put(json, name, size);
    put(json, "\":", 2);
    json->comma = false;
}

void cht_json_key(struct cht_json *json, const char *name)
{
    put_key(json, name, strlen(name));
}

static inline bool must_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - CHT_EACH_BYTE(1)) & ~word & CHT_EACH_BYTE(0x80);
}

/* True if none of eight bytes needs an escape. */
static inline bool eight_are_plain(const char *at)
{
    uint64_t word = cht_eight(at);
    uint64_t low = (word - CHT_EACH_BYTE(0x20)) & ~word & CHT_EACH_BYTE(0x80);
    return (low | zero_bytes(word ^ CHT_EACH_BYTE('"')) | zero_bytes(word ^ CHT_EACH_BYTE('\\'))) ==
           0;
}

static size_t plain_size(const char *at, size_t size)
{
    size_t i = 0;
    while (i < size) {
        if (size - i >= 8 && eight_are_plain(at + i)) {
            i += 8;
        } else if (!must_escape((uint8_t)at[i])) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

static void put_escape(struct cht_json *json, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = byte == 0 ? NULL : strchr(from, byte);
    if (found != NULL) {
        char pair[2] = {'\\', to[found - from]};
        put(json, pair, sizeof(pair));
        return;
    }
    char six[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    put(json, six, sizeof(six));
}

void cht_json_text(struct cht_json *json, struct cht_str text)
{
    before_value(json);
    put_byte(json, '"');
    size_t i = 0;
    while (i < text.size) {
        size_t plain = plain_size(text.at + i, text.size - i);
        put(json, text.at + i, plain);
        i += plain;
        if (i < text.size) {
            put_escape(json, (uint8_t)text.at[i++]);
        }
    }
    put_byte(json, '"');
}

void cht_json_word(struct cht_json *json, const char *word)
{
    before_value(json);
    put_byte(json, '"');
    put(json, word, strlen(word));
    put_byte(json, '"');
}

void cht_json_id(struct cht_json *json, const struct cht_id *id)
{
    char text[CHT_ID_TEXT_SIZE + 2];
    text[0] = '"';
    cht_id_to_text(id, text + 1);
    text[sizeof(text) - 1] = '"';
    before_value(json);
    put(json, text, sizeof(text));
}

void cht_json_u64(struct cht_json *json, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    before_value(json);
    put(json, digits + at, sizeof(digits) - at);
}

void cht_json_flag(struct cht_json *json, bool flag)
{
    before_value(json);
    put(json, flag ? "true" : "false", flag ? 4 : 5);
}

void cht_json_raw(struct cht_json *json, struct cht_str finished)
{
    before_value(json);
    put(json, finished.at, finished.size);
}

static void write_bytes(struct cht_json *json, struct cht_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *at = (const uint8_t *)bytes.at;
    before_value(json);
    put_byte(json, '"');
    for (uint32_t i = 0; i < bytes.size; i += 3) {
        uint32_t left = bytes.size - i;
        uint32_t three = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
                         (left > 2 ? at[i + 2] : 0);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63],
            digits[three & 63]};
        put(json, four, left > 2 ? 4 : left + 1);
    }
    put_byte(json, '"');
}

static void write_ids(struct cht_json *json, const struct cht_ids *ids)
{
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < ids->count; i++) {
        cht_json_id(json, &ids->at[i]);
    }
    cht_json_end(json, ']');
}

static void write_list(
    struct cht_json *json, const struct cht_field_row *field, const struct cht_list *list)
{
    cht_json_begin(json, '[');
    for (size_t i = 0; i < list->count; i++) {
        cht_json_event(json, field->item, (const char *)list->at + i * field->item->size);
    }
    cht_json_end(json, ']');
}

static void write_word(struct cht_json *json, const struct cht_words *words, uint64_t number)
{
    const char *word = cht_word_text(words, number);
    if (word[0] == '\0') {
        cht_json_raw(json, (struct cht_str){"null", 4});
    } else {
        cht_json_word(json, word);
    }
}

static void write_finished(struct cht_json *json, struct cht_str finished)
{
    static const struct cht_str nothing = {"null", 4};
    cht_json_raw(json, finished.size == 0 ? nothing : finished);
}

static void write_value(struct cht_json *json, const struct cht_field_row *field, const void *value)
{
    switch ((enum cht_kind)field->kind) {
    case CHT_KIND_id:
        cht_json_id(json, value);
        break;
    case CHT_KIND_u64:
        cht_json_u64(json, *(const uint64_t *)value);
        break;
    case CHT_KIND_flag:
        cht_json_flag(json, *(const bool *)value);
        break;
    case CHT_KIND_text:
    case CHT_KIND_chars:
    case CHT_KIND_token:
        cht_json_text(json, *(const struct cht_str *)value);
        break;
    case CHT_KIND_bytes:
        write_bytes(json, *(const struct cht_str *)value);
        break;
    case CHT_KIND_json:
        write_finished(json, *(const struct cht_str *)value);
        break;
    case CHT_KIND_ids:
        write_ids(json, value);
        break;
    case CHT_KIND_list:
        write_list(json, field, value);
        break;
    case CHT_KIND_word:
        write_word(json, field->words, *(const uint64_t *)value);
        break;
    }
}

void cht_json_member(struct cht_json *json, const struct cht_field_row *field, const void *event)
{
    put_key(json, field->name, field->name_size);
    write_value(json, field, cht_field_of(field, event));
}

void cht_json_members(struct cht_json *json, const struct cht_event_row *row, const void *event)
{
    for (uint32_t i = 0; i < row->field_count; i++) {
        const struct cht_field_row *field = &row->fields[i];
        if (cht_field_is_set(field, i, event)) {
            cht_json_member(json, field, event);
        }
    }
}

void cht_json_event(struct cht_json *json, const struct cht_event_row *row, const void *event)
{
    cht_json_begin(json, '{');
    if (row->wire != NULL) {
        cht_json_key(json, "type");
        cht_json_word(json, row->wire);
    }
    cht_json_members(json, row, event);
    cht_json_end(json, '}');
}
