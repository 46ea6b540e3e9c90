#pragma once

/* loop_uv - the real world of one worker: libuv for waiting, waking, signals and names of hosts;
 * one epoll set of ours for every TCP socket; a share of the pool for slow work.
 *
 * loop_uv_create makes the six things of a world (world/world.h). Everything but loop_post,
 * loop_uv_stop and what a work_op runs happens on the thread that calls loop_uv_run. SIGPIPE is
 * ignored for the whole process. */

#include <stdbool.h>
#include <stdint.h>

#include "base/logger.h"
#include "world/world.h"

struct loop_uv;
struct work_pool;

#define LOOP_LOOKUP_MS_MAX 10000u

struct loop_uv_options {
    struct logger *logger;
    struct work_pool *pool; /* for slow work; NULL: this world does none */
    bool uring;             /* many sends leave by io_uring, if the kernel lets them */
    uint32_t lookup_ms_max; /* that a name may take; 0: LOOP_LOOKUP_MS_MAX */
};

/* Fills `ret_world`, whose parts live until loop_uv_destroy. Never NULL. */
struct loop_uv *loop_uv_create(const struct loop_uv_options *options, struct world *ret_world);

/* Its many sends leave by io_uring. */
bool loop_uv_has_uring(const struct loop_uv *loop);

/* Runs turns until loop_uv_stop; may be called again afterwards. */
void loop_uv_run(struct loop_uv *loop);

/* Runs one turn, waiting for something to do at most `wait_ms`. For tests and for programs that own
 * their turns. */
void loop_uv_turn(struct loop_uv *loop, uint32_t wait_ms);

/* The current turn is the last one. From any thread, and from signal watchers. */
void loop_uv_stop(struct loop_uv *loop);

/* Calls `on_signal` on the loop for each SIGINT, SIGTERM and SIGHUP. Once per loop, on one loop of
 * the process. */
void loop_uv_watch_signals(
    struct loop_uv *loop, void (*on_signal)(void *context, int signal), void *context);

/* Everything that uses the world is destroyed before, and the pool has stopped. Waits for a name
 * that a thread is just looking up, as long as the system takes. */
void loop_uv_destroy(struct loop_uv *loop);
