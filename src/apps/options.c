/* options - flags, environment and file into settings.
 *
 * Happy path: the command line is looked through for --config; that file (or chattifier.conf, if it
 * is there) is read, then the environment, then the role and the flags, so that each wins over the
 * one before; what the role makes of it comes last. How it fails: one line that names the word. */

#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"

#define FILE_BYTES_MAX (1u << 20)
#define DEFAULT_FILE "chattifier.conf"

static const struct {
    const char *flag;
    const char *key;
} short_flags[] = {
    {"host", "server.host"},
    {"port", "server.port"},
    {"data", "data.dir"},
    {"workers", "server.workers"},
    {"management-port", "management.port"},
    {"management-host", "management.host"},
};

/* The next thing on the command line. */
struct word {
    enum { PLAIN, HELP, VERSION, FLAG } kind;
    const char *text;
    char key[128];     /* of a flag: --key=value or --key value */
    const char *value; /* of a flag; NULL: there is none */
};

static enum err problem(char *ret_problem, const char *what, const char *word)
{
    snprintf(ret_problem, OPTIONS_PROBLEM_BYTES, "%.200s: %.200s", word, what);
    return ERR_BAD_CONFIG;
}

static enum err read_flag(char ***arguments, struct word *ret_word, char *ret_problem)
{
    const char *text = **arguments + 2;
    const char *equals = strchr(text, '=');
    size_t size = equals ? (size_t)(equals - text) : strlen(text);
    if (size == 0 || size >= sizeof(ret_word->key)) {
        return problem(ret_problem, "not a flag", **arguments);
    }
    memcpy(ret_word->key, text, size);
    ret_word->key[size] = 0;
    ret_word->value = equals ? equals + 1 : (*arguments)[1];
    *arguments += equals || !ret_word->value ? 1 : 2;
    return OK;
}

static enum err next_word(char ***arguments, struct word *ret_word, char *ret_problem)
{
    const char *text = **arguments;
    *ret_word = (struct word){.kind = PLAIN, .text = text};
    if (strcmp(text, "-h") == 0 || strcmp(text, "--help") == 0) {
        ret_word->kind = HELP;
    } else if (strcmp(text, "--version") == 0) {
        ret_word->kind = VERSION;
    } else if (strncmp(text, "--", 2) == 0) {
        ret_word->kind = FLAG;
        return read_flag(arguments, ret_word, ret_problem);
    }
    (*arguments)++;
    return OK;
}

static const char *full_key(const char *key)
{
    for (size_t i = 0; i < sizeof(short_flags) / sizeof(short_flags[0]); i++) {
        if (strcmp(short_flags[i].flag, key) == 0) {
            return short_flags[i].key;
        }
    }
    return key;
}

static enum err read_file(
    struct settings *settings, const char *path, bool must_exist, char *ret_problem)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return must_exist ? problem(ret_problem, strerror(errno), path) : OK;
    }
    char *bytes = mem_new(FILE_BYTES_MAX + 1);
    size_t size = fread(bytes, 1, FILE_BYTES_MAX + 1, file);
    fclose(file);
    char why[OPTIONS_PROBLEM_BYTES] = "";
    enum err err = settings_read_file(settings, bytes, size, why);
    mem_free(bytes);
    return err == OK ? OK : problem(ret_problem, why, path);
}

static bool is_config(const struct word *word)
{
    return word->kind == FLAG && strcmp(word->key, "config") == 0;
}

/* NULL stays if nobody names a file. */
static enum err find_config(char **arguments, const char **ret_path, char *ret_problem)
{
    while (*arguments) {
        struct word word;
        enum err err = next_word(&arguments, &word, ret_problem);
        if (err != OK) {
            return err;
        }
        if (is_config(&word) && !word.value) {
            return problem(ret_problem, "needs a value", "--config");
        }
        *ret_path = is_config(&word) ? word.value : *ret_path;
    }
    return OK;
}

/* What a flag may have meant. */
struct search {
    struct nearest nearest;
    const char *meant;
    bool known;
};

static void try_word(struct search *search, const char *word)
{
    search->known = search->known || strcmp(search->nearest.typed, word) == 0;
    search->meant = nearest_try(&search->nearest, word) ? word : search->meant;
}

static void try_setting(void *context, const struct settings_table *table,
    const struct setting_row *row, const char *value, const char *origin)
{
    (void)table;
    (void)value;
    (void)origin;
    try_word(context, row->key);
}

static enum err take_flag(struct options *options, const struct word *word, char *ret_problem)
{
    struct search search = {.nearest = {.typed = word->key}};
    for (size_t i = 0; i < sizeof(short_flags) / sizeof(short_flags[0]); i++) {
        try_word(&search, short_flags[i].flag);
    }
    settings_each(options->settings, try_setting, &search);
    if (search.known && word->value) {
        return settings_set(
            options->settings, SETTING_BY_FLAG, full_key(word->key), word->value, ret_problem);
    }
    if (search.known) {
        snprintf(ret_problem, OPTIONS_PROBLEM_BYTES, "--%.100s: needs a value", word->key);
        return ERR_BAD_CONFIG;
    }
    try_word(&search, "config");
    try_word(&search, "help");
    try_word(&search, "version");
    snprintf(ret_problem, OPTIONS_PROBLEM_BYTES, "--%.80s: there is no such %s%s%.80s", word->key,
        strchr(word->key, '.') ? "setting" : "option", search.meant ? "; there is --" : "",
        search.meant ? search.meant : "");
    return ERR_BAD_CONFIG;
}

static enum err take_word(struct options *options, const struct word *word, char *ret_problem)
{
    switch (word->kind) {
    case HELP:
        options->help = true;
        return OK;
    case VERSION:
        options->version = true;
        return OK;
    case FLAG:
        return is_config(word) ? OK : take_flag(options, word, ret_problem);
    case PLAIN:
        break;
    }
    if (options->operand) {
        return problem(ret_problem, "unexpected word", word->text);
    }
    *(options->role ? &options->operand : &options->role) = word->text;
    return OK;
}

static enum err take_words(struct options *options, char **arguments, char *ret_problem)
{
    enum err err = OK;
    while (err == OK && *arguments) {
        struct word word;
        err = next_word(&arguments, &word, ret_problem);
        if (err == OK) {
            err = take_word(options, &word, ret_problem);
        }
    }
    return err;
}

enum err options_read(struct options *options, const struct options_given *given, char *ret_problem)
{
    *options = (struct options){
        .settings = settings_create(given->tables, given->table_count), .given = *given};
    const char *config = NULL;
    enum err err = find_config(given->arguments, &config, ret_problem);
    if (err == OK) {
        err = read_file(
            options->settings, config ? config : DEFAULT_FILE, config != NULL, ret_problem);
    }
    if (err == OK) {
        err = settings_read_environment(options->settings, given->environment, ret_problem);
    }
    if (err == OK) {
        err = take_words(options, given->arguments, ret_problem);
    }
    if (err == OK && given->prepare && !options->help) {
        err = given->prepare(options, ret_problem);
    }
    return err;
}

void options_deinit(struct options *options)
{
    settings_destroy(options->settings);
    options->settings = NULL;
}
