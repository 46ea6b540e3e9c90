/* test_relay - a gateway's upstream over a toy network: the test is the instances, and the edge
 * only remembers. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "link/edge.h"
#include "link/outbound.h"
#include "relay/relay.h"
#include "test_loop.h"
#include "toy_net.h"
#include "toy_resolver.h"

#define SLOTS 300
#define TURNS_MAX 100000

struct answer {
    uint32_t count;
    int status;
    enum err err;
    char body[64], fields[512], type[64];
    bool open, closed, paused, full; /* as a tunnel */
    char pushed[70000];
    size_t pushed_size;
};

static struct fixture {
    struct test_loop loop;
    struct toy_net net;
    struct toy_resolver resolver;
    struct world world;
    struct outbounds *outbounds;
    struct upstream *upstream;
    struct edge_ws_handler *ws;
    struct answer *answers; /* by slot */
    uint32_t here;          /* calls of a service in this process */
} * fx;

/* ---- the edge */

void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response)
{
    (void)edge;
    struct answer *answer = &fx->answers[conn.slot];
    answer->count++;
    answer->status = response->status;
    snprintf(answer->body, sizeof(answer->body), "%.*s", (int)response->body.size,
        response->body.at ? response->body.at : "");
    snprintf(answer->type, sizeof(answer->type), "%s",
        response->content_type ? response->content_type : "");
    size_t used = 0;
    for (uint32_t i = 0; i < response->field_count; i++) {
        const struct http_field *field = &response->fields[i];
        used +=
            (size_t)snprintf(answer->fields + used, sizeof(answer->fields) - used, "%.*s: %.*s\n",
                (int)field->name.size, field->name.at, (int)field->value.size, field->value.at);
    }
}

void edge_respond_error(struct edge *edge, struct conn_id conn, enum err err, const char *field,
    uint64_t retry_after_ms)
{
    (void)edge;
    (void)field;
    (void)retry_after_ms;
    fx->answers[conn.slot].count++;
    fx->answers[conn.slot].err = err;
}

void edge_upgrade(
    struct edge *edge, struct conn_id conn, struct edge_ws_handler *handler, const char *protocol)
{
    (void)edge;
    struct answer *answer = &fx->answers[conn.slot];
    fx->ws = handler;
    answer->open = !answer->closed;
    answer->count++;
    snprintf(answer->type, sizeof(answer->type), "%s", protocol ? protocol : "");
}

bool edge_is_open(const struct edge *edge, struct conn_id conn)
{
    (void)edge;
    return fx->answers[conn.slot].open;
}

bool edge_push_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    (void)edge;
    struct answer *answer = &fx->answers[slot];
    assert_true(answer->open);
    assert_true(answer->pushed_size + size <= sizeof(answer->pushed));
    memcpy(answer->pushed + answer->pushed_size, bytes, size);
    answer->pushed_size += size;
    return true;
}

uint32_t edge_queued_bytes(const struct edge *edge, uint32_t slot)
{
    (void)edge;
    return fx->answers[slot].full ? 1 : 0;
}

void edge_resume(struct edge *edge, uint32_t slot)
{
    (void)edge;
    fx->answers[slot].paused = false;
}

void edge_close(struct edge *edge, uint32_t slot, uint16_t code, const char *reason)
{
    (void)edge;
    (void)reason;
    fx->answers[slot].open = false;
    fx->answers[slot].closed = true;
    fx->ws->on_closed(fx->ws, slot, code);
}

/* ---- the house */

static void settle(void)
{
    int turns = 0;
    bool more = true;
    while (more) {
        more = toy_net_turn(&fx->net);
        more |= test_loop_turn(&fx->loop);
        assert_true(++turns < TURNS_MAX);
    }
}

static void advance(uint64_t ms)
{
    settle();
    for (; ms > 0; ms--) {
        test_loop_advance(&fx->loop, 1);
        settle();
    }
}

