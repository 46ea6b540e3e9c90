/* A ring that the system takes away leaves the sends to calls of their own. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop/loop_uv.h"
#include "test.h"
#include "world/net.h"

enum { SENDS = 40 };

static struct logger logger;

static void ignore_line(struct logger *of, const char *line, uint32_t size)
{
    (void)of;
    (void)line;
    (void)size;
}

static struct loop_uv *loop_create(struct world *ret_world)
{
    struct loop_uv_options options = {.logger = &logger, .uring = true};
    return loop_uv_create(&options, ret_world);
}

/* From now on for this process. */
static void forbid_uring(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = 4, .filter = filter};
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void send_to_all(struct net *net, struct net_send *sends, int64_t wanted)
{
    net_send_many(net, sends, SENDS);
    for (int i = 0; i < SENDS; i++) {
        assert_int_equal(sends[i].result, wanted);
    }
}

/* The batch that meets it waits, as if the sockets were full; from the next one on all is well. */
static void what_a_lost_ring_did_not_take_would_have_blocked(void **state)
{
    (void)state;
    int ends[SENDS][2];
    struct net_send sends[SENDS];
    struct world world;
    struct loop_uv *loop = loop_create(&world);
    for (int i = 0; i < SENDS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]), 0);
        sends[i] = (struct net_send){.bytes = "hello", .size = 5, .sock = ends[i][0]};
    }
    send_to_all(world.net, sends, 5);
    forbid_uring();
    send_to_all(world.net, sends, NET_WOULD_BLOCK);
    send_to_all(world.net, sends, 5);
    for (int i = 0; i < SENDS; i++) {
        char got[16] = {0};
        assert_int_equal(recv(ends[i][1], got, sizeof(got), 0), 10);
        assert_string_equal(got, "hellohello");
        close(ends[i][0]);
        close(ends[i][1]);
    }
    loop_uv_destroy(loop);
}

static void a_ring_that_can_not_be_used_is_none(void **state)
{
    (void)state;
    struct world world;
    struct loop_uv *loop = loop_create(&world);
    assert_false(loop_uv_has_uring(loop));
    loop_uv_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_lost_ring_did_not_take_would_have_blocked),
        cmocka_unit_test(a_ring_that_can_not_be_used_is_none),
    };
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    logger.write = ignore_line;
    struct world world;
    struct loop_uv *loop = loop_create(&world);
    bool has_uring = loop_uv_has_uring(loop);
    loop_uv_destroy(loop);
    if (!has_uring) {
        printf("1..1\nok 1 - net_uring_lost # SKIP the system gives no io_uring\n");
        return 0;
    }
    return cmocka_run_group_tests_name("net_uring_lost", tests, NULL, NULL);
}
