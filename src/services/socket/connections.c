/* connections - see the header. Happy path: upgrade, `ready` in the same send, the user's rooms,
 * much later closed and forgotten. How it fails: credentials that are over are told by a close
 * code, since browsers can not see a status; so are limits. */

#include "connections.h"

#include "base/check.h"
#include "frames.h"
#include "gaps.h"
#include "membership.h"
#include "presence.h"
#include "ready.h"
#include "rosters.h"
#include "users.h"
#include "watches.h"
#include "wire/url.h"
#include "wire/ws_close.h"
#include "wire/ws_handshake.h"

#define PROTOCOL "chattifier.v1"

struct connection *connection_find(struct socket_service *service, struct conn_id conn)
{
    if (conn.slot >= service->settings.connections_max) {
        return NULL;
    }
    struct connection *connection = &service->connections[conn.slot];
    bool same = connection->generation != 0 && connection->generation == conn.generation;
    return same ? connection : NULL;
}

/* ---- opening */

static void open_and_close(
    struct socket_service *service, struct conn_id conn, uint16_t code, const char *reason)
{
    edge_upgrade(service->deps.edge, conn, &service->ws, PROTOCOL);
    edge_close(service->deps.edge, conn.slot, code, reason);
}

/* 0: welcome. */
static uint16_t why_not(struct socket_service *service, const struct upstream_call *call)
{
    switch (call->refusal) {
    case UPSTREAM_EXPIRED:
        return WS_CLOSE_EXPIRED;
    case UPSTREAM_REVOKED:
        return WS_CLOSE_REVOKED;
    case UPSTREAM_BAD_TICKET:
        return WS_CLOSE_BAD_TICKET;
    case UPSTREAM_ALLOWED:
        break;
    }
    const struct identity *who = call->identity;
    if (who->expires_at <= socket_wall(service)) {
        return WS_CLOSE_EXPIRED;
    }
    enum token_standing standing = sessions_standing(service->deps.sessions, who);
    return standing == TOKEN_REVOKED ? WS_CLOSE_REVOKED
           : standing == TOKEN_OLD   ? WS_CLOSE_EXPIRED
                                     : 0;
}

static bool is_too_many(struct socket_service *service, const struct identity *who)
{
    const struct user_slot *user = user_find(service, &who->user);
    if (!user) {
        return false;
    }
    uint64_t of_device = 0;
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        of_device += cht_id_equal(&service->cold[c].device, &who->device);
    }
    const struct socket_settings *settings = &service->settings;
    bool user_full =
        settings->connections_per_user && user->connection_count >= settings->connections_per_user;
    bool device_full =
        settings->connections_per_device && of_device >= settings->connections_per_device;
    return user_full || device_full;
}

/* `?session=` names an older connection of the same user that this one replaces. */
static void close_replaced(struct socket_service *service, const struct upstream_call *call)
{
    struct cht_id session;
    char text[CHT_ID_TEXT_SIZE];
    struct cht_str value;
    const struct user_slot *user = user_find(service, &call->identity->user);
    if (!user ||
        url_query_get(call->request->query, "session", text, sizeof(text), &value) != URL_ONE ||
        !cht_id_from_text(value, &session)) {
        return;
    }
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        if (cht_id_equal(&service->cold[c].session, &session)) {
            connection_close(service, c, WS_CLOSE_REPLACED, "replaced");
            return;
        }
    }
}

