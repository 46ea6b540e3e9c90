/* test_url - paths and queries as sent, and what they mean or that they mean nothing. */

#include "test.h"

#include <string.h>

#include "wire/url.h"

static void paths_are_decoded_once_and_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } paths[] = {{"/", "/"}, {"/a%20b", "/a b"}, {"/%c3%a9", "/\xc3\xa9"}, {"/%2561", "/%61"},
        {"/a..b", "/a..b"}, {"/...", "/..."}, {"/%252e%252e/", "/%2e%2e/"}, {"/a%2fb", NULL},
        {"/a%5cb", NULL}, {"/a%00", NULL}, {"/%", NULL}, {"/%a", NULL}, {"/%zz", NULL},
        {"/..", NULL}, {"/a/../b", NULL}, {"/./a", NULL}, {"/%2e%2e/a", NULL}, {"/.%2E", NULL},
        {"/%c0%af", NULL}, {"/%ff", NULL}, {"/%0d%0a", NULL}, {"a", NULL}, {"", NULL},
        {"/a\x7f", NULL}, {"/a\tb", NULL}, {"/a/.", NULL}, {"/a/..", NULL}, {"/.a", "/.a"},
        {"/a//b", "/a//b"}, {"/a+b", "/a+b"}};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char scratch[64];
        struct cht_str path;
        struct cht_str from = {paths[i].from, (uint32_t)strlen(paths[i].from)};
        bool fine = url_decode_path(from, scratch, &path);
        assert_int_equal(fine, paths[i].to != NULL);
        if (fine) {
            assert_int_equal(path.size, strlen(paths[i].to));
            assert_memory_equal(path.at, paths[i].to, path.size);
        }
    }
}

static void a_query_parameter_is_found_once(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        enum url_found found;
    } all[] = {{"a=1", URL_ONE}, {"b=2&a=1&c", URL_ONE}, {"%61=1", URL_ONE},
        {"a=1&a=1", URL_REPEATED}, {"aa=1", URL_ABSENT}, {"", URL_ABSENT}, {"a=%0", URL_BAD},
        {"a=%00", URL_BAD}, {"a=%ff", URL_BAD}, {"&&a=1&", URL_ONE}, {"=1", URL_ABSENT},
        {"%6=1", URL_ABSENT}, {"%6", URL_ABSENT}, {"%zz=1", URL_ABSENT}, {"a%61=1", URL_ABSENT},
        {"a=12345678901234567", URL_BAD}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char scratch[16];
        struct cht_str value = {0};
        struct cht_str query = {all[i].query, (uint32_t)strlen(all[i].query)};
        assert_int_equal(url_query_get(query, "a", scratch, sizeof(scratch), &value), all[i].found);
        if (all[i].found == URL_ONE) {
            assert_int_equal(value.size, 1);
            assert_int_equal(value.at[0], '1');
        }
    }
}

static void parameters_come_in_order_as_sent(void **state)
{
    (void)state;
    struct cht_str rest = {"a=1&b&&c=&=d&e=f=g", 18};
    static const char *const wanted[][2] = {
        {"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
    struct cht_str name;
    struct cht_str value;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_true(url_query_next(&rest, &name, &value));
        assert_int_equal(name.size, strlen(wanted[i][0]));
        assert_memory_equal(name.at, wanted[i][0], name.size);
        assert_int_equal(value.size, strlen(wanted[i][1]));
        if (value.size) {
            assert_memory_equal(value.at, wanted[i][1], value.size);
        }
    }
    assert_false(url_query_next(&rest, &name, &value));
}

static void a_plus_is_a_blank_in_a_query_alone(void **state)
{
    (void)state;
    char scratch[16];
    struct cht_str text;
    assert_true(url_decode_query((struct cht_str){"a+b%2Bc%2Fd", 11}, scratch, &text));
    assert_int_equal(text.size, 7);
    assert_memory_equal(text.at, "a b+c/d", 7);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_decoded_once_and_strictly),
        cmocka_unit_test(a_query_parameter_is_found_once),
        cmocka_unit_test(parameters_come_in_order_as_sent),
        cmocka_unit_test(a_plus_is_a_blank_in_a_query_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
