/* test_edge - real sockets through the real loop: requests, upgrades, frames, slow readers,
 * deadlines. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "link/edge.h"
#include "loop/loop_uv.h"

#define TURNS_MAX 2000

struct fixture {
    struct loop_uv *loop;
    struct world world;
    struct logger logger;
    struct edge *edge;
    struct edge_http_handler http;
    struct edge_ws_handler ws;
    uint16_t port;
    struct conn_id asked; /* the last request that was left unanswered */
    bool answer_later;
    uint32_t requests, gone, texts, closed, drained;
    uint16_t close_code;
    uint32_t slot; /* of the last WebSocket */
    char text[70000];
    uint32_t text_size;
    bool close_in_text;
};

static struct fixture *fx;

static void on_request(struct edge_http_handler *handler, const struct edge_request *request)
{
    (void)handler;
    fx->requests++;
    fx->asked = request->conn;
    if (fx->answer_later) {
        assert_non_null(edge_keep(fx->edge, request->conn));
        return;
    }
    if (request->wants_websocket) {
        fx->slot = request->conn.slot;
        edge_upgrade(fx->edge, request->conn, &fx->ws, "chattifier.v1", 7);
        assert_int_equal(edge_cookie(fx->edge, fx->slot), 7);
        edge_reply(fx->edge, fx->slot, "\x81\x05ready", 7);
        return;
    }
    struct edge_response response = {.status = 200,
        .content_type = "text/plain; charset=utf-8",
        .body = request->body.size ? request->body : request->path};
    edge_respond(fx->edge, request->conn, &response);
}

static void on_gone(struct edge_http_handler *handler, struct conn_id conn)
{
    (void)handler;
    assert_int_equal(conn.slot, fx->asked.slot);
    fx->gone++;
}

static void on_text(struct edge_ws_handler *handler, uint32_t slot, char *bytes, uint32_t size)
{
    (void)handler;
    fx->texts++;
    assert_true(size <= sizeof(fx->text));
    memcpy(fx->text, bytes, size);
    fx->text_size = size;
    if (fx->close_in_text) {
        edge_close(fx->edge, slot, 4002, "bye");
        assert_int_equal(fx->closed, 0);
    }
}

static void on_closed(struct edge_ws_handler *handler, uint32_t slot, uint16_t code)
{
    (void)handler;
    assert_int_equal(slot, fx->slot);
    fx->closed++;
    fx->close_code = code;
}

static void on_drained(struct edge_ws_handler *handler, uint32_t slot)
{
    (void)handler;
    assert_int_equal(edge_queued_bytes(fx->edge, slot), 0);
    fx->drained++;
}

static struct edge_limits limits(void)
{
    return (struct edge_limits){.connections_max = 100,
        .connections_per_address = 90,
        .queued_bytes_max = 100000,
        .queued_bytes_total_max = 1000000,
        .message_bytes_max = 65536,
        .body_bytes_max = 65536,
        .header_timeout_ms = 5000,
        .body_timeout_ms = 5000,
        .keep_alive_ms = 5000,
        .requests_per_connection = 1000,
        .heartbeat_ms = 30000,
        .message_timeout_ms = 10000,
        .close_timeout_ms = 5000,
        .control_frames_per_second = 50};
}

static int set_up(void **state)
{
    (void)state;
    fx = mem_new(sizeof(*fx));
    logger_init(&fx->logger, "test", LOG_LEVEL_ERROR, false);
    struct loop_uv_options options = {.logger = &fx->logger};
    fx->loop = loop_uv_create(&options, &fx->world);
    struct edge_limits l = limits();
    fx->edge = edge_create(&fx->world, &l);
    fx->http = (struct edge_http_handler){on_request, on_gone};
    fx->ws = (struct edge_ws_handler){
        .on_text = on_text, .on_closed = on_closed, .on_drained = on_drained};
    return edge_listen(fx->edge, "127.0.0.1", 0, false, &fx->http, &fx->port);
}

static int tear_down(void **state)
{
    (void)state;
    edge_destroy(fx->edge);
    loop_uv_destroy(fx->loop);
    mem_free(fx);
    return 0;
}

