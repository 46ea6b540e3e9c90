#pragma once

/* ws_frame - WebSocket frames (RFC 6455) of a client, read strictly, and ours, written.
 *
 * The reader is pure: it is fed bytes as they come, in any pieces, and says what they were. A
 * message that is whole in the bytes is unmasked in place and never copied; otherwise its parts are
 * gathered in a buffer that the caller provides and grows on demand, never by what a frame merely
 * announces. UTF-8 is checked as it comes. Limits are judged on the announced length, before the
 * data. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_CONTROL_BYTES_MAX 125
#define WS_FRAGMENTS_MAX 64
#define WS_HEADER_BYTES_MAX 14

enum ws_opcode {
    WS_CONTINUE = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

enum ws_event {
    WS_MORE,     /* all was used up */
    WS_GOT_TEXT, /* a whole message */
    WS_GOT_PING,
    WS_GOT_PONG,
    WS_GOT_CLOSE,  /* `code`: as sent, 1005 if without; the payload is the reason */
    WS_NEEDS_ROOM, /* the message buffer is too small: at least `room` bytes; then call again */
    WS_BAD,        /* close with `code` */
};

struct ws_found {
    uint8_t *payload;
    uint32_t size;
    uint16_t code;
    uint32_t room;
};

struct ws_reader {
    uint8_t *message; /* the caller's; may move between calls */
    uint32_t capacity;
    uint32_t size;       /* of the message so far */
    uint32_t bytes_max;  /* of a message */
    uint32_t frame_left; /* of the data frame that is open */
    uint32_t utf8;       /* state of cht_utf8_next */
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t fragments;
    bool in_frame;
    bool in_message; /* a first fragment was there */
    bool fin;        /* the open frame is the last one */
    uint8_t held_size;
    uint8_t held[WS_HEADER_BYTES_MAX +
                 WS_CONTROL_BYTES_MAX]; /* a header or control frame that is not whole */
};

/* All but the message's bytes; `held` is left as it is. */
void ws_reader_init(struct ws_reader *reader, uint32_t bytes_max);

/* True between messages with nothing held: such a reader need not be kept. */
static inline bool ws_reader_is_idle(const struct ws_reader *reader)
{
    return !reader->in_frame && !reader->in_message && reader->held_size == 0;
}

/* Looks at bytes[0 .. size), which it may change, and stops at the first event; `ret_used` bytes
 * were used up. After WS_GOT_TEXT the payload is valid until the next call. After WS_BAD or
 * WS_GOT_CLOSE nothing more may be read. */
enum ws_event ws_read(struct ws_reader *reader, uint8_t *bytes, size_t size, size_t *ret_used,
    struct ws_found *ret_found);

/* Writes a control frame for at most 125 bytes of payload; answers its size, at most 127. */
size_t ws_write_control(
    enum ws_opcode opcode, const void *payload, size_t size, uint8_t *ret_frame);

/* Writes a close frame; `reason` (NULL: none) is cut at 123 bytes, not inside a code point. At most
 * 127 bytes. */
size_t ws_write_close(uint16_t code, const char *reason, uint8_t *ret_frame);

/* Writes the header of an unmasked, unfragmented text frame for `size` bytes: 2, 4 or 10 bytes.
 * Returns how many. */
size_t ws_text_header(uint8_t ret_header[10], uint64_t size);
