/* json_write - JSON into a block of the caller.
 *
 * Happy path: pieces are appended, commas come by themselves. How it fails: when the block is full
 * nothing more is written, but `used` still counts, so the caller learns what it would take. */

#include <string.h>

#include "binary.h"
#include "json_write.h"
#include "utf8.h"

/* Where the next `size` bytes go; they are counted in any case. NULL if they do not fit. */
CHT_INLINED char *room_for(struct cht_json *json, size_t size)
{
    size_t start = json->used;
    json->used += size;
    return json->used <= json->size ? json->at + start : NULL;
}

CHT_INLINED void put(struct cht_json *json, const void *bytes, size_t size)
{
    char *to = room_for(json, size);
    if (to != NULL && size > 0) {
        memcpy(to, bytes, size);
    }
}

CHT_INLINED void put_byte(struct cht_json *json, char byte)
{
    char *to = room_for(json, 1);
    if (to != NULL) {
        *to = byte;
    }
}

CHT_INLINED void before_value(struct cht_json *json)
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

void cht_json_key(struct cht_json *json, const char *name)
{
    before_value(json);
    put_byte(json, '"');
    put(json, name, strlen(name));
    put(json, "\":", 2);
    json->comma = false;
}

/* The field's key as it stands in its row, without the comma if it is the first. */
CHT_INLINED void put_key(struct cht_json *json, const struct cht_field_row *field)
{
    size_t skipped = !json->comma;
    size_t size = field->name_size + sizeof(",\"\":") - 1 - skipped;
    size_t left = json->used <= json->size ? json->size - json->used : 0;
    if (left >= CHT_KEY_BYTES) { /* a few bytes too many are cheaper than as many as needed */
        memcpy(json->at + json->used, field->key + skipped, CHT_KEY_BYTES);
    } else if (left >= size) {
        memcpy(json->at + json->used, field->key + skipped, size);
    }
    json->used += size;
    json->comma = false;
}

CHT_INLINED bool must_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static size_t plain_bytes(const char *at, size_t size)
{
    size_t i = 0;
    while (i < size && !must_escape((uint8_t)at[i])) {
        i++;
    }
    return i;
}

/* How many bytes at the beginning need no escape. The last word overlaps the one before it. */
static size_t plain_size(const char *at, size_t size)
{
    if (size < 8) {
        return plain_bytes(at, size);
    }
    for (size_t i = 0;; i = i + 16 <= size ? i + 8 : size - 8) {
        uint64_t word = cht_eight(at + i);
        uint64_t special = cht_special_ascii(word) & ~word & CHT_EACH_BYTE(0x80);
        if (special != 0) {
            return i + cht_bytes_before(special);
        }
        if (i + 8 == size) {
            return size;
        }
    }
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

/* Between quotes, as it is. */
static void put_quoted(struct cht_json *json, const char *at, size_t size)
{
    char *to = room_for(json, size + 2);
    if (to != NULL) {
        to[0] = '"';
        memcpy(to + 1, at, size);
        to[size + 1] = '"';
    }
}

static void put_escaped(struct cht_json *json, struct cht_str text, size_t plain)
{
    size_t i = 0;
    put_byte(json, '"');
    for (;;) {
        put(json, text.at + i, plain);
        i += plain;
        if (i == text.size) {
            break;
        }
        put_escape(json, (uint8_t)text.at[i++]);
        plain = plain_size(text.at + i, text.size - i);
    }
    put_byte(json, '"');
}

static void put_text(struct cht_json *json, struct cht_str text)
{
    size_t plain = plain_size(text.at, text.size);
    if (plain < text.size) {
        put_escaped(json, text, plain);
    } else {
        put_quoted(json, text.size == 0 ? "" : text.at, text.size);
    }
}

static void put_id(struct cht_json *json, const struct cht_id *id)
{
    char *to = room_for(json, CHT_ID_TEXT_SIZE + 2);
    if (to != NULL) {
        to[0] = '"';
        cht_id_to_text(id, to + 1);
        to[CHT_ID_TEXT_SIZE + 1] = '"';
    }
}

static unsigned digits_of(uint64_t number)
{
    unsigned digits = 1;
    for (; number >= 10000; number /= 10000) {
        digits += 4;
    }
    return digits + (number >= 10) + (number >= 100) + (number >= 1000);
}

static void put_u64(struct cht_json *json, uint64_t number)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    unsigned left = digits_of(number);
    char *to = room_for(json, left);
    if (to == NULL) {
        return;
    }
    for (; left >= 2; number /= 100) {
        left -= 2;
        memcpy(to + left, pairs + 2 * (number % 100), 2);
    }
    if (left > 0) {
        to[0] = (char)('0' + number);
    }
}

static void put_flag(struct cht_json *json, bool flag)
{
    put(json, flag ? "true" : "false", flag ? 4 : 5);
}

