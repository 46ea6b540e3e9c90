/* fuzz_settings - any bytes as a settings file, and their lines as environment variables.
 *
 * Happy path: refused with a line for people, or every value fits its row. How it fails: a trap,
 * which the fuzzer reports with its input. */

#include <string.h>

#include "base/settings.h"
#include "demand.h"

#define VARIABLES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct demo_settings {
    uint64_t limit;
    bool open;
    const char *name;
};

static const struct setting_row rows[] = {
    {.key = "demo.limit",
        .number = 5,
        .min = 1,
        .max = 10,
        .offset = offsetof(struct demo_settings, limit),
        .kind = SETTING_KIND_U64},
    {.key = "demo.open",
        .number = 1,
        .offset = offsetof(struct demo_settings, open),
        .kind = SETTING_KIND_FLAG},
    {.key = "demo.the-name",
        .text = "none",
        .offset = offsetof(struct demo_settings, name),
        .kind = SETTING_KIND_TEXT},
};
static const struct settings_table table = {"demo", rows, 3};
static const struct settings_table *const tables[] = {&table};

static void judge(const struct settings *settings, enum err err, const char *problem)
{
    struct demo_settings demo;
    settings_fill(settings, &table, &demo);
    DEMAND(demo.limit >= 1 && demo.limit <= 10);
    DEMAND(demo.name != NULL);
    DEMAND((err == OK) == (problem[0] == '\0'));
}

static void read_file(const uint8_t *bytes, size_t size)
{
    char problem[256] = "";
    struct settings *settings = settings_create(tables, 1);
    enum err err = settings_read_file(settings, (const char *)bytes, size, problem);
    judge(settings, err, problem);
    settings_destroy(settings);
}

static void read_environment(const uint8_t *bytes, size_t size)
{
    char problem[256] = "";
    char *variables[VARIABLES_MAX + 1] = {NULL};
    char *text = malloc(size + 1);
    DEMAND(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    char *rest = text;
    for (size_t i = 0; i < VARIABLES_MAX && rest; i++) {
        variables[i] = strsep(&rest, "\n");
    }
    struct settings *settings = settings_create(tables, 1);
    judge(settings, settings_read_environment(settings, variables, problem), problem);
    settings_destroy(settings);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    read_file(bytes, size);
    read_environment(bytes, size);
    return 0;
}
