/* loop_uv - turns on top of libuv.
 *
 * Happy path: one uv_run waits and hands out network events; then what other threads
 * posted, timers, deferred tasks and the turn-end hooks run, in this order. The loop sleeps only if
 * nothing is left to do, and a poster wakes it only if it sleeps: it announces its sleep before it
 * looks at the posts for the last time. How it fails: libuv refusing its basics at the start (no
 * descriptors) ends the process. */

#include "loop/loop_uv.h"

#include <signal.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "loop/loop_uv_inner.h"

#define ALARM_RANG 0

static struct loop_uv *of(struct loop *loop)
{
    return (struct loop_uv *)loop;
}

static void defer(struct loop *loop, struct task *task)
{
    task_queue_add(&of(loop)->deferred, task);
}

static void wake_if_asleep(struct loop_uv *loop)
{
    if (atomic_exchange(&loop->asleep, false)) {
        uv_async_send(&loop->wake);
    }
}

/* `newest` leads to `oldest` by next. */
static void push(struct loop_uv *loop, struct task *newest, struct task *oldest)
{
    struct task *before = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    do {
        oldest->next = before;
    } while (!atomic_compare_exchange_weak(&loop->posts, &before, newest));
    wake_if_asleep(loop);
}

static void post(struct loop *base, struct task *task)
{
    push(of(base), task, task);
}

static void post_all(struct loop *base, struct task_queue *tasks)
{
    struct task *oldest = tasks->first, *newest = NULL;
    for (struct task *task; (task = task_queue_take(tasks));) {
        task->next = newest;
        newest = task;
    }
    if (newest) {
        push(of(base), newest, oldest);
    }
}

static void add_turn_end(struct loop *base, struct loop_hook *hook)
{
    struct loop_uv *loop = of(base);
    hook->next = NULL;
    *loop->hooks_end = hook;
    loop->hooks_end = &hook->next;
}

static uint64_t now_ms(struct loop *loop)
{
    return uv_now(&of(loop)->uv);
}

static void start_timer(struct loop *loop, struct timer *timer, uint64_t after_ms)
{
    uint64_t now = now_ms(loop);
    uint64_t at_ms = after_ms > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + after_ms;
    timers_start(&of(loop)->timers, loop, timer, at_ms);
}

static void stop_timer(struct loop *loop, struct timer *timer)
{
    timers_stop(&of(loop)->timers, timer);
}

