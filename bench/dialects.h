#pragma once

/* dialects - how each measured server is greeted and spoken to over a WebSocket.
 *
 * A dialect is a script of the opening (say, or wait for a frame that contains a text) and the form
 * of a message. Every body begins with DIALECT_MARK, which no dialect uses otherwise: deliveries
 * are counted by it, however many are in a frame. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIALECT_MARK '^'
#define DIALECT_STEPS_MAX 12

struct dialect_message {
    const char *room;
    uint64_t number; /* of this program's messages, from 1 */
    const char *body;
    uint32_t body_size;
};

struct dialect {
    const char *name;
    const char *subprotocol; /* NULL: none */
    bool binary;
    bool product;    /* frames have types, and answers of their own */
    bool one_by_one; /* connections that open at once are in each other's way */

    /* "+text" is said, "?text" waited for. %r is the room, %i the connection's number in six
     * digits, %0 a zero byte, %% a per cent sign. */
    const char *steps[DIALECT_STEPS_MAX];

    /* The payload of a frame that says a message; its size. */
    size_t (*say)(char *ret_text, size_t size, const struct dialect_message *message);

    /* A frame that is exactly this is answered with that. */
    const char *ping, *pong;
};

/* NULL: there is none of that name. */
const struct dialect *dialect_by_name(const char *name);

/* A step's text with its variables filled in; its size. */
size_t dialect_fill(
    const char *text, const char *room, uint32_t index, char *ret_text, size_t size);
