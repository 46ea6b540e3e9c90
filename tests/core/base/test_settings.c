/* Settings: defaults, origins and their order, and every way to be wrong. */

#include "test.h"

#include "base/settings.h"

#include <string.h>

struct demo_settings {
    uint64_t limit;
    bool open;
    const char *name;
};

static const struct setting_row rows[] = {
    {.key = "demo.limit",
        .doc = "A number.",
        .number = 5,
        .min = 1,
        .max = 10,
        .offset = offsetof(struct demo_settings, limit),
        .kind = SETTING_KIND_U64},
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
};
static const struct settings_table table = {"demo", rows, 3};
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
        {"demo.nothing", "1", "no such setting"},
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

static void a_bad_line_of_the_file_is_named_by_its_number(void **state)
{
    (void)state;
    char problem[256] = "";
    const char file[] = "demo.limit = 6\n\nno equals sign\n";
    struct settings *settings = settings_create(tables, 1);
    assert_int_equal(settings_read_file(settings, file, strlen(file), problem), ERR_BAD_CONFIG);
    assert_non_null(strstr(problem, "line 3"));
    settings_destroy(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_until_something_is_said),
        cmocka_unit_test(a_flag_wins_over_the_environment_and_that_over_the_file),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(a_bad_line_of_the_file_is_named_by_its_number),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