/* ---- a client */

struct client {
    int sock;
    char in[400000];
    size_t size;
    bool ended;
};

static void turn(void)
{
    loop_uv_turn(fx->loop, 1);
}

static struct client *client_create(void)
{
    struct client *client = mem_new(sizeof(*client));
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons(fx->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    client->sock = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client->sock, (struct sockaddr *)&to, sizeof(to)), 0);
    return client;
}

static void client_destroy(struct client *client)
{
    close(client->sock);
    mem_free(client);
}

static void put(struct client *client, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t sent =
            send(client->sock, (const char *)bytes + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(sent > 0 || errno == EAGAIN);
        at += sent > 0 ? (size_t)sent : 0;
        turn();
    }
}

static void put_text(struct client *client, const char *text)
{
    put(client, text, strlen(text));
}

static void take(struct client *client)
{
    turn();
    ssize_t got = recv(client->sock, client->in + client->size,
        sizeof(client->in) - client->size - 1, MSG_DONTWAIT);
    client->ended |= got == 0 || (got < 0 && errno != EAGAIN);
    client->size += got > 0 ? (size_t)got : 0;
}

static void wait_bytes(struct client *client, size_t size)
{
    for (int i = 0; i < TURNS_MAX && client->size < size && !client->ended; i++) {
        take(client);
    }
    assert_true(client->size >= size);
}

static void wait_text(struct client *client, const char *text)
{
    for (int i = 0; i < TURNS_MAX && !memmem(client->in, client->size, text, strlen(text)); i++) {
        take(client);
    }
    if (!memmem(client->in, client->size, text, strlen(text))) {
        fail_msg("no '%s' in '%s'", text, client->in);
    }
}

static void wait_end(struct client *client)
{
    for (int i = 0; i < TURNS_MAX && !client->ended; i++) {
        take(client);
    }
    assert_true(client->ended);
}

static void wait_no_connections(void)
{
    for (int i = 0; i < TURNS_MAX && edge_stats(fx->edge).connections > 0; i++) {
        turn();
    }
    assert_int_equal(edge_stats(fx->edge).connections, 0);
    assert_int_equal(edge_stats(fx->edge).queued_bytes, 0);
}

static void drop_input(struct client *client)
{
    client->size = 0;
    memset(client->in, 0, sizeof(client->in));
}

#define OFFER                                                                                      \
    "GET /s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "                             \
    "Upgrade\r\nSec-WebSocket-Version: 13\r\n"                                                     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static struct client *ws_create(void)
{
    struct client *client = client_create();
    put_text(client, OFFER);
    wait_text(client, "\r\n\r\n\x81\x05ready");
    assert_non_null(strstr(client->in, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    drop_input(client);
    return client;
}

static size_t frame(uint8_t first, const void *payload, size_t size, uint8_t *ret)
{
    static const uint8_t mask[4] = {0x11, 0x22, 0x33, 0x44};
    size_t at = 2;
    ret[0] = first;
    if (size < 126) {
        ret[1] = (uint8_t)(0x80 | size);
    } else {
        ret[1] = 0x80 | 126;
        ret[2] = (uint8_t)(size >> 8);
        ret[3] = (uint8_t)size;
        at = 4;
    }
    memcpy(ret + at, mask, 4);
    for (size_t i = 0; i < size; i++) {
        ret[at + 4 + i] = ((const uint8_t *)payload)[i] ^ mask[i & 3];
    }
    return at + 4 + size;
}

static void put_frame(struct client *client, uint8_t first, const void *payload, size_t size)
{
    static uint8_t bytes[70000];
    put(client, bytes, frame(first, payload, size, bytes));
}

/* ---- HTTP */

static void a_request_is_answered_and_the_connection_stays(void **state)
{
    (void)state;
    struct client *client = client_create();
    for (int i = 0; i < 3; i++) {
        drop_input(client);
        put_text(client, "GET /a%20b HTTP/1.1\r\nHost: a\r\n\r\n");
        wait_text(client, "\r\n\r\n/a b");
        assert_memory_equal(client->in, "HTTP/1.1 200 OK\r\n", 17);
    }
    client_destroy(client);
    wait_no_connections();
}

static void a_request_may_be_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                               "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    struct client *client = client_create();
    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        drop_input(client);
        put(client, text, cut);
        put(client, text + cut, sizeof(text) - 1 - cut);
        wait_text(client, "\r\n\r\nabcde");
    }
    client_destroy(client);
    wait_no_connections();
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct client *client = client_create();
    put_text(client,
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
        "2\r\n\r\nxyGET /3 HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n");
    wait_end(client);
    char *one = strstr(client->in, "\r\n\r\n/1");
    char *two = strstr(client->in, "\r\n\r\nxy");
    char *three = strstr(client->in, "\r\n\r\n/3");
    char *bad = strstr(client->in, "400 Bad Request");
    assert_true(one && one < two && two < three && three < bad);
    assert_int_equal(fx->requests, 3);
    client_destroy(client);
    wait_no_connections();
}

