/* test_http1 - requests as raw bytes: what is read, and what is refused with which status. */

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wire/http1.h"

struct parsed {
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_head head;
};

static int parse(const char *text, size_t size, struct parsed *ret)
{
    size_t scanned = 0;
    size_t head_size = 0;
    int status = http1_find_end((const uint8_t *)text, size, &scanned, &head_size);
    return status ? status
                  : http1_read_head((const uint8_t *)text, head_size, ret->fields, &ret->head);
}

struct row {
    int status;
    const char *text;
};

#define H "Host: a\r\n"

static const struct row rows[] = {
    {0, "GET / HTTP/1.1\r\n" H "\r\n"},
    {0, "\r\nGET / HTTP/1.1\r\n" H "\r\n"},
    {0, "GET / HTTP/1.0\r\n\r\n"},
    {0, "OPTIONS * HTTP/1.1\r\n" H "\r\n"},
    {0, "GET http://A/x?y HTTP/1.1\r\n" H "\r\n"},
    {0, "FOO / HTTP/1.1\r\n" H "\r\n"},
    {0, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"},
    {0, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"},
    {0, "POST / HTTP/1.1\r\n" H "Content-Length: 007\r\n\r\n"},
    {HTTP1_MORE, "GET / HTTP/1.1\r\n" H "\r"},
    /* 50: length and coding */
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \vchunked\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"},
    /* 51: lengths */
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\n"},
    /* 53: lines and fields */
    {400, "GET / HTTP/1.1\n" H "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X(: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    /* 54: request lines */
    {505, "GET / HTTP/2.0\r\n" H "\r\n"},
    {505, "GET / HTTP/1.2\r\n" H "\r\n"},
    {400, "GET / HTTP/a.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1x1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.x\r\n" H "\r\n"},
    {400, "GET / HTCP/1.1\r\n" H "\r\n"},
    {400, "GET  HTTP/1.1\r\n" H "\r\n"},
    {400, "A23456789012345678901234567890123 / HTTP/1.1\r\n" H "\r\n"},
    {400, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"},
    {400, "\nGET / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / http/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1 \r\n" H "\r\n"},
    {400, "GET  / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\r\n" H "\r\n"},
    {400, "G@T / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET a HTTP/1.1\r\n" H "\r\n"},
    {400, "GET * HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /#a HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\\a HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http://b/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http://a@b/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET ftp://a/ HTTP/1.1\r\n" H "\r\n"},
    {405, "CONNECT a:80 HTTP/1.1\r\n" H "\r\n"},
    {405, "TRACE / HTTP/1.1\r\n" H "\r\n"},
    {400, "\x16\x03\x01"},
    /* 55: Host */
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:000080\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1]:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"},
    {400, "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n"},
    {400, "GET http://a/ HTTP/1.0\r\n\r\n"},
    {400, "GET http://a HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http://a?/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http:// HTTP/1.1\r\n" H "\r\n"},
    {0, "GET / HTTP/1.1\r\nHost: a-b.c_d:65535\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\nHost: [2001:db8::1.2.3.4]\r\n\r\n"},
    {0, "GET HTTPS://a/?/ HTTP/1.1\r\n" H "\r\n"},
    /* singular fields, 65 */
    {0, "GET / HTTP/1.1\r\n" H "Expect: 100-Continue\r\n\r\n"},
    {0, "GET / HTTP/1.0\r\n" H "Expect: tea\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\n" H "Early: a\r\nEx: b\r\nTe: c\r\nHo: d\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\n" H "X: \t a b \t\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "Authorization: a\r\nAuthorization: b\r\n\r\n"},
    {417, "GET / HTTP/1.1\r\n" H "Expect: tea\r\n\r\n"},
};

static void each_request_is_read_or_refused_as_the_table_says(void **state)
{
    (void)state;
    static struct parsed parsed;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = parse(rows[i].text, strlen(rows[i].text), &parsed);
        if (status != rows[i].status) {
            fail_msg("%d instead of %d: %s", status, rows[i].status, rows[i].text);
        }
    }
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    static struct parsed parsed;
    static const char value[] = "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n";
    static const char target[] = "GET /\0 HTTP/1.1\r\n" H "\r\n";
    assert_int_equal(parse(value, sizeof(value) - 1, &parsed), 400);
    assert_int_equal(parse(target, sizeof(target) - 1, &parsed), 400);
}

static void a_head_cut_anywhere_is_not_whole(void **state)
{
    (void)state;
    static const char text[] = "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    size_t scanned = 0;
    size_t size = 0;
    for (size_t cut = 0; cut + 1 < sizeof(text) - 1; cut++) {
        assert_int_equal(http1_find_end((const uint8_t *)text, cut, &scanned, &size), HTTP1_MORE);
    }
    assert_int_equal(http1_find_end((const uint8_t *)text, sizeof(text) - 1, &scanned, &size), 0);
    assert_int_equal(size, sizeof(text) - 1);
}

static void the_parts_of_a_request_are_found(void **state)
{
    (void)state;
    static struct parsed parsed;
    static const char text[] =
        "PUT /a/b?c=d HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\nConnection: close\r\n\r\n";
    assert_int_equal(parse(text, sizeof(text) - 1, &parsed), 0);
    assert_int_equal(parsed.head.method, HTTP_PUT);
    assert_memory_equal(parsed.head.path.at, "/a/b", 4);
    assert_int_equal(parsed.head.path.size, 4);
    assert_memory_equal(parsed.head.query.at, "c=d", 3);
    assert_false(parsed.head.keep_alive);
    struct cht_str value = http1_field(parsed.head.fields, parsed.head.field_count, "x-y");
    assert_int_equal(value.size, 1);
    assert_int_equal(value.at[0], 'z');
    assert_null(http1_field(parsed.head.fields, parsed.head.field_count, "x").at);
}

static int parse_with_fields(int count)
{
    static char text[HTTP_HEAD_BYTES_MAX];
    static struct parsed parsed;
    size_t size = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < count; i++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size, "A: b\r\n");
    }
    size += (size_t)snprintf(text + size, sizeof(text) - size, "\r\n");
    return parse(text, size, &parsed);
}

static void a_connection_is_kept_as_both_versions_say(void **state)
{
    (void)state;
    static const struct {
        bool kept;
        const char *text;
    } all[] = {{true, "GET / HTTP/1.1\r\n" H "\r\n"},
        {false, "GET / HTTP/1.1\r\n" H "Connection: Close\r\n\r\n"},
        {false, "GET / HTTP/1.1\r\n" H "Connection: keep-alive , close\r\n\r\n"},
        {false, "GET / HTTP/1.0\r\n\r\n"},
        {true, "GET / HTTP/1.0\r\nConnection: ,keep-alive\r\n\r\n"},
        {false, "GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n"}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct parsed parsed;
        assert_int_equal(parse(all[i].text, strlen(all[i].text), &parsed), 0);
        assert_int_equal(parsed.head.keep_alive, all[i].kept);
    }
}

static void an_answer_says_what_its_caller_wants_and_no_more(void **state)
{
    (void)state;
    static const struct http_field fields[] = {{{"X-A", 3}, {"b", 1}}, {{"X-Empty", 7}, {NULL, 0}}};
    struct http_answer answer = {.status = 700,
        .content_type = "text/plain",
        .cache_control = "max-age=5",
        .fields = fields,
        .field_count = 2,
        .keep_alive_1_0 = true};
    char text[512];
    uint32_t bad_fields = 0;
    text[http1_write_head(&answer, text, sizeof(text) - 1, &bad_fields)] = 0;
    assert_int_equal(bad_fields, 0);
    assert_string_equal(text, "HTTP/1.1 500 Internal Server Error\r\n"
                              "Content-Type: text/plain\r\nContent-Length: 0\r\n"
                              "Cache-Control: max-age=5\r\nX-Content-Type-Options: nosniff\r\n"
                              "Connection: keep-alive\r\nX-A: b\r\nX-Empty: \r\n\r\n");
    answer = (struct http_answer){.status = 599, .content_type = "a\r\nb", .close = true};
    text[http1_write_head(&answer, text, sizeof(text) - 1, &bad_fields)] = 0;
    assert_string_equal(text, "HTTP/1.1 599 \r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
                              "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
}

static void a_head_that_does_not_fit_is_not_written(void **state)
{
    (void)state;
    struct http_answer answer = {.status = 200, .content_type = "text/plain", .close = true};
    char text[512];
    uint32_t bad_fields = 0;
    size_t whole = http1_write_head(&answer, text, sizeof(text), &bad_fields);
    assert_true(whole > 0);
    for (size_t room = 0; room < whole; room++) {
        assert_int_equal(http1_write_head(&answer, text, room, &bad_fields), 0);
    }
    assert_int_equal(http1_write_head(&answer, text, whole, &bad_fields), whole);
}

static void a_hundred_fields_are_the_most(void **state)
{
    (void)state;
    assert_int_equal(parse_with_fields(99), 0);
    assert_int_equal(parse_with_fields(100), 0);
    assert_int_equal(parse_with_fields(101), 431);
}

static void lines_and_heads_have_a_longest_size(void **state)
{
    (void)state;
    static char text[HTTP_HEAD_BYTES_MAX + 100];
    static struct parsed parsed;
    size_t size =
        (size_t)snprintf(text, sizeof(text), "GET /%*s HTTP/1.1\r\nHost: a\r\n\r\n", 8192, "");
    memset(text + 5, 'a', 8192);
    assert_int_equal(parse(text, size, &parsed), 431);
    memset(text, 'a', sizeof(text));
    assert_int_equal(parse(text, sizeof(text), &parsed), 431);
    assert_int_equal(parse(text, HTTP_HEAD_BYTES_MAX - 1, &parsed), HTTP1_MORE);
}

static uint64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Of a thousand heads whose one field is a list of so many words. */
static uint64_t cost_of_words(uint32_t words)
{
    static char text[HTTP_HEAD_BYTES_MAX];
    static struct parsed parsed;
    size_t size = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" H "Connection: a");
    for (uint32_t i = 1; i < words; i++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size, " \t,\ta");
    }
    size += (size_t)snprintf(text + size, sizeof(text) - size, "\r\n\r\n");
    uint64_t before = cpu_us();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(parse(text, size, &parsed), 0);
    }
    return cpu_us() - before;
}

