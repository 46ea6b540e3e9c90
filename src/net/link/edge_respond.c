/* edge_respond - answers, upgrades, and requests that are kept for later.
 *
 * Happy path: head and body become replies of this turn, and the connection reads on. How it fails:
 * a stale name is ignored; a head that does not fit becomes a 500. */

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err_json.h"
#include "base/mem.h"
#include "link/edge_inner.h"
#include "wire/ws_handshake.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define SHARE_BYTES_MIN 4096
#define ERROR_BYTES 1024
#define READER_FIELDS_MAX 3

/* ---- kept requests */

static struct cht_str moved(struct cht_str text, char **at)
{
    if (!text.at) {
        return text;
    }
    struct cht_str copy = {*at, text.size};
    if (text.size > 0) {
        memcpy(*at, text.at, text.size);
    }
    *at += text.size;
    return copy;
}

static size_t text_bytes(const struct edge_request *request)
{
    size_t size = (size_t)request->target.size + request->path.size + request->query.size +
                  request->body.size;
    for (uint32_t i = 0; i < request->field_count; i++) {
        size += (size_t)request->fields[i].name.size + request->fields[i].value.size;
    }
    return size;
}

static struct edge_request *copy_of(const struct edge_request *request)
{
    size_t fields_size = request->field_count * sizeof(struct http_field);
    struct edge_request *copy =
        mem_resize(NULL, sizeof(*copy) + fields_size + text_bytes(request) + 1);
    struct http_field *fields = (struct http_field *)(copy + 1);
    char *at = (char *)fields + fields_size;
    *copy = *request;
    copy->fields = fields;
    copy->target = moved(request->target, &at);
    copy->path = moved(request->path, &at);
    copy->query = moved(request->query, &at);
    copy->body = moved(request->body, &at);
    for (uint32_t i = 0; i < request->field_count; i++) {
        fields[i].name = moved(request->fields[i].name, &at);
        fields[i].value = moved(request->fields[i].value, &at);
    }
    return copy;
}

const struct edge_request *edge_keep(struct edge *edge, struct conn_id conn)
{
    if (!edge_is(edge, conn) || edge->conns[conn.slot].phase != CONN_ASKED) {
        return NULL;
    }
    struct conn_cold *cold = &edge->colds[conn.slot];
    if (!cold->kept && edge->calling == conn.slot && edge->asking) {
        cold->kept = copy_of(edge->asking);
    }
    return cold->kept;
}

void http_forget_kept(struct edge *edge, uint32_t slot)
{
    mem_free(edge->colds[slot].kept);
    edge->colds[slot].kept = NULL;
}

/* ---- answers */

static void answered(struct edge *edge, uint32_t slot, bool ends)
{
    struct conn *conn = &edge->conns[slot];
    http_forget_kept(edge, slot);
    edge->colds[slot].readers = NULL;
    conn->flags &=
        (uint16_t) ~(CONN_HEAD_ONLY | CONN_HTTP_1_0); /* of the next one: not yet known */
    conn->flags |= CONN_AGAIN;
    if (ends) {
        conn_enter(edge, slot, CONN_LAST);
        conn_end(edge, slot);
        return;
    }
    conn_enter(edge, slot, CONN_IDLE);
    if (edge->calling == slot) {
        return;
    }
    if (conn->input) {
        conn_go_on_later(edge, slot);
    } else {
        conn_update_watch(edge, slot);
    }
}

static void put_body(struct edge *edge, uint32_t slot, const struct edge_response *response)
{
    struct buf *buf = response->body_buf_take;
    if (!buf) {
        out_reply(edge, slot, response->body.at, response->body.size);
    } else if (buf->size >= SHARE_BYTES_MIN) {
        out_reply_buf_take(edge, slot, buf_ref(buf));
    } else {
        out_reply(edge, slot, buf->bytes, buf->size);
    }
}

static struct cht_str str_of(const char *text)
{
    return (struct cht_str){text, (uint32_t)strlen(text)};
}

/* What a cache keeps for one origin is not for another. */
static uint32_t fields_for_readers(
    const struct edge_readers *readers, struct http_field ret_fields[READER_FIELDS_MAX])
{
    uint32_t count = 0;
    if (readers) {
        ret_fields[count++] = (struct http_field){str_of("Vary"), str_of("Origin")};
    }
    if (readers && readers->origin.size > 0) {
        ret_fields[count++] =
            (struct http_field){str_of("Access-Control-Allow-Origin"), readers->origin};
        ret_fields[count++] = (struct http_field){
            str_of("Access-Control-Expose-Headers"), str_of("Retry-After, X-Room-Seq")};
    }
    return count;
}

/* Head and body as replies of this turn. */
static void put_response(
    struct edge *edge, uint32_t slot, const struct edge_response *response, bool ends)
{
    uint16_t flags = edge->conns[slot].flags;
    struct buf *buf = response->body_buf_take;
    struct http_field for_readers[READER_FIELDS_MAX];
    struct http_answer answer = {
        .own_fields = for_readers,
        .own_field_count = fields_for_readers(edge->colds[slot].readers, for_readers),
        .status = response->status,
        .content_type = response->content_type,
        .cache_control = response->cache_control,
        .fields = response->fields,
        .field_count = response->field_count,
        .body_size = buf ? buf->size : response->body.size,
        .close = ends,
        .keep_alive_1_0 = (flags & CONN_HTTP_1_0) != 0,
    };
    uint32_t bad_fields = 0;
    size_t size = http1_write_head(&answer, edge->scratch, EDGE_SCRATCH_BYTES, &bad_fields);
    edge->stats.frames_bad += bad_fields;
    if (size == 0) {
        answer.status = 500;
        answer.field_count = 0;
        size = http1_write_head(&answer, edge->scratch, EDGE_SCRATCH_BYTES, &bad_fields);
    }
    out_reply(edge, slot, edge->scratch, size);
    if (!(flags & CONN_HEAD_ONLY) && !http1_has_no_body(response->status)) {
        put_body(edge, slot, response);
    }
}

