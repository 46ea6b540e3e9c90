/* ws_handshake - judges upgrade requests.
 *
 * Happy path: GET, HTTP/1.1, Upgrade: websocket, Connection: upgrade, version 13, a key of 16
 * bytes, no body. How it fails: a request that wants a WebSocket and is not exactly that is
 * refused; one that does not want it is an ordinary request. */

#include "wire/ws_handshake.h"

#include <stdio.h>
#include <string.h>

#include "wire/base64.h"

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static bool wants(const struct http_head *head)
{
    for (uint32_t i = 0; i < head->field_count; i++) {
        if (http1_same_word(head->fields[i].name, "upgrade") &&
            http1_list_has(head->fields[i].value, "websocket")) {
            return true;
        }
    }
    return false;
}

enum ws_offer ws_judge_offer(const struct http_head *head)
{
    if (head->method != HTTP_GET || head->http_1_0 || !wants(head)) {
        return WS_OFFER_NONE;
    }
    struct cht_str version = http1_field(head->fields, head->field_count, "sec-websocket-version");
    struct cht_str key = http1_field(head->fields, head->field_count, "sec-websocket-key");
    if (!head->upgrade || head->chunked || head->content_length > 0) {
        return WS_OFFER_MALFORMED;
    }
    if (!http1_same_word(version, "13")) {
        return WS_OFFER_VERSION;
    }
    return base64_is(key, 16) ? WS_OFFER_GOOD : WS_OFFER_MALFORMED;
}

/* Finds `protocol` in one field. False in `ret_valid` if the field is no list of tokens. */
static bool list_offers(struct cht_str value, const char *protocol, bool *ret_valid)
{
    bool found = false;
    size_t wanted = strlen(protocol);
    const char *at = value.at;
    const char *end = value.at + value.size;
    *ret_valid = true;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *to = comma ? comma : end;
        const char *next = comma ? comma + 1 : end;
        while (at < to && (*at == ' ' || *at == '\t')) {
            at++;
        }
        while (to > at && (to[-1] == ' ' || to[-1] == '\t')) {
            to--;
        }
        struct cht_str token = {at, (uint32_t)(to - at)};
        *ret_valid &= http1_is_token(token);
        found |= token.size == wanted && memcmp(token.at, protocol, wanted) == 0;
        at = next;
    }
    return found;
}

bool ws_offers_protocol(const struct http_field *fields, uint32_t count, const char *protocol)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        if (http1_same_word(fields[i].name, "sec-websocket-protocol")) {
            bool valid;
            found |= list_offers(fields[i].value, protocol, &valid);
            if (!valid) {
                return false;
            }
        }
    }
    return found;
}

void ws_keyed(struct cht_str key, char ret_keyed[WS_KEYED_SIZE])
{
    memcpy(ret_keyed, key.at, WS_KEY_SIZE);
    memcpy(ret_keyed + WS_KEY_SIZE, guid, WS_KEYED_SIZE - WS_KEY_SIZE);
}

size_t ws_write_accept(
    const uint8_t *digest, const char *protocol, char *ret_bytes, size_t capacity)
{
    char accept[WS_ACCEPT_SIZE];
    base64_write(digest, 20, accept);
    int size = snprintf(ret_bytes, capacity,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %.28s\r\n%s%s%s\r\n",
        accept, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
        protocol ? "\r\n" : "");
    return size > 0 && (size_t)size < capacity ? (size_t)size : 0;
}
