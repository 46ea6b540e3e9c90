#pragma once

/* ws_handshake - the HTTP half of RFC 6455: is this request a WebSocket upgrade, and what is
 * answered.
 *
 * Pure. The key's digest comes from the caller, because hashing belongs to the link. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/http1.h"

#define WS_KEY_SIZE 24
#define WS_ACCEPT_SIZE 28
#define WS_KEYED_SIZE (WS_KEY_SIZE + 36)

enum ws_offer {
    WS_OFFER_NONE, /* an ordinary request */
    WS_OFFER_GOOD,
    WS_OFFER_MALFORMED, /* 400 */
    WS_OFFER_VERSION,   /* 426 with Sec-WebSocket-Version: 13 */
};

enum ws_offer ws_judge_offer(const struct http_head *head);

/* True if one of the Sec-WebSocket-Protocol fields offers `protocol` (exact). A list that is no
 * list of tokens offers nothing. */
bool ws_offers_protocol(const struct http_field *fields, uint32_t count, const char *protocol);

/* What has to be hashed with SHA-1: the key and the GUID of the RFC. */
void ws_keyed(struct cht_str key, char ret_keyed[WS_KEYED_SIZE]);

/* Writes the head of the 101 answer; `digest` has 20 bytes, `protocol` may be NULL. 0 if `capacity`
 * is too small. */
size_t ws_write_accept(
    const uint8_t *digest, const char *protocol, char *ret_bytes, size_t capacity);
