/* opening - see the header. Happy path: one question, then the upgrade and `ready` in the same
 * send, and the user's rooms. How it fails: credentials that are over are told by a close code,
 * since browsers can not see a status; so are limits. A client that is gone before the answer is
 * forgotten again. A replaced connection whose node does not hear of it is closed by its heartbeat:
 * who asks for a replacement has mostly lost it. */

#include "opening.h"

#include "base/check.h"
#include "base/mem.h"
#include "bus_out.h"
#include "connections.h"
#include "flow/flow.h"
#include "lifecycle.h"
#include "membership.h"
#include "presence.h"
#include "ready.h"
#include "rosters.h"
#include "users.h"
#include "wire/url.h"
#include "wire/ws_close.h"
#include "wire/ws_handshake.h"

#define PROTOCOL "chattifier.v1"

struct opening {
    struct flow flow;
    struct socket_service *service;
    struct conn_id conn;
    struct identity who;
    struct sessions_enter_op enter;
};

static void open_and_close(
    struct socket_service *service, struct conn_id conn, uint16_t code, const char *reason)
{
    struct edge *edge = service->deps.edge;
    edge_upgrade(edge, conn, &service->ws, PROTOCOL);
    if (edge_is_open(edge, conn)) {
        edge_close(edge, conn.slot, code, reason);
    }
}

/* 0: welcome. */
static uint16_t why_not(struct socket_service *service, const struct identity *who)
{
    if (who->expires_at <= socket_wall(service)) {
        return WS_CLOSE_EXPIRED;
    }
    switch (sessions_standing(service->deps.sessions, who)) {
    case TOKEN_GOOD:
        return 0;
    case TOKEN_OLD:
        return WS_CLOSE_EXPIRED;
    case TOKEN_REVOKED:
        return WS_CLOSE_REVOKED;
    }
    CHECK_UNREACHABLE();
}

static uint16_t why_refused(struct socket_service *service, const struct upstream_call *call)
{
    static const uint16_t codes[] = {
        [UPSTREAM_EXPIRED] = WS_CLOSE_EXPIRED,
        [UPSTREAM_REVOKED] = WS_CLOSE_REVOKED,
        [UPSTREAM_BAD_TICKET] = WS_CLOSE_BAD_TICKET,
    };
    return call->refusal == UPSTREAM_ALLOWED ? why_not(service, call->identity)
                                             : codes[call->refusal];
}

/* ---- in */

static void fill(struct socket_service *service, const struct opening *opening)
{
    uint32_t slot = opening->conn.slot;
    const struct identity *who = &opening->who;
    struct connection *connection = &service->connections[slot];
    CHECK(connection->generation == 0);
    *connection = (struct connection){
        .generation = opening->conn.generation,
        .user = SLOT_NONE,
        .next_of_user = SLOT_NONE,
        .first_pending = PENDING_NONE,
        .rates = opening->enter.rates,
        .presence = cht_presence_state_online,
    };
    service->cold[slot] = (struct connection_cold){
        .device = who->device,
        .session = opening->enter.session.id,
        .token_version = who->token_version,
        .issued_at = who->issued_at,
    };
    service->expires_s[slot] = (uint32_t)(who->expires_at / 1000);
    if (slot >= service->connections_end) {
        service->connections_end = slot + 1;
    }
}

static void join_user(
    struct socket_service *service, struct conn_id conn, const struct identity *who)
{
    struct user_slot *user = user_take(service, &who->user);
    bool first = user->connection_count == 0;
    user_link(service, user, conn.slot);
    membership_add_connection(service, user, conn.slot);
    if (first) {
        roster_ask(service, user);
    }
    if (roster_is_awaited(user)) {
        service->connections[conn.slot].flags |= CONNECTION_HELD;
        edge_pause(service->deps.edge, conn.slot);
    }
    presence_on_change(service, user);
}

/* False: the client is gone. */
static bool welcome(struct socket_service *service, const struct opening *opening)
{
    struct edge *edge = service->deps.edge;
    edge_upgrade(edge, opening->conn, &service->ws, PROTOCOL);
    if (!edge_is_open(edge, opening->conn)) {
        return false;
    }
    fill(service, opening);
    ready_send(service, opening->conn.slot, &opening->who.user);
    join_user(service, opening->conn, &opening->who);
    service->counters.connects++;
    service->counters.connections++;
    return true;
}

