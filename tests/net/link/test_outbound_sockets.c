/* test_outbound_sockets - outbound connections on the real loop, with the real resolver and real
 * sockets; the server is this test. */

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"

enum { TURNS_MAX = 20000, MUCH = 3 << 20 };

struct fixture {
    struct loop_uv *loop;
    struct world world;
    struct logger logger;
    struct outbounds *outbounds;
    struct outbound *outbound;
    struct outbound_handler handler;
    uint32_t opens, closes, drains;
    enum outbound_reason reason;
    char text[64]; /* the first bytes that came */
    size_t got;
    int listener, peer; /* -1: none */
    uint16_t port;
};

static struct fixture *fx;
static uint8_t much[MUCH];

static void on_open(struct outbound_handler *handler)
{
    (void)handler;
    fx->opens++;
}

static size_t on_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    (void)handler;
    if (fx->got < sizeof(fx->text) - 1) {
        size_t space = sizeof(fx->text) - 1 - fx->got;
        memcpy(fx->text + fx->got, bytes, size < space ? size : space);
    }
    for (size_t i = 0; i < size && fx->got + i < MUCH; i += 997) {
        assert_true(fx->got + size <= 64 || bytes[i] == much[fx->got + i]);
    }
    fx->got += size;
    return size;
}

static void on_drained(struct outbound_handler *handler)
{
    (void)handler;
    fx->drains++;
}

static void on_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    (void)handler;
    fx->closes++;
    fx->reason = end->reason;
}

static int setup(void **state)
{
    (void)state;
    fx = mem_new(sizeof(*fx));
    logger_init(&fx->logger, "test", LOG_LEVEL_ERROR, false);
    struct loop_uv_options options = {.logger = &fx->logger};
    fx->loop = loop_uv_create(&options, &fx->world);
    fx->outbounds = outbounds_create(&fx->world);
    fx->handler = (struct outbound_handler){on_open, on_input, on_drained, NULL, on_closed};
    fx->listener = fx->peer = -1;
    for (uint32_t i = 0; i < MUCH; i++) {
        much[i] = (uint8_t)(i * 7 + i / 1000);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    outbounds_destroy(fx->outbounds);
    loop_uv_destroy(fx->loop);
    if (fx->listener >= 0) {
        close(fx->listener);
    }
    if (fx->peer >= 0) {
        close(fx->peer);
    }
    mem_free(fx);
    return 0;
}

/* On a port of the loopback interface that stays the same. */
static void bind_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
        .sin_port = htons(fx->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    fx->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fx->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fx->listener, (struct sockaddr *)&at, &size), 0);
    fx->port = ntohs(at.sin_port);
}

static void make(const char *host)
{
    struct outbound_options options = {.host = host,
        .port = fx->port,
        .handler = &fx->handler,
        .limits = {.input_bytes_max = 1 << 20,
            .queue_bytes_max = 4 << 20,
            .urgent_bytes_max = 1000,
            .open_ms = 5000,
            .retry_first_ms = 1,
            .retry_max_ms = 20,
            .steady_ms = 10000}};
    assert_int_equal(outbound_create(fx->outbounds, &options, &fx->outbound), OK);
    outbound_start(fx->outbound);
}

static void turn_until(const uint32_t *count, uint32_t wanted)
{
    for (int i = 0; i < TURNS_MAX && *count < wanted; i++) {
        loop_uv_turn(fx->loop, 1);
    }
    assert_true(*count >= wanted);
}

static void connect_to_us(const char *host)
{
    bind_port();
    assert_int_equal(listen(fx->listener, 8), 0);
    make(host);
    turn_until(&fx->opens, 1);
    fx->peer = accept4(fx->listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(fx->peer >= 0);
}

static void reset_peer(void)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fx->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fx->peer);
    fx->peer = -1;
}

static void a_name_is_connected_and_carries_much_both_ways(void **state)
{
    static uint8_t bytes[65536];
    (void)state;
    connect_to_us("localhost");
    assert_int_equal(outbound_write(fx->outbound, much, MUCH), OK);
    size_t heard = 0, said = 0;
    for (int i = 0; i < TURNS_MAX && (heard < MUCH || fx->got < MUCH); i++) {
        loop_uv_turn(fx->loop, 1);
        ssize_t got = recv(fx->peer, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got > 0) {
            assert_memory_equal(bytes, much + heard, (size_t)got);
            heard += (size_t)got;
        }
        ssize_t sent = send(fx->peer, much + said, MUCH - said, MSG_DONTWAIT | MSG_NOSIGNAL);
        said += sent > 0 ? (size_t)sent : 0;
    }
    assert_int_equal(heard, MUCH);
    assert_int_equal(fx->got, MUCH);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 0);
    assert_int_equal(fx->closes, 0);
}

static void a_server_that_comes_later_is_found(void **state)
{
    (void)state;
    bind_port();
    make("127.0.0.1");
    turn_until(&fx->closes, 3);
    assert_int_equal(fx->reason, OUTBOUND_REFUSED);
    assert_int_equal(fx->opens, 0);
    assert_int_equal(listen(fx->listener, 8), 0);
    turn_until(&fx->opens, 1);
}

static void a_peer_that_ends_and_one_that_resets_are_told_apart_and_come_again(void **state)
{
    (void)state;
    connect_to_us("127.0.0.1");
    close(fx->peer);
    turn_until(&fx->closes, 1);
    assert_int_equal(fx->reason, OUTBOUND_ENDED);
    turn_until(&fx->opens, 2);
    fx->peer = accept4(fx->listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(fx->peer >= 0);
    reset_peer();
    turn_until(&fx->closes, 2);
    assert_int_equal(fx->reason, OUTBOUND_LOST);
}

static void what_a_server_says_before_it_hangs_up_on_a_writer_is_heard(void **state)
{
    (void)state;
    connect_to_us("127.0.0.1");
    assert_int_equal(send(fx->peer, "no room", 7, MSG_NOSIGNAL), 7);
    shutdown(fx->peer, SHUT_WR);
    close(fx->peer);
    fx->peer = -1;
    assert_int_equal(outbound_write(fx->outbound, much, MUCH), OK);
    turn_until(&fx->closes, 1);
    assert_string_equal(fx->text, "no room");
}

static void a_stop_while_connecting_and_one_while_open_leave_no_socket(void **state)
{
    (void)state;
    int before = dup(0);
    close(before);
    connect_to_us("127.0.0.1");
    outbound_stop(fx->outbound);
    close(fx->peer);
    fx->peer = -1;
    outbound_start(fx->outbound);
    loop_uv_turn(fx->loop, 1);
    outbound_stop(fx->outbound);
    close(fx->listener);
    fx->listener = -1;
    for (int i = 0; i < 20; i++) {
        loop_uv_turn(fx->loop, 1);
    }
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
    assert_int_equal(fx->closes, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_name_is_connected_and_carries_much_both_ways),
        T(a_server_that_comes_later_is_found),
        T(a_peer_that_ends_and_one_that_resets_are_told_apart_and_come_again),
        T(what_a_server_says_before_it_hangs_up_on_a_writer_is_heard),
        T(a_stop_while_connecting_and_one_while_open_leave_no_socket),
    };
    return cmocka_run_group_tests_name("outbound_sockets", tests, NULL, NULL);
}
