/* json_scan: what is JSON passes, what is not does not. Seen through cht_read_members. */

#include "support.h"

#define MEMBERS 300

static struct cht_member members[MEMBERS];

/* A copy of exactly the size on the heap, so that a sanitizer sees every byte read past the end. */
static bool is_accepted(const char *text, size_t size)
{
    size_t count;
    char *copy = test_malloc(size + 1);
    memcpy(copy + 1, text, size);
    bool good =
        cht_read_members((struct cht_str){copy + 1, (uint32_t)size}, members, MEMBERS, &count);
    test_free(copy);
    return good;
}

static const char *const good[] = {
    "{}",
    " { } ",
    "\t\r\n{\n}\n",
    "{\"\":0}",
    "{\"a\":1}",
    "{\"a\" : 1 , \"b\" : 2 }",
    "{\"a\":true,\"b\":false,\"c\":null}",
    "{\"a\":[]}",
    "{\"a\":[ ]}",
    "{\"a\":[1,[2,[3]],{}]}",
    "{\"a\":{}}",
    "{\"a\":{\"a\":{\"a\":1}}}",
    "{\"a\":0}",
    "{\"a\":-0}",
    "{\"a\":-1}",
    "{\"a\":1.5}",
    "{\"a\":1e3}",
    "{\"a\":1E+3}",
    "{\"a\":1.0e-10}",
    "{\"a\":0.0}",
    "{\"a\":12345678901234567890123456789012}",
    "{\"a\":\"\"}",
    "{\"a\":\"/\"}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
    "{\"a\":\"\\u0000\"}",
    "{\"a\":\"\\u00e9\\u20AC\"}",
    "{\"a\":\"\\ud83d\\ude00\"}",
    "{\"a\":\"\\uD83D\\uDE00\"}",
    "{\"a\":\"\\uffff\"}",
    "{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\"}",
    "{\"a\":\"\x7f\"}",
    "{\"a\":\"1234567\\n1234567\\u0041\"}",
    "{\"a\":1,\"A\":2}",
    "{\"a\":{\"x\":1},\"b\":{\"x\":1}}",
    "{\"a\":[{\"x\":1},{\"x\":1}]}",
    "{\"\\u0061\":1,\"b\":2}",
    "{\"a\":1,\"a\\u0000\":2}",
    /* depth 16 */
    "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}",
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
    "{\"a\":{\"a\":{\"a\":0}}}}}}}}}}}}}}}}",
};