static void make(const char *sockets, uint32_t connections_max)
{
    struct relay_options options = {
        .world = &fx->world,
        .outbounds = fx->outbounds,
        .instances = {[UPSTREAM_SOCKET] = sockets, [UPSTREAM_USER] = ""},
        .limits = {.connections_max = connections_max,
            .body_bytes_max = 1000,
            .reply_bytes_max = 1000,
            .timeout_ms = 5000,
            .idle_ms = 1000,
            .rest_ms = 100},
    };
    relay_destroy(fx->upstream);
    fx->upstream = relay_create(&options);
}

static int set_up(void **state)
{
    (void)state;
    fx = mem_new(sizeof(*fx));
    fx->answers = mem_array(SLOTS, sizeof(*fx->answers));
    test_loop_init(&fx->loop);
    toy_net_init(&fx->net);
    toy_resolver_init(&fx->resolver, &fx->loop.loop);
    fx->world = fx->loop.world;
    fx->world.net = &fx->net.net;
    fx->world.resolver = &fx->resolver.resolver;
    fx->outbounds = outbounds_create(&fx->world);
    make("one.example:1001", 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    relay_destroy(fx->upstream);
    outbounds_destroy(fx->outbounds);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
    toy_net_deinit(&fx->net);
    test_loop_deinit(&fx->loop);
    mem_free(fx->answers);
    mem_free(fx);
    return 0;
}

static void ask_as(uint32_t slot, enum http_method method, const char *body, bool websocket)
{
    static const struct http_field fields[] = {{{"Host", 4}, {"chat.example", 12}},
        {{"Authorization", 13}, {"Bearer x", 8}}, {{"Connection", 10}, {"keep-alive", 10}}};
    struct edge_request request = {
        .conn = {slot, 1},
        .method = method,
        .target = str("/api/rooms?a=1"),
        .path = str("/api/rooms"),
        .body = {body, body ? (uint32_t)strlen(body) : 0},
        .fields = fields,
        .field_count = 3,
        .peer = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 7}},
        .wants_websocket = websocket,
    };
    struct upstream_call call = {&request, NULL, UPSTREAM_ALLOWED};
    upstream_forward(fx->upstream, UPSTREAM_SOCKET, &call);
    settle();
}

static void ask(uint32_t slot, enum http_method method)
{
    ask_as(slot, method, method == HTTP_POST ? "{}" : NULL, false);
}

/* The newest connection is let in. */
static struct toy_socket *let_in(void)
{
    struct toy_socket *socket = toy_net_newest(&fx->net);
    toy_socket_answer(socket, OK);
    settle();
    return socket;
}

static void say(struct toy_socket *socket, const char *text)
{
    toy_socket_say(socket, text, strlen(text));
    settle();
}

static struct answer *answer_of(uint32_t slot)
{
    return &fx->answers[slot];
}

static void assert_failed(uint32_t slot, enum err err)
{
    assert_int_equal(answer_of(slot)->count, 1);
    assert_int_equal(answer_of(slot)->err, err);
}

static void assert_sent(const struct toy_socket *socket, const char *text)
{
    assert_int_equal(socket->out_size, strlen(text));
    assert_memory_equal(socket->out, text, socket->out_size);
}

#define REPLY                                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nVary: Origin\r\n"   \
    "X-Room-Seq: 7\r\n\r\n[]"
#define CLOSING "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"
#define GET_ROOMS                                                                                  \
    "GET /api/rooms?a=1 HTTP/1.1\r\nHost: chat.example\r\nAuthorization: Bearer x\r\n"             \
    "X-Forwarded-For: 192.0.2.7\r\n\r\n"
#define ACCEPT                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chattifier.v1\r\n\r\n"

/* ---- requests */

static void a_request_goes_to_an_instance_and_its_reply_to_the_client(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *socket = let_in();
    assert_int_equal(socket->to.port, 1001);
    assert_sent(socket, GET_ROOMS);
    say(socket, REPLY);
    assert_int_equal(answer_of(1)->count, 1);
    assert_int_equal(answer_of(1)->status, 200);
    assert_string_equal(answer_of(1)->body, "[]");
    assert_string_equal(answer_of(1)->type, "application/json");
    assert_string_equal(answer_of(1)->fields, "X-Room-Seq: 7\n");
}

