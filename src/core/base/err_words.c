/* err_words - see the header.
 *
 * Happy path: the field is found by its name, its kind and bounds become words. How it fails: of a
 * field that is in no table nothing is said. */

#include "base/err_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chattifier/events.h"

struct takes {
    const char *name, *words;
};

static const struct takes of_accounts[] = {
#define FIELD_TAKES(name, words) {name, words},
#include "base/err_words.def"
#undef FIELD_TAKES
};

static const char *find_words(const char *field)
{
    for (size_t i = 0; i < sizeof(of_accounts) / sizeof(of_accounts[0]); i++) {
        if (strcmp(of_accounts[i].name, field) == 0) {
            return of_accounts[i].words;
        }
    }
    return NULL;
}

/* `ret_item`: it is one of the field's list. */
static const struct cht_field_row *find_row(const char *field, bool *ret_item)
{
    static const char settings[] = "settings.";
    const struct cht_event_row *command = &cht_row_command;
    bool nested = strncmp(field, settings, sizeof(settings) - 1) == 0;
    const char *name = nested ? field + sizeof(settings) - 1 : field;
    size_t size = strcspn(name, ".");
    const char *rest = name + size + (name[size] != '\0');
    *ret_item = *rest != '\0';
    for (uint32_t i = 0; rest[strspn(rest, "0123456789")] == '\0' && i < command->field_count;
         i++) {
        const struct cht_field_row *row = &command->fields[i];
        if (row->name_size == size && memcmp(row->name, name, size) == 0) {
            return row;
        }
    }
    return NULL;
}

static void write_number(const struct cht_field_row *row, char *ret_words, size_t size)
{
    if (row->max >= CHT_NUMBER_MAX) {
        snprintf(ret_words, size, "a whole number from %" PRIu64, row->min);
    } else {
        snprintf(ret_words, size, "%" PRIu64 "-%" PRIu64 " as a whole number", row->min, row->max);
    }
}

static void write_range(
    const struct cht_field_row *row, const char *of, char *ret_words, size_t size)
{
    snprintf(ret_words, size, "%" PRIu64 "-%" PRIu64 " %s", row->min, row->max, of);
}

static void write_choice(const struct cht_words *words, char *ret_words, size_t size)
{
    int used = snprintf(ret_words, size, "one of");
    for (uint32_t i = 1; i < words->count && (size_t)used < size; i++) {
        used += snprintf(
            ret_words + used, size - (size_t)used, "%s %s", i > 1 ? "," : "", words->texts[i]);
    }
}

static void write_takes(const struct cht_field_row *row, bool is_item, char *ret_words, size_t size)
{
    static const char an_id[] = "an id: 36 characters, lower-case UUID";
    switch ((enum cht_kind)row->kind) {
    case CHT_KIND_id:
        snprintf(ret_words, size, "%s", an_id);
        break;
    case CHT_KIND_u64:
        write_number(row, ret_words, size);
        break;
    case CHT_KIND_flag:
        snprintf(ret_words, size, "true or false");
        break;
    case CHT_KIND_text:
        write_range(row, "bytes of text without U+0000", ret_words, size);
        break;
    case CHT_KIND_chars:
        write_range(row, "characters, nothing hidden among them", ret_words, size);
        break;
    case CHT_KIND_token:
        write_range(row, "of A-Z a-z 0-9 . _ : -", ret_words, size);
        break;
    case CHT_KIND_word:
        write_choice(row->words, ret_words, size);
        break;
    case CHT_KIND_ids:
        if (is_item) {
            snprintf(ret_words, size, "%s", an_id);
        } else {
            write_range(row, "ids in a list", ret_words, size);
        }
        break;
    case CHT_KIND_list:
        if (is_item) {
            snprintf(ret_words, size, "an object");
        } else {
            snprintf(ret_words, size, "a list of objects, up to %" PRIu64, row->max);
        }
        break;
    case CHT_KIND_bytes:
    case CHT_KIND_json:
        break;
    }
}

const char *err_words(enum err err, const char *field, char ret_words[ERR_WORDS_SIZE])
{
    char takes[ERR_WORDS_SIZE] = "";
    bool is_item;
    if (err_for_client(err) != ERR_BAD_FIELD || !field) {
        return err_text(err);
    }
    const char *words = find_words(field);
    const struct cht_field_row *row = words ? NULL : find_row(field, &is_item);
    if (row) {
        write_takes(row, is_item, takes, sizeof(takes));
        words = takes;
    }
    if (!words || !*words) {
        return err_text(err);
    }
    int size = snprintf(ret_words, ERR_WORDS_SIZE, "%s %s takes %s.", err_text(err), field, words);
    return size < ERR_WORDS_SIZE ? ret_words : err_text(err);
}
