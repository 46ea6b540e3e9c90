#pragma once

/* job - a question on its way to a model engine and back.
 *
 * The models know no scheduler: they hand a job to their node's desk, which decides when the engine
 * does it and when the answer arrives, and whether either happens. The simulation's desk is
 * desk.c; the contract suites use one that does all at once (tests/sim). */

#include "flow/op.h"

struct job;
struct desk;

enum job_kind {
    JOB_READ,   /* may be refused; done only while the asker lives: it writes into the op */
    JOB_WRITE,  /* may be UNKNOWN, done or not */
    JOB_APPEND, /* in order of its lane; done also when the asker is gone: it does not touch the
                   op; what goes wrong is the model's own decision */
};

/* Jobs of one lane are done and answered in order. */
struct job_lane {
    uint64_t done_us, answered_us;
};

struct job {
    struct op *op;
    enum job_kind kind;
    enum err (*run)(struct job *job);
    void *model;
    void *data; /* the world's memory; freed with the job */
    struct job_lane *lane;
};

struct desk {
    /* `job` is copied. */
    void (*ask)(struct desk *desk, const struct job *job);
    /* Calls `run` on the node's loop, soon; never from inside. */
    void (*soon)(struct desk *desk, void (*run)(void *context), void *context);
    uint64_t (*wall_ms)(struct desk *desk);
    uint32_t node; /* from 1 */
};

static inline void desk_ask(struct desk *desk, const struct job *job)
{
    desk->ask(desk, job);
}
