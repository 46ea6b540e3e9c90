/* The classes of every byte, against the sets as the RFCs spell them. */

#include "test.h"

#include <stdbool.h>
#include <string.h>

#include "wire/chars.h"

#define ALPHA "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool is_in(const char *set, uint8_t c)
{
    return c != 0 && strchr(set, c) != NULL;
}

static void has_exactly(uint32_t class, const char *set)
{
    for (unsigned c = 0; c < 256; c++) {
        assert_int_equal(char_is((uint8_t)c, class) != 0, is_in(set, (uint8_t)c));
    }
}

static void tokens_are_those_of_rfc_9110(void **state)
{
    (void)state;
    has_exactly(CHAR_TOKEN, "!#$%&'*+-.^_`|~" DIGITS ALPHA);
}

static void targets_are_made_of_what_rfc_3986_lets_stand(void **state)
{
    (void)state;
    /* Besides its pchar, '/' and '?': what clients send unescaped and nobody reads differently. */
    has_exactly(CHAR_TARGET, "-._~!$&'()*+,;=:@/?%[]^`{|}" DIGITS ALPHA);
}

static void hosts_digits_and_base64_are_small_sets(void **state)
{
    (void)state;
    has_exactly(CHAR_HOST, "-._~" DIGITS ALPHA);
    has_exactly(CHAR_DIGIT, DIGITS);
    has_exactly(CHAR_BASE64, "+/" DIGITS ALPHA);
}

static void values_have_no_control_character_but_the_tab(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        assert_int_equal(char_is((uint8_t)c, CHAR_VALUE) != 0, !control);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_those_of_rfc_9110),
        cmocka_unit_test(targets_are_made_of_what_rfc_3986_lets_stand),
        cmocka_unit_test(hosts_digits_and_base64_are_small_sets),
        cmocka_unit_test(values_have_no_control_character_but_the_tab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