static void fill(struct socket_service *service, struct conn_id conn, const struct identity *who)
{
    struct connection *connection = &service->connections[conn.slot];
    CHECK(connection->generation == 0);
    *connection = (struct connection){
        .generation = conn.generation,
        .user = SLOT_NONE,
        .next_of_user = SLOT_NONE,
        .first_pending = PENDING_NONE,
        .presence = cht_presence_state_online,
    };
    struct connection_cold *cold = &service->cold[conn.slot];
    *cold = (struct connection_cold){
        .device = who->device,
        .token_version = who->token_version,
        .expires_at = who->expires_at,
        .issued_at = who->issued_at,
    };
    random_fill(service->deps.world->random, cold->session.bytes, sizeof(cold->session.bytes));
    service->expires_s[conn.slot] = (uint32_t)(who->expires_at / 1000);
    if (conn.slot >= service->connections_end) {
        service->connections_end = conn.slot + 1;
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

static void welcome(struct socket_service *service, struct conn_id conn, const struct identity *who)
{
    edge_upgrade(service->deps.edge, conn, &service->ws, PROTOCOL);
    if (!edge_is_open(service->deps.edge, conn)) {
        return;
    }
    fill(service, conn, who);
    ready_send(service, conn.slot, &who->user);
    struct session session = presence_session(service, conn.slot, &who->user);
    sessions_add(service->deps.sessions, &session);
    join_user(service, conn, who);
    service->counters.connects++;
    service->counters.connections++;
}

void connection_open(struct socket_service *service, const struct upstream_call *call)
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
    uint16_t code = why_not(service, call);
    if (code) {
        open_and_close(service, conn, code, NULL);
        return;
    }
    close_replaced(service, call);
    if (is_too_many(service, call->identity)) {
        open_and_close(service, conn, WS_CLOSE_TOO_MANY, "too many connections");
        return;
    }
    welcome(service, conn, call->identity);
}

/* ---- closing */

void connection_close(
    struct socket_service *service, uint32_t slot, uint16_t code, const char *reason)
{
    struct connection *connection = &service->connections[slot];
    if (connection->generation == 0 || (connection->flags & CONNECTION_CLOSING)) {
        return;
    }
    connection->flags |= CONNECTION_CLOSING;
    edge_close(service->deps.edge, slot, code, reason);
}

static void forget_pendings(struct socket_service *service, struct connection *connection)
{
    while (connection->first_pending != PENDING_NONE) {
        pending_remove(&service->pendings, &connection->first_pending, connection->first_pending);
    }
}

static void leave_user(struct socket_service *service, uint32_t slot)
{
    struct user_slot *user = &service->users[service->connections[slot].user];
    membership_remove_connection(service, user, slot);
    user_unlink(service, user, slot);
    if (user->connection_count > 0) {
        presence_on_change(service, user);
        return;
    }
    presence_on_gone(service, user);
    roster_forget(service, user);
    membership_forget_user(service, user);
    user_free(service, user);
}

void connection_on_closed(struct socket_service *service, uint32_t slot)
{
    if (slot >= service->settings.connections_max) {
        return;
    }
    struct connection *connection = &service->connections[slot];
    if (connection->generation == 0) {
        return; /* it was only opened to be told why not */
    }
    struct session session = presence_session(service, slot, &service->users[connection->user].id);
    sessions_remove(service->deps.sessions, &session);
    forget_pendings(service, connection);
    gaps_forget(service, slot);
    watches_forget(service, slot);
    leave_user(service, slot);
    *connection = (struct connection){0};
    service->expires_s[slot] = 0;
    service->counters.closes++;
    service->counters.connections--;
}

/* ---- commands in flight */

void connection_forget_pending(struct socket_service *service, uint32_t slot)
{
    const struct pending *pending = &service->pendings.slots[slot];
    uint32_t at = pending->conn.slot;
    struct connection *connection = pending->http ? NULL : connection_find(service, pending->conn);
    pending_remove(&service->pendings, connection ? &connection->first_pending : NULL, slot);
    if (!connection) {
        return;
    }
    CHECK(connection->in_flight > 0);
    connection->in_flight--;
    if ((connection->flags & CONNECTION_PAUSED) &&
        connection->in_flight < service->settings.in_flight) {
        connection->flags &= (uint8_t)~CONNECTION_PAUSED;
        edge_resume(service->deps.edge, at);
    }
}

void connection_hold_back(struct socket_service *service, uint32_t slot)
{
    struct connection *connection = &service->connections[slot];
    bool full = connection->in_flight >= service->settings.in_flight;
    if (full && !(connection->flags & CONNECTION_PAUSED)) {
        connection->flags |= CONNECTION_PAUSED;
        edge_pause(service->deps.edge, slot);
    }
}

void connection_let_in(struct socket_service *service, uint32_t slot)
{
    struct connection *connection = &service->connections[slot];
    if (connection->flags & CONNECTION_HELD) {
        connection->flags &= (uint8_t)~CONNECTION_HELD;
        edge_resume(service->deps.edge, slot);
    }
}
