/* test_places - questions in work: bounded in all and for each user, exactly. */

#include "test.h"

#include "message/places.h"

static struct places places;

static struct cht_id user(uint8_t number)
{
    return (struct cht_id){{number}};
}

static bool take(uint8_t number)
{
    struct cht_id id = user(number);
    return places_take(&places, &id);
}

static void give(uint8_t number)
{
    struct cht_id id = user(number);
    places_give(&places, &id);
}

static void begin(uint32_t all_max, uint32_t user_max)
{
    static const uint64_t secret[2] = {1, 2};
    places_init(&places, all_max, user_max, secret);
}

static void a_user_has_so_many_and_no_more(void **state)
{
    (void)state;
    begin(8, 2);
    assert_true(take(1));
    assert_true(take(1));
    assert_false(take(1));
    assert_true(take(2));
    give(1);
    assert_true(take(1));
    assert_false(take(1));
    places_deinit(&places);
}

static void all_together_have_so_many_and_no_more(void **state)
{
    (void)state;
    begin(3, 2);
    assert_true(take(1));
    assert_true(take(2));
    assert_true(take(3));
    assert_false(take(4));
    give(2);
    assert_true(take(4));
    assert_false(take(2));
    places_deinit(&places);
}

/* Every user with a row in the table, and none left behind, however many come and go. */
static void who_has_given_all_back_leaves_nothing(void **state)
{
    (void)state;
    begin(100, 1);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint8_t i = 0; i < 100; i++) {
            assert_true(take((uint8_t)(i + round * 50)));
        }
        assert_int_equal(places.taken, 100);
        for (uint8_t i = 0; i < 100; i++) {
            give((uint8_t)(i + round * 50));
        }
        assert_int_equal(places.taken, 0);
        assert_int_equal(places.by_user.count, 0);
    }
    places_deinit(&places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_has_so_many_and_no_more),
        cmocka_unit_test(all_together_have_so_many_and_no_more),
        cmocka_unit_test(who_has_given_all_back_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
