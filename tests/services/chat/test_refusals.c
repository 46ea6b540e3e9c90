/* The memory of refused commands. */

#include "test.h"

#include "chat/refusals.h"

static struct refusals refusals;

static int set_up(void **state)
{
    (void)state;
    static const uint64_t secret[2] = {5, 6};
    refusals_init(&refusals, secret);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    refusals_deinit(&refusals);
    return 0;
}

static void a_refused_command_is_known_until_its_time_is_over(void **state)
{
    (void)state;
    assert_false(refusals_any(&refusals));
    refusals_add(&refusals, 11, 1000, 500);
    refusals_add(&refusals, 12, 3000, 600);
    assert_true(refusals_know(&refusals, 11));
    assert_true(refusals_know(&refusals, 12));
    assert_false(refusals_know(&refusals, 13));
    refusals_add(&refusals, 13, 4000, 2000);
    assert_false(refusals_know(&refusals, 11));
    assert_true(refusals_know(&refusals, 12));
}

static void what_was_never_said_is_taken_back(void **state)
{
    (void)state;
    refusals_add(&refusals, 11, 1000, 500);
    refusals_take_back(&refusals, 11);
    refusals_take_back(&refusals, 99);
    assert_false(refusals_know(&refusals, 11));
    assert_false(refusals_any(&refusals));
    refusals_add(&refusals, 11, 9000, 2000); /* its old place goes, it stays */
    assert_true(refusals_know(&refusals, 11));
}

static void beyond_the_bound_the_oldest_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= REFUSALS_MAX + 10; i++) {
        refusals_add(&refusals, i, 1000000, 1);
    }
    assert_int_equal(refusals.count, REFUSALS_MAX);
    assert_false(refusals_know(&refusals, 10));
    assert_true(refusals_know(&refusals, 11));
    assert_true(refusals_know(&refusals, REFUSALS_MAX + 10));
}

static void other_bytes_have_another_digest(void **state)
{
    (void)state;
    struct buf *one = buf_copy("one", 3), *two = buf_copy("two", 3);
    assert_int_equal(refusals_digest(&refusals, one), refusals_digest(&refusals, one));
    assert_int_not_equal(refusals_digest(&refusals, one), refusals_digest(&refusals, two));
    buf_unref(one);
    buf_unref(two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refused_command_is_known_until_its_time_is_over),
        TEST(what_was_never_said_is_taken_back),
        TEST(beyond_the_bound_the_oldest_is_forgotten),
        TEST(other_bytes_have_another_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
