/* db_queue - a mutex, a condition and a list.
 *
 * Happy path: put, wake if somebody sleeps, take. How it fails: it does not; its bound is that of
 * the ops that askers may have in flight. */

#include "db_queue.h"

#include "base/check.h"
#include "base/mem.h"
#include "world/loop.h"

void db_queue_init(struct db_queue *queue)
{
    *queue = (struct db_queue){0};
    CHECK(pthread_mutex_init(&queue->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&queue->wake, NULL) == 0);
}

void db_queue_deinit(struct db_queue *queue)
{
    CHECK(!queue->tasks.first);
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->mutex);
}

static bool try_put_all(struct db_queue *queue, struct task_queue *tasks)
{
    pthread_mutex_lock(&queue->mutex);
    bool open = !queue->stopped;
    if (open) {
        task_queue_join(&queue->tasks, tasks);
    }
    bool wake = queue->sleeping > 0;
    pthread_mutex_unlock(&queue->mutex);
    if (wake) {
        pthread_cond_signal(&queue->wake);
    }
    return open;
}

bool db_queue_try_put(struct db_queue *queue, struct task *task)
{
    struct task_queue one = {0};
    task_queue_add(&one, task);
    return try_put_all(queue, &one);
}

void db_queue_put_all(struct db_queue *queue, struct task_queue *tasks)
{
    CHECK(try_put_all(queue, tasks));
}

void db_queue_put(struct db_queue *queue, struct task *task)
{
    CHECK(db_queue_try_put(queue, task));
}

void db_queue_stop(struct db_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->stopped = true;
    pthread_cond_broadcast(&queue->wake);
    pthread_mutex_unlock(&queue->mutex);
}

static void wait_for_task(struct db_queue *queue)
{
    while (!queue->tasks.first && !queue->stopped) {
        queue->sleeping++;
        pthread_cond_wait(&queue->wake, &queue->mutex);
        queue->sleeping--;
    }
}

struct task *db_queue_take_all(struct db_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    wait_for_task(queue);
    struct task *first = queue->tasks.first;
    queue->tasks = (struct task_queue){0};
    pthread_mutex_unlock(&queue->mutex);
    return first;
}

struct task *db_queue_take_one(struct db_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    wait_for_task(queue);
    struct task *task = task_queue_take(&queue->tasks);
    pthread_mutex_unlock(&queue->mutex);
    return task;
}

bool db_queue_is_empty(struct db_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool empty = !queue->tasks.first;
    pthread_mutex_unlock(&queue->mutex);
    return empty;
}

void db_job_put(struct db_queue *queue, struct op *op, struct loop *loop, db_job_run *run)
{
    struct db_job *job = mem_new(sizeof(*job));
    job->op = op;
    job->loop = loop;
    job->wall_ms = loop_wall_ms(loop);
    job->run = run;
    db_queue_put(queue, &job->task);
}

void db_job_answer(struct db_job *job, enum err err)
{
    if (job->op) {
        op_answer_from(job->op, job->loop, err);
    }
    mem_free(job);
}
