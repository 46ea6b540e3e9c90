/* connections - see the header. Happy path: held until the user's rooms are known, read, and much
 * later closed and forgotten. How it fails: it does not. */

#include "connections.h"

#include "base/check.h"
#include "gaps.h"
#include "membership.h"
#include "presence.h"
#include "rosters.h"
#include "users.h"
#include "watches.h"

struct connection *connection_find(struct socket_service *service, struct conn_id conn)
{
    if (conn.slot >= service->settings.connections_max) {
        return NULL;
    }
    struct connection *connection = &service->connections[conn.slot];
    bool same = connection->generation != 0 && connection->generation == conn.generation;
    return same ? connection : NULL;
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

static void remove_pending(
    struct socket_service *service, struct connection *connection, uint32_t slot)
{
    const struct pending *pending = &service->pendings.slots[slot];
    service->shards[pending->shard].in_flight -= pending->writes;
    pending_remove(&service->pendings, connection ? &connection->first_pending : NULL, slot);
}

static void forget_pendings(struct socket_service *service, struct connection *connection)
{
    while (connection->first_pending != PENDING_NONE) {
        remove_pending(service, connection, connection->first_pending);
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
    remove_pending(service, connection, slot);
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