/* ---- asking */

static void ask_sessions(struct flow *flow)
{
    struct opening *opening = (struct opening *)flow;
    sessions_enter(opening->service->deps.sessions, flow_tolerate(flow), &opening->enter);
}

static void close_replaced(struct socket_service *service, const struct session *replaced)
{
    struct cht_replaced told = {.user = replaced->user, .session = replaced->id};
    if (replaced->node == service->deps.mail->node) {
        lifecycle_on_replaced(service, &told);
    } else if (replaced->node != 0) {
        bus_mail(service, MAIL_LIVE, replaced->node, &cht_row_replaced, &told);
    }
}

/* The world may have changed since it was asked. */
static void finish(struct flow *flow)
{
    struct opening *opening = (struct opening *)flow;
    struct socket_service *service = opening->service;
    bool entered = opening->enter.op.err != ERR_RATE_LIMITED;
    uint16_t code = why_not(service, &opening->who);
    close_replaced(service, &opening->enter.replaced);
    if (service->draining) {
        edge_respond_error(service->deps.edge, opening->conn, ERR_UNAVAILABLE, NULL, 1000);
    } else if (code) {
        open_and_close(service, opening->conn, code, NULL);
    } else if (!entered) {
        open_and_close(service, opening->conn, WS_CLOSE_TOO_MANY, "too many connections");
    } else if (welcome(service, opening)) {
        entered = false; /* it is taken out when it closes */
    }
    if (entered) {
        sessions_remove(service->deps.sessions, &opening->enter.session);
    }
    mem_free(opening);
}

/* `?session=` names an older connection of the same user that this one replaces. */
static struct cht_id replaced_by(const struct edge_request *request)
{
    struct cht_id session;
    char text[CHT_ID_TEXT_SIZE];
    struct cht_str value;
    bool named = url_query_get(request->query, "session", text, sizeof(text), &value) == URL_ONE &&
                 cht_id_from_text(value, &session);
    return named ? session : (struct cht_id){{0}};
}

static void ask(struct socket_service *service, const struct upstream_call *call)
{
    static const struct flow_step steps[] = {{"ask_sessions", ask_sessions}, {"finish", finish}};
    CHECK(call->identity);
    struct opening *opening = mem_new(sizeof(*opening));
    struct conn_id conn = call->request->conn;
    *opening = (struct opening){
        .service = service,
        .conn = conn,
        .who = *call->identity,
        .enter =
            {
                .session =
                    {
                        .user = call->identity->user,
                        .device = call->identity->device,
                        .node = service->deps.mail->node,
                        .boot = service->deps.mail->boot,
                        .slot = conn.slot,
                        .generation = conn.generation,
                    },
                .replaces = replaced_by(call->request),
                .user_max = (uint32_t)service->settings.connections_per_user,
                .device_max = (uint32_t)service->settings.connections_per_device,
            },
    };
    struct cht_id *id = &opening->enter.session.id;
    random_fill(service->deps.world->random, id->bytes, sizeof(id->bytes));
    flow_start(&opening->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}

void opening_start(struct socket_service *service, const struct upstream_call *call)
{
    struct conn_id conn = call->request->conn;
    struct edge *edge = service->deps.edge;
    if (!ws_offers_protocol(call->request->fields, call->request->field_count, PROTOCOL)) {
        edge_respond_error(edge, conn, ERR_BAD_FRAME, "sec-websocket-protocol", 0);
        return;
    }
    if (!call->identity && call->refusal == UPSTREAM_ALLOWED) {
        edge_respond_error(edge, conn, ERR_UNAUTHORIZED, NULL, 0);
        return;
    }
    if (service->draining || conn.slot >= service->settings.connections_max) {
        edge_respond_error(edge, conn, ERR_UNAVAILABLE, NULL, 1000);
        return;
    }
    uint16_t code = why_refused(service, call);
    if (code) {
        open_and_close(service, conn, code, NULL);
        return;
    }
    ask(service, call);
}
