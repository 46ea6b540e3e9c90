/* upstream_local - the upstream port as a plain call.
 *
 * Happy path: the server of the target is called. How it fails: a target that nobody serves is
 * unavailable. */

#include "local/upstream_local.h"

#include "base/check.h"
#include "base/mem.h"
#include "link/edge.h"

struct upstream_local {
    struct upstream upstream; /* first */
    struct edge *edge;
    struct upstream_server *servers[UPSTREAM_TARGET_COUNT];
};

static void serve(
    struct upstream *upstream, enum upstream_target target, struct upstream_server *server)
{
    struct upstream_local *local = (struct upstream_local *)upstream;
    CHECK(target < UPSTREAM_TARGET_COUNT);
    local->servers[target] = server;
    upstream->here = server ? upstream->here | 1u << target : upstream->here & ~(1u << target);
}

static void forward(
    struct upstream *upstream, enum upstream_target target, const struct upstream_call *call)
{
    struct upstream_local *local = (struct upstream_local *)upstream;
    CHECK(target < UPSTREAM_TARGET_COUNT);
    if (local->servers[target]) {
        local->servers[target]->on_call(local->servers[target], call);
    } else {
        edge_respond_error(local->edge, call->request->conn, ERR_UNAVAILABLE, NULL, 1000);
    }
}

struct upstream *upstream_local_create(struct edge *edge)
{
    struct upstream_local *local = mem_new(sizeof(*local));
    local->upstream = (struct upstream){.serve = serve, .forward = forward};
    local->edge = edge;
    return &local->upstream;
}

void upstream_local_destroy(struct upstream *upstream)
{
    mem_free(upstream);
}
