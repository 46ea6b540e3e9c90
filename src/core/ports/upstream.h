#pragma once

/* upstream - how the gateway reaches the services behind it.
 *
 * A service that is in the same process says so (upstream_serve). upstream_forward gives an
 * authorized request to a service; the service answers on the client's connection itself (in one
 * process, edge_respond or edge_upgrade on the same conn), or the engine relays. Exactly one
 * answer, also when the service is not there (`unavailable`). The request is lent for the call. */

#include "flow/op.h"
#include "ports/secrets.h"

struct edge_request;
struct upstream;

enum upstream_target { UPSTREAM_SOCKET, UPSTREAM_USER, UPSTREAM_TARGET_COUNT };

/* Why the client may not be served, for upgrades: these are accepted and closed with a code, since
 * browsers can not see a status. */
enum upstream_refusal { UPSTREAM_ALLOWED, UPSTREAM_EXPIRED, UPSTREAM_REVOKED, UPSTREAM_BAD_TICKET };

struct upstream_call {
    const struct edge_request *request;
    const struct identity *identity; /* NULL: a public route */
    enum upstream_refusal refusal;
};

/* A service's side. */
struct upstream_server {
    void (*on_call)(struct upstream_server *server, const struct upstream_call *call);
};

struct upstream {
    uint32_t here; /* bits of targets: their services are in this process */
    void (*serve)(
        struct upstream *upstream, enum upstream_target target, struct upstream_server *server);
    void (*forward)(
        struct upstream *upstream, enum upstream_target target, const struct upstream_call *call);
};

/* Who serves `target` in this process from here on; NULL: nobody. It is the caller's. */
static inline void upstream_serve(
    struct upstream *upstream, enum upstream_target target, struct upstream_server *server)
{
    upstream->serve(upstream, target, server);
}

/* Is its service in this process? Then whoever forwards says who asks. One that is elsewhere finds
 * that out for itself, from the same request: `identity` and `refusal` do not reach it. */
static inline bool upstream_is_here(const struct upstream *upstream, enum upstream_target target)
{
    return (upstream->here & 1u << target) != 0;
}

static inline void upstream_forward(
    struct upstream *upstream, enum upstream_target target, const struct upstream_call *call)
{
    upstream->forward(upstream, target, call);
}
