/* test_loop_uv - the order of things in a turn, posts from other threads. */

#include "test.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop_uv.h"
#include "world/loop.h"
#include "world/random.h"

#define THREADS 3
#define POSTS 2000

static struct loop_uv *loop;
static struct world world;
static struct logger logger;
static char trace[64];

static int set_up(void **state)
{
    (void)state;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    struct loop_uv_options options = {.logger = &logger};
    loop = loop_uv_create(&options, &world);
    memset(trace, 0, sizeof(trace));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_uv_destroy(loop);
    return 0;
}

static void note(char c)
{
    trace[strlen(trace)] = c;
}

struct named_timer {
    struct timer timer;
    char name;
};

static void on_fire(struct timer *timer)
{
    note(container_of(timer, struct named_timer, timer)->name);
}

static void on_last(struct timer *timer)
{
    note(container_of(timer, struct named_timer, timer)->name);
    loop_uv_stop(loop);
}

static void timers_fire_by_deadline_then_by_order_of_start(void **state)
{
    (void)state;
    struct named_timer a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'},
                       e = {.name = 'e'};
    timer_start(world.loop, &e.timer, 30, on_last);
    timer_start(world.loop, &b.timer, 10, on_fire);
    timer_start(world.loop, &c.timer, 10, on_fire);
    timer_start(world.loop, &a.timer, 5, on_fire);
    timer_start(world.loop, &d.timer, 7, on_fire);
    timer_stop(&d.timer);
    loop_uv_run(loop);
    assert_string_equal(trace, "abce");
}

struct again {
    struct task task;
    int count;
};

static void run_again(struct task *task)
{
    struct again *again = container_of(task, struct again, task);
    again->count++;
    loop_defer(world.loop, task);
}

static void tasks_that_defer_themselves_run_eight_rounds_a_turn(void **state)
{
    (void)state;
    struct again again = {.task = {.run = run_again}};
    loop_defer(world.loop, &again.task);
    loop_uv_turn(loop, 1000);
    assert_int_equal(again.count, LOOP_DEFER_ROUNDS);
    loop_uv_turn(loop, 1000);
    assert_int_equal(again.count, 2 * LOOP_DEFER_ROUNDS);
}

static void note_post(struct task *task)
{
    (void)task;
    note('p');
}

static void note_deferred(struct task *task)
{
    (void)task;
    note('d');
}

static void note_hook(struct loop_hook *hook)
{
    (void)hook;
    note('h');
}

static void posts_then_timers_then_tasks_then_hooks(void **state)
{
    (void)state;
    struct loop_hook hook = {.run = note_hook};
    struct task post = {.run = note_post}, deferred = {.run = note_deferred};
    struct named_timer timer = {.name = 't'};
    loop_add_turn_end(world.loop, &hook);
    loop_defer(world.loop, &deferred);
    timer_start(world.loop, &timer.timer, 0, on_fire);
    loop_post(world.loop, &post);
    loop_uv_turn(loop, 0);
    assert_string_equal(trace, "ptdh");
}

struct posted {
    struct task task;
    uint32_t thread, number;
};

static uint32_t next_of[THREADS];
static uint32_t received;

static void receive(struct task *task)
{
    struct posted *posted = container_of(task, struct posted, task);
    assert_int_equal(posted->number, next_of[posted->thread]);
    next_of[posted->thread]++;
    received++;
    mem_free(posted);
    if (received == THREADS * POSTS) {
        loop_uv_stop(loop);
    }
}

static void *post_many(void *context)
{
    for (uint32_t i = 0; i < POSTS; i++) {
        struct posted *posted = mem_new(sizeof(*posted));
        posted->task.run = receive;
        posted->thread = (uint32_t)(uintptr_t)context;
        posted->number = i;
        loop_post(world.loop, &posted->task);
    }
    return NULL;
}

static void posts_of_a_thread_keep_their_order_and_none_is_lost(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, (void *)i), 0);
    }
    loop_uv_run(loop);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(received, THREADS * POSTS);
}

struct named_task {
    struct task task;
    char name;
};

static void note_name(struct task *task)
{
    note(container_of(task, struct named_task, task)->name);
}

static void tasks_posted_together_run_in_one_turn_in_order(void **state)
{
    (void)state;
    struct named_task tasks[3] = {
        {{.run = note_name}, 'a'}, {{.run = note_name}, 'b'}, {{.run = note_name}, 'c'}};
    struct task_queue queue = {0};
    loop_post_all(world.loop, &queue);
    for (int i = 0; i < 3; i++) {
        task_queue_add(&queue, &tasks[i].task);
    }
    loop_post_all(world.loop, &queue);
    assert_null(queue.first);
    loop_uv_turn(loop, 1000);
    assert_string_equal(trace, "abc");
}

static void a_short_sleep_always_ends(void **state)
{
    (void)state;
    uint64_t until = loop_now_ms(world.loop) + 300;
    while (loop_now_ms(world.loop) < until) {
        loop_uv_turn(loop, 1);
    }
    assert_true(loop_now_ms(world.loop) >= until);
}

static void random_bytes_differ(void **state)
{
    (void)state;
    assert_int_not_equal(random_u64(world.random), random_u64(world.random));
    assert_true(loop_wall_ms(world.loop) > UINT64_C(1600000000000));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(timers_fire_by_deadline_then_by_order_of_start),
        T(tasks_that_defer_themselves_run_eight_rounds_a_turn),
        T(posts_then_timers_then_tasks_then_hooks),
        T(posts_of_a_thread_keep_their_order_and_none_is_lost),
        T(tasks_posted_together_run_in_one_turn_in_order),
        T(a_short_sleep_always_ends),
        T(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
