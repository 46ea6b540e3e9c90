/* test_path_match - paths and the patterns of route tables. */

#include "test.h"

#include "wire/path_match.h"

static void a_name_stands_for_one_segment_that_is_not_empty(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool fits;
    } rows[] = {{"/a", "/a", true}, {"/a", "/a/", false}, {"/a", "/", false}, {"/a", "", false},
        {"/a", "/ab", false}, {"/ab", "/a", false}, {"/a", "/A", false}, {"/a/{x}", "/a/1", true},
        {"/a/{x}", "/a/", false}, {"/a/{x}", "/a", false}, {"/a/{x}", "/a/1/", false},
        {"/a/{x}", "/a/1/2", false}, {"/a/{x}/b", "/a/1/b", true}, {"/a/{x}/b", "/a//b", false},
        {"/a/{x}/b", "/a/1", false}, {"/a/{x}/b/{y}", "/a/1/b/{", true}, {"", "", true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct path_match match;
        if (path_match(rows[i].pattern, str(rows[i].path), &match) != rows[i].fits) {
            fail_msg("%s %s", rows[i].pattern, rows[i].path);
        }
    }
}

static void what_stands_for_a_name_is_told_in_order(void **state)
{
    (void)state;
    struct path_match match;
    assert_true(path_match("/r/{room}/m/{seq}", str("/r/one/m/2"), &match));
    assert_int_equal(match.count, 2);
    assert_string_equal(match.names[0], "room");
    assert_string_equal(match.names[1], "seq");
    assert_true(cht_str_equal(match.values[0], str("one")));
    assert_true(cht_str_equal(match.values[1], str("2")));
    assert_true(path_match("/r", str("/r"), &match));
    assert_int_equal(match.count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stands_for_one_segment_that_is_not_empty),
        cmocka_unit_test(what_stands_for_a_name_is_told_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
