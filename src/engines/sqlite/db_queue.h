#pragma once

/* db_queue - work on its way from the loops to a database thread, and back.
 *
 * Any thread puts tasks; a writer thread takes all that arrived, in order, as one batch; reader
 * threads take one each. The thread is woken only if it sleeps. A db_job is the task for an op:
 * where to answer, and what to run. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/task.h"
#include "flow/op.h"

struct loop;

struct db_queue {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct task_queue tasks;
    uint32_t sleeping;
    bool stopped;
};

void db_queue_init(struct db_queue *queue);
void db_queue_deinit(struct db_queue *queue);
void db_queue_put(struct db_queue *queue, struct task *task);

/* Puts all of `tasks` at once, so that a taker of all gets them together. */
void db_queue_put_all(struct db_queue *queue, struct task_queue *tasks);

/* The same for the taker's own further work; false once the queue is stopped. */
bool db_queue_try_put(struct db_queue *queue, struct task *task);

/* What is in the queue is still taken; then takers get NULL. */
void db_queue_stop(struct db_queue *queue);

/* All tasks, linked by `next`, oldest first; waits for the first. NULL: stopped and empty. */
struct task *db_queue_take_all(struct db_queue *queue);

/* The oldest task; waits for it. NULL: stopped and empty. */
struct task *db_queue_take_one(struct db_queue *queue);

/* Is there nothing to do? A hint. */
bool db_queue_is_empty(struct db_queue *queue);

struct db_job {
    struct task task;
    struct op *op; /* NULL: nobody waits */
    struct loop *loop;
    uint64_t wall_ms; /* when it was asked, by the asker's clock */
    enum err err;
    enum err (*run)(
        struct op *op, struct db_job *job, void *thread); /* `thread`: what the taker is */
};

typedef enum err db_job_run(struct op *op, struct db_job *job, void *thread);

/* Asks `queue` to run `run` for `op`, which is answered on `loop`. */
void db_job_put(struct db_queue *queue, struct op *op, struct loop *loop, db_job_run *run);

/* Answers the job's op with `err`; the job is gone. */
void db_job_answer(struct db_job *job, enum err err);
