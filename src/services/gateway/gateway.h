#pragma once

/* gateway - the public door: who may pass, and to whom.
 *
 * Requests under /api go to the socket service, those under /user and /.well-known to the user
 * service, each only if a row of a table has its path and method; all else is a file of the web
 * client. A request that needs a token is forwarded with the identity that its token proves, never
 * with what its headers claim. An upgrade with bad credentials is forwarded too, with the reason,
 * because a browser sees only close codes. One per worker. */

#include "gateway/gateway_settings.h"
#include "gateway/static_files.h"
#include "link/edge.h"
#include "ports/secrets.h"
#include "ports/sessions.h"
#include "ports/upstream.h"
#include "world/world.h"

struct gateway;

/* What GET /api/info says. May change between two turns of the loop. */
struct gateway_info {
    const char *version;
    const char *features; /* a JSON list; NULL: [] */
    const char *limits;   /* a JSON object; NULL: {} */
    bool registration;
};

/* All of it is the caller's and outlives the gateway. */
struct gateway_deps {
    const struct world *world;
    struct edge *edge;
    struct secrets *secrets;   /* this and the next are not asked anything where no service is in */
    struct sessions *sessions; /* this process, and may be NULL then */
    struct upstream *upstream;
    const struct gateway_settings *settings;
    const struct static_files *files; /* NULL: none */
    bool behind; /* another gateway, in another process: see upstream.gateways */
    const struct gateway_info *info;
};

struct gateway *gateway_create(const struct gateway_deps *deps);

/* For edge_listen. */
struct edge_http_handler *gateway_handler(struct gateway *gateway);

/* After the loop has stopped. */
void gateway_destroy(struct gateway *gateway);
