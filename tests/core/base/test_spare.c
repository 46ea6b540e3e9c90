/* Spare blocks: one is taken by one at a time, and only so many are kept. */

#include "test.h"

#include <string.h>

#include "base/spare.h"

static void a_block_that_was_given_is_whole_when_it_is_taken(void **state)
{
    (void)state;
    struct spare spare = {0};
    for (int i = 0; i < 3; i++) {
        void *block = spare_take(&spare, 48);
        memset(block, 0xff, 48);
        spare_give(&spare, block);
    }
    assert_true(spare.count <= 1); /* it was the same, or none is kept */
    spare_deinit(&spare);
    assert_null(spare.first);
}

static void blocks_that_are_taken_are_all_different(void **state)
{
    (void)state;
    struct spare spare = {0};
    void *first = spare_take(&spare, 16);
    spare_give(&spare, first);
    void *one = spare_take(&spare, 16);
    void *other = spare_take(&spare, 16);
    assert_ptr_not_equal(one, other);
    spare_give(&spare, one);
    spare_give(&spare, other);
    spare_deinit(&spare);
}

static void no_more_than_the_bound_are_kept(void **state)
{
    (void)state;
    struct spare spare = {0};
    static void *blocks[SPARE_BLOCKS_MAX * 2];
    for (uint32_t i = 0; i < SPARE_BLOCKS_MAX * 2; i++) {
        blocks[i] = spare_take(&spare, 16);
    }
    for (uint32_t i = 0; i < SPARE_BLOCKS_MAX * 2; i++) {
        spare_give(&spare, blocks[i]);
    }
    assert_true(spare.count <= SPARE_BLOCKS_MAX);
    spare_deinit(&spare);
    assert_int_equal(spare.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_was_given_is_whole_when_it_is_taken),
        cmocka_unit_test(blocks_that_are_taken_are_all_different),
        cmocka_unit_test(no_more_than_the_bound_are_kept),
    };
    return cmocka_run_group_tests_name("spare", tests, NULL, NULL);
}
