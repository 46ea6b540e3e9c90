#pragma once

/* retry_wait - how long to wait before something is tried again that has failed.
 *
 * Doubled with each failure from the first to the most, and of that a chance between half and
 * whole, so that those who failed together do not come back together. */

#include <stdint.h>

struct random;

/* `failures` before this one; `most_ms` is not less than `first_ms`. */
uint64_t retry_wait_ms(
    struct random *random, uint32_t failures, uint64_t first_ms, uint64_t most_ms);

/* A wait that is not doubled: between half of it and the whole. */
uint64_t retry_chance_ms(struct random *random, uint64_t whole_ms);
