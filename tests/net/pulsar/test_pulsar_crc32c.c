/* test_pulsar_crc32c - the checksum of entries. */

#include "sized.h"

#include <string.h>

#include "pulsar/pulsar_crc32c.h"

static void it_is_the_checksum_of_the_standard(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(pulsar_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(pulsar_crc32c(0, "", 0), 0);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(pulsar_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(pulsar_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
    for (uint8_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = i;
    }
    assert_int_equal(pulsar_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
    for (uint8_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(31 - i);
    }
    assert_int_equal(pulsar_crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
}

static void the_table_says_the_same_of_every_length_and_place(void **state)
{
    (void)state;
    uint8_t bytes[80];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t at = 0; at < 9; at++) {
        for (size_t size = 0; at + size <= sizeof(bytes); size++) {
            struct sized exact = sized_copy(bytes + at, size);
            assert_int_equal(
                pulsar_crc32c(7, exact.at, size), pulsar_crc32c_by_table(7, exact.at, size));
            sized_free(exact);
        }
    }
}

static void parts_have_the_checksum_of_the_whole(void **state)
{
    (void)state;
    static const char text[] = "header, metadata, and a payload that lies elsewhere";
    uint32_t whole = pulsar_crc32c(0, text, sizeof(text));
    for (size_t part = 0; part <= sizeof(text); part++) {
        uint32_t first = pulsar_crc32c(0, text, part);
        assert_int_equal(pulsar_crc32c(first, text + part, sizeof(text) - part), whole);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_checksum_of_the_standard),
        cmocka_unit_test(the_table_says_the_same_of_every_length_and_place),
        cmocka_unit_test(parts_have_the_checksum_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