/* Were it the square, eight times as much would cost sixty-four times. */
static void a_head_costs_what_its_size_is(void **state)
{
    (void)state;
    uint64_t small = cost_of_words(400);
    assert_true(cost_of_words(3200) < (small + 100) * 24);
}

struct chunk_row {
    int status;
    const char *text;
    const char *body;
};

static const struct chunk_row chunk_rows[] = {
    {0, "5\r\nhello\r\n0\r\n\r\n", "hello"},
    {0, "1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", "a0123456789"},
    {0, "1;x=\"y\"\r\na\r\n0;z\r\n\r\n", "a"},
    {0, "0\r\nX: y\r\nZ: a\r\n\r\n", ""},
    {0, "00000001\r\na\r\n0\r\n\r\n", "a"},
    {400, "\r\n", ""},
    {400, "+1\r\na", ""},
    {400, "0x1\r\na", ""},
    {400, " 1\r\na", ""},
    {400, "1 \r\na", ""},
    {400, "g\r\n", ""},
    {400, "1\na", ""},
    {400, "1\r\nab\r\n", "a"},
    {400, "1\r\na\n0\r\n", "a"},
    {400, "000000001\r\na", ""},
    {400, "1;\ra\r\n", ""},
    {400, "0\r\n x: y\r\n\r\n", ""},
    {400, "0\r\n\rx", ""},
    {413, "fffffff\r\na", ""},
};

