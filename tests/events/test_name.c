/* name: what shows what it is, and what hides something. */

#include "support.h"

struct sample {
    const char *name;
    bool good;
};

static void check_table(const struct sample *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cht_is_name(str(table[i].name)) != table[i].good) {
            fail_msg("%zu: %s", i, table[i].name);
        }
    }
}

#define CHECK_TABLE(table) check_table(table, COUNT_OF(table))

static void a_name_has_something_to_see(void **state)
{
    static const struct sample table[] = {
        {"", false},
        {" ", false},
        {"\u00a0\u3000", false},
        {"\u2800", false},
        {"\u200b", false},
        {"\u3164", false},
        {"\ufe0f", false},
        {"\u200d", false},
        {" \u200d ", false},
        {"\u0301", true},
        {"x", true},
        {" x ", true},
        {"\u2803\u2800\u2801", true},
    };
    (void)state;
    CHECK_TABLE(table);
}

static void nothing_in_a_name_is_hidden(void **state)
{
    static const struct sample table[] = {
        {"a\nb", false},
        {"a\tb", false},
        {"\x7f", false},
        {"a\xc2\x85", false},
        {"a\u2028b", false},
        {"gen\u200beral", false},
        {"gen\u00aderal", false},
        {"general\u2060", false},
        {"\ufeffgeneral", false},
        {"a\u061c", false},
        {"a\u200eb", false},
        {"a\u200fb", false},
        {"a\u202eb", false},
        {"a\u2067b", false},
        {"a\u2069", false},
        {"a\u115fb", false},
        {"a\u1160b", false},
        {"a\uffa0b", false},
        {"a\u180eb", false},
        {"a\ufff9b", false},
        {"a\ue000", false},
        {"a\U00100000", false},
        {"a\ufdd0", false},
        {"a\uffff", false},
        {"a\U0001fffe", false},
        {"a\ufffd", true},
    };
    (void)state;
    CHECK_TABLE(table);
}

static void emoji_are_joined_and_styled(void **state)
{
    static const struct sample table[] = {
        {"Anna ❤\ufe0f", true},
        {"❤\ufe0f\u200d🔥", true},
        {"👩\u200d💻", true},
        {"👩🏽\u200d🚀 up", true},
        {"👨\u200d👩\u200d👧", true},
        {"🏃\u200d♀\ufe0f", true},
        {"1\ufe0f\u20e3", true},
        {"☎\ufe0e", true},
        {"🏳\ufe0f\u200d🌈", true},
        {"🇺🇳", true},
        {"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f x", true},
        {"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074", false},
        {"🏴\U000e0078\U000e0078\U000e0078\U000e0078\U000e0078\U000e007f", false},
        {"x\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", false},
        {"\u200d👩", false},
        {"👩\u200d", false},
        {"👩\u200d\u200d💻", false},
        {"👩\u200dx", false},
        {"x\u200d👩", false},
        {"👩\u200c💻", false},
        {"❤\ufe0f\ufe0f", false},
        {"x\ufe0f", false},
        {"1\ufe0f", false},
        {"1\ufe0e\u20e3", false},
        {"1\ufe0f\u200d🔥", false},
    };
    (void)state;
    CHECK_TABLE(table);
}

static void letters_are_joined_where_writing_needs_it(void **state)
{
    static const struct sample table[] = {
        {"می\u200cخواهم", true},
        {"ශ්\u200dරී", true},
        {"क\u094d\u200dष", true},
        {"辻\U000e0100", true},
        {"ᠠ\u180b", true},
        {"س\u200c\u200cس", false},
        {"س\u200c", false},
        {"\u200cس", false},
        {"س\u200c س", false},
        {"س\u061c\u200cس", false},
        {"a\u200cb", false},
        {"a\u200db", false},
        {"س\u200cb", false},
        {"a\U000e0100", false},
        {"a\u180b", false},
        {"ᠠ\u180e", false},
        {"辻\ufe00", false},
    };
    (void)state;
    CHECK_TABLE(table);
}

/* Unicode counts 4,174 code points that are to be ignored; none is let through among letters. */
static void every_code_point_that_shows_nothing_is_known(void **state)
{
    uint32_t count = 0;
    (void)state;
    for (uint32_t point = 0x80; point <= 0x10ffff; point++) {
        if (cht_look_of(point) != CHT_LOOK_NOTHING) {
            continue;
        }
        char name[8] = "a";
        unsigned size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        for (unsigned i = size - 1, rest = point; i > 0; i--, rest >>= 6) {
            name[1 + i] = (char)(0x80 | (rest & 0x3f));
        }
        name[1] = (char)((0xf00u >> size) | point >> (6 * (size - 1)));
        name[1 + size] = 'b';
        assert_true(cht_utf8_valid(str(name)));
        if (cht_is_name(str(name))) {
            fail_msg("U+%04X", (unsigned)point);
        }
        count++;
    }
    assert_int_equal(count, 4174);
}

static void what_is_no_utf8_is_no_name(void **state)
{
    (void)state;
    assert_false(cht_is_name(str("a\xff")));
    assert_false(cht_is_name(str("a\xe2\x80")));
    assert_false(cht_is_name((struct cht_str){"a\0b", 3}));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_something_to_see),
        cmocka_unit_test(nothing_in_a_name_is_hidden),
        cmocka_unit_test(emoji_are_joined_and_styled),
        cmocka_unit_test(letters_are_joined_where_writing_needs_it),
        cmocka_unit_test(every_code_point_that_shows_nothing_is_known),
        cmocka_unit_test(what_is_no_utf8_is_no_name),
    };
    return cmocka_run_group_tests_name("events/name", tests, NULL, NULL);
}
