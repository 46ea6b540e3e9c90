/* http1_chunks - bodies in chunks.
 *
 * Happy path: size line, data, CRLF, ... , a size of 0, trailers that are dropped, an empty line.
 * How it fails: anything that two readers could see differently is 400; more data than allowed is
 * 413; long trailers are 431. */

#include <string.h>

#include "wire/chars.h"
#include "wire/http1.h"

enum state {
    SIZE,
    EXTENSION,
    SIZE_FEED,
    DATA,
    DATA_RETURN,
    DATA_FEED,
    TRAILER_START,
    TRAILER,
    TRAILER_FEED,
    LAST_FEED
};

#define SIZE_DIGITS_MAX 8
#define WRONG 400

/* One byte of a size line or of what surrounds data. Answers 0 when the body is complete. */
static int size_byte(struct http_chunks *chunks, uint8_t c)
{
    int digit = char_hex(c);
    if (digit >= 0 && chunks->digits < SIZE_DIGITS_MAX) {
        chunks->left = chunks->left << 4 | (uint64_t)digit;
        chunks->digits++;
        return HTTP1_MORE;
    }
    if (chunks->digits == 0) {
        return WRONG;
    }
    if (c == '\r') {
        chunks->state = SIZE_FEED;
        return HTTP1_MORE;
    }
    if (c == ';') {
        chunks->state = EXTENSION;
        chunks->line = 0;
        return HTTP1_MORE;
    }
    return WRONG;
}

static int extension_byte(struct http_chunks *chunks, uint8_t c)
{
    if (c == '\r') {
        chunks->state = SIZE_FEED;
        return HTTP1_MORE;
    }
    chunks->line++;
    return char_is(c, CHAR_VALUE) && chunks->line <= HTTP_CHUNK_EXTENSION_BYTES_MAX ? HTTP1_MORE
                                                                                    : WRONG;
}

static int trailer_byte(struct http_chunks *chunks, uint8_t c)
{
    chunks->line++;
    if (chunks->line > HTTP_TRAILER_BYTES_MAX) {
        return 431;
    }
    if (c == '\r') {
        chunks->state = chunks->state == TRAILER_START ? LAST_FEED : TRAILER_FEED;
        return HTTP1_MORE;
    }
    bool fine = chunks->state == TRAILER_START ? char_is(c, CHAR_TOKEN) : char_is(c, CHAR_VALUE);
    chunks->state = TRAILER;
    return fine ? HTTP1_MORE : WRONG;
}

static int go_on_if(struct http_chunks *chunks, bool fine, enum state next)
{
    chunks->state = (uint8_t)next;
    return fine ? HTTP1_MORE : WRONG;
}

static int after_size_line(struct http_chunks *chunks, bool fine)
{
    bool last = chunks->left == 0;
    chunks->digits = 0;
    chunks->line = 0;
    return go_on_if(chunks, fine, last ? TRAILER_START : DATA);
}

static int one_byte(struct http_chunks *chunks, uint8_t c)
{
    switch ((enum state)chunks->state) {
    case SIZE:
        return size_byte(chunks, c);
    case EXTENSION:
        return extension_byte(chunks, c);
    case SIZE_FEED:
        return after_size_line(chunks, c == '\n');
    case DATA_RETURN:
        return go_on_if(chunks, c == '\r', DATA_FEED);
    case DATA_FEED:
        return go_on_if(chunks, c == '\n', SIZE);
    case TRAILER_START:
    case TRAILER:
        return trailer_byte(chunks, c);
    case TRAILER_FEED:
        return go_on_if(chunks, c == '\n', TRAILER_START);
    case LAST_FEED:
        return c == '\n' ? 0 : WRONG;
    case DATA:
        break;
    }
    return WRONG;
}

int http1_chunks(struct http_chunks *chunks, const uint8_t *from, size_t size, uint8_t *to,
    size_t bytes_max, size_t *ret_used, size_t *ret_decoded)
{
    size_t used = 0;
    size_t decoded = 0;
    int result = HTTP1_MORE;
    while (used < size && result == HTTP1_MORE) {
        if (chunks->state != DATA) {
            result = one_byte(chunks, from[used]);
            used++;
            continue;
        }
        if (chunks->left > bytes_max - decoded) {
            break;
        }
        size_t part = size - used < chunks->left ? size - used : (size_t)chunks->left;
        memmove(to + decoded, from + used, part);
        decoded += part;
        used += part;
        chunks->left -= part;
        chunks->state = chunks->left == 0 ? DATA_RETURN : DATA;
    }
    if (result == HTTP1_MORE && chunks->state == DATA && chunks->left > bytes_max - decoded) {
        result = 413;
    }
    *ret_used = used;
    *ret_decoded = decoded;
    return result;
}