static uint64_t wall_ms(struct loop *loop)
{
    (void)loop;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const struct loop_ops ops = {
    .defer = defer,
    .post = post,
    .post_all = post_all,
    .add_turn_end = add_turn_end,
    .timer_start = start_timer,
    .timer_stop = stop_timer,
    .now_ms = now_ms,
    .wall_ms = wall_ms,
};

static void run_posts(struct loop_uv *loop)
{
    struct task *newest = atomic_exchange(&loop->posts, NULL);
    struct task *oldest = NULL;
    while (newest) {
        struct task *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    while (oldest) {
        struct task *task = oldest;
        oldest = task->next;
        task->run(task);
    }
}

static void run_deferred(struct loop_uv *loop)
{
    for (int round = 0; round < LOOP_DEFER_ROUNDS && loop->deferred.first; round++) {
        struct task_queue queue = loop->deferred;
        loop->deferred = (struct task_queue){0};
        for (struct task *task; (task = task_queue_take(&queue));) {
            task->run(task);
        }
    }
}

static void run_hooks(struct loop_uv *loop)
{
    for (struct loop_hook *hook = loop->hooks; hook; hook = hook->next) {
        hook->run(hook);
    }
}

static void on_alarm(uv_timer_t *alarm)
{
    ((struct loop_uv *)alarm->data)->alarm_at_ms = ALARM_RANG;
}

/* The libuv timer is only there to end the sleep in time; which timers fire is decided by ours. It
 * repeats, because uv_run may fire it just before it polls: without a running timer that poll would
 * never end. */
static void set_alarm(struct loop_uv *loop, uint64_t at_ms)
{
    if (at_ms == loop->alarm_at_ms) {
        return;
    }
    loop->alarm_at_ms = at_ms;
    if (at_ms == UINT64_MAX) {
        uv_timer_stop(&loop->alarm);
        return;
    }
    uint64_t now = uv_now(&loop->uv);
    uv_timer_start(&loop->alarm, on_alarm, at_ms > now ? at_ms - now : 0, 1);
}

static bool may_sleep(struct loop_uv *loop)
{
    if (loop->deferred.first || timers_next(&loop->timers) <= uv_now(&loop->uv)) {
        return false;
    }
    atomic_store(&loop->asleep, true);
    return !atomic_load(&loop->posts) && !atomic_load(&loop->stopped);
}

static void turn(struct loop_uv *loop, uint64_t until_ms)
{
    bool sleep = may_sleep(loop) && uv_now(&loop->uv) < until_ms;
    if (sleep) {
        uint64_t next_ms = timers_next(&loop->timers);
        set_alarm(loop, next_ms < until_ms ? next_ms : until_ms);
    }
    uv_run(&loop->uv, sleep ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    atomic_store(&loop->asleep, false);
    run_posts(loop);
    timers_fire(&loop->timers, uv_now(&loop->uv), LOOP_TIMERS_A_TURN);
    run_deferred(loop);
    run_hooks(loop);
}

void loop_uv_run(struct loop_uv *loop)
{
    uv_update_time(&loop->uv);
    do {
        turn(loop, UINT64_MAX);
    } while (!atomic_exchange(&loop->stopped, false));
}

void loop_uv_turn(struct loop_uv *loop, uint32_t wait_ms)
{
    uv_update_time(&loop->uv);
    turn(loop, uv_now(&loop->uv) + wait_ms);
}

void loop_uv_stop(struct loop_uv *loop)
{
    atomic_store(&loop->stopped, true);
    wake_if_asleep(loop);
}

static void on_wake(uv_async_t *wake)
{
    (void)wake;
}

static void on_net_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    net_epoll_dispatch(&((struct loop_uv *)poll->data)->net);
}

static void on_uv_signal(uv_signal_t *handle, int signal)
{
    struct loop_uv *loop = handle->data;
    loop->on_signal(loop->signal_context, signal);
}

void loop_uv_watch_signals(
    struct loop_uv *loop, void (*on_signal)(void *context, int signal), void *context)
{
    CHECK(!loop->watches_signals);
    static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    loop->watches_signals = true;
    loop->on_signal = on_signal;
    loop->signal_context = context;
    for (size_t i = 0; i < SIGNALS; i++) {
        CHECK(uv_signal_init(&loop->uv, &loop->signals[i]) == 0);
        loop->signals[i].data = loop;
        CHECK(uv_signal_start(&loop->signals[i], on_uv_signal, numbers[i]) == 0);
    }
}

static void start_handles(struct loop_uv *loop)
{
    CHECK(uv_loop_init(&loop->uv) == 0);
    CHECK(uv_async_init(&loop->uv, &loop->wake, on_wake) == 0);
    CHECK(uv_timer_init(&loop->uv, &loop->alarm) == 0);
    CHECK(uv_poll_init(&loop->uv, &loop->net_ready, loop->net.set) == 0);
    loop->alarm.data = loop;
    loop->net_ready.data = loop;
    CHECK(uv_poll_start(&loop->net_ready, UV_READABLE, on_net_ready) == 0);
}

struct loop_uv *loop_uv_create(const struct loop_uv_options *options, struct world *ret_world)
{
    signal(SIGPIPE, SIG_IGN);
    struct loop_uv *loop = mem_new(sizeof(*loop));
    loop->loop.ops = &ops;
    loop->hooks_end = &loop->hooks;
    loop->alarm_at_ms = UINT64_MAX;
    net_epoll_init(&loop->net);
    loop->net.uring = options->uring ? net_uring_create(options->logger) : NULL;
    start_handles(loop);
    resolver_uv_init(&loop->resolver, &loop->loop, &loop->uv,
        options->lookup_ms_max ? options->lookup_ms_max : LOOP_LOOKUP_MS_MAX);
    if (options->pool) {
        work_port_init(&loop->work, options->pool, &loop->loop);
    }
    random_kernel_init(&loop->random);
    *ret_world = (struct world){
        .loop = &loop->loop,
        .random = &loop->random,
        .net = &loop->net.net,
        .resolver = &loop->resolver.resolver,
        .work = options->pool ? &loop->work.work : NULL,
        .logger = options->logger,
    };
    return loop;
}

bool loop_uv_has_uring(const struct loop_uv *loop)
{
    return loop->net.uring != NULL;
}

void loop_uv_destroy(struct loop_uv *loop)
{
    if (!loop) {
        return;
    }
    resolver_uv_stop(&loop->resolver);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->net_ready, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    if (loop->watches_signals) {
        for (size_t i = 0; i < SIGNALS; i++) {
            uv_close((uv_handle_t *)&loop->signals[i], NULL);
        }
    }
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop->uv) == 0);
    net_epoll_deinit(&loop->net);
    timers_deinit(&loop->timers);
    mem_free(loop);
}
