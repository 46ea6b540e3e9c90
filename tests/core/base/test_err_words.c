/* What an error tells a person: what a field takes is that of the tables, and of nothing else. */

#include "test.h"

#include <string.h>

#include "base/err_words.h"
#include "chattifier/events.h"

#define ALWAYS "A field is missing, has the wrong type or form, or is out of range."

static void it_says(enum err err, const char *field, const char *expected)
{
    char words[ERR_WORDS_SIZE];
    assert_string_equal(err_words(err, field, words), expected);
}

static void each_kind_of_field_says_what_it_takes(void **state)
{
    (void)state;
    it_says(ERR_BAD_FIELD, "room", ALWAYS " room takes an id: 36 characters, lower-case UUID.");
    it_says(ERR_BAD_FIELD, "limit", ALWAYS " limit takes a whole number from 1.");
    it_says(ERR_BAD_FIELD, "events", ALWAYS " events takes 0-20 as a whole number.");
    it_says(ERR_BAD_FIELD, "on", ALWAYS " on takes true or false.");
    it_says(ERR_BAD_FIELD, "text", ALWAYS " text takes 1-16384 bytes of text without U+0000.");
    it_says(
        ERR_BAD_FIELD, "topic", ALWAYS " topic takes 0-256 characters, nothing hidden among them.");
    it_says(ERR_BAD_FIELD, "cid", ALWAYS " cid takes 1-64 of A-Z a-z 0-9 . _ : -.");
    it_says(ERR_BAD_FIELD, "kind", ALWAYS " kind takes one of direct, group, channel.");
    it_says(ERR_BAD_FIELD, "members", ALWAYS " members takes 0-100 ids in a list.");
    it_says(ERR_BAD_FIELD, "rooms", ALWAYS " rooms takes a list of objects, up to 1000.");
}

static void a_field_in_another_is_found(void **state)
{
    (void)state;
    it_says(ERR_BAD_FIELD, "members.3",
        ALWAYS " members.3 takes an id: 36 characters, lower-case UUID.");
    it_says(ERR_BAD_FIELD, "settings.posting",
        ALWAYS " settings.posting takes one of members, admins.");
    it_says(ERR_BAD_FIELD, "rooms.12", ALWAYS " rooms.12 takes an object.");
}

static void a_field_of_an_account_says_its_rule(void **state)
{
    (void)state;
    it_says(ERR_BAD_FIELD, "username",
        ALWAYS
        " username takes 3-20 of a-z 0-9 . _ -, a letter or digit at both ends, no two signs "
        "in a row, no reserved word.");
}

static void what_is_in_no_table_is_not_repeated(void **state)
{
    (void)state;
    it_says(ERR_BAD_FIELD, NULL, ALWAYS);
    it_says(ERR_BAD_FIELD, "", ALWAYS);
    it_says(ERR_BAD_FIELD, "settings.", ALWAYS);
    it_says(ERR_BAD_FIELD, "tex", ALWAYS);
    it_says(ERR_BAD_FIELD, "texts", ALWAYS);
    it_says(ERR_BAD_FIELD, "rooms.1.seq", ALWAYS);
    it_says(ERR_BAD_FIELD, "members.x\n", ALWAYS);
}

static void other_errors_have_their_sentence_alone(void **state)
{
    (void)state;
    it_says(ERR_CONFLICT, "name", "It clashes with what is already there.");
    it_says(ERR_TOO_LARGE, "text", "The body, frame or text is over its limit.");
}

static void what_any_field_takes_fits_the_frame(void **state)
{
    (void)state;
    static const char *const more[] = {
#define FIELD_TAKES(name, words) name,
#include "base/err_words.def"
#undef FIELD_TAKES
    };
    char words[ERR_WORDS_SIZE];
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        assert_ptr_equal(err_words(ERR_BAD_FIELD, more[i], words), words);
    }
    for (uint32_t i = 0; i < cht_row_command.field_count; i++) {
        const char *name = cht_row_command.fields[i].name;
        bool fits = err_words(ERR_BAD_FIELD, name, words) == words;
        assert_int_equal(fits, strcmp(name, "type") != 0); /* a wrong one is no bad field */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_field_says_what_it_takes),
        cmocka_unit_test(a_field_in_another_is_found),
        cmocka_unit_test(a_field_of_an_account_says_its_rule),
        cmocka_unit_test(what_is_in_no_table_is_not_repeated),
        cmocka_unit_test(other_errors_have_their_sentence_alone),
        cmocka_unit_test(what_any_field_takes_fits_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
