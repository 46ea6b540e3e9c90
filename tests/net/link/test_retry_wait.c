/* test_retry_wait - waits that double, with a chance in them. */

#include "test.h"

#include <string.h>

#include "link/retry_wait.h"
#include "world/random.h"

/* Each byte the same. */
struct fixed {
    struct random random; /* first */
    uint8_t byte;
};

static void fill(struct random *random, void *ret_bytes, size_t size)
{
    memset(ret_bytes, ((struct fixed *)random)->byte, size);
}

static struct fixed fixed = {.random = {fill}};

static void the_least_is_half_of_what_failures_have_doubled(void **state)
{
    static const uint64_t halves[] = {50, 100, 200, 400, 800, 800, 800};
    (void)state;
    fixed.byte = 0;
    for (uint32_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        assert_int_equal(retry_wait_ms(&fixed.random, i, 100, 1600), halves[i]);
    }
}

static void every_wait_is_between_half_and_whole(void **state)
{
    (void)state;
    for (uint32_t byte = 0; byte < 256; byte++) {
        fixed.byte = (uint8_t)byte;
        assert_in_range(retry_wait_ms(&fixed.random, 2, 100, 1600), 200, 400);
        assert_in_range(retry_chance_ms(&fixed.random, 5), 2, 5);
    }
}

static void any_number_of_failures_comes_to_the_most(void **state)
{
    (void)state;
    fixed.byte = 0;
    assert_int_equal(retry_wait_ms(&fixed.random, UINT32_MAX, UINT32_MAX, UINT32_MAX), INT32_MAX);
    assert_int_equal(retry_wait_ms(&fixed.random, 64, 1, 1000), 500);
    assert_int_equal(retry_wait_ms(&fixed.random, 0, 1000, 1000), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_is_half_of_what_failures_have_doubled),
        cmocka_unit_test(every_wait_is_between_half_and_whole),
        cmocka_unit_test(any_number_of_failures_comes_to_the_most),
    };
    return cmocka_run_group_tests_name("retry_wait", tests, NULL, NULL);
}
