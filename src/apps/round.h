#pragma once

/* round - the same done once on every worker's own loop, and heard of when all have done it.
 *
 * What a worker has belongs to its thread: who wants to read or change it on all of them goes
 * round. Begins and ends on the first worker. */

#include <stdbool.h>
#include <stdint.h>

struct house;
struct round;
struct worker;

struct round_ops {
    void (*visit)(struct round *round, struct worker *worker); /* on that worker's loop */
    void (*end)(struct round *round);                          /* on the first worker's loop */
};

struct round {
    const struct round_ops *ops;
    struct house *house;
    struct visit *visits; /* one a worker */
    uint32_t open;        /* workers that have not been visited */
};

void round_init(struct round *round, struct house *house, const struct round_ops *ops);

/* After all loops have stopped. */
void round_deinit(struct round *round);

/* Not while one is under way. */
void round_start(struct round *round);

bool round_is_under_way(const struct round *round);
