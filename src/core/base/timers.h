#pragma once

/* timers - the heap of running timers behind every loop, real or simulated.
 *
 * Equal deadlines fire in the order in which they were started (world/loop.h). All calls are O(log
 * n), timers_next is O(1). */

#include "world/loop.h"

struct timers {
    struct timer **heap;
    uint32_t count;
    uint32_t capacity;
    uint64_t order;
};

void timers_start(struct timers *timers, struct loop *loop, struct timer *timer, uint64_t at_ms);
void timers_stop(struct timers *timers, struct timer *timer);

/* The deadline of the next one; UINT64_MAX if none runs. */
uint64_t timers_next(const struct timers *timers);

/* Fires every timer whose deadline is at or before `now_ms`, also those started meanwhile with such
 * a deadline, at most `limit`. */
void timers_fire(struct timers *timers, uint64_t now_ms, uint32_t limit);

/* No timer is touched; the heap's memory goes. */
void timers_deinit(struct timers *timers);
