/* test_names - names out of memory: only under the stamp that they were read under. */

#include "contract.h"

#include <string.h>

#include "message/names.h"

static const uint64_t secret[2] = {1, 2};

static bool has(const struct names *names, uint64_t stamp, uint32_t user, const char *json)
{
    struct cht_id id = contract_id(user);
    struct cht_str found;
    return names_find(names, stamp, &id, &found) && cht_str_equal(found, contract_str(json));
}

static void keep(struct names *names, uint64_t stamp, uint32_t user, const char *json)
{
    struct cht_id id = contract_id(user);
    names_keep(names, stamp, &id, contract_str(json));
}

static void a_name_is_known_until_an_account_changes(void **state)
{
    (void)state;
    struct names *names = names_create(64, secret);
    keep(names, 2, 1, "{\"username\":\"ann\"}");
    assert_true(has(names, 2, 1, "{\"username\":\"ann\"}"));
    assert_false(has(names, 4, 1, "{\"username\":\"ann\"}"));
    assert_false(has(names, 2, 2, "{\"username\":\"ann\"}"));
    keep(names, 4, 1, "{\"username\":\"else\"}");
    assert_true(has(names, 4, 1, "{\"username\":\"else\"}"));
    names_destroy(names);
}

static void what_was_read_while_accounts_changed_is_not_given(void **state)
{
    (void)state;
    struct names *names = names_create(64, secret);
    keep(names, 0, 1, "{}");
    assert_false(has(names, 0, 1, "{}"));
    names_destroy(names);
}

static void the_later_of_two_at_one_place_has_it(void **state)
{
    (void)state;
    struct names *names = names_create(1, secret);
    keep(names, 2, 1, "{1}");
    keep(names, 2, 2, "{2}");
    assert_false(has(names, 2, 1, "{1}"));
    assert_true(has(names, 2, 2, "{2}"));
    names_destroy(names);
}

static void a_few_who_come_to_one_group_are_all_known(void **state)
{
    (void)state;
    struct names *names = names_create(4, secret);
    for (uint32_t user = 1; user <= 4; user++) {
        keep(names, 2, user, "{}");
    }
    for (uint32_t user = 1; user <= 4; user++) {
        assert_true(has(names, 2, user, "{}"));
    }
    keep(names, 4, 5, "{5}");
    assert_true(has(names, 4, 5, "{5}"));
    keep(names, 4, 5, "{6}");
    assert_true(has(names, 4, 5, "{6}"));
    names_destroy(names);
}

static void a_name_that_is_too_long_or_has_no_place_is_not_kept(void **state)
{
    (void)state;
    char text[NAME_BYTES_MAX + 2];
    memset(text, 'x', sizeof(text));
    text[NAME_BYTES_MAX + 1] = '\0';
    struct names *names = names_create(64, secret);
    keep(names, 2, 1, text);
    assert_false(has(names, 2, 1, text));
    text[NAME_BYTES_MAX] = '\0';
    keep(names, 2, 1, text);
    assert_true(has(names, 2, 1, text));
    names_destroy(names);
    names = names_create(0, secret);
    keep(names, 2, 1, "{}");
    assert_false(has(names, 2, 1, "{}"));
    names_destroy(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_known_until_an_account_changes),
        cmocka_unit_test(what_was_read_while_accounts_changed_is_not_given),
        cmocka_unit_test(the_later_of_two_at_one_place_has_it),
        cmocka_unit_test(a_few_who_come_to_one_group_are_all_known),
        cmocka_unit_test(a_name_that_is_too_long_or_has_no_place_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
