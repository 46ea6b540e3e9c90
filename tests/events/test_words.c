/* words: every word has its number and every number its word. */

#include "support.h"

static const struct cht_words *const all[] = {
#define WORDS(name) &cht_words_##name,
#define WORD(name, number, word, doc)
#define WORDS_END(name)
#include "chattifier/enums.def"
#undef WORDS
#undef WORD
#undef WORDS_END
    &cht_words_command_type,
};

static void every_word_is_found_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        for (uint32_t number = 1; number < all[i]->count; number++) {
            const char *word = cht_word_text(all[i], number);
            assert_true(strlen(word) > 0);
            assert_int_equal(cht_word_number(all[i], str(word)), number);
        }
    }
}

static void what_is_no_word_is_zero(void **state)
{
    static const char *const texts[] = {"", "none", "member ", "membe", "Member", "members2"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(cht_word_number(&cht_words_role, str(texts[i])), 0);
    }
    assert_int_equal(cht_word_number(&cht_words_role, (struct cht_str){"member\0", 7}), 0);
    assert_int_equal(cht_word_number(&cht_words_role, (struct cht_str){"member\0x", 8}), 0);
}

static void what_is_no_number_has_no_word(void **state)
{
    (void)state;
    assert_string_equal(cht_word_text(&cht_words_role, 0), "");
    assert_string_equal(cht_word_text(&cht_words_role, cht_role_count), "");
    assert_string_equal(cht_word_text(&cht_words_role, UINT64_MAX), "");
    assert_string_equal(cht_word_text(&cht_words_role, cht_role_owner), "owner");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_found_again),
        cmocka_unit_test(what_is_no_word_is_zero),
        cmocka_unit_test(what_is_no_number_has_no_word),
    };
    return cmocka_run_group_tests_name("events/words", tests, NULL, NULL);
}
