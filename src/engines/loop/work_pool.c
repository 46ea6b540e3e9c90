/* work_pool - slow jobs on threads of their own.
 *
 * Happy path: a job joins the queue, a thread takes it, runs it, and its answer is posted to the
 * asker's loop. How it fails: a full queue is ERR_FULL at once; a job that has waited too long is
 * ERR_FULL when its turn comes, because its asker has given up; after the stop all is
 * ERR_CANCELLED. */

#include "loop/work_pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/check.h"
#include "base/mem.h"

#define THREADS_MAX 64u
#define NICENESS 10

struct work_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct task_queue waiting;
    uint32_t jobs; /* that run or wait */
    uint32_t jobs_max;
    uint64_t wait_ms_max;
    pthread_t threads[THREADS_MAX];
    uint32_t thread_count; /* 0 after the stop */
    bool stopped;
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000u;
}

/* The next job, or NULL at the end; OK in `ret_err` if it is to run. */
static struct work_op *take(struct work_pool *pool, enum err *ret_err)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->waiting.first && !pool->stopped) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    struct task *task = task_queue_take(&pool->waiting);
    bool stopped = pool->stopped;
    pthread_mutex_unlock(&pool->lock);
    if (!task) {
        return NULL;
    }
    struct work_op *op = container_of(task, struct work_op, op.task);
    bool late = now_ms() - op->since_ms > pool->wait_ms_max;
    *ret_err = stopped ? ERR_CANCELLED : late ? ERR_FULL : OK;
    return op;
}

/* The op may be gone as soon as it is answered. */
static void answer(struct work_pool *pool, struct work_op *op, enum err err)
{
    struct work_port *port = container_of(op->work, struct work_port, work);
    pthread_mutex_lock(&pool->lock);
    pool->jobs--;
    pthread_mutex_unlock(&pool->lock);
    op_answer_from(&op->op, port->loop, err);
}

static void *run(void *context)
{
    struct work_pool *pool = context;
    struct work_op *op;
    enum err err;
    /* Of this thread alone, as Linux has it. If it is refused, jobs are as urgent as messages. */
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    while ((op = take(pool, &err)) != NULL) {
        if (err == OK) {
            op->run(op);
        }
        answer(pool, op, err);
    }
    return NULL;
}

static void submit(struct work *work, struct work_op *op)
{
    struct work_port *port = container_of(work, struct work_port, work);
    struct work_pool *pool = port->pool;
    op->work = work;
    op->since_ms = now_ms();
    pthread_mutex_lock(&pool->lock);
    enum err err = pool->stopped ? ERR_CANCELLED : pool->jobs >= pool->jobs_max ? ERR_FULL : OK;
    if (err == OK) {
        pool->jobs++;
        task_queue_add(&pool->waiting, &op->op.task);
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    if (err != OK) {
        op_answer_later(&op->op, port->loop, err);
    }
}

static uint32_t count_threads(uint32_t wanted)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t half = cores > 3 ? (uint32_t)cores / 2 : 1;
    uint32_t count = wanted ? wanted : half;
    return count < THREADS_MAX ? count : THREADS_MAX;
}

struct work_pool *work_pool_create(const struct work_pool_options *options)
{
    struct work_pool *pool = mem_new(sizeof(*pool));
    sigset_t all, before;
    pool->jobs_max = options->jobs_max;
    pool->wait_ms_max = options->wait_ms_max;
    CHECK(pthread_mutex_init(&pool->lock, NULL) == 0);
    CHECK(pthread_cond_init(&pool->wake, NULL) == 0);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pool->thread_count = count_threads(options->threads);
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        CHECK(pthread_create(&pool->threads[i], NULL, run, pool) == 0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool;
}

void work_port_init(struct work_port *port, struct work_pool *pool, struct loop *loop)
{
    *port = (struct work_port){{submit}, pool, loop};
}

void work_pool_stop(struct work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopped = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pool->thread_count = 0;
}

void work_pool_destroy(struct work_pool *pool)
{
    if (pool) {
        work_pool_stop(pool);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->lock);
        mem_free(pool);
    }
}
