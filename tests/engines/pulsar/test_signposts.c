/* Signposts: near the newest they are dense, far away they are few, and they never lead behind what
 * was asked for. */

#include "test.h"

#include "pulsar/signposts.h"

static struct signposts posts;

static int set_up(void **state)
{
    (void)state;
    posts = (struct signposts){0};
    return 0;
}

/* Ten records an entry, a thousand entries a ledger. */
static struct pulsar_position place_of(uint64_t index)
{
    return (struct pulsar_position){index / 10000, index / 10 % 1000, (int32_t)(index % 10), 10};
}

static void note(uint64_t index)
{
    struct pulsar_position at = place_of(index);
    signposts_note(&posts, index, &at);
}

static void of_nothing_seen_nothing_is_known(void **state)
{
    (void)state;
    assert_null(signposts_floor(&posts, 0));
    assert_null(signposts_floor(&posts, UINT64_MAX));
    note(1000);
    assert_null(signposts_floor(&posts, 999));
    assert_int_equal(signposts_floor(&posts, 1000)->index, 1000);
}

static void the_nearest_one_is_at_or_before_the_index_with_its_place(void **state)
{
    (void)state;
    for (uint64_t index = 1; index <= 20000; index++) {
        note(index);
    }
    for (uint64_t index = 1; index <= 20000; index += 7) {
        const struct signpost *post = signposts_floor(&posts, index);
        struct pulsar_position at = place_of(post->index);
        assert_in_range(post->index, index > 256 ? index - 256 : 1, index);
        assert_int_equal(pulsar_position_compare(&post->position, &at), 0);
    }
    assert_int_equal(signposts_floor(&posts, 30000)->index, 20000);
}

static void of_a_million_a_few_are_kept_and_the_newest_are_dense(void **state)
{
    (void)state;
    for (uint64_t index = 1; index <= 1000000; index++) {
        note(index);
    }
    assert_in_range(posts.count, SIGNPOSTS_MAX / 2, SIGNPOSTS_MAX);
    assert_int_equal(signposts_floor(&posts, 1)->index, 1);
    assert_in_range(signposts_floor(&posts, 999000)->index, 999000 - SIGNPOSTS_SPACING, 999000);
    for (uint64_t index = 1; index < 1000000; index += 997) {
        assert_in_range(signposts_floor(&posts, index)->index, 1, index);
    }
}

static void what_comes_again_changes_nothing(void **state)
{
    (void)state;
    note(5);
    note(6);
    struct pulsar_position later = place_of(100);
    signposts_note(&posts, 5, &later);
    signposts_note(&posts, 6, &later);
    assert_int_equal(posts.newest.index, 6);
    struct pulsar_position six = place_of(6);
    assert_int_equal(pulsar_position_compare(&posts.newest.position, &six), 0);
    signposts_note(&posts, 7, &six); /* behind in index, not in place */
    assert_int_equal(posts.newest.index, 6);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(of_nothing_seen_nothing_is_known),
        TEST(the_nearest_one_is_at_or_before_the_index_with_its_place),
        TEST(of_a_million_a_few_are_kept_and_the_newest_are_dense),
        TEST(what_comes_again_changes_nothing),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
