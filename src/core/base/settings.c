/* settings - rows, and what was said about them.
 *
 * Happy path: a value is said for a key, checked against its row, kept with its origin; structs are
 * filled at the end, and filled anew where what was read later says otherwise. How it fails: an
 * unknown key or a bad value is refused with a line that names both. */

#include "base/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "chattifier/events.h"

#define KEY_BYTES_MAX 128
#define FILE_BYTES_MAX (1u << 20)
#define ENVIRONMENT_PREFIX "CHATTIFIER_"

struct value {
    const struct settings_table *table;
    const struct setting_row *row;
    char *text;
    uint64_t number;
    enum setting_origin origin;
};

struct settings {
    struct value *values; /* one a row, in the order of the tables */
    size_t count;
};

/* The place of `text` in "one, two". */
static bool parse_word(const char *words, const char *text, uint64_t *ret_place)
{
    size_t size = strlen(text);
    for (*ret_place = 0; *words; (*ret_place)++) {
        size_t word_size = strcspn(words, ",");
        if (word_size == size && memcmp(words, text, size) == 0) {
            return true;
        }
        words += word_size;
        words += strspn(words, ", ");
    }
    return false;
}

static void set_default(struct value *value)
{
    char number[32];
    CHECK(value->row->kind != SETTING_KIND_TEXT || !value->row->reloadable);
    const char *text = value->row->text;
    if (value->row->kind == SETTING_KIND_FLAG) {
        text = value->row->number ? "true" : "false";
    } else if (value->row->kind == SETTING_KIND_U64) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)value->row->number);
        text = number;
    }
    value->text = mem_string(text);
    value->number = value->row->number;
    if (value->row->kind == SETTING_KIND_WORD) {
        CHECK(parse_word(value->row->words, text, &value->number));
    }
    value->origin = SETTING_BY_DEFAULT;
}

struct settings *settings_create(const struct settings_table *const *tables, size_t count)
{
    struct settings *settings = mem_new(sizeof(*settings));
    for (size_t i = 0; i < count; i++) {
        settings->count += tables[i]->count;
    }
    settings->values = mem_array(settings->count, sizeof(*settings->values));
    struct value *value = settings->values;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tables[i]->count; j++, value++) {
            value->table = tables[i];
            value->row = &tables[i]->rows[j];
            set_default(value);
        }
    }
    return settings;
}

void settings_destroy(struct settings *settings)
{
    if (!settings) {
        return;
    }
    for (size_t i = 0; i < settings->count; i++) {
        mem_free(settings->values[i].text);
    }
    mem_free(settings->values);
    mem_free(settings);
}

static bool parse_u64(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9'; digits++) {
        uint64_t digit = (uint64_t)(text[digits] - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return digits > 0 && text[digits] == 0;
}

static bool parse(const struct setting_row *row, const char *text, uint64_t *ret_number)
{
    *ret_number = 0;
    switch (row->kind) {
    case SETTING_KIND_U64:
        return parse_u64(text, ret_number) && *ret_number >= row->min && *ret_number <= row->max;
    case SETTING_KIND_FLAG:
        *ret_number = strcmp(text, "true") == 0;
        return *ret_number || strcmp(text, "false") == 0;
    case SETTING_KIND_WORD:
        return parse_word(row->words, text, ret_number);
    case SETTING_KIND_TEXT:
        return cht_utf8_valid(cht_str_of(text));
    }
    return false;
}

static void explain(const struct setting_row *row, const char *text, char *ret_problem)
{
    if (row->kind == SETTING_KIND_U64) {
        snprintf(ret_problem, SETTINGS_PROBLEM_BYTES,
            "%.100s = %.60s: must be a number from %llu to %llu", row->key, text,
            (unsigned long long)row->min, (unsigned long long)row->max);
    } else if (row->kind == SETTING_KIND_WORD) {
        snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "%.100s = %.60s: must be one of %.60s",
            row->key, text, row->words);
    } else if (row->kind == SETTING_KIND_TEXT) {
        snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "%.100s: must be UTF-8", row->key);
    } else {
        snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "%.100s = %.60s: must be true or false",
            row->key, text);
    }
}

static void explain_unknown(const struct settings *settings, const char *key, char *ret_problem)
{
    struct nearest nearest = {.typed = key};
    const char *meant = NULL;
    for (size_t i = 0; i < settings->count; i++) {
        const char *other = settings->values[i].row->key;
        meant = nearest_try(&nearest, other) ? other : meant;
    }
    snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "%.100s: there is no such setting%s%.100s", key,
        meant ? "; there is " : "", meant ? meant : "");
}