void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response)
{
    struct buf *buf = response->body_buf_take;
    if (edge_is(edge, conn) && edge->conns[conn.slot].phase == CONN_ASKED) {
        bool last = edge->limits.requests_per_connection > 0 &&
                    edge->colds[conn.slot].requests >= edge->limits.requests_per_connection;
        bool ends = response->close || edge->stopping || last ||
                    !(edge->conns[conn.slot].flags & CONN_STAYS);
        put_response(edge, conn.slot, response, ends);
        answered(edge, conn.slot, ends);
    }
    buf_unref(buf);
}

static struct cht_str error_body(const struct err_json *error, char ret_bytes[ERROR_BYTES])
{
    struct cht_json json = {.at = ret_bytes, .size = ERROR_BYTES};
    err_json_write(&json, error);
    CHECK(json.used <= ERROR_BYTES);
    return (struct cht_str){ret_bytes, (uint32_t)json.used};
}

void edge_respond_error(struct edge *edge, struct conn_id conn, enum err err, const char *field,
    uint64_t retry_after_ms)
{
    retry_after_ms = err_wait_ms(err, retry_after_ms);
    struct err_json error = {.err = err,
        .field = field && strlen(field) <= 64 ? field : NULL,
        .retry_after_ms = retry_after_ms};
    char body[ERROR_BYTES];
    char seconds[24];
    uint64_t retry_after_s = retry_after_ms / 1000 + (retry_after_ms % 1000 != 0);
    snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)retry_after_s);
    struct http_field retry = {str_of("Retry-After"), str_of(seconds)};
    struct edge_response response = {
        .status = err_http_status(err),
        .content_type = JSON_TYPE,
        .body = error_body(&error, body),
        .fields = &retry,
        .field_count = retry_after_ms ? 1 : 0,
    };
    edge_respond(edge, conn, &response);
}

static enum err err_of_status(int status)
{
    switch (status) {
    case 413:
        return ERR_TOO_LARGE;
    case 429:
        return ERR_RATE_LIMITED;
    case 503:
        return ERR_OVERLOADED;
    default:
        return ERR_BAD_FRAME;
    }
}

void http_refuse(struct edge *edge, uint32_t slot, int status)
{
    char body[ERROR_BYTES];
    struct err_json error = {.err = err_of_status(status)};
    struct http_field field = {0};
    if (status == 405) {
        field = (struct http_field){str_of("Allow"), str_of(HTTP_METHODS)};
    } else if (status == 426) {
        field = (struct http_field){str_of("Sec-WebSocket-Version"), str_of("13")};
    } else if (status == 429 || status == 503) {
        field = (struct http_field){str_of("Retry-After"), str_of("1")};
    }
    struct edge_response response = {
        .status = status,
        .content_type = JSON_TYPE,
        .body = error_body(&error, body),
        .fields = &field,
        .field_count = field.name.at ? 1 : 0,
    };
    edge->stats.frames_bad++;
    put_response(edge, slot, &response, true);
    answered(edge, slot, true);
}

/* ---- upgrades */

static void note_ws_handler(struct edge *edge, struct edge_ws_handler *handler)
{
    for (uint32_t i = 0; i < edge->ws_handler_count; i++) {
        if (edge->ws_handlers[i] == handler) {
            return;
        }
    }
    CHECK(edge->ws_handler_count < EDGE_LISTENERS_MAX);
    edge->ws_handlers[edge->ws_handler_count] = handler;
    edge->ws_handler_count++;
}

static void put_accept(
    struct edge *edge, uint32_t slot, const struct edge_request *request, const char *protocol)
{
    char keyed[WS_KEYED_SIZE];
    uint8_t digest[EVP_MAX_MD_SIZE];
    ws_keyed(edge_request_field(request, "sec-websocket-key"), keyed);
    CHECK(EVP_Digest(keyed, sizeof(keyed), digest, NULL, edge->sha1, NULL) == 1);
    size_t size = ws_write_accept(digest, protocol, edge->scratch, EDGE_SCRATCH_BYTES);
    CHECK(size > 0);
    out_reply(edge, slot, edge->scratch, size);
}

void edge_upgrade(
    struct edge *edge, struct conn_id conn, struct edge_ws_handler *handler, const char *protocol)
{
    if (!edge_is(edge, conn) || edge->conns[conn.slot].phase != CONN_ASKED) {
        return;
    }
    struct conn *hot = &edge->conns[conn.slot];
    struct conn_cold *cold = &edge->colds[conn.slot];
    CHECK(hot->flags & CONN_OFFERS);
    bool inside = edge->calling == conn.slot;
    put_accept(edge, conn.slot, inside && edge->asking ? edge->asking : cold->kept, protocol);
    http_forget_kept(edge, conn.slot);
    note_ws_handler(edge, handler);
    conn_enter(edge, conn.slot, CONN_OPEN);
    hot->flags |= (uint16_t)(CONN_WS | (handler->on_bytes ? CONN_TUNNEL : 0));
    hot->last_in_ms = edge_now(edge);
    cold->ws = handler;
    edge->stats.websockets++;
    if (!inside && hot->input) {
        conn_go_on_later(edge, conn.slot);
    } else if (!inside) {
        conn_update_watch(edge, conn.slot);
    }
}
