/* edge_http - requests of a connection, one after the other.
 *
 * Happy path: a request that is whole in the bytes just read is handed out where it lies; the next
 * one after its answer. How it fails: what can not be read, or is too large, is refused with its
 * status and ends the connection; later bytes are discarded. */

#include <string.h>

#include "base/mem.h"
#include "link/edge_input.h"
#include "wire/url.h"
#include "wire/ws_handshake.h"

#define TURN_BYTES_MAX (64u * 1024)

/* The head as it lies in the bytes at hand; read again only if the body came later. */
struct reading {
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_head head;
    bool read;
};

static int read_head(
    struct reading *reading, const struct http_progress *progress, const uint8_t *bytes)
{
    int status = reading->read
                     ? 0
                     : http1_read_head(bytes, progress->head_size, reading->fields, &reading->head);
    reading->read = status == 0;
    return status;
}

/* ---- is the request whole? */

static void note_flags(struct edge *edge, uint32_t slot, const struct http_head *head, bool offers)
{
    struct conn *conn = &edge->conns[slot];
    uint32_t mask = CONN_HEAD_ONLY | CONN_HTTP_1_0 | CONN_STAYS | CONN_OFFERS;
    uint32_t flags = (head->method == HTTP_HEAD ? CONN_HEAD_ONLY : 0) |
                     (head->http_1_0 ? CONN_HTTP_1_0 : 0) | (head->keep_alive ? CONN_STAYS : 0) |
                     (offers ? CONN_OFFERS : 0);
    conn->flags = (uint16_t)((conn->flags & ~mask) | flags);
}

static int head_is_whole(struct edge *edge, uint32_t slot, struct http_progress *progress,
    struct reading *reading, const uint8_t *bytes)
{
    int status = read_head(reading, progress, bytes);
    if (status) {
        return status;
    }
    const struct http_head *head = &reading->head;
    struct conn_cold *cold = &edge->colds[slot];
    note_flags(edge, slot, head, false);
    cold->readers = cold->http->on_head ? cold->http->on_head(cold->http, head) : NULL;
    if (head->content_length > edge->limits.body_bytes_max) {
        return 413;
    }
    progress->content_length = head->content_length;
    progress->chunked = head->chunked;
    progress->raw_at = progress->head_size;
    struct conn *conn = &edge->conns[slot];
    conn->flags &= (uint16_t)~CONN_CONTINUED;
    conn->flags |= head->expect_continue ? 0 : CONN_CONTINUED;
    return 0;
}

static void send_continue(struct edge *edge, uint32_t slot)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!(edge->conns[slot].flags & CONN_CONTINUED)) {
        edge->conns[slot].flags |= CONN_CONTINUED;
        out_reply(edge, slot, text, sizeof(text) - 1);
    }
}

/* Answers 0 with the request's size if it is whole, HTTP1_MORE, or a status. */
static int advance(struct edge *edge, uint32_t slot, struct http_progress *progress,
    struct reading *reading, uint8_t *bytes, size_t size, size_t *ret_end)
{
    if (progress->head_size == 0) {
        int status = http1_find_end(bytes, size, &progress->scanned, &progress->head_size);
        if (status) {
            return status;
        }
        status = head_is_whole(edge, slot, progress, reading, bytes);
        if (status) {
            return status;
        }
    }
    int result;
    if (progress->chunked) {
        size_t used;
        size_t decoded;
        result = http1_chunks(&progress->chunks, bytes + progress->raw_at, size - progress->raw_at,
            bytes + progress->head_size + progress->body_size,
            edge->limits.body_bytes_max - progress->body_size, &used, &decoded);
        progress->raw_at += used;
        progress->body_size += decoded;
        *ret_end = progress->raw_at;
    } else {
        bool whole = size - progress->head_size >= progress->content_length;
        result = whole ? 0 : HTTP1_MORE;
        progress->body_size = (size_t)progress->content_length;
        *ret_end = progress->head_size + progress->body_size;
    }
    if (result == HTTP1_MORE && size == progress->head_size) {
        send_continue(edge, slot);
    }
    return result;
}

/* ---- handing it out */

static void ask(struct edge *edge, uint32_t slot, const struct edge_request *request)
{
    struct conn_cold *cold = &edge->colds[slot];
    cold->requests++;
    edge->stats.requests++;
    conn_enter(edge, slot, CONN_ASKED);
    edge->calling = slot;
    edge->asking = request;
    cold->http->on_request(cold->http, request);
    bool later = edge->conns[slot].phase == CONN_ASKED && request->wants_websocket;
    if (later) {
        edge_keep(edge, request->conn);
    }
    edge->calling = EDGE_NOBODY;
    edge->asking = NULL;
}

