/* lifecycle - see the header. Happy path: once a second a row of numbers is compared with the
 * clock. How it fails: a client that does not bring a newer token in time is closed with 4001 and
 * connects again. */

#include "lifecycle.h"

#include "bus_out.h"
#include "connections.h"
#include "frames.h"
#include "users.h"
#include "wire/ws_close.h"

#define SWEEP_MS 1000u
#define WARNING_S 60u

static void warn(struct socket_service *service, uint32_t slot)
{
    struct connection *connection = &service->connections[slot];
    if (connection->flags & CONNECTION_WARNED) {
        return;
    }
    connection->flags |= CONNECTION_WARNED;
    struct cht_f_auth_expiring expiring = {.expires_at = socket_expires_at(service, slot)};
    struct cht_str frame = frame_of_event(service, &cht_row_f_auth_expiring, &expiring);
    edge_reply(service->deps.edge, slot, frame.at, frame.size);
}

static void sweep(struct socket_service *service)
{
    uint32_t now_s = (uint32_t)(socket_wall(service) / 1000);
    for (uint32_t slot = 0; slot < service->connections_end; slot++) {
        uint32_t ends = service->expires_s[slot];
        if (ends == 0 || ends > now_s + WARNING_S) {
            continue;
        }
        if (ends <= now_s) {
            connection_close(service, slot, WS_CLOSE_EXPIRED, "token expired");
        } else {
            warn(service, slot);
        }
    }
}

/* As many as the time that has passed is of the whole. */
static void drain_some(struct socket_service *service, uint32_t now)
{
    uint32_t passed = now - service->drain_since;
    uint64_t until = passed >= service->drain_spread
                         ? service->connections_end
                         : (uint64_t)service->connections_end * passed / service->drain_spread;
    while (service->drain_next < until) {
        connection_close(service, service->drain_next++, WS_CLOSE_RESTART, "restart");
    }
}

void lifecycle_tick(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    if (now - service->swept_at >= SWEEP_MS) {
        service->swept_at = now;
        sweep(service);
    }
    if (service->draining) {
        drain_some(service, now);
    }
}

static bool is_void(const struct connection_cold *cold, const struct revocation *revocation)
{
    if (cht_id_is_none(&revocation->device)) {
        return cold->token_version < revocation->version;
    }
    return cht_id_equal(&cold->device, &revocation->device);
}

/* The connections are named first: closing one changes the chain. */
void lifecycle_on_revoked(struct socket_service *service, const struct revocation *revocation)
{
    const struct user_slot *user = user_find(service, &revocation->user);
    if (!user) {
        return;
    }
    struct list slots = {0};
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        if (is_void(&service->cold[c], revocation)) {
            list_add(&slots, c);
        }
    }
    for (uint32_t i = 0; i < slots.count; i++) {
        connection_close(service, slots.at[i], WS_CLOSE_REVOKED, "revoked");
    }
    list_deinit(&slots);
}

void lifecycle_on_replaced(struct socket_service *service, const struct cht_replaced *replaced)
{
    const struct user_slot *user = user_find(service, &replaced->user);
    uint32_t c = user ? user->first_connection : SLOT_NONE;
    while (c != SLOT_NONE && !cht_id_equal(&service->cold[c].session, &replaced->session)) {
        c = service->connections[c].next_of_user;
    }
    if (c != SLOT_NONE) {
        connection_close(service, c, WS_CLOSE_REPLACED, "replaced");
    }
}

void lifecycle_drain(struct socket_service *service, uint64_t spread_ms)
{
    if (service->draining) {
        return;
    }
    service->draining = true;
    service->drain_since = socket_now(service);
    service->drain_spread = spread_ms ? (uint32_t)spread_ms : 1;
    service->drain_next = 0;
    struct cht_draining told = {.node = service->deps.mail->node};
    bus_cast(service, &cht_row_draining, &told);
    struct cht_f_draining draining = {.reconnect_after_ms = spread_ms};
    for (uint32_t slot = 0; slot < service->connections_end; slot++) {
        if (service->connections[slot].generation != 0) {
            struct cht_str frame = frame_of_event(service, &cht_row_f_draining, &draining);
            edge_reply(service->deps.edge, slot, frame.at, frame.size);
        }
    }
}
