/* net_uring - see the header.
 *
 * Happy path: the sends go into the ring, a ring full at a time, and one call submits them. Each is
 * told not to wait, so the kernel does them one after another within that call and hands none to a
 * thread of its own; when it returns all have their results. How it fails: a send fails as it does
 * elsewhere. A ring that refuses to go on is not used any more: what it did not take would have
 * blocked, which makes it the backlog's; what it took and never answered counts as broken, since
 * nobody knows how much of it left. */

#include "loop/net_uring.h"

#include <errno.h>
#include <liburing.h>
#include <string.h>

#include "base/logger.h"
#include "base/mem.h"
#include "loop/loop_uv_inner.h"

#define SENDS_A_CALL 256u

struct net_uring {
    struct io_uring ring;
    struct logger *logger;
    bool has_failed;
};

static const char *reason_of(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return "the system or its container forbids it";
    case ENOSYS:
    case EINVAL:
        return "the kernel is older than Linux 5.18";
    default:
        return strerror(error);
    }
}

/* One call that does nothing: a system may allow to make a ring and forbid to use it. */
static int try_out(struct io_uring *ring)
{
    struct io_uring_cqe *answer;
    io_uring_prep_nop(io_uring_get_sqe(ring));
    int code = io_uring_submit_and_wait(ring, 1);
    if (code == 1) {
        code = io_uring_wait_cqe(ring, &answer);
    }
    if (code == 0) {
        io_uring_cqe_seen(ring, answer);
    }
    return code;
}

/* With SUBMIT_ALL a send that can not even begin does not hold up those behind it. */
static int open_ring(struct io_uring *ring)
{
    int code = io_uring_queue_init(SENDS_A_CALL, ring, IORING_SETUP_SUBMIT_ALL);
    if (code != 0) {
        return code;
    }
    code = try_out(ring);
    if (code != 0) {
        io_uring_queue_exit(ring);
    }
    return code;
}

struct net_uring *net_uring_create(struct logger *logger)
{
    struct net_uring *uring = mem_new(sizeof(*uring));
    int code = open_ring(&uring->ring);
    if (code != 0) {
        LOG_INFO(logger, "io_uring.absent", "reason=\"%s\"", reason_of(-code));
        mem_free(uring);
        return NULL;
    }
    uring->logger = logger;
    return uring;
}

void net_uring_destroy(struct net_uring *uring)
{
    if (uring) {
        io_uring_queue_exit(&uring->ring);
        mem_free(uring);
    }
}

static void put(struct io_uring *ring, struct net_send *sends, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct io_uring_sqe *entry = io_uring_get_sqe(ring);
        io_uring_prep_send(
            entry, sends[i].sock, sends[i].bytes, sends[i].size, MSG_NOSIGNAL | MSG_DONTWAIT);
        io_uring_sqe_set_data64(entry, i);
        sends[i].result = NET_BROKEN;
    }
}

/* Answers how many results there were. */
static uint32_t take_results(struct io_uring *ring, struct net_send *sends)
{
    struct io_uring_cqe *answer;
    uint32_t at, count = 0;
    io_uring_for_each_cqe(ring, at, answer)
    {
        sends[io_uring_cqe_get_data64(answer)].result = net_result(answer->res);
        count++;
    }
    io_uring_cq_advance(ring, count);
    return count;
}

static void fail(struct net_uring *uring, int error, struct net_send *sends, uint32_t count)
{
    LOG_WARN(uring->logger, "io_uring.failed", "reason=\"%s\"", reason_of(error));
    uring->has_failed = true;
    for (uint32_t i = 0; i < count; i++) {
        sends[i].result = NET_WOULD_BLOCK;
    }
}

/* At most a ring full. */
static void send_some(struct net_uring *uring, struct net_send *sends, uint32_t count)
{
    uint32_t taken = 0, answered = 0;
    put(&uring->ring, sends, count);
    while (answered < count) {
        int code = io_uring_submit_and_wait(&uring->ring, count - answered);
        answered += take_results(&uring->ring, sends);
        if (code < 0 && code != -EINTR) {
            fail(uring, -code, sends + taken, count - taken);
            return;
        }
        taken += code > 0 ? (uint32_t)code : 0;
    }
}

uint32_t net_uring_send(struct net_uring *uring, struct net_send *sends, uint32_t count)
{
    uint32_t done = 0;
    while (done < count && !uring->has_failed) {
        uint32_t some = count - done < SENDS_A_CALL ? count - done : SENDS_A_CALL;
        send_some(uring, sends + done, some);
        done += some;
    }
    return done;
}
