/* test_base64 - the vectors of RFC 4648, section 10, and texts that are not the one encoding. */

#include "test.h"

#include <string.h>

#include "wire/base64.h"

static const struct {
    const char *bytes, *text;
} vectors[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

static void bytes_are_written_as_the_standard_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        size_t size = strlen(vectors[i].bytes);
        char text[BASE64_SIZE(6) + 1] = "";
        base64_write((const uint8_t *)vectors[i].bytes, size, text);
        assert_int_equal(BASE64_SIZE(size), strlen(vectors[i].text));
        assert_memory_equal(text, vectors[i].text, BASE64_SIZE(size));
        assert_true(base64_is(str(vectors[i].text), size));
    }
}

static void another_text_is_not_the_encoding(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } bad[] = {{"Zg=", 1}, {"Zg===", 1}, {"Zg==", 2}, {"Zg=A", 1}, {"Z===", 1}, {"Zh==", 1},
        {"Zm9=", 2}, {"Zm9 ", 3}, {"Zm-v", 3}, {"Zm_v", 3}, {"Z\n9v", 3}, {"=m9v", 3}, {"", 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(base64_is(str(bad[i].text), bad[i].size));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_written_as_the_standard_says),
        cmocka_unit_test(another_text_is_not_the_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