static void the_next_request_waits_for_a_late_answer(void **state)
{
    (void)state;
    struct client *client = client_create();
    fx->answer_later = true;
    put_text(
        client, "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        take(client);
    }
    assert_int_equal(fx->requests, 1);
    const struct edge_request *kept = edge_keep(fx->edge, fx->asked);
    assert_memory_equal(kept->path.at, "/1", 2);
    assert_int_equal(edge_request_field(kept, "x").at[0], 'y');
    fx->answer_later = false;
    struct edge_response response = {
        .status = 200, .content_type = "text/plain", .body = kept->path};
    edge_respond(fx->edge, fx->asked, &response);
    edge_respond(fx->edge, fx->asked, &response);
    wait_text(client, "\r\n\r\n/2");
    assert_non_null(strstr(client->in, "\r\n\r\n/1"));
    client_destroy(client);
    wait_no_connections();
}

static void a_client_that_leaves_before_its_answer_is_gone(void **state)
{
    (void)state;
    struct client *client = client_create();
    struct linger at_once = {1, 0};
    fx->answer_later = true;
    put_text(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        take(client);
    }
    setsockopt(client->sock, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    client_destroy(client);
    wait_no_connections();
    assert_int_equal(fx->gone, 1);
    struct edge_response response = {.status = 200, .body_buf_take = buf_copy("x", 1)};
    edge_respond(fx->edge, fx->asked, &response);
}

static const struct edge_readers *on_head(
    struct edge_http_handler *handler, const struct http_head *head)
{
    static const struct edge_readers page = {{"https://app.example", 19}}, nobody = {{NULL, 0}};
    (void)handler;
    if (head->path.size == 1) {
        return NULL;
    }
    return http1_field(head->fields, head->field_count, "origin").size > 0 ? &page : &nobody;
}

static void every_answer_says_who_may_read_it(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "GET /api HTTP/1.1\r\nHost: a\r\nOrigin: x\r\nConnection: close\r\n\r\n",
        "GET /%2f HTTP/1.1\r\nHost: a\r\nOrigin: x\r\n\r\n",
        "POST /api HTTP/1.1\r\nHost: a\r\nOrigin: x\r\nContent-Length: 65537\r\n\r\n",
    };
    fx->http.on_head = on_head;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client *client = client_create();
        put_text(client, rows[i]);
        wait_end(client);
        assert_non_null(
            strstr(client->in, "\r\nAccess-Control-Allow-Origin: https://app.example\r\n"));
        assert_non_null(strstr(client->in, "\r\nVary: Origin\r\n"));
        client_destroy(client);
    }
    struct client *client = client_create();
    put_text(client, "GET /api HTTP/1.1\r\nHost: a\r\nOrigin: x\r\n\r\n");
    wait_text(client, "\r\n\r\n/api");
    drop_input(client);
    put_text(client, "GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(client, "\r\n\r\n/api");
    assert_null(strstr(client->in, "Access-Control"));
    assert_non_null(strstr(client->in, "\r\nVary: Origin\r\n"));
    drop_input(client);
    put_text(client, "GET / HTTP/1.1\r\nHost: a\r\nOrigin: x\r\n\r\n");
    wait_text(client, "\r\n\r\n/");
    assert_null(strstr(client->in, "Vary"));
    client_destroy(client);
    wait_no_connections();
}

