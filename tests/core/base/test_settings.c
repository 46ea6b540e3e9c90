/* Settings: defaults, origins and their order, and every way to be wrong. */

#include "test.h"

#include "base/settings.h"

#include <stdio.h>
#include <string.h>

struct demo_settings {
    uint64_t limit;
    bool open;
    const char *name;
    uint64_t mood;
};

static const struct setting_row rows[] = {
    {.key = "demo.limit",
        .doc = "A number.",
        .number = 5,
        .min = 1,
        .max = 10,
        .offset = offsetof(struct demo_settings, limit),
        .kind = SETTING_KIND_U64,
        .reloadable = true},
    {.key = "demo.open",
        .doc = "A flag.",
        .number = 1,
        .offset = offsetof(struct demo_settings, open),
        .kind = SETTING_KIND_FLAG},
    {.key = "demo.the-name",
        .doc = "A text.",
        .text = "none",
        .offset = offsetof(struct demo_settings, name),
        .kind = SETTING_KIND_TEXT},
    {.key = "demo.mood",
        .doc = "A word.",
        .text = "good",
        .words = "bad, good, better",
        .offset = offsetof(struct demo_settings, mood),
        .kind = SETTING_KIND_WORD,
        .reloadable = true},
};
static const struct settings_table table = {"demo", rows, 4};
static const struct settings_table *const tables[] = {&table};

static struct demo_settings filled(const struct settings *settings)
{
    struct demo_settings demo;
    settings_fill(settings, &table, &demo);
    return demo;
}

static void defaults_hold_until_something_is_said(void **state)
{
    (void)state;
    struct settings *settings = settings_create(tables, 1);
    struct demo_settings demo = filled(settings);
    assert_int_equal(demo.limit, 5);
    assert_true(demo.open);
    assert_string_equal(demo.name, "none");
    assert_int_equal(demo.mood, 1);
    settings_destroy(settings);
}

static void a_flag_wins_over_the_environment_and_that_over_the_file(void **state)
{
    (void)state;
    char problem[256];
    char *environment[] = {"PATH=/bin", "CHATTIFIER_DEMO_LIMIT=7", "CHATTIFIER_DEMO_THE_NAME=env",
        "CHATTIFIER_OTHER=x", NULL};
    const char file[] =
        "# a comment\n\n demo.limit = 6 \r\ndemo.open=false\ndemo.the-name = from = file";
    struct settings *settings = settings_create(tables, 1);
    assert_int_equal(settings_set(settings, SETTING_BY_FLAG, "demo.limit", "8", problem), OK);
    assert_int_equal(settings_read_environment(settings, environment, problem), OK);
    assert_int_equal(settings_read_file(settings, file, strlen(file), problem), OK);
    struct demo_settings demo = filled(settings);
    assert_int_equal(demo.limit, 8);
    assert_false(demo.open);
    assert_string_equal(demo.name, "env");
    settings_destroy(settings);
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } wrong[] = {
        {"demo.limit", "0", "from 1 to 10"},
        {"demo.limit", "11", "from 1 to 10"},
        {"demo.limit", "", "number"},
        {"demo.limit", "-1", "number"},
        {"demo.limit", "5x", "number"},
        {"demo.limit", "99999999999999999999", "number"},
        {"demo.open", "yes", "true or false"},
        {"demo.mood", "goo", "one of bad, good, better"},
        {"demo.mood", "bad, good", "one of"},
        {"demo.mood", "", "one of"},
        {"demo.nothing", "1", "no such setting"},
        {"demo.the-name", "\xff", "must be UTF-8"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char problem[256] = "";
        struct settings *settings = settings_create(tables, 1);
        assert_int_equal(
            settings_set(settings, SETTING_BY_FLAG, wrong[i].key, wrong[i].value, problem),
            ERR_BAD_CONFIG);
        assert_non_null(strstr(problem, wrong[i].says));
        assert_non_null(strstr(problem, wrong[i].key));
        settings_destroy(settings);
    }
}

