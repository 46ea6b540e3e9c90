/* test_loop - turns on demand.
 *
 * Happy path: see the header. How it fails: it does not; a wait ends by its bound. */

#include "test_loop.h"

#include <stddef.h>
#include <time.h>

#define REAL_WAIT_S 10

static struct test_loop *self(struct loop *loop)
{
    return container_of(loop, struct test_loop, loop);
}

static void defer(struct loop *loop, struct task *task)
{
    task_queue_add(&self(loop)->deferred, task);
}

static void post(struct loop *loop, struct task *task)
{
    struct test_loop *test = self(loop);
    pthread_mutex_lock(&test->lock);
    task_queue_add(&test->posts, task);
    pthread_cond_signal(&test->posted);
    pthread_mutex_unlock(&test->lock);
}

static void post_all(struct loop *loop, struct task_queue *tasks)
{
    struct test_loop *test = self(loop);
    pthread_mutex_lock(&test->lock);
    for (struct task *task; (task = task_queue_take(tasks));) {
        task_queue_add(&test->posts, task);
    }
    pthread_cond_signal(&test->posted);
    pthread_mutex_unlock(&test->lock);
}

static void add_turn_end(struct loop *loop, struct loop_hook *hook)
{
    struct loop_hook **at = &self(loop)->turn_end;
    while (*at) {
        at = &(*at)->next;
    }
    hook->next = NULL;
    *at = hook;
}

static void start_timer(struct loop *loop, struct timer *timer, uint64_t after_ms)
{
    timers_start(&self(loop)->timers, loop, timer, self(loop)->now_ms + after_ms);
}

static void stop_timer(struct loop *loop, struct timer *timer)
{
    timers_stop(&self(loop)->timers, timer);
}

static uint64_t now_ms(struct loop *loop)
{
    return self(loop)->now_ms;
}

static uint64_t wall_ms(struct loop *loop)
{
    return self(loop)->wall_ms + self(loop)->now_ms;
}

/* splitmix64: the same numbers in every run. */
static void fill(struct random *random, void *ret_bytes, size_t size)
{
    struct test_loop *test = container_of(random, struct test_loop, random);
    uint8_t *at = ret_bytes;
    for (size_t i = 0; i < size; i++) {
        uint64_t mixed = test->random_state += 0x9e3779b97f4a7c15u;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
        at[i] = (uint8_t)(mixed >> 32);
    }
}

void test_loop_init(struct test_loop *loop)
{
    static const struct loop_ops ops = {
        .defer = defer,
        .post = post,
        .post_all = post_all,
        .add_turn_end = add_turn_end,
        .timer_start = start_timer,
        .timer_stop = stop_timer,
        .now_ms = now_ms,
        .wall_ms = wall_ms,
    };
    *loop = (struct test_loop){
        .loop = {&ops}, .now_ms = 1000, .wall_ms = UINT64_C(1700000000000), .random = {fill}};
    pthread_mutex_init(&loop->lock, NULL);
    pthread_cond_init(&loop->posted, NULL);
    loop->world.loop = &loop->loop;
    loop->world.random = &loop->random;
}

void test_loop_deinit(struct test_loop *loop)
{
    timers_deinit(&loop->timers);
    pthread_mutex_destroy(&loop->lock);
    pthread_cond_destroy(&loop->posted);
}

static struct task *take_post(struct test_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct task *task = task_queue_take(&loop->posts);
    pthread_mutex_unlock(&loop->lock);
    return task;
}

static bool run_posts(struct test_loop *loop)
{
    bool ran = false;
    struct task *task;
    while ((task = take_post(loop))) {
        task->run(task);
        ran = true;
    }
    return ran;
}

static bool run_deferred(struct test_loop *loop)
{
    bool ran = false;
    for (int round = 0; round < LOOP_DEFER_ROUNDS && loop->deferred.first; round++) {
        struct task_queue now = loop->deferred;
        loop->deferred = (struct task_queue){0};
        struct task *task;
        while ((task = task_queue_take(&now))) {
            task->run(task);
            ran = true;
        }
    }
    return ran;
}

bool test_loop_turn(struct test_loop *loop)
{
    bool ran = run_posts(loop);
    ran |= run_deferred(loop);
    for (struct loop_hook *hook = loop->turn_end; hook; hook = hook->next) {
        hook->run(hook);
    }
    return ran || loop->deferred.first;
}

void test_loop_settle(struct test_loop *loop)
{
    while (test_loop_turn(loop)) {
    }
}

void test_loop_advance(struct test_loop *loop, uint64_t ms)
{
    uint64_t end = loop->now_ms + ms;
    test_loop_settle(loop);
    while (timers_next(&loop->timers) <= end) {
        if (timers_next(&loop->timers) > loop->now_ms) {
            loop->now_ms = timers_next(&loop->timers);
        }
        timers_fire(&loop->timers, loop->now_ms, 1);
        test_loop_settle(loop);
    }
    loop->now_ms = end;
    test_loop_settle(loop);
}

static bool wait_for_post(struct test_loop *loop, const struct timespec *until)
{
    pthread_mutex_lock(&loop->lock);
    int code = 0;
    while (!loop->posts.first && code == 0) {
        code = pthread_cond_timedwait(&loop->posted, &loop->lock, until);
    }
    bool there = loop->posts.first != NULL;
    pthread_mutex_unlock(&loop->lock);
    return there;
}

bool test_loop_run_until(struct test_loop *loop, bool (*done)(void *context), void *context)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += REAL_WAIT_S;
    test_loop_settle(loop);
    while (!done(context)) {
        if (!wait_for_post(loop, &until)) {
            return false;
        }
        test_loop_settle(loop);
    }
    return true;
}

static void count_answer(struct asker *asker, struct op *op)
{
    struct test_asker *test = container_of(asker, struct test_asker, asker);
    test->answers++;
    test->last = op->err;
}

void test_asker_init(struct test_asker *asker)
{
    *asker = (struct test_asker){.asker = {count_answer}};
}

struct wanted_answers {
    struct test_asker *asker;
    uint32_t answers;
};

static bool has_answers(void *context)
{
    struct wanted_answers *wanted = context;
    return wanted->asker->answers >= wanted->answers;
}

bool test_loop_run_until_answered(
    struct test_loop *loop, struct test_asker *asker, uint32_t answers)
{
    struct wanted_answers wanted = {asker, answers};
    return test_loop_run_until(loop, has_answers, &wanted);
}
