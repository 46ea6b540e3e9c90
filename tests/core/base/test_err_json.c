/* Errors as bodies: what is there always, and what only if it is known. */

#include "test.h"

#include <string.h>

#include "base/err_json.h"

static bool is_written(const struct err_json *error, const char *expected)
{
    char text[512];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    err_json_write(&json, error);
    return json.used == strlen(expected) && memcmp(text, expected, json.used) == 0;
}

static void an_error_has_its_code_its_words_and_whether_to_try_again(void **state)
{
    (void)state;
    struct err_json error = {.err = ERR_OVERLOADED};
    assert_true(is_written(&error, "{\"error\":{\"code\":\"overloaded\",\"message\":\"Too busy; "
                                   "nothing was done.\",\"retry\":true}}"));
}

static void an_error_of_the_inside_is_told_as_the_clients(void **state)
{
    (void)state;
    struct err_json error = {.err = ERR_TAKEN, .message = "Words.", .field = "name"};
    assert_true(is_written(&error, "{\"error\":{\"code\":\"conflict\",\"message\":\"Words.\","
                                   "\"retry\":false,\"field\":\"name\"}}"));
}

static void a_wait_is_told_if_there_is_one(void **state)
{
    (void)state;
    struct err_json error = {.err = ERR_MUTED, .message = "Words.", .retry_after_ms = 1500};
    assert_true(is_written(&error, "{\"error\":{\"code\":\"muted\",\"message\":\"Words.\","
                                   "\"retry\":true,\"retry_after_ms\":1500}}"));
}

static void a_wait_that_nobody_knows_is_the_usual_one_of_what_passes_by_itself(void **state)
{
    (void)state;
    assert_int_equal(err_wait_ms(ERR_UNAVAILABLE, 0), 200);
    assert_int_equal(err_wait_ms(ERR_OVERLOADED, 0), 1000);
    assert_int_equal(err_wait_ms(ERR_OVERLOADED, 30), 30);
    assert_int_equal(err_wait_ms(ERR_MUTED, 1500), 1500);
    assert_int_equal(err_wait_ms(ERR_TIMEOUT, 0), 0);
    assert_int_equal(err_wait_ms(ERR_FORBIDDEN, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_its_code_its_words_and_whether_to_try_again),
        cmocka_unit_test(an_error_of_the_inside_is_told_as_the_clients),
        cmocka_unit_test(a_wait_is_told_if_there_is_one),
        cmocka_unit_test(a_wait_that_nobody_knows_is_the_usual_one_of_what_passes_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
