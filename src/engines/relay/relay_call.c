/* relay_call - a request on its way.
 *
 * Happy path: it is made of what was read of the client's, an instance is chosen, a line carries
 * it, and its reply is the client's answer. How it fails: what surely never left, or changes
 * nothing, is tried elsewhere, RELAY_TRIES_MAX times; then it is `unavailable`, and `timeout` if
 * nobody can know what became of it. A client that is gone is answered to nobody. */

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "relay/relay_inner.h"
#include "world/loop.h"

#define TYPE_BYTES 128
#define WAIT_MS 1000u

/* ---- the request */

/* HEAD is asked as GET: the edge answers the client without the body, and with its length. */
static struct buf *write_ask(const struct edge_request *request)
{
    char address[HOST_BYTES];
    host_of_address(&request->peer, address);
    struct http_ask ask = {
        .method = request->method == HTTP_HEAD ? HTTP_GET : request->method,
        .target = request->target,
        .fields = request->fields,
        .field_count = request->field_count,
        .host = cht_str_of("chattifier"),
        .own = {cht_str_of("X-Forwarded-For"), cht_str_of(address)},
        .body_size = request->body.size,
        .websocket = request->wants_websocket,
    };
    struct buf *buf = buf_create(RELAY_ASK_BYTES_MAX + request->body.size);
    size_t size = http1_write_ask(&ask, (char *)buf->bytes, RELAY_ASK_BYTES_MAX);
    if (size == 0) {
        buf_unref(buf);
        return NULL;
    }
    if (request->body.size > 0) {
        memcpy(buf->bytes + size, request->body.at, request->body.size);
    }
    buf->size = (uint32_t)size + request->body.size;
    return buf;
}

/* ---- trying */

void relay_call_end(struct call *call)
{
    buf_unref(call->ask);
    mem_free(call);
}

static void fail(struct call *call, enum err err)
{
    call->relay->stats.failures++;
    edge_respond_error(call->relay->options.edge, call->conn, err, NULL, WAIT_MS);
    relay_call_end(call);
}

static void try(struct call *call)
{
    struct instance *instance =
        relay_instance_pick(call->relay, call->target, call->refused | call->lost);
    if (!instance) {
        instance = relay_instance_pick(call->relay, call->target, call->refused);
    }
    call->tries++;
    if (!instance) {
        fail(call, ERR_UNAVAILABLE);
    } else if (relay_line_carry(call->relay, instance, call) != OK) {
        fail(call, ERR_OVERLOADED);
    }
}

void relay_call_start(
    struct relay *relay, enum upstream_target target, const struct upstream_call *forwarded)
{
    const struct edge_request *request = forwarded->request;
    struct call *call = mem_new(sizeof(*call));
    *call = (struct call){
        .relay = relay,
        .target = &relay->targets[target],
        .conn = request->conn,
        .ask = write_ask(request),
        .method = request->method == HTTP_HEAD ? HTTP_GET : request->method,
        .websocket = request->wants_websocket,
        .deadline_ms = loop_now_ms(relay->options.world->loop) + relay->options.limits.timeout_ms,
    };
    relay->stats.requests++;
    if (call->ask) {
        try(call);
    } else {
        fail(call, ERR_BAD_FRAME);
    }
}

/* It changes nothing, so it may be said twice. */
static bool is_safe(const struct call *call)
{
    return call->method == HTTP_GET && !call->websocket;
}

void relay_call_lost(struct call *call, bool left)
{
    if (left && !is_safe(call)) {
        fail(call, call->websocket ? ERR_UNAVAILABLE : ERR_TIMEOUT);
    } else if (call->tries >= RELAY_TRIES_MAX) {
        fail(call, ERR_UNAVAILABLE);
    } else {
        call->relay->stats.retries++;
        try(call);
    }
}

void relay_call_late(struct call *call, bool left)
{
    fail(call, left && !call->websocket ? ERR_TIMEOUT : ERR_UNAVAILABLE);
}

/* ---- the reply */

/* What the edge writes itself, or who may read the answer, which is for this gateway to say. */
static bool is_own(const struct http_field *field)
{
    static const char *const names[] = {"access-control-allow-origin",
        "access-control-expose-headers", "cache-control", "content-type", "date", "server", "vary",
        "x-content-type-options"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (http1_same_word(field->name, names[i])) {
            return true;
        }
    }
    return false;
}

static uint32_t fields_for_client(
    const struct http_reply *reply, struct http_field ret_fields[HTTP_FIELDS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < reply->field_count; i++) {
        const struct http_field *field = &reply->fields[i];
        if (!is_own(field) && !http1_is_of_hop(field, reply->fields, reply->field_count)) {
            ret_fields[count++] = *field;
        }
    }
    return count;
}

/* NULL if it is not there, or too long to be one of ours. */
static const char *copy_field(
    const struct http_reply *reply, const char *name, char ret_text[TYPE_BYTES])
{
    struct cht_str value = http1_field(reply->fields, reply->field_count, name);
    if (!value.at || value.size == 0 || value.size >= TYPE_BYTES) {
        return NULL;
    }
    memcpy(ret_text, value.at, value.size);
    ret_text[value.size] = 0;
    return ret_text;
}

void relay_call_answer(struct call *call, const struct http_reply *reply, struct cht_str body)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    char type[TYPE_BYTES], cache[TYPE_BYTES];
    struct edge_response response = {
        .status = reply->status,
        .content_type = copy_field(reply, "content-type", type),
        .cache_control = copy_field(reply, "cache-control", cache),
        .body = body,
        .fields = fields,
        .field_count = fields_for_client(reply, fields),
    };
    edge_respond(call->relay->options.edge, call->conn, &response);
    relay_call_end(call);
}
