#pragma once

/* resolver_uv - the system's own way to look up names (its hosts file, its name servers), on the
 * threads that libuv has for such things.
 *
 * Those threads are the process's, four unless UV_THREADPOOL_SIZE says otherwise, of which libuv
 * gives two to names; passwords have others (work_pool.h). One resolver a loop. */

#include <uv.h>

#include "world/loop.h"
#include "world/resolver.h"

struct resolver_lookup;

struct resolver_uv {
    struct resolver resolver;
    struct loop *loop;
    uv_loop_t *uv;
    uint32_t lookup_ms_max;
    struct resolver_lookup *first; /* under way in libuv, answered or not */
    uint32_t count;
};

/* A lookup that takes longer than `lookup_ms_max` is answered ERR_TIMEOUT. */
void resolver_uv_init(
    struct resolver_uv *resolver, struct loop *loop, uv_loop_t *uv, uint32_t lookup_ms_max);

/* Answers whatever is asked ERR_CANCELLED. The lookups that threads are at end in later turns of
 * `uv`, which has to run until then. */
void resolver_uv_stop(struct resolver_uv *resolver);
