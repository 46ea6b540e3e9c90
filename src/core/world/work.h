#pragma once

/* work - things that would stop the loop (hashing a password), done elsewhere.
 *
 * Bounded: at most a set number of jobs run and wait, for a set time; one more, and one that waited
 * longer, is answered ERR_FULL. `run` happens on another thread and may touch only what the job
 * owns; the answer comes on the asker's loop. */

#include "flow/op.h"

struct work;

struct work_op {
    struct op op;
    void (*run)(struct work_op *op);
    struct work *work; /* these two are the engine's, while asked */
    uint64_t since_ms;
};

struct work {
    void (*submit)(struct work *work, struct work_op *op);
};

static inline void work_submit(
    struct work *work, struct asker *asker, struct work_op *op, void (*run)(struct work_op *op))
{
    op_ask(&op->op, asker);
    op->run = run;
    work->submit(work, op);
}
