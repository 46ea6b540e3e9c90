/* The rules for usernames and display names, and for passwords. */

#include "test.h"

#include <string.h>

#include "user/names.h"
#include "user/password_rules.h"

static void usernames_have_one_form(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } table[] = {{"bob", true}, {"a1b", true}, {"jo.hn_do-e", true}, {"abcdefghijklmnopqrst", true},
        {"1st", true}, {"", false}, {"ab", false}, {"abcdefghijklmnopqrstu", false},
        {".bob", false}, {"bob-", false}, {"bo..b", false}, {"bo.-b", false}, {"Bob", false},
        {"bo b", false}, {"bo\xc3\xa4", false}, {"bo\tb", false}, {"bob\xe2\x80\xae", false},
        {"b\xd0\xbe"
         "b",
            false},
        {"admin", false}, {"adm1n", false}, {"a.d.m.i.n", false}, {"adrnin", false},
        {"r00t", false}, {"chatt1f1er", false}, {"chat-tifier", false}, {"administrator", false},
        {"administratorx", true}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (names_username_valid(str(table[i].name)) != table[i].valid) {
            fail_msg("%s", table[i].name);
        }
    }
}

static void only_ascii_letters_are_folded(void **state)
{
    char memory[8];
    struct cht_str folded;
    (void)state;
    assert_true(names_fold(str("BoB.\xc3\x84"), memory, sizeof(memory), &folded));
    assert_memory_equal(folded.at, "bob.\xc3\x84", 6);
    assert_false(names_fold(str("too long for it"), memory, sizeof(memory), &folded));
    assert_int_equal(folded.size, 0);
}

static void display_names_hide_nothing(void **state)
{
    char longest[64 * 4 + 5];
    (void)state;
    memset(longest, 0, sizeof(longest));
    for (int i = 0; i < 64; i++) {
        memcpy(longest + i * 4, "\xf0\x9f\x98\x80", 4);
    }
    assert_true(names_display_valid(str(longest)));
    memcpy(longest + 256, "x", 1);
    assert_false(names_display_valid(str(longest)));
    assert_true(names_display_valid(str("J\xc3\xb6rg the 2nd")));
    assert_false(names_display_valid(str("")));
    assert_false(names_display_valid(str("a\nb")));
    assert_false(names_display_valid(str("a\xe2\x80\xae"
                                         "b")));
    assert_false(names_display_valid((struct cht_str){"a\0b", 3}));
    assert_false(names_display_valid(str("Ann\u200b")));
    assert_false(names_display_valid(str("\u3164")));
    assert_false(names_display_valid(str("  ")));
    assert_true(names_display_valid(str("Ann ❤\ufe0f\u200d🔥")));
    assert_true(names_bio_valid(str("one\ntwo")));
    assert_true(names_bio_valid(str("")));
    assert_false(names_bio_valid(str("one\ttwo")));
    assert_true(names_bio_valid(str("a\u200bb")));
    assert_true(names_device_valid(str("")));
    assert_true(names_device_valid(str("Ann's laptop")));
    assert_false(names_device_valid(str("\u2060")));
}

static void passwords_that_everybody_tries_are_refused(void **state)
{
    static const char *const refused[] = {"", "short7!", "password", "Password1", "PASSWORD123!",
        "Pa55w0rd", "p@ssw0rd", "12345678", "123456789", "987654321", "11111111", "aaaaaaaaaa",
        "abcabcabc", "qwertyuiop", "qwerty123", "1q2w3e4r5t", "1qaz2wsx", "asdfghjkl", "iloveyou",
        "iloveyou2", "sunshine1", "football!!", "letmein123", "welcome2024", "monkey12", "abcd1234",
        "qwer1234", "hellokitty", "chattifier", "Chattifier1", "ch4ttifier", "marcus42!",
        "poiuytrewq", "trustno1", "superman99", "88888888", "asdfasdf", "dragon2000"};
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (password_rules_allow(str(refused[i]), str("marcus42"))) {
            fail_msg("%s", refused[i]);
        }
    }
}

static void passwords_need_no_special_characters(void **state)
{
    static const char *const good[] = {"correct horse battery", "tr0ub4dor&3x", "zufallswort",
        "v7Kq2mPz", "marcus42 likes teal socks",
        "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c-\xd0\xb4\xd0\xbb\xd1\x8f",
        "        x y z w"};
    char longest[130];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!password_rules_allow(str(good[i]), str("marcus42"))) {
            fail_msg("%s", good[i]);
        }
    }
    for (int i = 0; i < 129; i++) {
        longest[i] = (char)('a' + (i * i + i / 3) % 26);
    }
    longest[129] = '\0';
    assert_false(password_rules_allow(str(longest), str("marcus42")));
    longest[128] = '\0';
    assert_true(password_rules_allow(str(longest), str("marcus42")));
    assert_false(password_rules_allow((struct cht_str){"v7Kq\0mPzww", 10}, str("marcus42")));
    assert_false(password_rules_allow(str("v7Kq2mPz\xff"), str("marcus42")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usernames_have_one_form),
        cmocka_unit_test(only_ascii_letters_are_folded),
        cmocka_unit_test(display_names_hide_nothing),
        cmocka_unit_test(passwords_that_everybody_tries_are_refused),
        cmocka_unit_test(passwords_need_no_special_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
