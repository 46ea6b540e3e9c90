/* options - flags, environment and file into settings.
 *
 * Happy path: the role, then flags; the file named by --config (or chattifier.conf, if it is there)
 * is read first, then the environment, then the flags, so that each wins over the one before. How
 * it fails: one line that names the word. */

#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define PROBLEM_BYTES 512
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

/* One flag of the command line, split: --key=value or --key value. */
struct flag {
    char key[128];
    const char *value;
};

static enum err problem(char *ret_problem, const char *what, const char *word)
{
    snprintf(ret_problem, PROBLEM_BYTES, "%.200s: %.200s", word, what);
    return ERR_BAD_CONFIG;
}

static enum err split_flag(char ***arguments, struct flag *ret_flag, char *ret_problem)
{
    const char *word = **arguments + 2;
    const char *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) : strlen(word);
    if (size == 0 || size >= sizeof(ret_flag->key)) {
        return problem(ret_problem, "not a flag", **arguments);
    }
    memcpy(ret_flag->key, word, size);
    ret_flag->key[size] = 0;
    ret_flag->value = equals ? equals + 1 : (*arguments)[1];
    if (!ret_flag->value) {
        return problem(ret_problem, "needs a value", **arguments);
    }
    *arguments += equals ? 1 : 2;
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
    char why[PROBLEM_BYTES] = "";
    enum err err = settings_read_file(settings, bytes, size, why);
    mem_free(bytes);
    return err == OK ? OK : problem(ret_problem, why, path);
}

/* `config`: only look for --config. Otherwise: set everything else. */
static enum err walk(
    struct options *options, char **arguments, const char **config, char *ret_problem)
{
    while (*arguments) {
        if (strcmp(*arguments, "-h") == 0) {
            options->help = true;
            arguments++;
            continue;
        }
        if (strncmp(*arguments, "--", 2) != 0) {
            const char **place = options->role ? &options->operand : &options->role;
            if (!config && options->operand) {
                return problem(ret_problem, "unexpected word", *arguments);
            }
            if (!config) {
                *place = *arguments;
            }
            arguments++;
            continue;
        }
        if (strcmp(*arguments, "--help") == 0 || strcmp(*arguments, "--version") == 0) {
            options->help |= (*arguments)[2] == 'h';
            options->version |= (*arguments)[2] == 'v';
            arguments++;
            continue;
        }
        struct flag flag;
        enum err err = split_flag(&arguments, &flag, ret_problem);
        bool is_config = err == OK && strcmp(flag.key, "config") == 0;
        if (err == OK && config && is_config) {
            *config = flag.value;
        }
        if (err == OK && !config && !is_config) {
            err = settings_set(
                options->settings, SETTING_BY_FLAG, full_key(flag.key), flag.value, ret_problem);
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err options_read(struct options *options, const struct options_given *given, char *ret_problem)
{
    *options = (struct options){
        .settings = settings_create(given->tables, given->table_count), .given = *given};
    const char *config = NULL;
    enum err err = walk(options, given->arguments, &config, ret_problem);
    if (err == OK) {
        err = read_file(
            options->settings, config ? config : DEFAULT_FILE, config != NULL, ret_problem);
    }
    if (err == OK) {
        err = settings_read_environment(options->settings, given->environment, ret_problem);
    }
    if (err == OK) {
        err = walk(options, given->arguments, NULL, ret_problem);
    }
    return err;
}

void options_deinit(struct options *options)
{
    settings_destroy(options->settings);
    options->settings = NULL;
}