static void put_bytes(struct cht_json *json, struct cht_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *at = (const uint8_t *)bytes.at;
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

static void put_ids(struct cht_json *json, const struct cht_ids *ids)
{
    put_byte(json, '[');
    json->comma = false;
    for (uint32_t i = 0; i < ids->count; i++) {
        cht_json_id(json, &ids->at[i]);
    }
    put_byte(json, ']');
}

CHT_INLINED void put_list(
    struct cht_json *json, const struct cht_field_row *field, const struct cht_list *list)
{
    put_byte(json, '[');
    json->comma = false;
    for (size_t i = 0; i < list->count; i++) {
        cht_json_event(json, field->item, (const char *)list->at + i * field->item->size);
    }
    put_byte(json, ']');
}

static void put_word(struct cht_json *json, const struct cht_words *words, uint64_t number)
{
    const char *word = cht_word_text(words, number);
    if (word[0] == '\0') {
        put(json, "null", 4);
    } else {
        put_quoted(json, word, strlen(word));
    }
}

static void put_finished(struct cht_json *json, struct cht_str finished)
{
    if (finished.size == 0) {
        put(json, "null", 4);
    } else {
        put(json, finished.at, finished.size);
    }
}

/* ---- single values */
void cht_json_text(struct cht_json *json, struct cht_str text)
{
    before_value(json);
    put_text(json, text);
}

void cht_json_word(struct cht_json *json, const char *word)
{
    before_value(json);
    put_quoted(json, word, strlen(word));
}

void cht_json_id(struct cht_json *json, const struct cht_id *id)
{
    before_value(json);
    put_id(json, id);
}

void cht_json_u64(struct cht_json *json, uint64_t number)
{
    before_value(json);
    put_u64(json, number);
}

void cht_json_flag(struct cht_json *json, bool flag)
{
    before_value(json);
    put_flag(json, flag);
}

void cht_json_raw(struct cht_json *json, struct cht_str finished)
{
    before_value(json);
    put(json, finished.at, finished.size);
}

/* ---- members and events */
CHT_INLINED void put_value(
    struct cht_json *json, const struct cht_field_row *field, const void *value)
{
    switch ((enum cht_kind)field->kind) {
    case CHT_KIND_id:
        put_id(json, value);
        break;
    case CHT_KIND_u64:
        put_u64(json, *(const uint64_t *)value);
        break;
    case CHT_KIND_flag:
        put_flag(json, *(const bool *)value);
        break;
    case CHT_KIND_text:
    case CHT_KIND_chars:
    case CHT_KIND_token:
        put_text(json, *(const struct cht_str *)value);
        break;
    case CHT_KIND_bytes:
        put_bytes(json, *(const struct cht_str *)value);
        break;
    case CHT_KIND_json:
        put_finished(json, *(const struct cht_str *)value);
        break;
    case CHT_KIND_ids:
        put_ids(json, value);
        break;
    case CHT_KIND_list:
        put_list(json, field, value);
        break;
    case CHT_KIND_word:
        put_word(json, field->words, *(const uint64_t *)value);
        break;
    }
}

CHT_INLINED void put_member(
    struct cht_json *json, const struct cht_field_row *field, const void *event)
{
    put_key(json, field);
    put_value(json, field, cht_field_of(field, event));
    json->comma = true;
}

void cht_json_member(struct cht_json *json, const struct cht_field_row *field, const void *event)
{
    put_member(json, field, event);
}

CHT_INLINED void put_if_set(
    struct cht_json *json, const struct cht_field_row *field, unsigned place, const void *event)
{
    if (cht_field_is_set(field, place, event)) {
        put_member(json, field, event);
    }
}

/* The frames, written out field by field as in binary_out. */
#define ITEM(number, name, doc) FRAME(number, name, , )
#define WORDF(of, number, words, member, must, doc) FIELD(of, , , member, , , , )
#define LISTF(of, number, item, member, max, doc) FIELD(of, , , member, , , , )
#define FRAME(number, name, wire, doc)                                                             \
    static void put_##name(struct cht_json *json, const void *event)                               \
    {
#define FIELD(of, number, kind, member, must, min, max, doc)                                       \
    put_if_set(json, CHT_FIELD_AT(of, member), event);
#define END(name) }
#include "chattifier/client.def"
#undef FRAME
#undef FIELD
#undef END

struct writer {
    const struct cht_event_row *row;
    void (*put)(struct cht_json *json, const void *event);
};

static const struct writer writers[] = {
#define FRAME(number, name, wire, doc) [number] = {&cht_row_##name, put_##name},
#define FIELD(of, number, kind, member, must, min, max, doc)
#define END(name)
#include "chattifier/client.def"
};

void cht_json_members(struct cht_json *json, const struct cht_event_row *row, const void *event)
{
    bool known = row->number < sizeof(writers) / sizeof(writers[0]);
    if (known && writers[row->number].row == row) {
        writers[row->number].put(json, event);
        return;
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        put_if_set(json, &row->fields[i], i, event);
    }
}

void cht_json_event(struct cht_json *json, const struct cht_event_row *row, const void *event)
{
    cht_json_begin(json, '{');
    if (row->wire != NULL) {
        put(json, "\"type\":", 7);
        cht_json_word(json, row->wire);
    }
    cht_json_members(json, row, event);
    cht_json_end(json, '}');
}
