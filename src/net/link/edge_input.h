#pragma once

/* edge_input - what is kept of a request or message that is not whole yet. Most connections have
 * none. */

#include "link/edge_inner.h"
#include "wire/http1.h"
#include "wire/ws_frame.h"

/* How far the request at the front of some bytes was read. */
struct http_progress {
    size_t scanned;   /* for the end of the head */
    size_t head_size; /* 0: the head is not whole */
    size_t body_size; /* decoded so far */
    size_t raw_at;    /* chunked: the next byte to decode */
    uint64_t content_length;
    struct http_chunks chunks;
    bool chunked;
};

struct edge_input {
    bool is_ws;
    struct http_progress progress;
    struct ws_reader reader;
    uint8_t
        *bytes; /* HTTP: from the begin of the request; WebSocket: what was not read while paused */
    size_t size;
    size_t capacity;
};

/* The connection's, made if there is none. */
struct edge_input *edge_input_of(struct edge *edge, uint32_t slot);

/* Adds bytes behind those that are kept. */
void edge_input_add(struct edge_input *input, const void *bytes, size_t size);