static const char *const bad[] = {
    "",
    " ",
    "{",
    "}",
    "{]",
    "[]",
    "[1]",
    "1",
    "\"a\"",
    "null",
    "true",
    "{}{}",
    "{} x",
    "{},",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\":1 \"b\":2}",
    "{\"a\" 1}",
    "{\"a\"::1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{null:1}",
    "{\"a\":1,,\"b\":2}",
    "{\"a\":[1,]}",
    "{\"a\":[,1]}",
    "{\"a\":[1 2]}",
    "{\"a\":[1}",
    "{\"a\":[1]]}",
    "{\"a\":{]}",
    "{\"a\":[}]}",
    "{\"a\":tru}",
    "{\"a\":True}",
    "{\"a\":nul}",
    "{\"a\":nulll}",
    "{\"a\":truefalse}",
    "{\"a\":NaN}",
    "{\"a\":Infinity}",
    "{\"a\":undefined}",
    "{\"a\":01}",
    "{\"a\":00}",
    "{\"a\":-01}",
    "{\"a\":-}",
    "{\"a\":+1}",
    "{\"a\":.5}",
    "{\"a\":1.}",
    "{\"a\":1.e3}",
    "{\"a\":1e}",
    "{\"a\":1e+}",
    "{\"a\":0x10}",
    "{\"a\":1_000}",
    "{\"a\":1a}",
    "{\"a\":--1}",
    "{\"a\":123456789012345678901234567890123}",
    "{\"a\":1.2345678901234567890123456789012}",
    "{\"a\":1e00000000000000000000000000000001}",
    "{\"a\":\"}",
    "{\"a\":\"b}",
    "{\"a\":\"\\\"}",
    "{\"a\":\"\\x41\"}",
    "{\"a\":\"\\a\"}",
    "{\"a\":\"\\'\"}",
    "{\"a\":\"\\u\"}",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\u12g4\"}",
    "{\"a\":\"\\U0041\"}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\udc00\"}",
    "{\"a\":\"\\udfff\"}",
    "{\"a\":\"\\ud83d\\ud83d\"}",
    "{\"a\":\"\\ud83dx\"}",
    "{\"a\":\"\\ud83d\\n\"}",
    "{\"a\":\"\\ud83d\\u0041\"}",
    "{\"a\":\"\\ude00\\ud83d\"}",
    "{\"a\":\"\\ud83d\\ude0\"}",
    "{\"a\":\"\n\"}",
    "{\"a\":\"\t\"}",
    "{\"a\":\"\x01\"}",
    "{\"a\":\"\x1f\"}",
    "{\"a\":\"\x80\"}",
    "{\"a\":\"\xc0\xaf\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"a\":\"\xff\"}",
    "{\"a\":\"\xc3\"}",
    "{\"a\":\"\xf4\x90\x80\x80\"}",
    "{\"\xff\":1}",
    "\xef\xbb\xbf{}",
    "{\"a\":1}\xc2\xa0",
    "\x0b{}",
    "{\"a\":/**/1}",
    "{\"a\":1}//",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0061\":1,\"a\":2}",
    "{\"\\u0061\":1,\"\\u0061\":2}",
    "{\"\":1,\"\":2}",
    "{\"/\":1,\"\\/\":2}",
    "{\"\xc3\xa9\":1,\"\\u00e9\":2}",
    "{\"\\u00e9\":1,\"\\u00E9\":2}",
    "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
    "{\"x\":{\"a\":1,\"a\":2}}",
    "{\"x\":[[{\"a\":1,\"a\":2}]]}",
    "{\"x\":[{\"b\":{\"a\":1,\"\\u0061\":2}}]}",
    /* depth 17 */
    "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
    "{\"a\":[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]}",
};

static void what_is_json_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!is_accepted(good[i], strlen(good[i]))) {
            fail_msg("refused: %s", good[i]);
        }
    }
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (is_accepted(bad[i], strlen(bad[i]))) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        size_t end = (size_t)(strrchr(good[i], '}') - good[i]);
        for (size_t size = 0; size <= end; size++) {
            assert_false(is_accepted(good[i], size));
        }
    }
}

static void a_nul_byte_is_no_space(void **state)
{
    (void)state;
    assert_false(is_accepted("{}\0", 3));
    assert_false(is_accepted("{\"a\":\"\0\"}", 9));
}

static void deep_nesting_ends_early(void **state)
{
    static char deep[100000];
    (void)state;
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    assert_false(is_accepted(deep, sizeof(deep)));
}

static void members_come_unescaped_with_their_types(void **state)
{
    char text[] = "{\"a\\u0062\":\"x\\ny\\ud83d\\ude00\",\"n\":12,\"f\":1.5,\"m\":-1,\"t\":true,"
                  "\"z\":null,\"l\":[1, \"\\n\"],\"o\":{ \"a\":1},\"big\":9007199254740991,"
                  "\"over\":9007199254740992,\"e\":\"\"}";
    static const enum cht_json_type types[] = {CHT_JSON_TEXT, CHT_JSON_NUMBER, CHT_JSON_NUMBER,
        CHT_JSON_NUMBER, CHT_JSON_FLAG, CHT_JSON_NULL, CHT_JSON_LIST, CHT_JSON_OBJECT,
        CHT_JSON_NUMBER, CHT_JSON_NUMBER, CHT_JSON_TEXT};
    size_t count;
    (void)state;
    assert_true(
        cht_read_members((struct cht_str){text, sizeof(text) - 1}, members, MEMBERS, &count));
    assert_int_equal(count, COUNT_OF(types));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(members[i].type, types[i]);
    }
    assert_str(members[0].name, "ab");
    assert_str(members[0].value, "x\ny\xf0\x9f\x98\x80");
    assert_true(members[1].number == 12);
    assert_true(members[2].number == UINT64_MAX);
    assert_true(members[3].number == UINT64_MAX);
    assert_str(members[4].value, "true");
    assert_str(members[6].value, "[1, \"\\n\"]");
    assert_str(members[7].value, "{ \"a\":1}");
    assert_true(members[8].number == CHT_NUMBER_MAX);
    assert_true(members[9].number == UINT64_MAX);
    assert_null(members[10].value.at);
}

