/* test_work_pool - slow work: bounded, in order, in time, and ended. */

#include "test.h"

#include <semaphore.h>
#include <string.h>

#include "loop/loop_uv.h"
#include "loop/work_pool.h"

#define JOBS_MAX 3
#define WAIT_MS 50

struct job {
    struct work_op work; /* first */
    struct asker asker;
    bool holds; /* runs until `gate` opens */
    int order;
};

static struct loop_uv *loop;
static struct work_pool *pool;
static struct world world;
static struct logger logger;
static struct job jobs[JOBS_MAX + 1];
static sem_t gate, begun;
static uint32_t answers;
static int runs;
static enum err heard[JOBS_MAX + 1];

static int set_up(void **state)
{
    struct work_pool_options options = {.threads = 1, .jobs_max = JOBS_MAX, .wait_ms_max = WAIT_MS};
    (void)state;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    pool = work_pool_create(&options);
    struct loop_uv_options loop_options = {.logger = &logger, .pool = pool};
    loop = loop_uv_create(&loop_options, &world);
    memset(jobs, 0, sizeof(jobs));
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    answers = 0;
    runs = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    work_pool_destroy(pool);
    loop_uv_destroy(loop);
    return 0;
}

static void run(struct work_op *op)
{
    struct job *job = (struct job *)op;
    job->order = ++runs;
    sem_post(&begun);
    if (job->holds) {
        sem_wait(&gate);
    }
}

static void on_answer(struct asker *asker, struct op *op)
{
    heard[container_of(asker, struct job, asker) - jobs] = op->err;
    answers++;
}

static void submit(int number)
{
    jobs[number].asker.on_answer = on_answer;
    work_submit(world.work, &jobs[number].asker, &jobs[number].work, run);
}

static void wait_for(uint32_t count)
{
    while (answers < count) {
        loop_uv_turn(loop, 10);
    }
}

static void one_job_more_than_may_wait_is_full_at_once(void **state)
{
    (void)state;
    jobs[0].holds = true;
    for (int i = 0; i <= JOBS_MAX; i++) {
        submit(i);
    }
    assert_int_equal(answers, 0);
    wait_for(1);
    assert_int_equal(heard[JOBS_MAX], ERR_FULL);
    sem_post(&gate);
    wait_for(JOBS_MAX + 1);
    submit(JOBS_MAX);
    wait_for(JOBS_MAX + 2);
    assert_int_equal(heard[JOBS_MAX], OK);
}

static void jobs_run_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS_MAX; i++) {
        submit(i);
    }
    wait_for(JOBS_MAX);
    for (int i = 0; i < JOBS_MAX; i++) {
        assert_int_equal(jobs[i].order, i + 1);
    }
}

static void a_job_that_waited_too_long_is_not_begun(void **state)
{
    (void)state;
    jobs[0].holds = true;
    submit(0);
    sem_wait(&begun);
    submit(1);
    uint64_t until = loop_now_ms(world.loop) + 2 * WAIT_MS;
    while (loop_now_ms(world.loop) < until) {
        loop_uv_turn(loop, 10);
    }
    sem_post(&gate);
    wait_for(2);
    assert_int_equal(heard[0], OK);
    assert_int_equal(heard[1], ERR_FULL);
    assert_int_equal(runs, 1);
}

static void a_stop_ends_what_runs_and_cancels_what_waits(void **state)
{
    (void)state;
    jobs[0].holds = true;
    submit(0);
    submit(1);
    sem_wait(&begun);
    sem_post(&gate);
    work_pool_stop(pool);
    submit(2);
    wait_for(3);
    assert_int_equal(heard[0], OK);
    assert_true(heard[1] == ERR_CANCELLED || jobs[1].order == 2);
    assert_int_equal(heard[2], ERR_CANCELLED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(one_job_more_than_may_wait_is_full_at_once),
        T(jobs_run_in_the_order_in_which_they_came),
        T(a_job_that_waited_too_long_is_not_begun),
        T(a_stop_ends_what_runs_and_cancels_what_waits),
    };
    return cmocka_run_group_tests_name("work_pool", tests, NULL, NULL);
}
