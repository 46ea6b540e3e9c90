/* test_http1_reply - requests to servers as bytes, and their replies: what is believed. */

#include "test.h"

#include <string.h>

#include "wire/http1_reply.h"

/* ---- requests */

#define FIELDS_MAX 12

struct asked {
    struct http_field fields[FIELDS_MAX];
    struct http_ask ask;
    char text[2048];
};

/* "name: value" each, NULL at the end. */
static size_t write(struct asked *asked, enum http_method method, const char *const *lines)
{
    asked->ask = (struct http_ask){.method = method,
        .target = str("/a?b=%20"),
        .fields = asked->fields,
        .host = str("none"),
        .own = {str("X-Forwarded-For"), str("192.0.2.7")},
        .body_size = asked->ask.body_size,
        .websocket = asked->ask.websocket};
    for (; *lines; lines++) {
        const char *colon = strchr(*lines, ':');
        assert_true(asked->ask.field_count < FIELDS_MAX);
        asked->fields[asked->ask.field_count++] =
            (struct http_field){{*lines, (uint32_t)(colon - *lines)}, str(colon + 2)};
    }
    size_t size = http1_write_ask(&asked->ask, asked->text, sizeof(asked->text) - 1);
    asked->text[size] = 0;
    return size;
}

static void a_request_is_made_anew_with_ours_behind_the_clients_fields(void **state)
{
    (void)state;
    static const char *const lines[] = {"Host: chat.example", "Authorization: Bearer x", NULL};
    struct asked asked = {0};
    write(&asked, HTTP_GET, lines);
    assert_string_equal(asked.text, "GET /a?b=%20 HTTP/1.1\r\nHost: chat.example\r\n"
                                    "Authorization: Bearer x\r\nX-Forwarded-For: 192.0.2.7\r\n"
                                    "\r\n");
}

static void what_belongs_to_the_clients_connection_stays_there(void **state)
{
    (void)state;
    static const char *const lines[] = {"Host: a", "Connection: keep-alive, X-Mine", "x-mine: 1",
        "Transfer-Encoding: chunked", "content-length: 7", "TE: trailers", "Upgrade: h2c",
        "Expect: 100-continue", "Keep-Alive: 5", "Sec-WebSocket-Extensions: x", "X-Other: 2", NULL};
    struct asked asked = {0};
    write(&asked, HTTP_GET, lines);
    assert_string_equal(asked.text, "GET /a?b=%20 HTTP/1.1\r\nHost: a\r\nX-Other: 2\r\n"
                                    "X-Forwarded-For: 192.0.2.7\r\n\r\n");
}

static void a_host_that_stays_with_the_clients_connection_is_ours(void **state)
{
    (void)state;
    static const char *const lines[] = {"Host: a", "Connection: Host", NULL};
    struct asked asked = {0};
    write(&asked, HTTP_GET, lines);
    assert_string_equal(asked.text, "GET /a?b=%20 HTTP/1.1\r\nHost: none\r\n"
                                    "X-Forwarded-For: 192.0.2.7\r\n\r\n");
}

static void the_length_is_ours_to_say(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    struct asked asked = {.ask.body_size = 12};
    write(&asked, HTTP_POST, none);
    assert_non_null(strstr(asked.text, "\r\nHost: none\r\n"));
    assert_non_null(strstr(asked.text, "\r\nContent-Length: 12\r\n\r\n"));
    asked.ask.body_size = 0;
    write(&asked, HTTP_PUT, none);
    assert_non_null(strstr(asked.text, "\r\nContent-Length: 0\r\n\r\n"));
    write(&asked, HTTP_DELETE, none);
    assert_null(strstr(asked.text, "Content-Length"));
}

