#pragma once

/* ws_close - why a WebSocket ends: RFC 6455, section 7.4, its registry at IANA, and our own. What
 * each means to a client says docs/reference.md. */

enum ws_close {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_BINARY = 1003,
    WS_CLOSE_NO_CODE = 1005, /* never sent: a close frame without a code */
    WS_CLOSE_LOST = 1006,    /* never sent: gone without a close frame */
    WS_CLOSE_BAD_UTF8 = 1007,
    WS_CLOSE_TOO_LARGE = 1009,
    WS_CLOSE_RESTART = 1012,
    WS_CLOSE_EXPIRED = 4001,
    WS_CLOSE_REVOKED = 4002,
    WS_CLOSE_TOO_SLOW = 4003,
    WS_CLOSE_REPLACED = 4004,
    WS_CLOSE_TOO_MANY = 4005, /* connections */
    WS_CLOSE_REFUSED = 4006,  /* too many refused commands or control frames */
    WS_CLOSE_SILENT = 4007,   /* heartbeats unanswered */
    WS_CLOSE_BAD_TICKET = 4008,
};
