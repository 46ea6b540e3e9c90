/* gateway_upgrade - GET /api/socket: credentials of an upgrade.
 *
 * Happy path: a token, or a ticket that sessions gives away once, becomes an identity; the socket
 * service gets the request. How it fails: before the credentials are looked at with a status; after
 * that with a refusal that the socket service turns into a close code. A ticket is asked for in a
 * flow, and the edge keeps the request meanwhile; if the client goes, nobody is answered. */

#include <string.h>

#include "base/mem.h"
#include "flow/flow.h"
#include "gateway/gateway_inner.h"
#include "wire/url.h"
#include "world/loop.h"

struct upgrade {
    struct flow flow;
    struct gateway *gateway;
    struct conn_id conn;
    struct sessions_ticket_op take;
};

static struct upgrade *upgrade_of(struct flow *flow)
{
    return container_of(flow, struct upgrade, flow);
}

static void take_ticket(struct flow *flow)
{
    struct upgrade *u = upgrade_of(flow);
    sessions_ticket_take(u->gateway->deps.sessions, flow_tolerate(flow), &u->take);
}

static enum upstream_refusal judge_ticket(
    struct upgrade *u, const struct edge_request *request, struct identity *ret_identity)
{
    const struct gateway_deps *deps = &u->gateway->deps;
    const struct ticket *ticket = &u->take.ticket;
    uint64_t now_ms = loop_wall_ms(deps->world->loop);
    struct cht_str origin = edge_request_field(request, "origin");
    struct cht_str bound = {
        ticket->origin, (uint32_t)strnlen(ticket->origin, sizeof(ticket->origin))};
    if (u->take.op.err != OK || ticket->valid_until <= now_ms) {
        return UPSTREAM_BAD_TICKET;
    }
    if (bound.size > 0 && !cht_str_equal(bound, origin)) {
        return UPSTREAM_BAD_TICKET;
    }
    *ret_identity = (struct identity){.user = ticket->user,
        .device = ticket->device,
        .token_version = ticket->token_version,
        .issued_at = ticket->issued_at,
        .expires_at = ticket->expires_at};
    if (ticket->expires_at <= now_ms) {
        return UPSTREAM_EXPIRED;
    }
    return gateway_standing(u->gateway, ret_identity);
}

static void finish(struct flow *flow)
{
    struct upgrade *u = upgrade_of(flow);
    struct edge *edge = u->gateway->deps.edge;
    struct identity identity = {0};
    struct upstream_call call = {edge_keep(edge, u->conn), &identity, UPSTREAM_ALLOWED};
    enum err err = u->take.op.err;
    if (err != OK && err != ERR_NOT_FOUND) {
        edge_respond_error(edge, u->conn, err_for_client(err), NULL, 0);
    } else if (call.request) {
        call.refusal = judge_ticket(u, call.request, &identity);
        gateway_forward(u->gateway, UPSTREAM_SOCKET, &call);
    }
    mem_wipe(u, sizeof(*u));
    mem_free(u);
}

static const struct flow_step steps[] = {{"take_ticket", take_ticket}, {"finish", finish}};

static void start_with_ticket(
    struct gateway *gateway, const struct edge_request *request, struct cht_str ticket)
{
    struct upgrade *u = mem_new(sizeof(*u));
    u->gateway = gateway;
    u->conn = request->conn;
    edge_keep(gateway->deps.edge, request->conn);
    secrets_digest(gateway->deps.secrets, ticket, u->take.ticket.secret_hash);
    flow_start(&u->flow, gateway->deps.world->loop, steps, FLOW_STEPS(steps));
}

static void start_with_token(
    struct gateway *gateway, const struct edge_request *request, struct cht_str authorization)
{
    struct identity identity = {0};
    struct cht_str token;
    struct upstream_call call = {request, &identity, UPSTREAM_REVOKED};
    if (gateway_bearer(authorization, &token)) {
        call.refusal = gateway_judge(gateway, token, &identity);
    }
    gateway_forward(gateway, UPSTREAM_SOCKET, &call);
}

void gateway_upgrade(struct gateway *gateway, const struct edge_request *request)
{
    struct cht_str origin;
    struct cht_str authorization;
    struct cht_str ticket;
    char text[HTTP_LINE_BYTES_MAX];
    struct gateway_refusal refusal = {.err = ERR_BAD_FRAME};
    enum url_found found = url_query_get(request->query, "ticket", text, sizeof(text), &ticket);
    bool has_ticket = found == URL_ONE;
    bool once = gateway_header_once(request, "origin", &origin) &&
                gateway_header_once(request, "authorization", &authorization) &&
                (has_ticket || found == URL_ABSENT);
    if (!once || (authorization.at && has_ticket)) {
        gateway_refuse(gateway, request, &refusal);
    } else if (origin.at && !gateway_origin_allowed(origin, edge_request_field(request, "host"),
                                gateway->deps.settings->origins)) {
        refusal.err = ERR_FORBIDDEN;
        gateway_refuse(gateway, request, &refusal);
    } else if (!authorization.at && !has_ticket) {
        refusal.err = ERR_UNAUTHORIZED;
        gateway_refuse(gateway, request, &refusal);
    } else if (!request->wants_websocket) {
        refusal.status = 426;
        gateway_refuse(gateway, request, &refusal);
    } else if (!upstream_is_here(gateway->deps.upstream, UPSTREAM_SOCKET)) {
        struct upstream_call call = {request, NULL, UPSTREAM_ALLOWED};
        gateway_forward(gateway, UPSTREAM_SOCKET, &call);
    } else if (has_ticket) {
        start_with_ticket(gateway, request, ticket);
    } else {
        start_with_token(gateway, request, authorization);
    }
}
