/* Stamps that several writers share. */

#include "test.h"

#include "cassandra/stamps_shared.h"

static const struct cht_id key = {{1}};

static void what_was_written_has_a_later_stamp_than_the_clock_before(void **state)
{
    (void)state;
    struct stamps_shared *stamps = stamps_shared_create(8, true);
    uint64_t before = stamps_shared_now(stamps);
    assert_true(stamps_shared_get(stamps, &key) <= before);
    stamps_shared_close(stamps, stamps_shared_open(stamps, &key));
    assert_true(stamps_shared_get(stamps, &key) > before);
    assert_true(stamps_shared_get(stamps, &key) <= stamps_shared_now(stamps));
    stamps_shared_destroy(stamps);
}

static void nothing_is_known_until_the_last_of_its_writers_has_ended(void **state)
{
    (void)state;
    struct stamps_shared *stamps = stamps_shared_create(8, true);
    uint32_t first = stamps_shared_open(stamps, &key);
    uint32_t second = stamps_shared_open(stamps, &key);
    assert_int_equal(stamps_shared_get(stamps, &key), 0);
    stamps_shared_close(stamps, first);
    assert_int_equal(stamps_shared_get(stamps, &key), 0);
    stamps_shared_close(stamps, second);
    assert_int_equal(stamps_shared_get(stamps, &key), stamps_shared_now(stamps));
    stamps_shared_destroy(stamps);
}

static void nothing_is_ever_known_where_others_write_too(void **state)
{
    (void)state;
    struct stamps_shared *stamps = stamps_shared_create(8, false);
    assert_int_equal(stamps_shared_get(stamps, &key), 0);
    stamps_shared_close(stamps, stamps_shared_open(stamps, &key));
    assert_int_equal(stamps_shared_get(stamps, &key), 0);
    stamps_shared_destroy(stamps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_has_a_later_stamp_than_the_clock_before),
        cmocka_unit_test(nothing_is_known_until_the_last_of_its_writers_has_ended),
        cmocka_unit_test(nothing_is_ever_known_where_others_write_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
