/* The memory of commands that left no entry. */

#include "test.h"

#include "chat/answered.h"

static struct answered answered;

static int set_up(void **state)
{
    (void)state;
    static const uint64_t secret[2] = {5, 6};
    answered_init(&answered, secret);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    answered_deinit(&answered);
    return 0;
}

static void an_answered_command_is_known_until_its_time_is_over(void **state)
{
    (void)state;
    assert_false(answered_any(&answered));
    answered_add(&answered, 11, 1000, 500);
    answered_add(&answered, 12, 3000, 600);
    assert_true(answered_know(&answered, 11));
    assert_true(answered_know(&answered, 12));
    assert_false(answered_know(&answered, 13));
    answered_add(&answered, 13, 4000, 2000);
    assert_false(answered_know(&answered, 11));
    assert_true(answered_know(&answered, 12));
}

static void what_was_never_said_is_taken_back(void **state)
{
    (void)state;
    answered_add(&answered, 11, 1000, 500);
    answered_take_back(&answered, 11);
    answered_take_back(&answered, 99);
    assert_false(answered_know(&answered, 11));
    assert_false(answered_any(&answered));
    answered_add(&answered, 11, 9000, 2000); /* its old place goes, it stays */
    assert_true(answered_know(&answered, 11));
}

static void beyond_the_bound_the_oldest_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= ANSWERED_MAX + 10; i++) {
        answered_add(&answered, i, 1000000, 1);
    }
    assert_int_equal(answered.count, ANSWERED_MAX);
    assert_false(answered_know(&answered, 10));
    assert_true(answered_know(&answered, 11));
    assert_true(answered_know(&answered, ANSWERED_MAX + 10));
}

static void other_bytes_have_another_digest(void **state)
{
    (void)state;
    struct buf *one = buf_copy("one", 3), *two = buf_copy("two", 3);
    assert_int_equal(answered_digest(&answered, one), answered_digest(&answered, one));
    assert_int_not_equal(answered_digest(&answered, one), answered_digest(&answered, two));
    buf_unref(one);
    buf_unref(two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answered_command_is_known_until_its_time_is_over),
        TEST(what_was_never_said_is_taken_back),
        TEST(beyond_the_bound_the_oldest_is_forgotten),
        TEST(other_bytes_have_another_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
