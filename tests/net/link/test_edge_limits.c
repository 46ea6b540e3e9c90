/* test_edge_limits - what an edge bears: slow senders and readers, idle peers, floods, too many
 * connections, no descriptors left. */

#include "edge_house.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world/loop.h"

#define TRICKLE_MS_MAX 5000

/* ---- deadlines */

static void a_slow_head_is_408(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.header_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    put_text(client, "GET / HTTP/1.1\r\n");
    wait_end(client);
    assert_non_null(strstr(client->in, "408 Request Timeout"));
    assert_non_null(strstr(client->in, "\"code\":\"bad_frame\""));
    assert_non_null(strstr(client->in, "\"retry\":false"));
    client_destroy(client);
    wait_no_connections();
}

/* Sends `text` again and again, one a turn, until the edge ends the connection. */
static void trickle(struct client *client, const char *text)
{
    uint64_t until = loop_now_ms(fx->world.loop) + TRICKLE_MS_MAX;
    while (loop_now_ms(fx->world.loop) < until && !client->ended) {
        (void)send(client->sock, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
        take(client);
    }
    assert_true(client->ended);
}

static void a_head_that_trickles_is_408_at_its_deadline(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.header_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    put_text(client, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    trickle(client, "x");
    assert_non_null(strstr(client->in, "408 Request Timeout"));
    assert_int_equal(fx->requests, 0);
    client_destroy(client);
    wait_no_connections();
}

static void a_body_that_trickles_is_408_at_its_deadline(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.body_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    put_text(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    trickle(client, "x");
    assert_non_null(strstr(client->in, "408 Request Timeout"));
    client_destroy(client);
    client = client_create();
    put_text(client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    trickle(client, "1\r\nx\r\n");
    assert_non_null(strstr(client->in, "408 Request Timeout"));
    assert_int_equal(fx->requests, 0);
    client_destroy(client);
    wait_no_connections();
}

static void who_never_asks_is_closed_without_a_word(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.header_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    wait_end(client);
    assert_int_equal(client->size, 0);
    client_destroy(client);
    wait_no_connections();
}

static void an_idle_connection_is_kept_for_its_time_and_no_longer(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.header_timeout_ms = 40;
    l.keep_alive_ms = 200;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    uint64_t before = loop_now_ms(fx->world.loop);
    put_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(client, "\r\n\r\n/1");
    drop_input(client);
    wait_end(client);
    assert_true(loop_now_ms(fx->world.loop) - before >= 200);
    assert_int_equal(client->size, 0);
    client_destroy(client);
    wait_no_connections();
}

static void pings_do_not_make_an_unfinished_message_older_than_allowed(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.message_timeout_ms = 40;
    l.control_frames_per_second = 0;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    put_frame(client, 0x01, "x", 1);
    trickle(client, "\x89\x80mask");
    assert_int_equal(fx->close_code, 1002);
    client_destroy(client);
    wait_no_connections();
}

/* Each read ends inside of the next message. */
static void messages_that_follow_each_other_are_not_one_that_does_not_end(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    uint8_t frame[64];
    l.message_timeout_ms = 400; /* far above what a turn may take on a busy machine */
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    size_t size = ws_frame(0x81, "hello", 5, frame);
    uint64_t before = loop_now_ms(fx->world.loop);
    put(client, frame, 3);
    while (loop_now_ms(fx->world.loop) - before < 1200) {
        put(client, frame + 3, size - 3);
        put(client, frame, 3);
        turn();
        drop_input(client);
    }
    assert_true(fx->texts > 0);
    assert_int_equal(fx->closed, 0);
    wait_end(client);
    assert_int_equal(fx->close_code, 1002);
    client_destroy(client);
    wait_no_connections();
}

static void what_is_not_read_does_not_come_too_late(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    uint8_t frame[64];
    l.message_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    size_t size = ws_frame(0x81, "hello", 5, frame);
    put(client, frame, 3);
    turn();
    edge_pause(fx->edge, fx->slot);
    uint64_t before = loop_now_ms(fx->world.loop);
    while (loop_now_ms(fx->world.loop) - before < 100) {
        turn();
    }
    edge_resume(fx->edge, fx->slot);
    put(client, frame + 3, size - 3);
    for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
        turn();
    }
    assert_int_equal(fx->closed, 0);
    assert_int_equal(fx->texts, 1);
    client_destroy(client);
    wait_no_connections();
}

static void who_does_not_answer_a_close_is_dropped(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.close_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    edge_close(fx->edge, fx->slot, 4002, NULL);
    assert_int_equal(fx->closed, 1);
    trickle(client, "\x81\x81\0\0\0\0x");
    assert_int_equal(fx->texts, 0);
    client_destroy(client);
    wait_no_connections();
}

/* ---- slow readers */

/* Until the kernel takes no more of it. */
static void fill(uint32_t slot)
{
    static char bytes[40000];
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < TURNS_MAX && edge_queued_bytes(fx->edge, slot) == 0; i++) {
        edge_reply(fx->edge, slot, bytes, sizeof(bytes));
        turn();
    }
    assert_true(edge_queued_bytes(fx->edge, slot) > 0);
}

static void who_reads_nothing_is_closed_with_4003(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.heartbeat_ms = 40;
    l.control_frames_per_second = 0;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    fill(fx->slot);
    for (int i = 0; i < TURNS_MAX && fx->closed == 0; i++) {
        put_frame(client, 0x8a, "", 0); /* it is alive, and still reads nothing */
        turn();
    }
    assert_int_equal(fx->close_code, 4003);
    wait_no_connections();
    client_destroy(client);
}

static void answers_that_nobody_reads_stop_the_reading_of_requests(void **state)
{
    (void)state;
    static const char request[] = "GET /0123456789 HTTP/1.1\r\nHost: a\r\n\r\n";
    struct edge_limits l = edge_house_limits();
    l.requests_per_connection = 0;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    size_t sent = 0;
    for (int refused = 0; refused < 100;) {
        size_t at = sent % (sizeof(request) - 1);
        ssize_t more =
            send(client->sock, request + at, sizeof(request) - 1 - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += more > 0 ? (size_t)more : 0;
        refused = more > 0 ? 0 : refused + 1;
        assert_true(more > 0 || errno == EAGAIN);
        assert_true(sent < 64u << 20);
        if (refused > 0 || sent % 1000 == 0) {
            turn();
        }
    }
    assert_true(edge_stats(fx->edge).queued_bytes < l.queued_bytes_max + (1u << 20));
    uint64_t whole = sent / (sizeof(request) - 1);
    for (int i = 0; i < 100 * TURNS_MAX && fx->requests < whole; i++) {
        client->size = 0;
        take(client);
    }
    assert_int_equal(fx->requests, whole);
    client_destroy(client);
    wait_no_connections();
}

/* ---- numbers */

static void the_last_request_of_a_connection_is_answered_and_ends_it(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.requests_per_connection = 2;
    edge_set_limits(fx->edge, &l);
    struct client *client = client_create();
    put_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                     "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_end(client);
    const char *two = strstr(client->in, "Connection: close");
    assert_non_null(strstr(client->in, "\r\n\r\n/1"));
    assert_non_null(two);
    assert_non_null(strstr(two, "\r\n\r\n/2"));
    assert_int_equal(fx->requests, 2);
    client_destroy(client);
    wait_no_connections();
}

static void a_head_has_a_bound(void **state)
{
    (void)state;
    static char field[17000] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    memset(field + strlen(field), 'x', sizeof(field) - strlen(field) - 1);
    struct client *client = client_create();
    (void)send(client->sock, field, strlen(field), MSG_DONTWAIT | MSG_NOSIGNAL);
    wait_end(client);
    assert_non_null(strstr(client->in, "431 Request Header Fields Too Large"));
    client_destroy(client);
    wait_no_connections();
}

static void too_many_connections_are_refused(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.connections_max = 1;
    edge_set_limits(fx->edge, &l);
    struct client *first = client_create();
    for (int i = 0; i < 10; i++) {
        take(first);
    }
    struct client *second = client_create();
    wait_end(second);
    assert_non_null(strstr(second->in, "503 Service Unavailable"));
    client_destroy(second);
    l.connections_max = 100;
    l.connections_per_address = 1;
    edge_set_limits(fx->edge, &l);
    second = client_create();
    wait_end(second);
    assert_non_null(strstr(second->in, "429 Too Many Requests"));
    client_destroy(second);
    client_destroy(first);
    wait_no_connections();
}

static void whoever_does_not_count_gets_in_when_all_places_are_taken(void **state)
{
    (void)state;
    struct edge_http_handler uncounted = fx->http;
    uint16_t public_port = fx->port, other_port;
    uncounted.uncounted = true;
    assert_int_equal(edge_listen(fx->edge, "127.0.0.1", 0, false, &uncounted, &other_port), OK);
    struct edge_limits l = edge_house_limits();
    l.connections_max = 1;
    edge_set_limits(fx->edge, &l);

    fx->port = other_port;
    struct client *operators[17];
    for (int i = 0; i < 16; i++) {
        operators[i] = client_create();
        put_text(operators[i], "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        wait_text(operators[i], "\r\n\r\n/1");
    }
    operators[16] = client_create(); /* one too many of them */
    wait_end(operators[16]);
    fx->port = public_port;
    struct client *first = client_create(); /* whose place they did not take */
    put_text(first, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(first, "\r\n\r\n/2");
    struct client *second = client_create();
    wait_end(second);
    assert_non_null(strstr(second->in, "503 Service Unavailable"));

    for (int i = 0; i < 17; i++) {
        client_destroy(operators[i]);
    }
    client_destroy(first);
    client_destroy(second);
    wait_no_connections();
}

static void a_place_of_an_address_is_free_again_when_its_connection_goes(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.connections_per_address = 1;
    edge_set_limits(fx->edge, &l);
    for (int i = 0; i < 3; i++) {
        struct client *client = client_create();
        put_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        wait_text(client, "\r\n\r\n/1");
        client_destroy(client);
        wait_no_connections();
    }
}

/* The kernel gives the next connection to whatever loop it likes. */
static void an_address_is_counted_over_all_edges_that_share_the_count(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.connections_per_address = 1;
    edge_set_limits(fx->edge, &l);
    struct edge *other = edge_create(&fx->world, &l, fx->addresses);
    uint16_t other_port, port = fx->port;
    assert_int_equal(edge_listen(other, "127.0.0.1", 0, false, &fx->http, &other_port), OK);
    struct client *first = client_create();
    put_text(first, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(first, "\r\n\r\n/1");
    fx->port = other_port;
    struct client *second = client_create();
    wait_end(second);
    assert_non_null(strstr(second->in, "429 Too Many Requests"));
    client_destroy(second);
    client_destroy(first);
    wait_no_connections();
    edge_destroy(other);
    fx->port = port;
}

static void an_address_may_connect_only_so_fast(void **state)
{
    (void)state;
    struct edge_limits l = edge_house_limits();
    l.connects_per_second_per_address = 20;
    edge_set_limits(fx->edge, &l);
    uint32_t refused = 0;
    for (int i = 0; i < 30; i++) {
        struct client *client = client_create();
        put_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        wait_end(client);
        refused += strstr(client->in, "429 Too Many Requests") != NULL;
        client_destroy(client);
    }
    assert_in_range(refused, 1, 10);
    uint64_t until = loop_now_ms(fx->world.loop) + 100;
    while (loop_now_ms(fx->world.loop) < until) {
        turn();
    }
    struct client *client = client_create();
    put_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(client, "\r\n\r\n/1");
    client_destroy(client);
    wait_no_connections();
}

/* ---- descriptors */

static uint32_t take_all_descriptors(int *ret_taken, uint32_t most)
{
    uint32_t count = 0;
    while (count < most && (ret_taken[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
    }
    assert_int_equal(errno, EMFILE);
    return count;
}

static void out_of_descriptors_it_serves_on_and_accepts_again_later(void **state)
{
    (void)state;
    struct rlimit before, few;
    int taken[256];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){128, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct edge_limits l = edge_house_limits();
    l.header_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *served = ws_create();
    struct client *waiting = client_create();
    uint32_t count = take_all_descriptors(taken, 256);
    put_frame(served, 0x89, "abc", 3);
    wait_text(served, "\x8a\x03"
                      "abc");
    assert_int_equal(edge_stats(fx->edge).accepted, 1);
    for (uint32_t i = 0; i < count; i++) {
        close(taken[i]);
    }
    put_text(waiting, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(waiting, "\r\n\r\n/1");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    client_destroy(waiting);
    client_destroy(served);
    wait_no_connections();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(a_slow_head_is_408),
        T(a_head_that_trickles_is_408_at_its_deadline),
        T(a_body_that_trickles_is_408_at_its_deadline),
        T(who_never_asks_is_closed_without_a_word),
        T(an_idle_connection_is_kept_for_its_time_and_no_longer),
        T(pings_do_not_make_an_unfinished_message_older_than_allowed),
        T(messages_that_follow_each_other_are_not_one_that_does_not_end),
        T(what_is_not_read_does_not_come_too_late),
        T(who_does_not_answer_a_close_is_dropped),
        T(who_reads_nothing_is_closed_with_4003),
        T(answers_that_nobody_reads_stop_the_reading_of_requests),
        T(the_last_request_of_a_connection_is_answered_and_ends_it),
        T(a_head_has_a_bound),
        T(too_many_connections_are_refused),
        T(whoever_does_not_count_gets_in_when_all_places_are_taken),
        T(a_place_of_an_address_is_free_again_when_its_connection_goes),
        T(an_address_is_counted_over_all_edges_that_share_the_count),
        T(an_address_may_connect_only_so_fast),
        T(out_of_descriptors_it_serves_on_and_accepts_again_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
