#pragma once

/* http1_reply - the other side of HTTP/1.1 (RFC 9112): requests written for a server, and what it
 * replies, read strictly.
 *
 * For servers of our own, so what they never do is refused: replies without a length, chunked ones,
 * 1xx other than the one that opens a WebSocket. A request is made anew of what was read of a
 * client's, never of its bytes, and fields that belong to the client's connection are left out.
 * Pure, as http1.h; http1_find_end finds the end of a reply's head too. */

#include "wire/http1.h"

#define HTTP_NOMINATED_BYTES_MAX 64 /* a longer name in Connection nominates nothing */

/* A request to write. All of it is lent. */
struct http_ask {
    enum http_method method;         /* not HTTP_OTHER */
    struct cht_str target;           /* as http_head has it */
    const struct http_field *fields; /* the client's */
    uint32_t field_count;
    struct cht_str host;   /* if none of these is one that may be passed on */
    struct http_field own; /* set behind them */
    uint64_t body_size;    /* that follows */
    bool websocket;        /* opens a WebSocket; its own fields are among the client's */
};

/* Answers the size of the head, or 0 if `capacity` is too small or something may not stand in a
 * head. */
size_t http1_write_ask(const struct http_ask *ask, char *ret_bytes, size_t capacity);

/* True for fields that are about one connection (RFC 9110, 7.6.1), or nominated by a Connection
 * field among `fields`. */
bool http1_is_of_hop(
    const struct http_field *field, const struct http_field *fields, uint32_t count);

struct http_reply {
    int status; /* 101, or 200 to 599 */
    const struct http_field *fields;
    uint32_t field_count;
    uint64_t body_size; /* bytes that follow the head and belong to it; of 101 none do */
    bool keep_alive;    /* the connection may carry another request */
};

/* Reads a whole head of `size` bytes, the reply to a request of `method`. `fields` has room for
 * HTTP_FIELDS_MAX. False: not to be believed, and neither is what follows. */
bool http1_read_reply(const uint8_t *bytes, size_t size, enum http_method method,
    struct http_field *fields, struct http_reply *ret_reply);
