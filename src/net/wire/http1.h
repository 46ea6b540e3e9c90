#pragma once

/* http1 - HTTP/1.1 requests (RFC 9112), read strictly, and answers, written safely.
 *
 * Pure: no I/O, no clock, no allocation; what a request is made of points into the bytes it was
 * read from. Reading is in two steps, so that bytes that trickle in cost linear time:
 * http1_find_end looks at each byte once until the head is whole, then http1_read_head judges it.
 * Where RFC 9112 leaves a choice, the stricter one is taken, because two readings of one request
 * are how requests are smuggled: bare CR and LF, folded lines, a length beside a coding, repeated
 * lengths are all refused. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"

#define HTTP_FIELDS_MAX 100
#define HTTP_LINE_BYTES_MAX 8192
#define HTTP_HEAD_BYTES_MAX 16384
#define HTTP_CHUNK_EXTENSION_BYTES_MAX 256
#define HTTP_TRAILER_BYTES_MAX 4096

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

/* Of the server as a whole, for Allow. */
#define HTTP_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

/* "GET"; not of HTTP_OTHER. */
const char *http1_method_name(enum http_method method);
enum http_method http1_method_by_name(struct cht_str name);

/* Is a request of `method` one for what the table has under `name`? HEAD is one for "GET". */
bool http1_method_fits(const char *name, enum http_method method);

struct http_field {
    struct cht_str name; /* as sent */
    struct cht_str value;
};

/* What http1_read_head found. */
struct http_head {
    enum http_method method;
    struct cht_str method_text;
    struct cht_str target; /* path and query; "*" for OPTIONS of the server as a whole */
    struct cht_str path;   /* as sent, not decoded */
    struct cht_str query;  /* after '?'; at == NULL if there was none */
    const struct http_field *fields;
    uint32_t field_count;
    uint64_t content_length; /* 0 if there was none, or chunked */
    bool chunked;
    bool http_1_0;
    bool keep_alive;      /* the connection may serve another request */
    bool expect_continue; /* 100 is wanted before the body */
    bool upgrade;         /* Connection: upgrade is there */
};

#define HTTP1_MORE (-1)

/* Looks for the end of a head in `bytes`, of which the first `*scanned` were looked at before.
 * Answers 0 and the size of the head, with its empty line, in `ret_size`; HTTP1_MORE; or the status
 * to refuse with. */
int http1_find_end(const uint8_t *bytes, size_t size, size_t *scanned, size_t *ret_size);

/* Reads a whole head of `size` bytes. `fields` has room for HTTP_FIELDS_MAX. Answers 0 or the
 * status to refuse with (400, 405, 417, 431, 501, 505); `ret_head` is then unspecified. */
int http1_read_head(
    const uint8_t *bytes, size_t size, struct http_field *fields, struct http_head *ret_head);

/* The value of the first field of that lower-case name; at == NULL and size 0 if there is none (an
 * empty value has at != NULL). */
struct cht_str http1_field(const struct http_field *fields, uint32_t count, const char *name);

/* True if the comma-separated list in `value` has `token`, in any letter case. Linear. */
bool http1_list_has(struct cht_str value, const char *token);

/* True if `text` is one or more token characters. */
bool http1_is_token(struct cht_str text);

/* True if `value` may stand in a field: no control characters but tab, no blanks around it. */
bool http1_is_field_value(struct cht_str value);

/* True if the two texts are equal but for the case of ASCII letters; `lower` is lower-case. */
bool http1_same_word(struct cht_str text, const char *lower);

/* ---- chunked bodies, in place: what was decoded is moved to the front of where the body began */
struct http_chunks {
    uint64_t left; /* data bytes of the current chunk that are still to come */
    uint32_t line; /* bytes of the current size line or trailer section so far */
    uint32_t digits;
    uint8_t state;
};

/* Decodes `size` bytes at `from` to `to` (to <= from). Answers 0 when the body is complete,
 * HTTP1_MORE when all was used up, or the status to refuse with. `bytes_max` bounds what is decoded
 * in this call. */
int http1_chunks(struct http_chunks *chunks, const uint8_t *from, size_t size, uint8_t *to,
    size_t bytes_max, size_t *ret_used, size_t *ret_decoded);

/* ---- answers */
struct http_answer {
    int status;
    const char *content_type;  /* NULL: none */
    const char *cache_control; /* NULL: "no-store" */
    const struct http_field *fields;
    uint32_t field_count;
    const struct http_field *own_fields; /* as `fields`, of another layer */
    uint32_t own_field_count;
    uint64_t body_size;
    bool close;
    bool keep_alive_1_0; /* say that it stays open: to a 1.0 client */
};

/* Writes a head into `ret_bytes`; answers its size, or 0 if `capacity` is too small. Fields whose
 * name or value is not allowed are left out and counted in `ret_bad_fields`. */
size_t http1_write_head(
    const struct http_answer *answer, char *ret_bytes, size_t capacity, uint32_t *ret_bad_fields);

/* True for statuses that never have a body. */
static inline bool http1_has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}