static void a_reply_may_come_in_any_pieces(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *socket = let_in();
    socket->piece = 1;
    say(socket, REPLY);
    assert_string_equal(answer_of(1)->body, "[]");
}

static void a_head_is_asked_as_a_get(void **state)
{
    (void)state;
    ask(1, HTTP_HEAD);
    struct toy_socket *socket = let_in();
    assert_sent(socket, GET_ROOMS);
    say(socket, REPLY);
    assert_string_equal(answer_of(1)->body, "[]");
}

static void a_connection_carries_one_request_after_the_other(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *socket = let_in();
    say(socket, REPLY);
    ask(2, HTTP_GET);
    assert_int_equal(fx->net.count, 1);
    assert_sent(socket, GET_ROOMS GET_ROOMS);
    ask(3, HTTP_GET);
    assert_int_equal(fx->net.count, 2);
    say(socket, REPLY);
    assert_int_equal(answer_of(2)->status, 200);
    assert_int_equal(answer_of(3)->count, 0);
}

static void an_idle_connection_is_given_up_in_time(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    say(let_in(), REPLY);
    advance(999);
    assert_int_equal(toy_net_open_count(&fx->net), 1);
    advance(2);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
}

static void a_connection_that_says_too_much_or_close_carries_nothing_more(void **state)
{
    (void)state;
    static const char *const replies[] = {
        REPLY "x", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"};
    for (uint32_t i = 0; i < 2; i++) {
        ask(i, HTTP_GET);
        say(let_in(), replies[i]);
        assert_int_equal(answer_of(i)->status, 200);
        assert_int_equal(toy_net_open_count(&fx->net), 0);
    }
}

static void bytes_that_nobody_asked_for_end_the_connection(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *socket = let_in();
    say(socket, REPLY);
    say(socket, REPLY);
    assert_true(socket->closed);
    ask(2, HTTP_GET);
    assert_int_equal(fx->net.count, 2);
    assert_int_equal(answer_of(2)->count, 0);
}

static void a_reply_before_any_of_its_request_left_is_of_another_one(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *socket = let_in();
    say(socket, REPLY);
    socket->room = 0;
    ask(2, HTTP_POST);
    say(socket, CLOSING);
    assert_true(socket->closed);
    assert_int_equal(answer_of(2)->count, 0);
    say(let_in(), REPLY);
    assert_int_equal(answer_of(2)->status, 200);
    assert_string_equal(answer_of(2)->fields, "X-Room-Seq: 7\n");
}

static void a_connection_with_the_rest_of_a_request_carries_no_other(void **state)
{
    (void)state;
    ask(1, HTTP_POST);
    struct toy_socket *socket = toy_net_newest(&fx->net);
    socket->room = 10;
    let_in();
    say(socket, REPLY);
    assert_int_equal(answer_of(1)->status, 200);
    assert_true(socket->closed);
    ask(2, HTTP_POST);
    assert_int_equal(fx->net.count, 2);
}

static void more_requests_than_connections_are_overloaded(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        ask(i, HTTP_GET);
    }
    assert_failed(3, ERR_OVERLOADED);
    assert_int_equal(fx->net.count, 3);
}

/* ---- instances that are gone */

static void what_never_left_is_asked_elsewhere_whatever_it_does(void **state)
{
    (void)state;
    make("one.example:1001, [::1]:1002", 3);
    ask(1, HTTP_POST);
    struct toy_socket *first = toy_net_newest(&fx->net);
    toy_socket_answer(first, ERR_REFUSED);
    settle();
    struct toy_socket *second = let_in();
    assert_int_not_equal(first->to.port, second->to.port);
    assert_non_null(memmem(second->out, second->out_size, "\r\nContent-Length: 2\r\n\r\n{}", 25));
    say(second, REPLY);
    assert_int_equal(answer_of(1)->status, 200);
    assert_int_equal(relay_stats(fx->upstream).retries, 1);
}

