#pragma once

/* test_loop - a loop for tests: time is virtual, turns are asked for, posts come from any thread.
 *
 * Happy path: test_loop_init, start things, test_loop_run_until(what is waited for). How it fails:
 * what does not happen within a bound of virtual time and of real waiting fails the test. */

#include <pthread.h>
#include <stdbool.h>

#include "base/timers.h"
#include "flow/op.h"
#include "world/loop.h"
#include "world/random.h"
#include "world/world.h"

struct test_loop {
    struct loop loop; /* first */
    struct timers timers;
    struct task_queue deferred;
    struct loop_hook *turn_end;
    uint64_t now_ms;
    uint64_t wall_ms; /* minus now_ms: an offset that tests may change */
    pthread_mutex_t lock;
    pthread_cond_t posted;
    struct task_queue posts;
    struct random random;
    uint64_t random_state;
    struct world world; /* loop and random of this one; the others NULL */
};

void test_loop_init(struct test_loop *loop);
void test_loop_deinit(struct test_loop *loop);

/* One turn: posts, deferred tasks (in rounds), turn-end hooks. Time stands still. True if anything
 * ran. */
bool test_loop_turn(struct test_loop *loop);

/* Turns until nothing is left to do at this moment. */
void test_loop_settle(struct test_loop *loop);

/* Time passes: timers fire in order, with turns between them. */
void test_loop_advance(struct test_loop *loop, uint64_t ms);

/* Turns, waiting up to 10 s of real time for posts of other threads, until `done` is true. False:
 * it did not become true. */
bool test_loop_run_until(struct test_loop *loop, bool (*done)(void *context), void *context);

/* An asker that counts its answers. `last` is the error of the newest one. */
struct test_asker {
    struct asker asker;
    uint32_t answers;
    enum err last;
};

void test_asker_init(struct test_asker *asker);

/* Runs until the asker has had `answers` answers; false if they did not come. */
bool test_loop_run_until_answered(
    struct test_loop *loop, struct test_asker *asker, uint32_t answers);