/* Several tables may have the same key (a limit that two services keep): all of them hear it. */
enum err settings_set(struct settings *settings, enum setting_origin origin, const char *key,
    const char *text, char *ret_problem)
{
    bool known = false;
    for (size_t i = 0; i < settings->count; i++) {
        struct value *value = &settings->values[i];
        if (strcmp(value->row->key, key) != 0) {
            continue;
        }
        known = true;
        uint64_t number;
        if (!parse(value->row, text, &number)) {
            explain(value->row, text, ret_problem);
            return ERR_BAD_CONFIG;
        }
        if (origin >= value->origin) {
            mem_free(value->text);
            value->text = mem_string(text);
            value->number = number;
            value->origin = origin;
        }
    }
    if (!known) {
        explain_unknown(settings, key, ret_problem);
        return ERR_BAD_CONFIG;
    }
    return OK;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void trim(const char **at, size_t *size)
{
    while (*size > 0 && is_blank(**at)) {
        (*at)++;
        (*size)--;
    }
    while (*size > 0 && is_blank((*at)[*size - 1])) {
        (*size)--;
    }
}

static enum err read_line(
    struct settings *settings, const char *line, size_t size, char *ret_problem)
{
    trim(&line, &size);
    if (size == 0 || *line == '#') {
        return OK;
    }
    const char *equals = memchr(line, '=', size);
    size_t key_size = equals ? (size_t)(equals - line) : 0;
    const char *text = equals ? equals + 1 : line;
    size_t text_size = equals ? size - key_size - 1 : 0;
    const char *key = line;
    trim(&key, &key_size);
    trim(&text, &text_size);
    if (key_size == 0 || key_size >= KEY_BYTES_MAX || memchr(line, 0, size)) {
        snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "not of the form key = value");
        return ERR_BAD_CONFIG;
    }
    char key_text[KEY_BYTES_MAX];
    memcpy(key_text, key, key_size);
    key_text[key_size] = 0;
    char *value = mem_new(text_size + 1);
    memcpy(value, text, text_size);
    enum err err = settings_set(settings, SETTING_BY_FILE, key_text, value, ret_problem);
    mem_free(value);
    return err;
}

enum err settings_read_file(
    struct settings *settings, const char *bytes, size_t size, char *ret_problem)
{
    if (size > FILE_BYTES_MAX) {
        snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "the settings file is larger than 1 MiB");
        return ERR_BAD_CONFIG;
    }
    for (unsigned number = 1; size > 0; number++) {
        const char *end = memchr(bytes, '\n', size);
        size_t line_size = end ? (size_t)(end - bytes) : size;
        char problem[SETTINGS_PROBLEM_BYTES] = "";
        enum err err = read_line(settings, bytes, line_size, problem);
        if (err != OK) {
            snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "line %u: %.230s", number, problem);
            return err;
        }
        size_t used = end ? line_size + 1 : line_size;
        bytes += used;
        size -= used;
    }
    return OK;
}

/* limits.in_flight -> LIMITS_IN_FLIGHT */
static void environment_name(const char *key, char ret_name[KEY_BYTES_MAX])
{
    size_t i = 0;
    for (; key[i] && i < KEY_BYTES_MAX - 1; i++) {
        char byte = key[i];
        bool lower = byte >= 'a' && byte <= 'z';
        ret_name[i] = byte == '.' || byte == '-' ? '_' : lower ? (char)(byte - 'a' + 'A') : byte;
    }
    ret_name[i] = 0;
}

/* The name of a NAME=value pair behind the prefix, or false: it is none of ours. */
static bool own_name(const char *pair, char ret_name[KEY_BYTES_MAX])
{
    size_t prefix = strlen(ENVIRONMENT_PREFIX);
    const char *equals = strchr(pair, '=');
    if (!equals || strncmp(pair, ENVIRONMENT_PREFIX, prefix) != 0) {
        return false;
    }
    snprintf(
        ret_name, KEY_BYTES_MAX, "%.*s", (int)(equals - pair - (ptrdiff_t)prefix), pair + prefix);
    return true;
}

static const struct setting_row *row_of_variable(
    const struct settings *settings, const char *variable)
{
    for (size_t i = 0; i < settings->count; i++) {
        char name[KEY_BYTES_MAX];
        environment_name(settings->values[i].row->key, name);
        if (strcmp(name, variable) == 0) {
            return settings->values[i].row;
        }
    }
    return NULL;
}