static void more_members_than_asked_for_are_refused(void **state)
{
    char text[] = "{\"a\":1,\"b\":2,\"c\":3}";
    size_t count;
    (void)state;
    assert_false(cht_read_members((struct cht_str){text, sizeof(text) - 1}, members, 2, &count));
    assert_int_equal(count, 0);
    assert_true(cht_read_members((struct cht_str){text, sizeof(text) - 1}, members, 3, &count));
    assert_int_equal(count, 3);
}

/* {"o":{"k0":0,...}} with one more member at the end. */
static size_t write_large(char *text, unsigned count, const char *last)
{
    size_t size = (size_t)sprintf(text, "{\"o\":{");
    for (unsigned i = 0; i < count; i++) {
        size += (size_t)sprintf(text + size, "\"k%u\":0,", i);
    }
    return size + (size_t)sprintf(text + size, "\"%s\":0}}", last);
}

static void duplicates_are_found_in_large_objects_too(void **state)
{
    static char text[200000];
    static const unsigned counts[] = {1, 22, 23, 24, 25, 26, 100, 1000, 4000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        char last[20];
        sprintf(last, "k%u", counts[i] - 1);
        assert_false(is_accepted(text, write_large(text, counts[i], last)));
        sprintf(last, "\\u006b%u", counts[i] / 2);
        assert_false(is_accepted(text, write_large(text, counts[i], last)));
        assert_true(is_accepted(text, write_large(text, counts[i], "other")));
    }
}

static void a_large_object_does_not_hide_a_small_one(void **state)
{
    static char text[100000];
    (void)state;
    size_t size = write_large(text, 30, "z");
    size--;
    size_t more = (size_t)snprintf(text + size, sizeof(text) - size, ",\"p\":{\"a\":1,\"b\":2}}");
    assert_true(is_accepted(text, size + more));
    more = (size_t)snprintf(text + size, sizeof(text) - size, ",\"p\":{\"a\":1,\"a\":2}}");
    assert_false(is_accepted(text, size + more));
}

static void the_number_of_members_is_bounded(void **state)
{
    static char text[200000];
    (void)state;
    assert_true(is_accepted(text, write_large(text, 4094, "z")));
    assert_false(is_accepted(text, write_large(text, 4095, "z")));
}

static void the_outermost_object_is_checked_beyond_the_compared_ones(void **state)
{
    char text[4000];
    (void)state;
    for (unsigned twice = 0; twice < 60; twice += 7) {
        size_t size = (size_t)sprintf(text, "{");
        for (unsigned i = 0; i < 60; i++) {
            size += (size_t)snprintf(text + size, sizeof(text) - size, "\"k%u\":0,", i);
        }
        size_t more = (size_t)snprintf(text + size, sizeof(text) - size, "\"k%u\":0}", twice);
        assert_false(is_accepted(text, size + more));
        more = (size_t)snprintf(text + size, sizeof(text) - size, "\"k%u\":0}", 60 + twice);
        assert_true(is_accepted(text, size + more));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json_passes),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_nul_byte_is_no_space),
        cmocka_unit_test(deep_nesting_ends_early),
        cmocka_unit_test(members_come_unescaped_with_their_types),
        cmocka_unit_test(more_members_than_asked_for_are_refused),
        cmocka_unit_test(duplicates_are_found_in_large_objects_too),
        cmocka_unit_test(a_large_object_does_not_hide_a_small_one),
        cmocka_unit_test(the_number_of_members_is_bounded),
        cmocka_unit_test(the_outermost_object_is_checked_beyond_the_compared_ones),
    };
    return cmocka_run_group_tests_name("events/json_scan", tests, NULL, NULL);
}
