/* Folding of names: pairs of one name in two spellings, what goes and what stays as it is. */

#include "test.h"

#include "base/fold.h"

static bool folds_to(const char *name, const char *expected)
{
    struct arena arena = {0};
    bool same = cht_str_equal(name_fold(&arena, str(name)), str(expected));
    arena_deinit(&arena);
    return same;
}

static void capitals_become_small_letters(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"Lounge 42", "lounge 42"},
        {"ÀÉÖÞ", "àéöþ"},
        {"ĀŁŽŸĲŦ", "āłžÿĳŧ"},
        {"ΑΘΉΏΣς", "αθήώσσ"},
        {"ΆΈΉΊΌΎΏ", "άέήίόύώ"},
        {"ЁЖЯҐ", "ёжяґ"},
        {"ѠҊӐԮ", "ѡҋӑԯ"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_true(folds_to(pairs[i][0], pairs[i][1]));
        assert_true(folds_to(pairs[i][1], i == 3 ? "αθήώσσ" : pairs[i][1]));
    }
}

static void what_has_no_case_stays(void **state)
{
    (void)state;
    static const char *const names[] = {"", "×÷ßıĸŉ", "日本語", "👍🏽", "\xc3", "\xc3\x61",
        "ӀԽ", "a\xe2\x80", "\xf3\xa0\xb3\u200b\xa0", "\xff  "};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(folds_to(names[i], names[i]));
    }
}

static void what_shows_nothing_goes_and_blanks_are_one_space(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"gen\u200beral", "general"},
        {"\ufeffgeneral\u00ad\u3164", "general"},
        {"ge\u0301ne\u034fral", "ge\u0301neral"},
        {"A\u00a0 \u2800B", "a b"},
        {" \u200b a \u200b b \u3000", "a b"},
        {"❤\ufe0f\u200d🔥", "❤🔥"},
        {"\u2003\u200b", ""},
        {"\U000e0067\U000e0100", ""},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_true(folds_to(pairs[i][0], pairs[i][1]));
        assert_true(folds_to(pairs[i][1], pairs[i][1]));
    }
}

static void a_beginning_keeps_its_space(void **state)
{
    struct arena arena = {0};
    (void)state;
    assert_true(cht_str_equal(name_fold_prefix(&arena, str(" My\u3000 ")), str("my ")));
    assert_true(cht_str_equal(name_fold_prefix(&arena, str(" ")), str("")));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capitals_become_small_letters),
        cmocka_unit_test(what_has_no_case_stays),
        cmocka_unit_test(what_shows_nothing_goes_and_blanks_are_one_space),
        cmocka_unit_test(a_beginning_keeps_its_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
