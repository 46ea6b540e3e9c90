#pragma once

/* work_pool - threads for slow work, beside every loop and behind it in the queue for the cores.
 *
 * One pool for all workers of a process; each worker's world has a port of it (work_port). Jobs run
 * in the order in which they came, whoever asked. The threads have a low priority, so that a burst
 * of sign-ins takes what sending messages leaves. Nothing else uses them: neither names are
 * resolved nor files read there. */

#include <stdint.h>

#include "world/loop.h"
#include "world/work.h"

struct work_pool;

struct work_pool_options {
    uint32_t threads;     /* 0: half the cores, at least one */
    uint32_t jobs_max;    /* that run or wait; one more is ERR_FULL */
    uint64_t wait_ms_max; /* a job that waited longer is not begun: ERR_FULL */
};

/* What a world has of it. */
struct work_port {
    struct work work;
    struct work_pool *pool;
    struct loop *loop;
};

struct work_pool *work_pool_create(const struct work_pool_options *options);

void work_port_init(struct work_port *port, struct work_pool *pool, struct loop *loop);

/* What waits, and whatever is asked from here on, is answered ERR_CANCELLED; returns when nothing
 * runs any more. The answers are on their way to the loops. */
void work_pool_stop(struct work_pool *pool);

/* Stops. NULL is fine. */
void work_pool_destroy(struct work_pool *pool);
