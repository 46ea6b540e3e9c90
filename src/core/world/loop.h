#pragma once

/* loop - the one thread's turn of work, and its timers.
 *
 * A turn: wait for readiness, posts or timers; handle them; run deferred tasks, at most
 * LOOP_DEFER_ROUNDS rounds; run the turn-end hooks in the order in which they were added (output is
 * flushed there, once per socket). Everything of a worker runs on its loop; only loop_post may be
 * called from other threads. Ties are never left to chance: timers of one deadline fire in the
 * order in which they were started, tasks run in the order in which they were added. */

#include <stdbool.h>
#include <stdint.h>

#include "base/task.h"

#define LOOP_DEFER_ROUNDS 8

struct loop;

struct timer {
    struct loop *loop; /* not NULL while it runs */
    void (*on_fire)(struct timer *timer);
    uint64_t at_ms; /* in the loop's monotonic time */
    uint64_t order;
    uint32_t heap_index;
};

/* A hook that runs at the end of every turn. Owned by whoever adds it; never removed while the loop
 * runs. */
struct loop_hook {
    struct loop_hook *next;
    void (*run)(struct loop_hook *hook);
};

struct loop_ops {
    void (*defer)(struct loop *loop, struct task *task);
    void (*post)(struct loop *loop, struct task *task);
    void (*add_turn_end)(struct loop *loop, struct loop_hook *hook);
    void (*timer_start)(struct loop *loop, struct timer *timer, uint64_t after_ms);
    void (*timer_stop)(struct loop *loop, struct timer *timer);
    uint64_t (*now_ms)(struct loop *loop);
    uint64_t (*wall_ms)(struct loop *loop);
    void (*post_all)(struct loop *loop, struct task_queue *tasks);
};

/* First member of every loop engine. */
struct loop {
    const struct loop_ops *ops;
};

/* Runs `task` later in this turn (or in the next, after LOOP_DEFER_ROUNDS). Only on the loop's
 * thread. */
static inline void loop_defer(struct loop *loop, struct task *task)
{
    loop->ops->defer(loop, task);
}

/* Runs `task` on the loop's thread, soon. From any thread; wakes the loop only if it sleeps. Order
 * is kept per posting thread. */
static inline void loop_post(struct loop *loop, struct task *task)
{
    loop->ops->post(loop, task);
}

/* The same for all of `tasks`, which run one after the other in one turn; the queue is empty then.
 */
static inline void loop_post_all(struct loop *loop, struct task_queue *tasks)
{
    loop->ops->post_all(loop, tasks);
}

static inline void loop_add_turn_end(struct loop *loop, struct loop_hook *hook)
{
    loop->ops->add_turn_end(loop, hook);
}

/* Calls on_fire once, `after_ms` from now; a timer that already runs is moved. The struct must stay
 * until it fired or was stopped. */
static inline void timer_start(
    struct loop *loop, struct timer *timer, uint64_t after_ms, void (*on_fire)(struct timer *timer))
{
    timer->on_fire = on_fire;
    loop->ops->timer_start(loop, timer, after_ms);
}

/* A timer that does not run is fine. */
static inline void timer_stop(struct timer *timer)
{
    if (timer->loop) {
        timer->loop->ops->timer_stop(timer->loop, timer);
    }
}

/* Monotonic milliseconds; read once per turn, so it does not change within one callback. */
static inline uint64_t loop_now_ms(struct loop *loop)
{
    return loop->ops->now_ms(loop);
}

/* Milliseconds since 1970 by this machine's clock; may jump. */
static inline uint64_t loop_wall_ms(struct loop *loop)
{
    return loop->ops->wall_ms(loop);
}
