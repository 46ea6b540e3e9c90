/* Folding of names: pairs of one name in two spellings, and what stays as it is. */

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
    static const char *const names[] = {
        "", "×÷ßıĸŉ", "日本語", "👍🏽", "\xc3", "\xc3\x61", "ӀԽ"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(folds_to(names[i], names[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capitals_become_small_letters),
        cmocka_unit_test(what_has_no_case_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
