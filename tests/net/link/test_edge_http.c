/* test_edge_http - requests through real sockets: whole and in pieces, one behind the other, late,
 * wrong. */

#include "edge_house.h"

#include <string.h>
#include <sys/socket.h>

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
        {"GET /?x=%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
        {"GET /?%=x HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
        {"GET /?x=%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
        {"GET /?x=%ff HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
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
    put_text(client, "GET /abc HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_text(client, "\r\n\r\n/abc");
    drop_input(client);
    put_text(
        client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    wait_text(client, "HTTP/1.1 100 Continue\r\n\r\n");
    put_text(client, "x");
    wait_text(client, "200 OK");
    client_destroy(client);
    wait_no_connections();
}

static void a_head_that_is_refused_is_answered_without_a_body(void **state)
{
    (void)state;
    static const char *const rows[] = {"HEAD /?x=%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client *client = client_create();
        put_text(client, rows[i]);
        wait_end(client);
        assert_non_null(strstr(client->in, "Connection: close"));
        assert_null(strstr(client->in, "{"));
        client_destroy(client);
    }
    struct client *client = client_create();
    put_text(client, "HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n");
    wait_end(client);
    assert_non_null(strstr(client->in, "{\"error\":{"));
    client_destroy(client);
    wait_no_connections();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(a_request_is_answered_and_the_connection_stays),
        T(a_request_may_be_cut_anywhere),
        T(pipelined_requests_are_answered_in_order),
        T(the_next_request_waits_for_a_late_answer),
        T(a_client_that_leaves_before_its_answer_is_gone),
        T(every_answer_says_who_may_read_it),
        T(errors_are_answered_and_end_the_connection),
        T(head_is_answered_without_a_body_and_100_is_sent),
        T(a_head_that_is_refused_is_answered_without_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
