/* test_secret_file - passwords and tokens out of files. */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret_file.h"

enum { CAPACITY = 8 };

static char path[64], secret[CAPACITY + 1];
static const char *why;

static enum err read_of(const char *bytes, size_t size)
{
    snprintf(path, sizeof(path), "/tmp/secret-file-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
    memset(secret, 'x', sizeof(secret));
    why = NULL;
    enum err err = secret_file_read(path, secret, CAPACITY, &why);
    unlink(path);
    return err;
}

static void a_secret_is_the_first_line(void **state)
{
    static const char *const files[] = {"a word", "a word\n", "a word\r\n", "a word\nand more"};
    (void)state;
    for (uint32_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(read_of(files[i], strlen(files[i])), OK);
        assert_string_equal(secret, "a word");
    }
}

static void a_secret_may_fill_its_room(void **state)
{
    (void)state;
    assert_int_equal(read_of("1234567\n", 8), OK);
    assert_string_equal(secret, "1234567");
    assert_int_equal(read_of("12345678\n", 9), ERR_BAD_CONFIG);
    assert_string_equal(why, "its first line is too long");
}

static void nothing_else_of_the_file_is_left(void **state)
{
    static const char nothing[CAPACITY];
    (void)state;
    assert_int_equal(read_of("ab\ncdefg", 8), OK);
    assert_memory_equal(secret, "ab\0\0\0\0\0\0", CAPACITY);
    assert_int_equal(secret[CAPACITY], 'x');
    assert_int_equal(read_of("123456789", 9), ERR_BAD_CONFIG);
    assert_memory_equal(secret, nothing, CAPACITY);
}

static void what_is_no_secret_is_refused_with_a_reason(void **state)
{
    (void)state;
    assert_int_equal(read_of("", 0), ERR_BAD_CONFIG);
    assert_string_equal(why, "its first line is empty");
    assert_int_equal(read_of("\nword", 5), ERR_BAD_CONFIG);
    assert_string_equal(why, "its first line is empty");
    assert_int_equal(read_of("a\0b", 3), ERR_BAD_CONFIG);
    assert_string_equal(why, "it has a NUL");
    assert_int_equal(secret_file_read("/nowhere", secret, CAPACITY, &why), ERR_BAD_CONFIG);
    assert_string_equal(why, "No such file or directory");
    assert_int_equal(secret_file_read("/", secret, CAPACITY, &why), ERR_BAD_CONFIG);
    assert_string_equal(why, "Is a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_the_first_line),
        cmocka_unit_test(a_secret_may_fill_its_room),
        cmocka_unit_test(nothing_else_of_the_file_is_left),
        cmocka_unit_test(what_is_no_secret_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests_name("secret_file", tests, NULL, NULL);
}
