/* test_comma_list - texts with commas between. */

#include "test.h"

#include "base/comma_list.h"

static void texts_come_in_order_and_without_blanks(void **state)
{
    (void)state;
    const char *list = "general,  small talk ,help";
    assert_true(cht_str_is(comma_list_take(&list), "general"));
    assert_true(cht_str_is(comma_list_take(&list), "small talk"));
    assert_true(cht_str_is(comma_list_take(&list), "help"));
    assert_int_equal(*list, '\0');
}

static void what_is_empty_between_commas_is_an_empty_text(void **state)
{
    (void)state;
    const char *list = " ,,a,";
    assert_int_equal(comma_list_take(&list).size, 0);
    assert_int_equal(comma_list_take(&list).size, 0);
    assert_true(cht_str_is(comma_list_take(&list), "a"));
    assert_int_equal(*list, '\0');
}

static void an_empty_list_stays_at_its_end(void **state)
{
    (void)state;
    const char *list = "";
    assert_int_equal(comma_list_take(&list).size, 0);
    assert_int_equal(*list, '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_in_order_and_without_blanks),
        cmocka_unit_test(what_is_empty_between_commas_is_an_empty_text),
        cmocka_unit_test(an_empty_list_stays_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