enum err settings_read_environment(
    struct settings *settings, char *const *environment, char *ret_problem)
{
    for (; *environment; environment++) {
        char name[KEY_BYTES_MAX];
        char problem[SETTINGS_PROBLEM_BYTES] = "";
        const struct setting_row *row =
            own_name(*environment, name) ? row_of_variable(settings, name) : NULL;
        if (row && settings_set(settings, SETTING_BY_ENVIRONMENT, row->key,
                       strchr(*environment, '=') + 1, problem) != OK) {
            snprintf(ret_problem, SETTINGS_PROBLEM_BYTES, "in the environment: %.230s", problem);
            return ERR_BAD_CONFIG;
        }
    }
    return OK;
}

static const char *nearest_key(const struct settings *settings, const char *variable)
{
    struct nearest nearest = {.typed = variable};
    const char *key = NULL;
    for (size_t i = 0; i < settings->count; i++) {
        char name[KEY_BYTES_MAX];
        environment_name(settings->values[i].row->key, name);
        key = nearest_try(&nearest, name) ? settings->values[i].row->key : key;
    }
    return key;
}

void settings_each_stray(const struct settings *settings, char *const *environment,
    void (*each)(void *context, const char *variable, const char *nearest), void *context)
{
    for (; *environment; environment++) {
        char name[KEY_BYTES_MAX], variable[sizeof(ENVIRONMENT_PREFIX) + KEY_BYTES_MAX];
        if (own_name(*environment, name) && !row_of_variable(settings, name)) {
            snprintf(variable, sizeof(variable), ENVIRONMENT_PREFIX "%s", name);
            each(context, variable, nearest_key(settings, name));
        }
    }
}

static void fill_one(const struct value *value, uint8_t *base)
{
    void *at = base + value->row->offset;
    switch (value->row->kind) {
    case SETTING_KIND_WORD:
    case SETTING_KIND_U64:
        *(uint64_t *)at = value->number;
        break;
    case SETTING_KIND_FLAG:
        *(bool *)at = value->number != 0;
        break;
    case SETTING_KIND_TEXT:
        *(const char **)at = value->text;
        break;
    }
}

void settings_fill(
    const struct settings *settings, const struct settings_table *table, void *ret_struct)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (settings->values[i].table == table) {
            fill_one(&settings->values[i], ret_struct);
        }
    }
}

/* The first table of several that have the key speaks for all. */
static bool was_told(const struct settings *settings, size_t which)
{
    for (size_t i = 0; i < which; i++) {
        if (strcmp(settings->values[i].row->key, settings->values[which].row->key) == 0) {
            return true;
        }
    }
    return false;
}

void settings_reload(struct settings *settings, const struct settings *newer,
    void (*changed)(
        void *context, const struct setting_row *row, const char *before, const char *after),
    void *context)
{
    CHECK(settings->count == newer->count);
    for (size_t i = 0; i < settings->count; i++) {
        struct value *value = &settings->values[i];
        const struct value *now = &newer->values[i];
        CHECK(value->row == now->row);
        bool differs = value->row->kind == SETTING_KIND_TEXT ? strcmp(value->text, now->text) != 0
                                                             : value->number != now->number;
        if (differs && !was_told(settings, i)) {
            changed(context, value->row, value->text, now->text);
        }
        if (differs && value->row->reloadable) {
            mem_free(value->text);
            value->text = mem_string(now->text);
            value->number = now->number;
        }
        if (!differs || value->row->reloadable) {
            value->origin = now->origin;
        }
    }
}

static size_t size_of(const struct setting_row *row)
{
    return row->kind == SETTING_KIND_FLAG ? sizeof(bool) : sizeof(uint64_t);
}

void settings_copy_reloadable(
    const struct settings_table *table, void *into_struct, const void *from_struct)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct setting_row *row = &table->rows[i];
        if (row->reloadable) {
            CHECK(row->kind != SETTING_KIND_TEXT);
            memcpy((uint8_t *)into_struct + row->offset, (const uint8_t *)from_struct + row->offset,
                size_of(row));
        }
    }
}

void settings_each(const struct settings *settings,
    void (*each)(void *context, const struct settings_table *table, const struct setting_row *row,
        const char *value, const char *origin),
    void *context)
{
    static const char *const origins[] = {"default", "file", "environment", "flag"};
    for (size_t i = 0; i < settings->count; i++) {
        const struct value *value = &settings->values[i];
        if (!was_told(settings, i)) {
            each(context, value->table, value->row, value->text, origins[value->origin]);
        }
    }
}