/* A whole request lies in `bytes`. Answers 0 or a status. */
static int hand_out(struct edge *edge, uint32_t slot, const struct http_progress *progress,
    struct reading *reading, uint8_t *bytes)
{
    int status = read_head(reading, progress, bytes);
    if (status) {
        return status;
    }
    const struct http_head *head = &reading->head;
    struct cht_str path = head->path;
    bool whole_server = path.size == 1 && path.at[0] == '*';
    struct cht_str query;
    if (!url_decode_query(head->query, edge->path, &query) ||
        (!whole_server && !url_decode_path(head->path, edge->path, &path))) {
        return 400;
    }
    enum ws_offer offer = ws_judge_offer(head);
    if (offer == WS_OFFER_MALFORMED || offer == WS_OFFER_VERSION) {
        return offer == WS_OFFER_VERSION ? 426 : 400;
    }
    note_flags(edge, slot, head, offer == WS_OFFER_GOOD);
    struct edge_request request = {
        .conn = edge_name(edge, slot),
        .method = head->method,
        .target = head->target,
        .path = path,
        .query = head->query,
        .body = {(const char *)bytes + progress->head_size, (uint32_t)progress->body_size},
        .fields = reading->fields,
        .field_count = head->field_count,
        .peer = edge->colds[slot].peer,
        .wants_websocket = offer == WS_OFFER_GOOD,
    };
    ask(edge, slot, &request);
    return 0;
}

/* ---- the bytes of a connection */

static bool may_go_on(const struct edge *edge, uint32_t slot)
{
    const struct conn *conn = &edge->conns[slot];
    bool reading = conn->phase == CONN_IDLE || conn->phase == CONN_HEAD || conn->phase == CONN_BODY;
    return reading && !conn->backlog && out_bytes_of_turn(edge, slot) < TURN_BYTES_MAX;
}

static void note_phase(struct edge *edge, uint32_t slot, const struct http_progress *progress)
{
    enum conn_phase phase = progress->head_size ? CONN_BODY : CONN_HEAD;
    if (edge->conns[slot].phase != (uint8_t)phase) {
        conn_enter(edge, slot, phase);
    }
}

/* Reads requests until bytes, or the right to read on, run out. Answers how many bytes are done
 * with. */
static size_t read_requests(
    struct edge *edge, uint32_t slot, struct http_progress *progress, uint8_t *bytes, size_t size)
{
    struct reading reading;
    size_t at = 0;
    while (at < size && may_go_on(edge, slot)) {
        size_t end = 0;
        reading.read = false;
        int status = advance(edge, slot, progress, &reading, bytes + at, size - at, &end);
        if (status == HTTP1_MORE) {
            note_phase(edge, slot, progress);
            break;
        }
        if (status == 0) {
            status = hand_out(edge, slot, progress, &reading, bytes + at);
        }
        if (status) {
            http_refuse(edge, slot, status);
            return size;
        }
        at += end;
        *progress = (struct http_progress){0};
    }
    return at;
}

/* Keeps what is not done with; `input` (may be NULL) is taken, `bytes` may be its own. */
static void keep_rest(struct edge *edge, uint32_t slot, struct edge_input *input,
    const struct http_progress *progress, struct cht_str rest)
{
    struct conn *conn = &edge->conns[slot];
    bool wanted = rest.size > 0 && conn->phase != CONN_LAST && conn->phase != CONN_LINGER;
    if (!wanted && input) {
        conn->input = input;
        edge_input_free(edge, slot);
        return;
    }
    if (!wanted) {
        return;
    }
    if (input) {
        memmove(input->bytes, rest.at, rest.size);
        input->size = rest.size;
        conn->input = input;
    } else {
        edge_input_add(edge_input_of(edge, slot), rest.at, rest.size);
    }
    conn->input->progress = *progress;
}

/* The connection became a WebSocket: the rest are frames. */
static void give_to_ws(
    struct edge *edge, uint32_t slot, struct edge_input *input, uint8_t *bytes, size_t size)
{
    if (size > 0) {
        ws_received(edge, slot, bytes, size);
    }
    if (input) {
        mem_free(input->bytes);
        mem_free(input);
    }
}

static void read_on(
    struct edge *edge, uint32_t slot, struct edge_input *input, uint8_t *bytes, size_t size)
{
    struct conn *conn = &edge->conns[slot];
    uint32_t generation = conn->generation;
    struct http_progress progress = {0};
    if (input) {
        progress = input->progress;
    }
    size_t done = read_requests(edge, slot, &progress, bytes, size);
    if (conn->generation == generation && conn->flags & CONN_WS) {
        give_to_ws(edge, slot, input, bytes + done, size - done);
        return;
    }
    keep_rest(edge, slot, input, &progress,
        (struct cht_str){(const char *)bytes + done, (uint32_t)(size - done)});
}

void http_received(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size)
{
    struct edge_input *input = edge->conns[slot].input;
    if (!input) {
        read_on(edge, slot, NULL, bytes, size);
        return;
    }
    edge->conns[slot].input = NULL;
    edge_input_add(input, bytes, size);
    read_on(edge, slot, input, input->bytes, input->size);
}

void http_go_on(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    struct edge_input *input = conn->input;
    if (input && may_go_on(edge, slot)) {
        conn->input = NULL;
        read_on(edge, slot, input, input->bytes, input->size);
    }
    if (conn->phase != CONN_FREE) {
        conn_update_watch(edge, slot);
    }
}
