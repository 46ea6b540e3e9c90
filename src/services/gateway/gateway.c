/* gateway - from a request to whoever answers it.
 *
 * Happy path: a row of the routes, a good token, forward. How it fails: 404, 405, 415 or 401, in
 * that order, in the words of the protocol. */

#include "gateway/gateway.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/task.h"
#include "gateway/gateway_inner.h"

enum upstream_refusal gateway_standing(struct gateway *gateway, const struct identity *who)
{
    switch (sessions_standing(gateway->deps.sessions, who)) {
    case TOKEN_GOOD:
        return UPSTREAM_ALLOWED;
    case TOKEN_OLD:
        return UPSTREAM_EXPIRED;
    case TOKEN_REVOKED:
        return UPSTREAM_REVOKED;
    }
    CHECK_UNREACHABLE();
}

enum upstream_refusal gateway_judge(
    struct gateway *gateway, struct cht_str token, struct identity *ret_identity)
{
    enum err err = secrets_verify_token(gateway->deps.secrets, token, ret_identity);
    if (err != OK) {
        return err == ERR_STALE ? UPSTREAM_EXPIRED : UPSTREAM_REVOKED;
    }
    return gateway_standing(gateway, ret_identity);
}

void gateway_forward(
    struct gateway *gateway, enum upstream_target target, const struct upstream_call *call)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    struct edge_request request = *call->request;
    struct upstream_call own = *call;
    request.peer = gateway_client_address(call->request, gateway_trusted(gateway, &request.peer));
    request.field_count = gateway_headers_strip(call->request, fields);
    request.fields = fields;
    /* No other route opens one. */
    request.wants_websocket &= cht_str_is(request.path, "/api/socket");
    own.request = &request;
    upstream_forward(gateway->deps.upstream, target, &own);
}

static void forward_with_token(
    struct gateway *gateway, const struct edge_request *request, enum upstream_target target)
{
    struct identity identity;
    struct cht_str authorization;
    struct cht_str token;
    struct upstream_call call = {request, &identity, UPSTREAM_ALLOWED};
    bool here = upstream_is_here(gateway->deps.upstream, target);
    if (!gateway_header_once(request, "authorization", &authorization) || !authorization.at ||
        !gateway_bearer(authorization, &token) ||
        (here && gateway_judge(gateway, token, &identity) != UPSTREAM_ALLOWED)) {
        gateway_refuse(gateway, request, &(struct gateway_refusal){.err = ERR_UNAUTHORIZED});
        return;
    }
    call.identity = here ? &identity : NULL;
    gateway_forward(gateway, target, &call);
}

static void answer_route(
    struct gateway *gateway, const struct edge_request *request, const struct gateway_route *route)
{
    struct upstream_call call = {request, NULL, UPSTREAM_ALLOWED};
    if (request->body.size > 0 && !cht_is_json_type(edge_request_field(request, "content-type"))) {
        gateway_refuse(
            gateway, request, &(struct gateway_refusal){.status = 415, .err = ERR_BAD_FRAME});
    } else if (cht_str_is(request->path, "/api/info")) {
        gateway_answer_info(gateway, request);
    } else if (cht_str_is(request->path, "/api/socket")) {
        gateway_upgrade(gateway, request);
    } else if (route->open & (1u << request->method)) {
        gateway_forward(gateway, route->target, &call);
    } else {
        forward_with_token(gateway, request, route->target);
    }
}

static void on_request(struct edge_http_handler *handler, const struct edge_request *request)
{
    struct gateway *gateway = container_of(handler, struct gateway, handler);
    struct gateway_route route;
    if (cht_str_is(request->path, "*")) {
        gateway_answer_options(gateway, request, HTTP_METHODS);
        return;
    }
    if (!gateway_is_api(request->path)) {
        gateway_answer_file(gateway, request);
        return;
    }
    gateway_route_find(request->path, &route);
    if (route.methods == 0) {
        gateway_refuse(gateway, request, &(struct gateway_refusal){.err = ERR_UNKNOWN_TYPE});
    } else if (request->method == HTTP_OPTIONS) {
        gateway_answer_options(gateway, request, route.allow);
    } else if (request->method == HTTP_OTHER || !(route.methods & (1u << request->method))) {
        struct gateway_refusal refusal = {405, ERR_BAD_FRAME, route.allow};
        gateway_refuse(gateway, request, &refusal);
    } else {
        answer_route(gateway, request, &route);
    }
}

/* Flows hold names of connections, and a stale name finds nobody: there is nothing to stop. */
static void on_gone(struct edge_http_handler *handler, struct conn_id conn)
{
    (void)handler;
    (void)conn;
}

static const struct edge_readers *on_head(
    struct edge_http_handler *handler, const struct http_head *head)
{
    return gateway_readers_of(container_of(handler, struct gateway, handler), head);
}

struct gateway *gateway_create(const struct gateway_deps *deps)
{
    struct gateway *gateway = mem_new(sizeof(*gateway));
    gateway->deps = *deps;
    gateway->handler = (struct edge_http_handler){on_request, on_gone, on_head};
    gateway->readers = gateway_readers_create(deps->settings->origins, &gateway->listed);
    return gateway;
}

struct edge_http_handler *gateway_handler(struct gateway *gateway)
{
    return &gateway->handler;
}

void gateway_destroy(struct gateway *gateway)
{
    if (gateway) {
        mem_free(gateway->readers);
    }
    mem_free(gateway);
}
