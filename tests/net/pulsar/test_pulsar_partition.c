/* test_pulsar_partition - hashes of keys, as other clients have them. */

#include "test.h"

#include <string.h>

#include "pulsar/pulsar_partition.h"

static void keys_have_the_hashes_that_other_clients_compute(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint32_t hash;
    } rows[] = {{"", 0}, {"k1", 2110152746}, {"k2", 1479966664}, {"key1", 462881061},
        {"key2", 1936800180}, {"hello", 0x248bfa47}, {"test", 0x3a6bd213}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pulsar_key_hash(rows[i].key, strlen(rows[i].key)), rows[i].hash);
    }
}

static void a_hash_is_not_below_zero_for_those_who_have_signed_numbers(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(pulsar_key_hash(&i, sizeof(i)) <= INT32_MAX);
    }
}

static void a_key_has_one_partition_of_those_there_are(void **state)
{
    (void)state;
    assert_int_equal(pulsar_partition("key1", 4, 4), 462881061 % 4);
    assert_int_equal(pulsar_partition("key1", 4, 8), 462881061 % 8);
    assert_int_equal(pulsar_partition("key1", 4, 1), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_hashes_that_other_clients_compute),
        cmocka_unit_test(a_hash_is_not_below_zero_for_those_who_have_signed_numbers),
        cmocka_unit_test(a_key_has_one_partition_of_those_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
