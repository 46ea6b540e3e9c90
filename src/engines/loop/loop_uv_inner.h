#pragma once

/* loop_uv_inner - what the files of this engine share. */

#include <errno.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/timers.h"
#include "flow/op.h"
#include "loop/loop_uv.h"
#include "loop/net_uring.h"
#include "loop/resolver_uv.h"
#include "loop/work_pool.h"
#include "world/loop.h"
#include "world/net.h"
#include "world/random.h"

#define NET_HANDLERS_MAX 255
#define NET_EVENTS_A_TURN 256
#define LOOP_TIMERS_A_TURN 4096
#define SIGNALS 3

struct net_epoll {
    struct net net;
    int set;
    struct net_uring *uring; /* NULL: each send is a call of its own */
    uint32_t handler_count;
    struct net_handler *handlers[NET_HANDLERS_MAX];
};

struct loop_uv {
    struct loop loop;
    uv_loop_t uv;
    uv_async_t wake;
    uv_poll_t net_ready;
    uv_timer_t alarm;
    uv_signal_t signals[SIGNALS];
    bool watches_signals;
    uint64_t alarm_at_ms; /* UINT64_MAX: it does not run; 0: it rang, and repeats */
    struct timers timers;
    struct task_queue deferred;
    struct loop_hook *hooks;
    struct loop_hook **hooks_end;
    _Atomic(struct task *) posts; /* newest first */
    atomic_bool asleep;
    atomic_bool stopped;
    void (*on_signal)(void *context, int signal);
    void *signal_context;
    struct net_epoll net;
    struct resolver_uv resolver;
    struct work_port work;
    struct random random;
};

/* What the operating system said of a read or a write, an errno as a negative number, in the words
 * of the port. */
static inline int64_t net_result(int64_t code)
{
    if (code >= 0) {
        return code;
    }
    return code == -EAGAIN || code == -EINTR ? NET_WOULD_BLOCK : NET_BROKEN;
}

void net_epoll_init(struct net_epoll *net);
void net_epoll_deinit(struct net_epoll *net);

/* Hands at most NET_EVENTS_A_TURN events to their handlers; never waits. */
void net_epoll_dispatch(struct net_epoll *net);

void random_kernel_init(struct random *random);