static void an_instance_that_refuses_is_left_out_for_a_while(void **state)
{
    (void)state;
    make("one.example:1001, one.example:1002", 3);
    ask(1, HTTP_GET);
    struct toy_socket *first = toy_net_newest(&fx->net);
    toy_socket_answer(first, ERR_REFUSED);
    settle();
    say(let_in(), REPLY);
    for (uint32_t i = 2; i < 50; i++) {
        ask(i, HTTP_GET);
        assert_int_equal(fx->net.count, 2);
        say(toy_net_newest(&fx->net), REPLY);
    }
    advance(2000);
    uint32_t before = fx->net.count;
    bool again = false;
    for (uint32_t i = 50; i < 100 && !again; i++) {
        ask(i, HTTP_GET);
        again = toy_net_newest(&fx->net)->to.port == first->to.port;
        let_in();
    }
    assert_true(again);
    assert_true(fx->net.count > before);
}

static void where_nobody_listens_it_is_unavailable(void **state)
{
    (void)state;
    ask(1, HTTP_POST);
    toy_socket_answer(toy_net_newest(&fx->net), ERR_REFUSED);
    settle();
    assert_failed(1, ERR_UNAVAILABLE);
    assert_false(relay_is_well(fx->upstream));
    advance(100);
    assert_true(relay_is_well(fx->upstream));
    ask(2, HTTP_GET);
    say(let_in(), REPLY);
    assert_int_equal(answer_of(2)->status, 200);
    assert_true(relay_is_well(fx->upstream));
}

static void what_changes_nothing_is_asked_again_when_its_connection_breaks(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *first = let_in();
    toy_socket_reset(first);
    settle();
    assert_int_equal(answer_of(1)->count, 0);
    struct toy_socket *second = let_in();
    assert_ptr_not_equal(first, second);
    say(second, REPLY);
    assert_int_equal(answer_of(1)->status, 200);
}

static void what_may_have_been_done_is_never_said_twice(void **state)
{
    (void)state;
    ask(1, HTTP_POST);
    toy_socket_end(let_in());
    settle();
    assert_failed(1, ERR_TIMEOUT);
    assert_int_equal(fx->net.count, 1);
}

static void a_request_that_met_a_connection_on_its_way_out_goes_elsewhere(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    struct toy_socket *first = let_in();
    say(first, REPLY);
    first->room = 0; /* the system takes nothing of it any more */
    ask(2, HTTP_POST);
    toy_socket_reset(first);
    settle();
    assert_int_equal(answer_of(2)->count, 0);
    say(let_in(), REPLY);
    assert_int_equal(answer_of(2)->status, 200);
}

static void what_was_lost_with_an_instance_is_asked_of_another(void **state)
{
    (void)state;
    make("one.example:1001, one.example:1002", 3);
    for (uint32_t i = 0; i < 50; i++) {
        ask(i, HTTP_GET);
        struct toy_socket *first = let_in();
        toy_socket_reset(first);
        settle();
        struct toy_socket *second = let_in();
        assert_int_not_equal(first->to.port, second->to.port);
        toy_socket_say(second, CLOSING, strlen(CLOSING));
        settle();
        assert_int_equal(answer_of(i)->status, 200);
    }
}

static void tries_are_counted(void **state)
{
    (void)state;
    ask(1, HTTP_GET);
    for (uint32_t i = 0; i < RELAY_TRIES_MAX; i++) {
        assert_int_equal(answer_of(1)->count, 0);
        toy_socket_reset(let_in());
        settle();
    }
    assert_failed(1, ERR_UNAVAILABLE);
    assert_int_equal(fx->net.count, RELAY_TRIES_MAX);
}

static void a_reply_that_is_none_ends_the_connection(void **state)
{
    (void)state;
    static const char *const rows[] = {"HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", ACCEPT, "\n", "\x16\x03\x01"};
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask(i, HTTP_POST);
        struct toy_socket *socket = let_in();
        say(socket, rows[i]);
        assert_true(socket->closed);
        assert_failed(i, ERR_TIMEOUT);
    }
}

static void a_request_has_its_time_with_all_its_tries(void **state)
{
    (void)state;
    ask(1, HTTP_POST);
    let_in();
    advance(4999);
    assert_int_equal(answer_of(1)->count, 0);
    advance(2);
    assert_failed(1, ERR_TIMEOUT);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
}