static void chunks_are_decoded_or_refused_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(chunk_rows) / sizeof(chunk_rows[0]); i++) {
        const struct chunk_row *row = &chunk_rows[i];
        size_t size = strlen(row->text);
        for (size_t step = 1; step <= size; step++) {
            uint8_t bytes[128];
            struct http_chunks chunks = {0};
            size_t decoded = 0;
            int status = HTTP1_MORE;
            memcpy(bytes, row->text, size);
            for (size_t at = 0; at < size && status == HTTP1_MORE; at += step) {
                size_t used = 0;
                size_t got = 0;
                size_t part = size - at < step ? size - at : step;
                status = http1_chunks(&chunks, bytes + at, part, bytes + decoded, 100, &used, &got);
                decoded += got;
            }
            assert_int_equal(status, row->status);
            assert_int_equal(decoded, strlen(row->body));
            assert_memory_equal(bytes, row->body, decoded);
        }
    }
}

static void long_chunk_extensions_are_refused(void **state)
{
    (void)state;
    uint8_t text[400] = "1;";
    struct http_chunks chunks = {0};
    size_t used;
    size_t got;
    memset(text + 2, 'a', sizeof(text) - 2);
    assert_int_equal(http1_chunks(&chunks, text, sizeof(text), text, 100, &used, &got), 400);
}

