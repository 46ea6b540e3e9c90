#pragma once

/* frames - what the node itself says to clients, as finished WebSocket frames or HTTP bodies.
 *
 * Everything is built in the service's one output block and is valid until the next call. */

#include "base/err.h"
#include "socket_inner.h"

/* {"type":<row's name>, members} as a whole text frame. */
struct cht_str frame_of_event(
    struct socket_service *service, const struct cht_event_row *row, const void *event);

/* The answer to a command that was done: {"type":"ok","ref", ...}. */
struct cht_str frame_of_ok(
    struct socket_service *service, struct cht_str ref, const struct cht_reply *reply);

/* `field` may be NULL; `wait_ms` 0 is none. `ref` of size 0 is left out. */
struct frame_refusal {
    enum err err;
    const char *field;
    uint64_t wait_ms;
};

struct cht_str frame_of_error(
    struct socket_service *service, struct cht_str ref, const struct frame_refusal *refusal);

/* The same object as frame_of_ok without type and ref: the body of an HTTP answer. */
struct cht_str frame_http_body(struct socket_service *service, const struct cht_reply *reply);
