#pragma once

/* random - where unpredictable bytes come from. The real one is the kernel's; a simulated one
 * repeats with its seed. */

#include <stddef.h>
#include <stdint.h>

struct random {
    void (*fill)(struct random *random, void *ret_bytes, size_t size);
};

static inline void random_fill(struct random *random, void *ret_bytes, size_t size)
{
    random->fill(random, ret_bytes, size);
}

static inline uint64_t random_u64(struct random *random)
{
    uint64_t number;
    random->fill(random, &number, sizeof(number));
    return number;
}

/* 0 .. below - 1, without bias worth speaking of. */
static inline uint64_t random_below(struct random *random, uint64_t below)
{
    return below ? random_u64(random) % below : 0;
}
