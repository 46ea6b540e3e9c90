/* utf8: exactly the well-formed sequences pass, whole or in pieces. */

#include "support.h"

struct sample {
    const char *bytes;
    uint32_t size;
    bool valid;
};

#define GOOD(bytes)                                                                                \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, true                                                             \
    }
#define BAD(bytes)                                                                                 \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, false                                                            \
    }

static const struct sample table[] = {
    GOOD(""),
    GOOD("a"),
    GOOD("\0"),
    GOOD("\x7f"),
    GOOD("plain text that is longer than eight"),
    GOOD("\xc2\x80"),
    GOOD("\xdf\xbf"),
    GOOD("\xe0\xa0\x80"),
    GOOD("\xec\xbf\xbf"),
    GOOD("\xed\x9f\xbf"),
    GOOD("\xee\x80\x80"),
    GOOD("\xef\xbf\xbf"),
    GOOD("\xf0\x90\x80\x80"),
    GOOD("\xf1\x80\x80\x80"),
    GOOD("\xf3\xbf\xbf\xbf"),
    GOOD("\xf4\x8f\xbf\xbf"),
    GOOD("1234567\xc3\xa9"),
    GOOD("12345678\xc3\xa9"
         "12345678\xf0\x9f\x98\x80"),
    BAD("\x80"),
    BAD("\xbf"),
    BAD("\xc0\x80"),
    BAD("\xc1\xbf"),
    BAD("\xc2"),
    BAD("\xc2"
        "a"),
    BAD("\xc2\xc2"),
    BAD("\xe0\x9f\xbf"),
    BAD("\xe0\xa0"),
    BAD("\xe0\xa0"
        "a"),
    BAD("\xed\xa0\x80"),
    BAD("\xed\xbf\xbf"),
    BAD("\xef\xbf"),
    BAD("\xf0\x8f\xbf\xbf"),
    BAD("\xf0\x90\x80"),
    BAD("\xf0\x90\x80"
        "a"),
    BAD("\xf4\x90\x80\x80"),
    BAD("\xf5\x80\x80\x80"),
    BAD("\xf8\x88\x80\x80\x80"),
    BAD("\xfc\x84\x80\x80\x80\x80"),
    BAD("\xfe"),
    BAD("\xff"),
    BAD("1234567\xff"),
    BAD("12345678\xff"
        "12345678"),
    BAD("1234567\xc3"),
    BAD("a\x80z"),
};

static void the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cht_str text = {table[i].bytes, table[i].size};
        assert_int_equal(cht_utf8_valid(text), table[i].valid);
    }
}

static void a_byte_out_of_place_is_found_at_every_place(void **state)
{
    static const char bytes[] = "\x80\xc3\xff";
    (void)state;
    for (uint32_t size = 1; size <= 80; size++) {
        for (uint32_t i = 0; i < size; i++) {
            char *text = test_malloc(size);
            memset(text, 'x', size);
            assert_true(cht_utf8_valid((struct cht_str){text, size}));
            text[i] = bytes[size % (sizeof(bytes) - 1)];
            assert_false(cht_utf8_valid((struct cht_str){text, size}));
            if (i + 1 < size) {
                memcpy(text + i, "\xc3\xa9", 2);
                assert_true(cht_utf8_valid((struct cht_str){text, size}));
            }
            test_free(text);
        }
    }
}

static void pieces_mean_what_the_whole_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const uint8_t *bytes = (const uint8_t *)table[i].bytes;
        uint32_t whole = cht_utf8_next(0, bytes, table[i].size);
        for (uint32_t cut = 0; cut <= table[i].size; cut++) {
            uint32_t half = cht_utf8_next(0, bytes, cut);
            assert_int_equal(cht_utf8_next(half, bytes + cut, table[i].size - cut), whole);
        }
    }
}

static void bad_is_final_and_half_a_point_is_not_complete(void **state)
{
    (void)state;
    assert_int_equal(cht_utf8_next(CHT_UTF8_BAD, (const uint8_t *)"a", 1), CHT_UTF8_BAD);
    uint32_t half = cht_utf8_next(0, (const uint8_t *)"\xf0\x9f", 2);
    assert_int_not_equal(half, 0);
    assert_int_not_equal(half, CHT_UTF8_BAD);
    assert_int_equal(cht_utf8_next(half, (const uint8_t *)"\x98\x80", 2), 0);
}

/* How Unicode defines it: every code point but the surrogates, in its shortest form. */
static bool two_bytes_are_valid(unsigned first, unsigned second)
{
    if (first < 0x80) {
        return second < 0x80;
    }
    return first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf;
}

static void all_pairs_of_bytes_are_judged_right(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            char pair[2] = {(char)first, (char)second};
            assert_int_equal(
                cht_utf8_valid((struct cht_str){pair, 2}), two_bytes_are_valid(first, second));
        }
    }
}

static uint32_t write_point(uint32_t point, char *ret)
{
    if (point < 0x800) {
        ret[0] = (char)(0xc0 | point >> 6);
        ret[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        ret[0] = (char)(0xe0 | point >> 12);
        ret[1] = (char)(0x80 | (point >> 6 & 63));
        ret[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    ret[0] = (char)(0xf0 | point >> 18);
    ret[1] = (char)(0x80 | (point >> 12 & 63));
    ret[2] = (char)(0x80 | (point >> 6 & 63));
    ret[3] = (char)(0x80 | (point & 63));
    return 4;
}

static void all_code_points_are_judged_right(void **state)
{
    (void)state;
    for (uint32_t point = 0x80; point < 0x110010; point++) {
        char bytes[4];
        struct cht_str text = {bytes, write_point(point, bytes)};
        bool wanted = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
        if (cht_utf8_valid(text) != wanted) {
            fail_msg("U+%X", point);
        }
    }
}

static void code_points_are_counted(void **state)
{
    (void)state;
    assert_int_equal(cht_utf8_count(str("")), 0);
    assert_int_equal(cht_utf8_count(str("abc")), 3);
    assert_int_equal(cht_utf8_count(str("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z")), 4);
}

static void hidden_characters_are_found(void **state)
{
    static const char *const hidden[] = {"\n", "a\x01", "\x7f", "\xc2\x80", "\xc2\x9f",
        "a\xe2\x80\xaa", "\xe2\x80\xae z", "\xe2\x81\xa6", "\xe2\x81\xa9"};
    static const char *const plain[] = {"", "a b", "\xc2\xa0", "\xe2\x80\xa9", "\xe2\x80\xaf",
        "\xe2\x81\xa5", "\xe2\x81\xaa", "\xf0\x9f\x98\x80", "\xd7\xa9\xd7\x9c"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        assert_true(cht_has_hidden(str(hidden[i])));
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        assert_false(cht_has_hidden(str(plain[i])));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds),
        cmocka_unit_test(a_byte_out_of_place_is_found_at_every_place),
        cmocka_unit_test(pieces_mean_what_the_whole_means),
        cmocka_unit_test(bad_is_final_and_half_a_point_is_not_complete),
        cmocka_unit_test(all_pairs_of_bytes_are_judged_right),
        cmocka_unit_test(all_code_points_are_judged_right),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(hidden_characters_are_found),
    };
    return cmocka_run_group_tests_name("events/utf8", tests, NULL, NULL);
}
