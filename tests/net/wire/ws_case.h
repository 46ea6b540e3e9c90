#pragma once

/* ws_case - a row of the WebSocket tables: frames of a client, and what the reader says of them.
 *
 * Each row is fed whole, in two pieces cut at each byte, in pieces of 997 bytes and byte by byte;
 * every time the events have to be the same. Long inputs are cut at the bytes near their ends and a
 * few between. Each piece is memory of its own, so that the sanitizer sees a read beyond it. How it
 * fails: the message names the row and the cut. */

#include <stdint.h>

#include "test.h"

#include "chattifier/types.h"
#include "wire/ws_frame.h"

#define WS_CASE_FRAMES_MAX 24
#define WS_CASE_MESSAGE_MAX 65536u

/* A frame: masked, its length in the fewest bytes. Payload: `payload`, or `fill` times '*'. With
 * `repeat` it stands for that many more of the same. */
struct ws_case_frame {
    uint8_t first; /* FIN, RSV and opcode */
    struct cht_str payload;
    uint32_t fill;
    uint32_t repeat;
};

struct ws_case_event {
    enum ws_event event; /* WS_MORE: end of the list */
    uint16_t code;
    struct cht_str payload;
    uint32_t fill;
};

struct ws_case {
    const char *number; /* in Autobahn's list, where it has one */
    struct ws_case_frame frames[WS_CASE_FRAMES_MAX];
    struct ws_case_event events[WS_CASE_FRAMES_MAX];
};

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* Whole frames, frames that go on, and frames with other bits. */
#define FRAME(first, literal)                                                                      \
    {                                                                                              \
        first, BYTES(literal), 0, 0                                                                \
    }
#define TEXT(literal) FRAME(0x81, literal)
#define TEXT_PART(literal) FRAME(0x01, literal)
#define MORE_PART(literal) FRAME(0x00, literal)
#define LAST_PART(literal) FRAME(0x80, literal)
#define BINARY(literal) FRAME(0x82, literal)
#define PING(literal) FRAME(0x89, literal)
#define PONG(literal) FRAME(0x8a, literal)
#define CLOSE(literal) FRAME(0x88, literal)
#define LONG(first, size)                                                                          \
    {                                                                                              \
        first, {"", 0}, size, 0                                                                    \
    }
#define MANY(first, size, count)                                                                   \
    {                                                                                              \
        first, {"", 0}, size, (count)-1                                                            \
    }

#define GOT(event, literal)                                                                        \
    {                                                                                              \
        event, 0, BYTES(literal), 0                                                                \
    }
#define GOT_TEXT(literal) GOT(WS_GOT_TEXT, literal)
#define GOT_PING(literal) GOT(WS_GOT_PING, literal)
#define GOT_PONG(literal) GOT(WS_GOT_PONG, literal)
#define GOT_CLOSE(code, literal)                                                                   \
    {                                                                                              \
        WS_GOT_CLOSE, code, BYTES(literal), 0                                                      \
    }
#define GOT_LONG(event, size)                                                                      \
    {                                                                                              \
        event, 0, {"", 0}, size                                                                    \
    }
#define REFUSED(code)                                                                              \
    {                                                                                              \
        WS_BAD, code, {"", 0}, 0                                                                   \
    }

/* Writes the frame, masked; returns its size. */
uint32_t ws_case_write(const struct ws_case_frame *frame, uint8_t *ret_bytes);

void ws_case_check(const struct ws_case *row);

/* Reads bytes one by one and answers how many were there when the reader refused them with `code`;
 * 0 if it did not. */
uint32_t ws_case_refused_after(const uint8_t *bytes, uint32_t size, uint16_t code);