static void expect_refused(const char *file, size_t size, const char *says)
{
    char problem[256] = "";
    struct settings *settings = settings_create(tables, 1);
    assert_int_equal(settings_read_file(settings, file, size, problem), ERR_BAD_CONFIG);
    if (!strstr(problem, says)) {
        fail_msg("%s does not say %s", problem, says);
    }
    settings_destroy(settings);
}

static void a_bad_line_of_the_file_is_named_by_its_number(void **state)
{
    (void)state;
    static const char nul[] = "demo.the-name = a\0b\n";
    static char long_key[200];
    memset(long_key, 'k', sizeof(long_key));
    memcpy(long_key + 130, "=1", 2);
    const char bad[] = "demo.limit = 6\n\nno equals sign\n";
    expect_refused(bad, strlen(bad), "line 3");
    expect_refused("= 5", 3, "line 1");
    expect_refused("\t=5", 3, "line 1");
    expect_refused(nul, sizeof(nul) - 1, "line 1");
    expect_refused(long_key, 132, "line 1");
}

static void a_file_larger_than_a_mebibyte_is_refused(void **state)
{
    (void)state;
    static char blank[(1u << 20) + 1];
    char problem[256] = "";
    memset(blank, '\n', sizeof(blank));
    expect_refused(blank, sizeof(blank), "larger than 1 MiB");
    struct settings *settings = settings_create(tables, 1);
    assert_int_equal(settings_read_file(settings, blank, sizeof(blank) - 1, problem), OK);
    settings_destroy(settings);
}

static void a_bad_value_in_the_environment_is_named(void **state)
{
    (void)state;
    char problem[256] = "";
    char *pairs[] = {"CHATTIFIER_DEMO_LIMIT", "CHATTIFIER_DEMO_OPEN=true",
        "CHATTIFIER_DEMO_LIMIX=3", "CHATTIFIER_DEMO_LIMIT=11", NULL};
    struct settings *settings = settings_create(tables, 1);
    assert_int_equal(settings_read_environment(settings, pairs, problem), ERR_BAD_CONFIG);
    assert_non_null(strstr(problem, "environment"));
    assert_non_null(strstr(problem, "demo.limit"));
    settings_destroy(settings);
    settings_destroy(NULL);
}

/* ---- reading anew */

struct seen {
    char text[256];
    size_t size;
};

static void note(
    void *context, const struct setting_row *row, const char *before, const char *after)
{
    struct seen *seen = context;
    seen->size += (size_t)snprintf(seen->text + seen->size, sizeof(seen->text) - seen->size,
        "%s: %s -> %s\n", row->key, before, after);
}

static void note_origin(void *context, const struct settings_table *of,
    const struct setting_row *row, const char *value, const char *origin)
{
    (void)of;
    struct seen *seen = context;
    seen->size += (size_t)snprintf(seen->text + seen->size, sizeof(seen->text) - seen->size,
        "%s=%s by %s\n", row->key, value, origin);
}

static struct settings *read_text(const char *file)
{
    char problem[256];
    struct settings *settings = settings_create(tables, 1);
    assert_int_equal(settings_read_file(settings, file, strlen(file), problem), OK);
    return settings;
}

static void what_is_reloadable_is_taken_over_and_the_rest_is_told(void **state)
{
    (void)state;
    struct settings *settings = read_text("demo.limit = 6\ndemo.the-name = old");
    struct settings *newer = read_text("demo.limit = 7\ndemo.open = false\ndemo.the-name = new");
    struct seen seen = {0};
    settings_reload(settings, newer, note, &seen);
    assert_string_equal(
        seen.text, "demo.limit: 6 -> 7\ndemo.open: true -> false\ndemo.the-name: old -> new\n");
    settings_destroy(newer);
    struct demo_settings demo = filled(settings);
    assert_int_equal(demo.limit, 7);
    assert_true(demo.open);
    assert_string_equal(demo.name, "old");
    settings_destroy(settings);
}