static void on_call(struct upstream_server *server, const struct upstream_call *call)
{
    (void)server;
    assert_true(cht_str_is(call->request->path, "/api/rooms"));
    fx->here++;
}

static void a_service_of_this_process_is_called(void **state)
{
    (void)state;
    struct upstream_server server = {on_call};
    assert_false(upstream_is_here(fx->upstream, UPSTREAM_SOCKET));
    upstream_serve(fx->upstream, UPSTREAM_SOCKET, &server);
    assert_true(upstream_is_here(fx->upstream, UPSTREAM_SOCKET));
    assert_false(upstream_is_here(fx->upstream, UPSTREAM_USER));
    ask(1, HTTP_GET);
    assert_int_equal(fx->here, 1);
    assert_int_equal(fx->net.count, 0);
}

static void lists_of_instances_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {"a", "a:", "a:0", "a:65536", ":1", "a:1,,b:2", "a:1x",
        "::1:80", "a b:1", "[]:1", ".:1", "a:1 b:2",
        "a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1"};
    char problem[RELAY_PROBLEM_BYTES];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        problem[0] = 0;
        assert_int_equal(relay_check(bad[i], problem), ERR_BAD_CONFIG);
        assert_true(problem[0] != 0);
    }
    assert_int_equal(relay_check("", problem), OK);
    assert_int_equal(relay_check("a:1, [::1]:65535 ,127.0.0.1:80", problem), OK);
}

/* ---- tunnels */

static struct toy_socket *open_tunnel(uint32_t slot)
{
    ask_as(slot, HTTP_GET, NULL, true);
    struct toy_socket *socket = let_in();
    say(socket, ACCEPT);
    assert_true(answer_of(slot)->open);
    return socket;
}

static void a_websocket_becomes_a_tunnel(void **state)
{
    (void)state;
    ask_as(1, HTTP_GET, NULL, true);
    struct toy_socket *socket = let_in();
    say(socket, ACCEPT "ready");
    assert_true(answer_of(1)->open);
    assert_string_equal(answer_of(1)->type, "chattifier.v1");
    assert_memory_equal(answer_of(1)->pushed, "ready", 5);
    size_t before = socket->out_size;
    char bytes[] = "hello";
    assert_int_equal(fx->ws->on_bytes(fx->ws, 1, (uint8_t *)bytes, 5), 5);
    settle();
    assert_int_equal(socket->out_size, before + 5);
    assert_memory_equal(socket->out + before, "hello", 5);
    say(socket, "there");
    assert_memory_equal(answer_of(1)->pushed, "readythere", 10);
    assert_int_equal(relay_stats(fx->upstream).tunnels, 1);
}

static void a_refused_upgrade_is_told_as_it_is(void **state)
{
    (void)state;
    ask_as(1, HTTP_GET, NULL, true);
    say(let_in(), "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n"
                  "WWW-Authenticate: Bearer\r\n\r\n{}");
    assert_int_equal(answer_of(1)->status, 401);
    assert_string_equal(answer_of(1)->fields, "WWW-Authenticate: Bearer\n");
    assert_false(answer_of(1)->open);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
}

static void a_client_that_reads_nothing_holds_its_instance_back(void **state)
{
    (void)state;
    struct toy_socket *socket = open_tunnel(1);
    static char large[60000];
    size_t before = socket->in_at;
    answer_of(1)->full = true;
    toy_socket_say(socket, large, sizeof(large));
    settle();
    assert_int_equal(answer_of(1)->pushed_size, 0);
    assert_true(socket->in_at - before <= RELAY_TUNNEL_BYTES);
    answer_of(1)->full = false;
    fx->ws->on_drained(fx->ws, 1);
    settle();
    assert_int_equal(answer_of(1)->pushed_size, sizeof(large));
}