static void long_trailers_are_refused(void **state)
{
    (void)state;
    static uint8_t text[HTTP_TRAILER_BYTES_MAX + 100] = "0\r\n";
    struct http_chunks chunks = {0};
    size_t used;
    size_t got;
    memset(text + 3, 'a', sizeof(text) - 3);
    assert_int_equal(http1_chunks(&chunks, text, sizeof(text), text, 100, &used, &got), 431);
}

static void an_answer_is_never_split_by_a_field(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"X", "a\r\nSet-Cookie: b"}, {"X\r\nY", "a"}, {"", "a"},
        {"X", "a\nb"}, {"X", " a"}, {"X", "a\t"}, {"X", "\ta"}, {"X", "a "}, {"X", "a\x01"},
        {"Content-Length", "5"}, {"transfer-encoding", "chunked"}, {"Connection", "close"},
        {"Content-Type", "a/b"}, {"CACHE-CONTROL", "public"}, {"X-Content-Type-Options", "a"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_field field = {
            {bad[i][0], (uint32_t)strlen(bad[i][0])}, {bad[i][1], (uint32_t)strlen(bad[i][1])}};
        struct http_answer answer = {
            .status = 200, .fields = &field, .field_count = 1, .body_size = 3};
        char text[512];
        uint32_t bad_fields = 0;
        size_t size = http1_write_head(&answer, text, sizeof(text) - 1, &bad_fields);
        text[size] = 0;
        assert_int_equal(bad_fields, 1);
        assert_null(strstr(text, "Set-Cookie"));
        assert_non_null(strstr(text, "Content-Length: 3\r\n"));
        assert_non_null(strstr(text, "X-Content-Type-Options: nosniff\r\n"));
        assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
    }
}

static void answers_without_a_body_have_no_length(void **state)
{
    (void)state;
    static const int statuses[] = {101, 204, 304};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct http_answer answer = {.status = statuses[i]};
        char text[512];
        uint32_t bad_fields = 0;
        text[http1_write_head(&answer, text, sizeof(text) - 1, &bad_fields)] = 0;
        assert_null(strstr(text, "Content-Length"));
        assert_int_equal(http1_write_head(&answer, text, 20, &bad_fields), 0);
    }
}

static void a_status_that_is_none_is_our_fault(void **state)
{
    (void)state;
    struct http_answer answer = {.status = 99};
    char text[512];
    uint32_t bad_fields = 0;
    text[http1_write_head(&answer, text, sizeof(text) - 1, &bad_fields)] = 0;
    assert_memory_equal(text, "HTTP/1.1 500 ", 13);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_read_or_refused_as_the_table_says),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(a_head_cut_anywhere_is_not_whole),
        cmocka_unit_test(the_parts_of_a_request_are_found),
        cmocka_unit_test(a_connection_is_kept_as_both_versions_say),
        cmocka_unit_test(an_answer_says_what_its_caller_wants_and_no_more),
        cmocka_unit_test(a_head_that_does_not_fit_is_not_written),
        cmocka_unit_test(a_hundred_fields_are_the_most),
        cmocka_unit_test(lines_and_heads_have_a_longest_size),
        cmocka_unit_test(a_head_costs_what_its_size_is),
        cmocka_unit_test(chunks_are_decoded_or_refused_at_every_split),
        cmocka_unit_test(long_chunk_extensions_are_refused),
        cmocka_unit_test(long_trailers_are_refused),
        cmocka_unit_test(an_answer_is_never_split_by_a_field),
        cmocka_unit_test(answers_without_a_body_have_no_length),
        cmocka_unit_test(a_status_that_is_none_is_our_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
