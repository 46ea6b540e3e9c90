/* user_service - routes to flows.
 *
 * Happy path: the first row whose path and method fit starts its flow. How it fails: no row is
 * unknown_type; a route that needs a token and has none is unauthorized, whoever forwarded it; what
 * is no id in the path is bad_field; too many requests under way are overloaded. */

#include "user/user.h"

#include "base/mem.h"
#include "user/user_inner.h"
#include "wire/path_match.h"
#include "world/loop.h"
#include "world/random.h"

enum access { ACCESS_open, ACCESS_token };

struct route {
    const char *method;
    enum access access;
    const char *path;
    const struct user_flow *flow;
};

static const struct route routes[] = {
#define USER_ROUTE(method, path, access, handler, doc)                                             \
    {#method, ACCESS_##access, path, &user_flow_##handler},
#include "ports/user_routes.def"
#undef USER_ROUTE
};

static const struct route *find_route(
    const struct edge_request *request, struct path_match *ret_match)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (http1_method_fits(routes[i].method, request->method) &&
            path_match(routes[i].path, request->path, ret_match)) {
            return &routes[i];
        }
    }
    return NULL;
}

/* The id of a path that has one. */
static bool read_id(const struct path_match *match, struct cht_id *ret_id)
{
    *ret_id = (struct cht_id){0};
    return match->count == 0 ||
           (cht_id_from_text(match->values[0], ret_id) && !cht_id_is_none(ret_id));
}

static void on_call(struct upstream_server *server, const struct upstream_call *call)
{
    struct user_service *service = container_of(server, struct user_service, server);
    struct edge *edge = service->deps.edge;
    struct path_match match;
    struct cht_id id;
    const struct route *route = find_route(call->request, &match);
    if (!route) {
        edge_respond_error(edge, call->request->conn, ERR_UNKNOWN_TYPE, NULL, 0);
    } else if (route->access == ACCESS_token && !call->identity) {
        edge_respond_error(edge, call->request->conn, ERR_UNAUTHORIZED, NULL, 0);
    } else if (!read_id(&match, &id)) {
        edge_respond_error(edge, call->request->conn, ERR_BAD_FIELD, match.names[0], 0);
    } else if (service->calls >= service->deps.settings->calls_max) {
        edge_respond_error(edge, call->request->conn, ERR_OVERLOADED, NULL, 1000);
    } else {
        user_call_start(service, route->flow, call, &id);
    }
}

struct user_service *user_service_create(const struct user_service_deps *deps)
{
    struct user_service *service = mem_new(sizeof(*service));
    service->deps = *deps;
    service->server.on_call = on_call;
    room_asks_init(&service->room_asks, deps->world->loop, deps->mail, deps->shards);
    room_lists_init(&service->room_lists, deps->world->loop, deps->mail);
    default_rooms_init(&service->default_rooms, &service->deps, &service->room_asks);
    user_queries_open(service);
    return service;
}

struct upstream_server *user_service_server(struct user_service *service)
{
    return &service->server;
}

bool user_service_is_idle(const struct user_service *service)
{
    return service->calls == 0;
}

void user_service_destroy(struct user_service *service)
{
    mem_free(service);
}

uint64_t user_now_ms(const struct user_service *service)
{
    return loop_wall_ms(service->deps.world->loop);
}

void user_new_id(struct user_service *service, struct cht_id *ret_id)
{
    random_fill(service->deps.world->random, ret_id->bytes, sizeof(ret_id->bytes));
    ret_id->bytes[6] = (uint8_t)((ret_id->bytes[6] & 0x0f) | 0x40); /* version 4: random */
    ret_id->bytes[8] = (uint8_t)((ret_id->bytes[8] & 0x3f) | 0x80);
}