static void what_is_written_otherwise_but_means_the_same_is_no_change(void **state)
{
    (void)state;
    struct settings *settings = read_text("demo.limit = 6");
    struct settings *newer = read_text("demo.limit = 06\ndemo.mood = good");
    struct seen seen = {0};
    settings_reload(settings, newer, note, &seen);
    assert_int_equal(seen.size, 0);
    settings_each(settings, note_origin, &seen);
    assert_non_null(strstr(seen.text, "demo.limit=6 by file\n"));
    assert_non_null(strstr(seen.text, "demo.open=true by default\n"));
    assert_non_null(strstr(seen.text, "demo.mood=good by file\n"));
    settings_destroy(newer);
    settings_destroy(settings);
}

static void what_is_gone_from_the_file_is_the_default_again(void **state)
{
    (void)state;
    struct settings *settings = read_text("demo.limit = 6\ndemo.mood = bad");
    struct settings *newer = read_text("");
    struct seen seen = {0};
    settings_reload(settings, newer, note, &seen);
    assert_string_equal(seen.text, "demo.limit: 6 -> 5\ndemo.mood: bad -> good\n");
    seen = (struct seen){0};
    settings_each(settings, note_origin, &seen);
    assert_non_null(strstr(seen.text, "demo.limit=5 by default\n"));
    settings_destroy(newer);
    settings_destroy(settings);
}

static void only_what_is_reloadable_is_copied(void **state)
{
    (void)state;
    struct demo_settings running = {1, true, "old", 0}, wanted = {2, false, "new", 2};
    settings_copy_reloadable(&table, &running, &wanted);
    assert_int_equal(running.limit, 2);
    assert_int_equal(running.mood, 2);
    assert_true(running.open);
    assert_string_equal(running.name, "old");
}

struct strays {
    char said[200];
};

static void note_stray(void *context, const char *variable, const char *nearest)
{
    struct strays *strays = context;
    size_t used = strlen(strays->said);
    snprintf(strays->said + used, sizeof(strays->said) - used, "%s=%s;", variable,
        nearest ? nearest : "");
}

static void a_mistyped_variable_is_told_with_the_setting_that_is_near(void **state)
{
    (void)state;
    struct settings *settings = settings_create(tables, 1);
    struct strays strays = {""};
    char *environment[] = {"PATH=/bin", "CHATTIFIER_DEMO_LIMIT=7", "CHATTIFIER_DEMO_LIMTI=secret",
        "CHATTIFIER_PORT_9080_TCP=tcp://10.0.0.1:9080", NULL};
    settings_each_stray(settings, environment, note_stray, &strays);
    assert_string_equal(strays.said, "CHATTIFIER_DEMO_LIMTI=demo.limit;CHATTIFIER_PORT_9080_TCP=;");
    settings_destroy(settings);
}

static void a_mistyped_key_is_refused_with_the_one_that_is_near(void **state)
{
    (void)state;
    struct settings *settings = settings_create(tables, 1);
    char problem[256] = "";
    assert_int_equal(
        settings_set(settings, SETTING_BY_FLAG, "demo.limits", "7", problem), ERR_BAD_CONFIG);
    assert_string_equal(problem, "demo.limits: there is no such setting; there is demo.limit");
    settings_destroy(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_until_something_is_said),
        cmocka_unit_test(a_flag_wins_over_the_environment_and_that_over_the_file),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(a_bad_line_of_the_file_is_named_by_its_number),
        cmocka_unit_test(what_is_reloadable_is_taken_over_and_the_rest_is_told),
        cmocka_unit_test(what_is_written_otherwise_but_means_the_same_is_no_change),
        cmocka_unit_test(what_is_gone_from_the_file_is_the_default_again),
        cmocka_unit_test(only_what_is_reloadable_is_copied),
        cmocka_unit_test(a_file_larger_than_a_mebibyte_is_refused),
        cmocka_unit_test(a_bad_value_in_the_environment_is_named),
        cmocka_unit_test(a_mistyped_variable_is_told_with_the_setting_that_is_near),
        cmocka_unit_test(a_mistyped_key_is_refused_with_the_one_that_is_near),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
