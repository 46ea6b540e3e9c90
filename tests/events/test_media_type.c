/* media_type: JSON in UTF-8 and nothing else. */

#include "support.h"

static void json_in_utf_8_is_json(void **state)
{
    static const char *const types[] = {"application/json", "Application/JSON",
        "application/json; charset=utf-8", "application/json;charset=UTF-8",
        "application/json ; charset=\"utf-8\"", "application/json; profile=x; charset=utf-8",
        "application/json; profile=\"a; b\"", "application/json\t;\tcharset=utf-8 ",
        "application/json;", "application/json; ; charset=utf-8"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (!cht_is_json_type(str(types[i]))) {
            fail_msg("%s", types[i]);
        }
    }
}

static void other_types_and_other_charsets_are_not(void **state)
{
    static const char *const types[] = {"", "text/plain", "application/jsonx", "application/json2",
        "application /json", "application/json charset=utf-8", "application/json; charset=latin1",
        "application/json; charset=iso-8859-1", "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin1", "application/json; charset=\"latin1\"",
        "application/json; CHARSET=latin1",
        "application/json; charset=", "application/json; charset",
        "application/json; charset=\"utf-8", "application/json; =x", "application/json; x =y",
        "application/json, text/plain", "application/json; charset=utf-8, text/plain",
        "application/json; charset=\"\\utf-8\"", "application/x-www-form-urlencoded",
        "text/plain; application/json"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (cht_is_json_type(str(types[i]))) {
            fail_msg("%s", types[i]);
        }
    }
    assert_false(cht_is_json_type((struct cht_str){"application/json\0", 17}));
    assert_false(cht_is_json_type((struct cht_str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_in_utf_8_is_json),
        cmocka_unit_test(other_types_and_other_charsets_are_not),
    };
    return cmocka_run_group_tests_name("media_type", tests, NULL, NULL);
}