static void an_upgrade_is_said_by_us_and_keeps_the_clients_key(void **state)
{
    (void)state;
    static const char *const lines[] = {"Host: a", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", NULL};
    struct asked asked = {.ask.websocket = true};
    write(&asked, HTTP_GET, lines);
    assert_non_null(strstr(asked.text, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    assert_non_null(strstr(asked.text, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    assert_null(strstr(strstr(asked.text, "Upgrade: websocket") + 1, "Upgrade: websocket"));
}

static void what_could_split_a_request_is_not_written(void **state)
{
    (void)state;
    static const char *const bad[] = {"X: a\r\nB: c", "X y: 1", ": 1", "X: a\nb"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *const lines[] = {bad[i], NULL};
        struct asked asked = {0};
        assert_int_equal(write(&asked, HTTP_GET, lines), 0);
    }
    static const char *const none[] = {NULL};
    struct asked asked = {0};
    size_t size = write(&asked, HTTP_GET, none);
    asked.ask.target = str("/a b");
    assert_int_equal(http1_write_ask(&asked.ask, asked.text, sizeof(asked.text)), 0);
    asked.ask.target = str("");
    assert_int_equal(http1_write_ask(&asked.ask, asked.text, sizeof(asked.text)), 0);
    asked.ask.target = str("/a?b=%20");
    for (size_t room = 0; room < size; room++) {
        assert_int_equal(http1_write_ask(&asked.ask, asked.text, room), 0);
    }
    assert_int_equal(http1_write_ask(&asked.ask, asked.text, size), size);
}

/* ---- replies */

struct read {
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_reply reply;
};

static bool read_it(const char *text, enum http_method method, struct read *ret)
{
    size_t scanned = 0;
    size_t head_size = 0;
    return http1_find_end((const uint8_t *)text, strlen(text), &scanned, &head_size) == 0 &&
           http1_read_reply((const uint8_t *)text, head_size, method, ret->fields, &ret->reply);
}

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define LENGTH "Content-Length: 5\r\n"

static void a_reply_says_what_follows_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_method method;
        int status;
        uint64_t body_size;
        bool keep_alive;
    } rows[] = {
        {OK_LINE LENGTH "\r\n", HTTP_GET, 200, 5, true},
        {"HTTP/1.1 201 \r\nContent-Length: 0\r\n\r\n", HTTP_POST, 201, 0, true},
        {"HTTP/1.1 404\r\n" LENGTH "\r\n", HTTP_GET, 404, 5, true},
        {OK_LINE LENGTH "Connection: Close\r\n\r\n", HTTP_GET, 200, 5, false},
        {OK_LINE LENGTH "\r\n", HTTP_HEAD, 200, 0, true},
        {OK_LINE "\r\n", HTTP_HEAD, 200, 0, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", HTTP_DELETE, 204, 0, true},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", HTTP_DELETE, 204, 0, true},
        {"HTTP/1.1 304 Not Modified\r\n" LENGTH "\r\n", HTTP_GET, 304, 0, true},
        {"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n", HTTP_GET,
            101, 0, true},
        {"HTTP/1.1 599 \xe4\r\n" LENGTH "\r\n", HTTP_GET, 599, 5, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct read read;
        assert_true(read_it(rows[i].text, rows[i].method, &read));
        assert_int_equal(read.reply.status, rows[i].status);
        assert_int_equal(read.reply.body_size, rows[i].body_size);
        assert_int_equal(read.reply.keep_alive, rows[i].keep_alive);
    }
}

static void a_reply_that_two_readers_could_understand_differently_is_not_believed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        OK_LINE "\r\n",
        OK_LINE LENGTH LENGTH "\r\n",
        OK_LINE "Content-Length: 5, 5\r\n\r\n",
        OK_LINE "Content-Length: +5\r\n\r\n",
        OK_LINE "Content-Length:\r\n\r\n",
        OK_LINE "Content-Length: 99999999999999999999\r\n\r\n",
        OK_LINE "Transfer-Encoding: chunked\r\n\r\n",
        OK_LINE LENGTH "Transfer-Encoding: chunked\r\n\r\n",
        OK_LINE LENGTH "X: a\rb\r\n\r\n",
        OK_LINE LENGTH " folded\r\n\r\n",
        OK_LINE LENGTH "X y: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1  200 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1 2000 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1 20 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1 2x0 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1 199 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 600 OK\r\n" LENGTH "\r\n",
        "HTTP/1.1 200 O\x01K\r\n" LENGTH "\r\n",
        "HTTP/1.1 204 No Content\r\n" LENGTH "\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n" OK_LINE LENGTH "\r\n",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct read read;
        if (read_it(rows[i], HTTP_GET, &read)) {
            fail_msg("believed: %s", rows[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_made_anew_with_ours_behind_the_clients_fields),
        cmocka_unit_test(what_belongs_to_the_clients_connection_stays_there),
        cmocka_unit_test(a_host_that_stays_with_the_clients_connection_is_ours),
        cmocka_unit_test(the_length_is_ours_to_say),
        cmocka_unit_test(an_upgrade_is_said_by_us_and_keeps_the_clients_key),
        cmocka_unit_test(what_could_split_a_request_is_not_written),
        cmocka_unit_test(a_reply_says_what_follows_it),
        cmocka_unit_test(a_reply_that_two_readers_could_understand_differently_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