static void errors_are_answered_and_end_the_connection(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"GET / HTTP/1.1\nHost: a\r\n\r\n", "400 Bad Request"},
        {"GET /%2f HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", "413 Content Too Large"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n",
            "413 Content Too Large"},
        {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "Allow: GET"},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
         "upgrade\r\nSec-WebSocket-Version: 8\r\n\r\n",
            "Sec-WebSocket-Version: 13"},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
         "upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n",
            "400 Bad Request"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client *client = client_create();
        put_text(client, rows[i][0]);
        wait_end(client);
        assert_non_null(strstr(client->in, rows[i][1]));
        assert_non_null(strstr(client->in, "Connection: close"));
        assert_non_null(strstr(client->in, "{\"error\":{\"code\":\""));
        client_destroy(client);
    }
    assert_int_equal(fx->requests, 0);
    wait_no_connections();
}

static void head_is_answered_without_a_body_and_100_is_sent(void **state)
{
    (void)state;
    struct client *client = client_create();
    put_text(client, "HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(client, "\r\n\r\n");
    assert_non_null(strstr(client->in, "Content-Length: 4"));
    assert_null(strstr(client->in, "/abc"));
    drop_input(client);
    put_text(
        client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    wait_text(client, "HTTP/1.1 100 Continue\r\n\r\n");
    put_text(client, "x");
    wait_text(client, "200 OK");
    client_destroy(client);
    wait_no_connections();
}

static void a_slow_head_is_408(void **state)
{
    (void)state;
    struct edge_limits l = limits();
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

static void too_many_connections_are_refused(void **state)
{
    (void)state;
    struct edge_limits l = limits();
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

/* ---- WebSocket */

static void a_text_is_heard_however_it_is_cut(void **state)
{
    (void)state;
    struct client *client = ws_create();
    uint8_t bytes[100];
    size_t size = frame(0x81, "h\xc3\xa9llo", 6, bytes);
    for (size_t cut = 0; cut < size; cut++) {
        fx->texts = 0;
        put(client, bytes, cut);
        put(client, bytes + cut, size - cut);
        for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
            take(client);
        }
        assert_int_equal(fx->text_size, 6);
        assert_memory_equal(fx->text, "h\xc3\xa9llo", 6);
    }
    static char large[65536];
    memset(large, 'x', sizeof(large));
    put_frame(client, 0x01, large, 60000);
    put_frame(client, 0x80, large, 5536);
    for (int i = 0; i < TURNS_MAX && fx->text_size != 65536; i++) {
        take(client);
    }
    assert_int_equal(fx->text_size, 65536);
    client_destroy(client);
    wait_no_connections();
    assert_int_equal(fx->close_code, 1006);
}

static void a_ping_is_answered_and_a_close_echoed(void **state)
{
    (void)state;
    struct client *client = ws_create();
    put_frame(client, 0x89, "abc", 3);
    wait_text(client, "\x8a\x03"
                      "abc");
    put_frame(client, 0x88, "\x03\xe8", 2);
    wait_text(client, "\x88\x02\x03\xe8");
    wait_end(client);
    assert_int_equal(fx->closed, 1);
    assert_int_equal(fx->close_code, 1000);
    client_destroy(client);
    wait_no_connections();
}

static void breaches_close_with_their_code(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        uint16_t code;
    } rows[] = {{"\x81\x01x", 3, 1002}, {"\xc1\x80", 2, 1002}, {"\x83\x80", 2, 1002},
        {"\x09\x80", 2, 1002}, {"\x89\xfe", 2, 1002}, {"\x80\x80\0\0\0\0", 6, 1002},
        {"\x82\x81\0\0\0\0x", 7, 1003}, {"\x81\x81\0\0\0\0\xff", 7, 1007},
        {"\x81\xff\0\0\0\0\0\1\0\1\0\0\0\0", 14, 1009},
        {"\x81\xff\x80\0\0\0\0\0\0\1\0\0\0\0", 14, 1002}, {"\x81\xfe\0\x7d\0\0\0\0", 8, 1002},
        {"\x88\x81\0\0\0\0x", 7, 1002}, {"\x88\x82\0\0\0\0\x03\xed", 8, 1002},
        {"\x88\x83\0\0\0\0\x03\xe8\xff", 9, 1007}, {"\x81\x82\0\0\0\0\xc3", 7, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fx->closed = 0;
        struct client *client = ws_create();
        put(client, rows[i].bytes, rows[i].size);
        if (rows[i].code) {
            wait_end(client);
            assert_int_equal(fx->close_code, rows[i].code);
            assert_int_equal((uint8_t)client->in[0], 0x88);
            assert_int_equal((uint8_t)client->in[2] << 8 | (uint8_t)client->in[3], rows[i].code);
        }
        client_destroy(client);
        wait_no_connections();
        assert_int_equal(fx->closed, 1);
    }
}

static void closing_inside_a_callback_is_told_after_it(void **state)
{
    (void)state;
    struct client *client = ws_create();
    fx->close_in_text = true;
    put_frame(client, 0x81, "x", 1);
    wait_text(client, "\x88\x05\x0f\xa2"
                      "bye");
    assert_int_equal(fx->closed, 1);
    assert_int_equal(fx->close_code, 4002);
    put_frame(client, 0x88, "\x0f\xa2", 2);
    wait_end(client);
    client_destroy(client);
    wait_no_connections();
}

static void a_silent_client_is_pinged_and_closed(void **state)
{
    (void)state;
    struct edge_limits l = limits();
    l.heartbeat_ms = 40;
    l.close_timeout_ms = 100;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    wait_end(client);
    assert_memory_equal(client->in, "\x89\x00\x89\x00\x88", 5);
    assert_int_equal(fx->close_code, 4007);
    client_destroy(client);
    wait_no_connections();
}

static void an_unfinished_message_is_closed(void **state)
{
    (void)state;
    struct edge_limits l = limits();
    l.message_timeout_ms = 40;
    edge_set_limits(fx->edge, &l);
    struct client *client = ws_create();
    put_frame(client, 0x01, "x", 1);
    wait_end(client);
    assert_int_equal(fx->close_code, 1002);
    client_destroy(client);
    wait_no_connections();
}

static void a_block_is_shared_and_may_grow_after_the_push(void **state)
{
    (void)state;
    struct client *one = ws_create();
    uint32_t slot_one = fx->slot;
    struct client *two = ws_create();
    struct edge_block *block = edge_block_create(fx->edge, 4);
    edge_block_append(fx->edge, block,
        "\x81\x01"
        "a",
        3);
    assert_true(edge_push(fx->edge, slot_one, block));
    assert_true(edge_push(fx->edge, fx->slot, block));
    assert_true(edge_push_bytes(fx->edge, fx->slot,
        "\x81\x01"
        "c",
        3));
    edge_reply(fx->edge, fx->slot,
        "\x81\x01"
        "r",
        3);
    edge_block_append(fx->edge, block,
        "\x81\x01"
        "b",
        3);
    assert_int_equal(block->pushes, 2);
    edge_block_unref(fx->edge, block);
    wait_bytes(one, 6);
    wait_bytes(two, 12);
    assert_memory_equal(one->in,
        "\x81\x01"
        "a\x81\x01"
        "b",
        6);
    assert_memory_equal(two->in,
        "\x81\x01"
        "r\x81\x01"
        "a\x81\x01"
        "b\x81\x01"
        "c",
        12);
    fx->slot = slot_one;
    client_destroy(one);
    while (edge_stats(fx->edge).connections > 1) {
        turn();
    }
    fx->slot = slot_one + 1;
    client_destroy(two);
    wait_no_connections();
}

static void a_slow_reader_gets_a_gap_and_is_told_when_drained(void **state)
{
    (void)state;
    struct client *client = ws_create();
    static char bytes[40000];
    size_t pushed = 0;
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 1000; i++) {
        struct edge_block *block = edge_block_create(fx->edge, sizeof(bytes));
        edge_block_append(fx->edge, block, bytes, sizeof(bytes));
        bool fine = edge_push(fx->edge, fx->slot, block);
        edge_block_unref(fx->edge, block);
        if (!fine) {
            break;
        }
        pushed += sizeof(bytes);
        turn();
    }
    assert_true(edge_queued_bytes(fx->edge, fx->slot) > 0);
    assert_true(edge_queued_bytes(fx->edge, fx->slot) <= limits().queued_bytes_max);
    size_t got = 0;
    for (int i = 0; i < TURNS_MAX * 10 && fx->drained == 0; i++) {
        client->size = 0;
        take(client);
        got += client->size;
    }
    assert_int_equal(fx->drained, 1);
    for (int i = 0; i < TURNS_MAX && got < pushed; i++) {
        client->size = 0;
        take(client);
        got += client->size;
    }
    assert_int_equal(got, pushed);
    client_destroy(client);
    wait_no_connections();
}

static void a_paused_connection_is_not_read(void **state)
{
    (void)state;
    struct client *client = ws_create();
    edge_pause(fx->edge, fx->slot);
    put_frame(client, 0x81, "x", 1);
    for (int i = 0; i < 20; i++) {
        take(client);
    }
    assert_int_equal(fx->texts, 0);
    edge_resume(fx->edge, fx->slot);
    for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
        take(client);
    }
    assert_int_equal(fx->texts, 1);
    client_destroy(client);
    wait_no_connections();
}

static void an_upgrade_may_come_later(void **state)
{
    (void)state;
    struct client *client = client_create();
    fx->answer_later = true;
    put_text(client, OFFER);
    for (int i = 0; i < 20; i++) {
        take(client);
    }
    put_frame(client, 0x81, "early", 5);
    fx->slot = fx->asked.slot;
    edge_upgrade(fx->edge, fx->asked, &fx->ws, NULL, 1);
    wait_text(client, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (int i = 0; i < TURNS_MAX && fx->texts == 0; i++) {
        take(client);
    }
    assert_int_equal(fx->texts, 1);
    client_destroy(client);
    wait_no_connections();
}

static void too_many_control_frames_close(void **state)
{
    (void)state;
    struct client *client = ws_create();
    uint8_t bytes[1000];
    size_t size = 0;
    for (int i = 0; i < 60; i++) {
        size += frame(0x89, "", 0, bytes + size);
    }
    put(client, bytes, size);
    wait_end(client);
    assert_int_equal(fx->close_code, 4006);
    client_destroy(client);
    wait_no_connections();
}

static void everybody_is_closed_at_the_end(void **state)
{
    (void)state;
    struct client *ws = ws_create();
    struct client *http = client_create();
    for (int i = 0; i < 10; i++) {
        take(http);
    }
    edge_stop_listening(fx->edge);
    edge_close_all(fx->edge, 1012, "restart");
    wait_end(http);
    wait_text(ws, "\x88\x09\x03\xf4"
                  "restart");
    put_frame(ws, 0x88, "\x03\xf4", 2);
    wait_end(ws);
    client_destroy(ws);
    client_destroy(http);
    wait_no_connections();
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(a_request_is_answered_and_the_connection_stays),
        T(a_request_may_be_cut_anywhere),
        T(pipelined_requests_are_answered_in_order),
        T(the_next_request_waits_for_a_late_answer),
        T(a_client_that_leaves_before_its_answer_is_gone),
        T(errors_are_answered_and_end_the_connection),
        T(every_answer_says_who_may_read_it),
        T(head_is_answered_without_a_body_and_100_is_sent),
        T(a_slow_head_is_408),
        T(too_many_connections_are_refused),
        T(a_text_is_heard_however_it_is_cut),
        T(a_ping_is_answered_and_a_close_echoed),
        T(breaches_close_with_their_code),
        T(closing_inside_a_callback_is_told_after_it),
        T(a_silent_client_is_pinged_and_closed),
        T(an_unfinished_message_is_closed),
        T(a_block_is_shared_and_may_grow_after_the_push),
        T(a_slow_reader_gets_a_gap_and_is_told_when_drained),
        T(a_paused_connection_is_not_read),
        T(an_upgrade_may_come_later),
        T(too_many_control_frames_close),
        T(everybody_is_closed_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
