/* gateway_answers - what the gateway says itself.
 *
 * Happy path: a file, the info, or a refusal in the words of the protocol. How it fails: a Host
 * that is no host is not repeated in any header. */

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err_json.h"
#include "gateway/gateway_inner.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define FILE_METHODS "GET, HEAD, OPTIONS"

static struct http_field field(const char *name, const char *value)
{
    return (struct http_field){cht_str_of(name), cht_str_of(value)};
}

/* What could not be read is one code with several statuses; the words say what to do about each. */
static const char *words_of(const struct gateway_refusal *refusal)
{
    switch (refusal->status) {
    case 405:
        return "This path does not take that method; Allow lists those that it takes.";
    case 415:
        return "The body has to be JSON, with Content-Type: application/json.";
    case 426:
        return "This is a WebSocket: open it with the sub-protocol chattifier.v1.";
    default:
        return NULL; /* the error's own say it */
    }
}

void gateway_refuse(struct gateway *gateway, const struct edge_request *request,
    const struct gateway_refusal *refusal)
{
    char body[512];
    struct cht_json json = {.at = body, .size = sizeof(body)};
    struct http_field fields[2];
    uint32_t count = 0;
    int status = refusal->status ? refusal->status : err_http_status(refusal->err);
    err_json_write(&json, &(struct err_json){.err = refusal->err, .message = words_of(refusal)});
    if (refusal->allow) {
        fields[count++] = field("Allow", refusal->allow);
    }
    if (status == 401) {
        fields[count++] = field("WWW-Authenticate", "Bearer");
    } else if (status == 426) {
        fields[count++] = field("Upgrade", "websocket");
    }
    struct edge_response response = {.status = status,
        .content_type = JSON_TYPE,
        .body = {body, (uint32_t)json.used},
        .fields = fields,
        .field_count = count};
    edge_respond(gateway->deps.edge, request->conn, &response);
}

/* That a listed origin may read it says the edge, as of every answer (gateway_readers_of). */
void gateway_answer_options(
    struct gateway *gateway, const struct edge_request *request, const char *allow)
{
    struct http_field fields[4];
    struct cht_str origin = edge_request_field(request, "origin");
    uint32_t count = 0;
    fields[count++] = field("Allow", allow);
    if (gateway_is_api(request->path) &&
        gateway_origin_listed(origin, gateway->deps.settings->origins)) {
        fields[count++] = field("Access-Control-Allow-Methods", allow);
        fields[count++] = field("Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, Idempotency-After");
        fields[count++] = field("Access-Control-Max-Age", "600");
    }
    struct edge_response response = {.status = 204, .fields = fields, .field_count = count};
    edge_respond(gateway->deps.edge, request->conn, &response);
}

static void raw(struct cht_json *json, const char *name, const char *value)
{
    cht_json_key(json, name);
    cht_json_raw(json, cht_str_of(value));
}

void gateway_answer_info(struct gateway *gateway, const struct edge_request *request)
{
    char body[4096];
    const struct gateway_info *info = gateway->deps.info;
    struct cht_json json = {.at = body, .size = sizeof(body)};
    cht_json_begin(&json, '{');
    cht_json_key(&json, "version");
    cht_json_text(&json, cht_str_of(info->version ? info->version : ""));
    cht_json_key(&json, "protocol");
    cht_json_u64(&json, 1);
    raw(&json, "features", info->features ? info->features : "[]");
    raw(&json, "limits", info->limits ? info->limits : "{}");
    cht_json_key(&json, "registration");
    cht_json_flag(&json, info->registration);
    cht_json_end(&json, '}');
    if (BUG(json.used > sizeof(body))) {
        edge_respond_error(gateway->deps.edge, request->conn, ERR_INTERNAL, NULL, 0);
        return;
    }
    struct edge_response response = {
        .status = 200, .content_type = JSON_TYPE, .body = {body, (uint32_t)json.used}};
    edge_respond(gateway->deps.edge, request->conn, &response);
}

static bool is_host(struct cht_str host)
{
    static const char *const allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    for (uint32_t i = 0; i < host.size; i++) {
        if (!host.at[i] || !strchr(allowed, host.at[i])) {
            return false;
        }
    }
    return host.size > 0 && host.size <= 255;
}

static void write_policy(struct cht_str host, char ret_policy[1024])
{
    char sockets[560] = "";
    if (is_host(host)) {
        snprintf(sockets, sizeof(sockets), " ws://%.*s wss://%.*s", (int)host.size, host.at,
            (int)host.size, host.at);
    }
    snprintf(ret_policy, 1024,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'%s; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'; require-trusted-types-for 'script'",
        sockets);
}

static bool has_it(const struct edge_request *request, const struct static_file *file)
{
    struct cht_str known = edge_request_field(request, "if-none-match");
    return known.size > 0 && memmem(known.at, known.size, file->etag, strlen(file->etag));
}

void gateway_answer_file(struct gateway *gateway, const struct edge_request *request)
{
    const struct static_file *file = static_files_find(gateway->deps.files, request->path);
    char policy[1024];
    if (!file) {
        gateway_refuse(gateway, request, &(struct gateway_refusal){.err = ERR_NOT_FOUND});
        return;
    }
    if (request->method == HTTP_OPTIONS) {
        gateway_answer_options(gateway, request, FILE_METHODS);
        return;
    }
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        struct gateway_refusal refusal = {405, ERR_BAD_FRAME, FILE_METHODS};
        gateway_refuse(gateway, request, &refusal);
        return;
    }
    write_policy(edge_request_field(request, "host"), policy);
    struct http_field fields[] = {field("ETag", file->etag),
        field("Content-Security-Policy", policy), field("Referrer-Policy", "no-referrer"),
        field("X-Frame-Options", "DENY"), field("Cross-Origin-Opener-Policy", "same-origin"),
        field("Cross-Origin-Resource-Policy", "same-origin"),
        field(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")};
    bool known = has_it(request, file);
    struct edge_response response = {.status = known ? 304 : 200,
        .content_type = known ? NULL : file->content_type,
        .body_buf_take = known ? NULL : buf_ref(file->content),
        .fields = fields,
        .field_count = sizeof(fields) / sizeof(fields[0]),
        .cache_control = "no-cache"};
    edge_respond(gateway->deps.edge, request->conn, &response);
}
