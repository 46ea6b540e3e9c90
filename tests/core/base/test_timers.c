/* Timers: in order of deadline, then of start; moved, stopped, and started while firing. */

#include "test.h"

#include "test_loop.h"

struct alarm {
    struct timer timer;
    char *told;
    char name;
};

static void ring(struct timer *timer)
{
    struct alarm *alarm = container_of(timer, struct alarm, timer);
    char *end = alarm->told;
    while (*end) {
        end++;
    }
    *end = alarm->name;
}

static void equal_deadlines_fire_in_the_order_of_start(void **state)
{
    (void)state;
    struct test_loop loop;
    test_loop_init(&loop);
    char told[8] = "";
    struct alarm alarms[] = {{.told = told, .name = 'a'}, {.told = told, .name = 'b'},
        {.told = told, .name = 'c'}, {.told = told, .name = 'd'}};
    timer_start(&loop.loop, &alarms[3].timer, 5, ring);
    timer_start(&loop.loop, &alarms[1].timer, 10, ring);
    timer_start(&loop.loop, &alarms[0].timer, 10, ring);
    timer_start(&loop.loop, &alarms[2].timer, 10, ring);
    test_loop_advance(&loop, 10);
    assert_string_equal(told, "dbac");
    test_loop_deinit(&loop);
}

static void a_moved_timer_fires_once_and_a_stopped_one_never(void **state)
{
    (void)state;
    struct test_loop loop;
    test_loop_init(&loop);
    char told[8] = "";
    struct alarm moved = {.told = told, .name = 'm'}, stopped = {.told = told, .name = 's'};
    timer_start(&loop.loop, &moved.timer, 1, ring);
    timer_start(&loop.loop, &stopped.timer, 2, ring);
    timer_start(&loop.loop, &moved.timer, 50, ring);
    timer_stop(&stopped.timer);
    timer_stop(&stopped.timer);
    test_loop_advance(&loop, 49);
    assert_string_equal(told, "");
    test_loop_advance(&loop, 1);
    assert_string_equal(told, "m");
    test_loop_deinit(&loop);
}

static void many_timers_fire_in_order(void **state)
{
    (void)state;
    struct test_loop loop;
    test_loop_init(&loop);
    enum { COUNT = 1000 };
    static struct alarm alarms[COUNT];
    static char told[COUNT + 1];
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t after = i * 7919 % 26;
        alarms[i] = (struct alarm){.told = told, .name = (char)('a' + after)};
        timer_start(&loop.loop, &alarms[i].timer, after, ring);
    }
    for (unsigned i = 0; i < COUNT; i += 4) {
        timer_stop(&alarms[i].timer);
    }
    test_loop_advance(&loop, 100);
    for (unsigned i = 1; told[i]; i++) {
        assert_true(told[i - 1] <= told[i]);
    }
    assert_int_equal(told[COUNT * 3 / 4 - 1] != 0, true);
    assert_int_equal(told[COUNT * 3 / 4], 0);
    test_loop_deinit(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_deadlines_fire_in_the_order_of_start),
        cmocka_unit_test(a_moved_timer_fires_once_and_a_stopped_one_never),
        cmocka_unit_test(many_timers_fire_in_order),
    };
    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
