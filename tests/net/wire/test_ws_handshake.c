/* test_ws_handshake - upgrade requests as raw heads: which are one, which are refused, and the
 * answer of RFC 6455's own example. */

#include <stdio.h>
#include <string.h>

#include "test.h"

#include "wire/http1.h"
#include "wire/ws_handshake.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define GET "GET /api/socket HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

struct parsed {
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_head head;
};

static int parse(const char *text, struct parsed *ret_parsed)
{
    return http1_read_head(
        (const uint8_t *)text, strlen(text), ret_parsed->fields, &ret_parsed->head);
}

static const struct {
    enum ws_offer offer;
    const char *text;
} offers[] = {
    {WS_OFFER_GOOD, GET UPGRADE CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_GOOD, GET KEY VERSION CONNECTION UPGRADE "\r\n"},
    {WS_OFFER_GOOD, GET "upgrade: WebSocket\r\nconnection: upgrade\r\n" VERSION KEY "\r\n"},
    {WS_OFFER_GOOD, GET UPGRADE "Connection: keep-alive, Upgrade\r\n" VERSION KEY "\r\n"},
    {WS_OFFER_GOOD, GET "Upgrade: h2c, websocket\r\n" CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_GOOD, GET UPGRADE CONNECTION VERSION KEY "Content-Length: 0\r\n\r\n"},
    /* ordinary requests */
    {WS_OFFER_NONE, GET "\r\n"},
    {WS_OFFER_NONE, GET CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_NONE, GET "Upgrade: h2c\r\n" CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_NONE, GET "Upgrade: websockets\r\n" CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_NONE, GET "Upgrade: websocket/13\r\n" CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_NONE,
        "POST /api/socket HTTP/1.1\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY "\r\n"},
    {WS_OFFER_NONE,
        "GET /api/socket HTTP/1.0\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY "\r\n"},
    /* no connection token */
    {WS_OFFER_MALFORMED, GET UPGRADE VERSION KEY "\r\n"},
    {WS_OFFER_MALFORMED, GET UPGRADE "Connection: keep-alive\r\n" VERSION KEY "\r\n"},
    {WS_OFFER_MALFORMED, GET UPGRADE "Connection: upgraded\r\n" VERSION KEY "\r\n"},
    /* bodies */
    {WS_OFFER_MALFORMED, GET UPGRADE CONNECTION VERSION KEY "Content-Length: 1\r\n\r\n"},
    {WS_OFFER_MALFORMED, GET UPGRADE CONNECTION VERSION KEY "Transfer-Encoding: chunked\r\n\r\n"},
    /* versions */
    {WS_OFFER_VERSION, GET UPGRADE CONNECTION KEY "\r\n"},
    {WS_OFFER_VERSION, GET UPGRADE CONNECTION KEY "Sec-WebSocket-Version:\r\n\r\n"},
    {WS_OFFER_VERSION, GET UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 12\r\n\r\n"},
    {WS_OFFER_VERSION, GET UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 013\r\n\r\n"},
    {WS_OFFER_VERSION, GET UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 8, 13\r\n\r\n"},
    /* keys: 16 bytes, in base64 that is the only form of them */
    {WS_OFFER_MALFORMED, GET UPGRADE CONNECTION VERSION "\r\n"},
    {WS_OFFER_MALFORMED, GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key:\r\n\r\n"},
    {WS_OFFER_MALFORMED, GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: YWJj\r\n\r\n"},
    {WS_OFFER_MALFORMED,
        GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n\r\n"},
    {WS_OFFER_MALFORMED,
        GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQQQ\r\n\r\n"},
    {WS_OFFER_MALFORMED,
        GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n"},
    {WS_OFFER_MALFORMED,
        GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ-==\r\n\r\n"},
    {WS_OFFER_MALFORMED,
        GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==A\r\n\r\n"},
};

static void an_upgrade_is_taken_or_refused_as_the_table_says(void **state)
{
    (void)state;
    static struct parsed parsed;
    for (size_t i = 0; i < COUNT(offers); i++) {
        assert_int_equal(parse(offers[i].text, &parsed), 0);
        if (ws_judge_offer(&parsed.head) != offers[i].offer) {
            fail_msg("row %zu: %s", i, offers[i].text);
        }
    }
}

static void a_second_key_or_version_is_refused(void **state)
{
    (void)state;
    static const char *const heads[] = {
        GET UPGRADE CONNECTION VERSION KEY KEY "\r\n",
        GET UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        GET UPGRADE CONNECTION VERSION VERSION KEY "\r\n",
        GET UPGRADE CONNECTION VERSION "Sec-WebSocket-Version: 12\r\n" KEY "\r\n",
    };
    static struct parsed parsed;
    for (size_t i = 0; i < COUNT(heads); i++) {
        int status = parse(heads[i], &parsed);
        if (status != 400 && ws_judge_offer(&parsed.head) == WS_OFFER_GOOD) {
            fail_msg("taken: %s", heads[i]);
        }
    }
}

static const struct {
    bool offered;
    const char *fields;
} protocols[] = {
    {true, "Sec-WebSocket-Protocol: chattifier.v1\r\n"},
    {true, "Sec-WebSocket-Protocol: other, chattifier.v1\r\n"},
    {true, "sec-websocket-protocol:\tchattifier.v1 ,other\r\n"},
    {true, "Sec-WebSocket-Protocol: other\r\nSec-WebSocket-Protocol: chattifier.v1\r\n"},
    {false, ""},
    {false, "Sec-WebSocket-Protocol:\r\n"},
    {false, "Sec-WebSocket-Protocol: chattifier.v2\r\n"},
    {false, "Sec-WebSocket-Protocol: chattifier.v11\r\n"},
    {false, "Sec-WebSocket-Protocol: chattifier.v\r\n"},
    {false, "Sec-WebSocket-Protocol: Chattifier.V1\r\n"},
    {false, "Sec-WebSocket-Protocol: chattifier.v1, a b\r\n"},
    {false, "Sec-WebSocket-Protocol: chattifier.v1,,other\r\n"},
    {false, "Sec-WebSocket-Protocol: chattifier.v1\r\nSec-WebSocket-Protocol: (\r\n"},
};

static void the_sub_protocol_is_offered_by_its_exact_name(void **state)
{
    (void)state;
    static struct parsed parsed;
    for (size_t i = 0; i < COUNT(protocols); i++) {
        char text[512];
        snprintf(text, sizeof(text), "%s%s\r\n", GET, protocols[i].fields);
        assert_int_equal(parse(text, &parsed), 0);
        bool offered =
            ws_offers_protocol(parsed.head.fields, parsed.head.field_count, "chattifier.v1");
        if (offered != protocols[i].offered) {
            fail_msg("row %zu: %s", i, text);
        }
    }
}

static void the_answer_is_that_of_the_rfc(void **state)
{
    (void)state;
    static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
    char keyed[WS_KEYED_SIZE];
    ws_keyed((struct cht_str){key, sizeof(key) - 1}, keyed);
    assert_memory_equal(
        keyed, "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11", WS_KEYED_SIZE);
    static const uint8_t digest[20] = {0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f, 0x16, 0x90, 0xf6,
        0x46, 0x06, 0xcf, 0x38, 0x59, 0x45, 0xb2, 0xbe, 0xc4, 0xea};
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Sec-WebSocket-Protocol: chattifier.v1\r\n\r\n";
    char bytes[256];
    assert_int_equal(
        ws_write_accept(digest, "chattifier.v1", bytes, sizeof(bytes)), sizeof(answer) - 1);
    assert_string_equal(bytes, answer);
    assert_int_equal(ws_write_accept(digest, "chattifier.v1", bytes, sizeof(answer) - 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_is_taken_or_refused_as_the_table_says),
        cmocka_unit_test(a_second_key_or_version_is_refused),
        cmocka_unit_test(the_sub_protocol_is_offered_by_its_exact_name),
        cmocka_unit_test(the_answer_is_that_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