static void an_instance_that_reads_nothing_holds_its_client_back(void **state)
{
    (void)state;
    struct toy_socket *socket = open_tunnel(1);
    static uint8_t large[RELAY_TUNNEL_BYTES * 3];
    socket->room = 0;
    size_t taken = fx->ws->on_bytes(fx->ws, 1, large, sizeof(large));
    settle();
    assert_int_equal(taken, RELAY_TUNNEL_BYTES);
    assert_int_equal(fx->ws->on_bytes(fx->ws, 1, large, 1), 0);
    answer_of(1)->paused = true;
    socket->room = sizeof(large);
    settle();
    assert_false(answer_of(1)->paused);
    assert_int_equal(fx->ws->on_bytes(fx->ws, 1, large, 1), 1);
}

static void either_end_of_a_tunnel_ends_the_other(void **state)
{
    (void)state;
    struct toy_socket *first = open_tunnel(1);
    toy_socket_say(first, "bye", 3);
    toy_socket_end(first);
    settle();
    assert_memory_equal(answer_of(1)->pushed, "bye", 3);
    assert_true(answer_of(1)->closed);
    struct toy_socket *second = open_tunnel(2);
    fx->ws->on_closed(fx->ws, 2, 1006);
    settle();
    assert_true(second->closed);
    assert_int_equal(relay_stats(fx->upstream).tunnels, 0);
    assert_int_equal(relay_stats(fx->upstream).connections, 0);
}

static void a_client_that_went_before_its_tunnel_opened_leaves_nothing(void **state)
{
    (void)state;
    ask_as(1, HTTP_GET, NULL, true);
    answer_of(1)->closed = true;
    struct toy_socket *socket = let_in();
    say(socket, ACCEPT);
    assert_true(socket->closed);
    assert_int_equal(relay_stats(fx->upstream).connections, 0);
}

static void an_upgrade_that_got_no_answer_is_unavailable(void **state)
{
    (void)state;
    ask_as(1, HTTP_GET, NULL, true);
    toy_socket_reset(let_in());
    settle();
    assert_failed(1, ERR_UNAVAILABLE);
}

static void tunnels_do_not_count_among_the_connections_for_requests(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        open_tunnel(i);
    }
    ask(100, HTTP_GET);
    say(let_in(), REPLY);
    assert_int_equal(answer_of(100)->status, 200);
    assert_int_equal(relay_stats(fx->upstream).tunnels, 20);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_goes_to_an_instance_and_its_reply_to_the_client),
        T(a_reply_may_come_in_any_pieces),
        T(a_head_is_asked_as_a_get),
        T(a_connection_carries_one_request_after_the_other),
        T(an_idle_connection_is_given_up_in_time),
        T(a_connection_that_says_too_much_or_close_carries_nothing_more),
        T(bytes_that_nobody_asked_for_end_the_connection),
        T(a_reply_before_any_of_its_request_left_is_of_another_one),
        T(a_connection_with_the_rest_of_a_request_carries_no_other),
        T(more_requests_than_connections_are_overloaded),
        T(what_never_left_is_asked_elsewhere_whatever_it_does),
        T(an_instance_that_refuses_is_left_out_for_a_while),
        T(where_nobody_listens_it_is_unavailable),
        T(what_changes_nothing_is_asked_again_when_its_connection_breaks),
        T(what_may_have_been_done_is_never_said_twice),
        T(a_request_that_met_a_connection_on_its_way_out_goes_elsewhere),
        T(what_was_lost_with_an_instance_is_asked_of_another),
        T(tries_are_counted),
        T(a_reply_that_is_none_ends_the_connection),
        T(a_request_has_its_time_with_all_its_tries),
        T(a_service_of_this_process_is_called),
        T(lists_of_instances_are_read_strictly),
        T(a_websocket_becomes_a_tunnel),
        T(a_refused_upgrade_is_told_as_it_is),
        T(a_client_that_reads_nothing_holds_its_instance_back),
        T(an_instance_that_reads_nothing_holds_its_client_back),
        T(either_end_of_a_tunnel_ends_the_other),
        T(a_client_that_went_before_its_tunnel_opened_leaves_nothing),
        T(an_upgrade_that_got_no_answer_is_unavailable),
        T(tunnels_do_not_count_among_the_connections_for_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
