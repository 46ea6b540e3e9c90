/* The small tables of the socket service: pending commands, rates, parameters. */

#include "test.h"

#include "socket/pending.h"
#include "socket/rate.h"
#include "socket/slot_list.h"

static void a_handle_finds_its_command_until_it_is_answered(void **state)
{
    (void)state;
    struct pendings pendings;
    pendings_init(&pendings, 2, 0xfffffffe);
    uint32_t list = PENDING_NONE;
    uint32_t slot = pending_add(&pendings, &list, 0);
    uint64_t handle = pending_handle(&pendings, slot);
    assert_true(handle <= CHT_NUMBER_MAX);
    assert_int_equal(pending_find(&pendings, handle), slot);
    pending_remove(&pendings, &list, slot);
    assert_int_equal(pending_find(&pendings, handle), PENDING_NONE);
    assert_int_equal(list, PENDING_NONE);
    assert_int_equal(pending_add(&pendings, &list, 0), slot);
    assert_int_equal(pending_find(&pendings, handle), PENDING_NONE);
    assert_int_not_equal(pending_add(&pendings, &list, 0), PENDING_NONE);
    assert_int_equal(pending_add(&pendings, &list, 0), PENDING_NONE);
    pendings_deinit(&pendings);
}

static void the_oldest_is_overdue_first(void **state)
{
    (void)state;
    struct pendings pendings;
    pendings_init(&pendings, 4, 1);
    uint32_t list = PENDING_NONE;
    uint32_t first = pending_add(&pendings, &list, 10);
    uint32_t second = pending_add(&pendings, &list, 20);
    uint32_t third = pending_add(&pendings, &list, 30);
    assert_int_equal(pending_overdue(&pendings, 109, 100), PENDING_NONE);
    assert_int_equal(pending_overdue(&pendings, 110, 100), first);
    pending_remove(&pendings, &list, second);
    pending_remove(&pendings, &list, first);
    assert_int_equal(pending_overdue(&pendings, 130, 100), third);
    assert_int_equal(list, third);
    pendings_deinit(&pendings);
}

static void a_ref_is_known_while_it_is_in_flight(void **state)
{
    (void)state;
    struct pendings pendings;
    pendings_init(&pendings, 4, 1);
    uint32_t list = PENDING_NONE;
    uint32_t slot = pending_add(&pendings, &list, 0);
    pending_set_ref(&pendings.slots[slot], str("one"));
    assert_true(pending_has_ref(&pendings, list, str("one")));
    assert_false(pending_has_ref(&pendings, list, str("on")));
    pending_remove(&pendings, &list, slot);
    assert_false(pending_has_ref(&pendings, list, str("one")));
    pendings_deinit(&pendings);
}

static uint32_t taken_in_a_second(uint64_t per_second)
{
    uint32_t begin = UINT32_MAX - 500; /* across the end of the clock */
    _Atomic(uint32_t) bucket = begin * 16;
    uint32_t wait = 0, taken = 0;
    struct rate_limit limit = rate_limit_per_second(per_second, 100);
    for (uint32_t now = begin; now != 500; now++) {
        while (rate_take(limit, &bucket, now, &wait)) {
            taken++;
        }
        assert_in_range(wait, 1, 1000);
    }
    return taken - 100;
}

/* What another worker took is in its clock. */
static void a_clock_that_is_behind_gives_nothing_more(void **state)
{
    (void)state;
    struct rate_limit limit = rate_limit_per_second(10, 3);
    _Atomic(uint32_t) bucket = 0;
    uint32_t wait;
    for (int i = 0; i < 3; i++) {
        assert_true(rate_take(limit, &bucket, 100000, &wait));
    }
    assert_false(rate_take(limit, &bucket, 100000 - 900, &wait));
    assert_int_equal(wait, 1000);
    assert_true(rate_take(limit, &bucket, 100100, &wait));
}

static void rates_of_many_a_second_are_kept(void **state)
{
    (void)state;
    assert_in_range(taken_in_a_second(700), 690, 710);
    assert_in_range(taken_in_a_second(4000), 3950, 4050);
    assert_in_range(taken_in_a_second(16000), 15900, 16100);
}

static void a_burst_is_allowed_and_then_one_per_interval(void **state)
{
    (void)state;
    struct rate_limit limit = rate_limit_per_second(10, 3);
    uint32_t now = 0xffffff00u; /* across the end of the clock */
    _Atomic(uint32_t) bucket = now * 16;
    uint32_t wait = 0;
    for (int i = 0; i < 3; i++) {
        assert_true(rate_take(limit, &bucket, now, &wait));
    }
    assert_false(rate_take(limit, &bucket, now, &wait));
    assert_int_equal(wait, 100);
    assert_false(rate_take(limit, &bucket, now + 99, &wait));
    assert_true(rate_take(limit, &bucket, now + 100, &wait));
    assert_true(rate_take(rate_limit_per_second(0, 0), &bucket, now, &wait));
}

static void a_window_begins_anew(void **state)
{
    (void)state;
    struct rate_window window = {0};
    assert_int_equal(rate_window_count(&window, 1000, 5), 1);
    assert_int_equal(rate_window_count(&window, 1000, 1004), 2);
    assert_int_equal(rate_window_count(&window, 1000, 1005), 1);
}

static void a_list_keeps_what_is_added(void **state)
{
    (void)state;
    struct slot_list list = {0};
    for (uint32_t i = 0; i < 100; i++) {
        slot_list_add(&list, i);
    }
    assert_int_equal(slot_list_find(&list, 63), 63);
    slot_list_remove(&list, 0);
    assert_int_equal(slot_list_at(&list)[0], 99);
    assert_int_equal(slot_list_find(&list, 0), SLOT_NONE);
    slot_list_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_finds_its_command_until_it_is_answered),
        cmocka_unit_test(the_oldest_is_overdue_first),
        cmocka_unit_test(a_ref_is_known_while_it_is_in_flight),
        cmocka_unit_test(a_burst_is_allowed_and_then_one_per_interval),
        cmocka_unit_test(a_clock_that_is_behind_gives_nothing_more),
        cmocka_unit_test(rates_of_many_a_second_are_kept),
        cmocka_unit_test(a_window_begins_anew),
        cmocka_unit_test(a_list_keeps_what_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
