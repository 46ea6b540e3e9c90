/* fuzz_flags - the lines of the input as words of the command line.
 *
 * Happy path: refused with a line for people, or options. Words that would open a file are left
 * out. How it fails: a sanitizer speaks, or a refusal has no words. */

#include <string.h>

#include "../src/apps/options.h"
#include "demand.h"

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct setting_row rows[] = {
    {.key = "server.port", .number = 8080, .max = 65535, .kind = SETTING_KIND_U64},
    {.key = "data.dir", .text = "data", .offset = 8, .kind = SETTING_KIND_TEXT},
};
static const struct settings_table table = {"server", rows, 2};
static const struct settings_table *const tables[] = {&table};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char problem[512] = "";
    char *words[WORDS_MAX + 1] = {NULL};
    char *environment[] = {NULL};
    char *text = malloc(size + 1);
    DEMAND(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    char *rest = text;
    for (size_t i = 0; i < WORDS_MAX && rest;) {
        words[i] = strsep(&rest, "\n");
        i += strncmp(words[i], "--config", 8) != 0;
        words[i] = i < WORDS_MAX ? words[i] : NULL;
    }
    struct options options;
    struct options_given given = {
        .tables = tables, .table_count = 1, .arguments = words, .environment = environment};
    enum err err = options_read(&options, &given, problem);
    DEMAND((err == OK) == (problem[0] == '\0'));
    options_deinit(&options);
    free(text);
    return 0;
}
