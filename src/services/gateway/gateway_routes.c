/* gateway_routes - what exists: one table for the whole API.
 *
 * Happy path: the first path of the table that fits, and all its methods. How it fails: no row, so
 * nobody is asked. */

#include <string.h>

#include "chattifier/events.h"
#include "gateway/gateway_inner.h"

struct row {
    enum http_method method;
    enum gateway_access access;
    enum upstream_target target;
    const char *path;
};

#define ACCESS_open GATEWAY_OPEN
#define ACCESS_token GATEWAY_TOKEN
static const struct row fixed[] = {
    {HTTP_GET, GATEWAY_OPEN, UPSTREAM_SOCKET, "/api/info"},
    {HTTP_GET, GATEWAY_OPEN, UPSTREAM_SOCKET, "/api/socket"},
#define USER_ROUTE(method, path, access, handler, doc)                                             \
    {HTTP_##method, ACCESS_##access, UPSTREAM_USER, path},
#include "ports/user_routes.def"
#undef USER_ROUTE
};

static const char *const names[GATEWAY_METHODS] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

static bool begins(struct cht_str path, const char *with)
{
    size_t size = strlen(with);
    return path.size >= size && memcmp(path.at, with, size) == 0 &&
           (path.size == size || path.at[size] == '/');
}

bool gateway_is_api(struct cht_str path)
{
    return begins(path, "/api") || begins(path, "/user") || begins(path, "/.well-known");
}

/* {x} is one segment that is not empty. */
static bool fits(const char *pattern, struct cht_str path)
{
    uint32_t at = 0;
    while (*pattern) {
        if (*pattern == '{') {
            uint32_t from = at;
            while (at < path.size && path.at[at] != '/') {
                at++;
            }
            if (at == from) {
                return false;
            }
            pattern = strchr(pattern, '}') + 1;
        } else if (at == path.size || path.at[at] != *pattern) {
            return false;
        } else {
            at++;
            pattern++;
        }
    }
    return at == path.size;
}

static void add(struct gateway_route *route, enum http_method method, enum gateway_access access)
{
    uint32_t bits = 1u << method;
    if (method == HTTP_GET) {
        bits |= 1u << HTTP_HEAD;
    }
    route->methods |= bits;
    route->open |= access == GATEWAY_OPEN ? bits : 0;
}

static enum http_method method_by_name(const char *name)
{
    for (uint32_t i = 0; i < GATEWAY_METHODS; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum http_method)i;
        }
    }
    return HTTP_OTHER;
}

static void find_fixed(struct cht_str path, struct gateway_route *route)
{
    const char *found = NULL;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (!found && fits(fixed[i].path, path)) {
            found = fixed[i].path;
            route->target = fixed[i].target;
        }
        if (found && strcmp(found, fixed[i].path) == 0) {
            add(route, fixed[i].method, fixed[i].access);
        }
    }
}

static void find_command(struct cht_str path, struct gateway_route *route)
{
    size_t count = 0;
    const struct cht_route_row *rows = cht_routes(&count);
    const char *found = NULL;
    route->target = UPSTREAM_SOCKET;
    for (size_t i = 0; i < count; i++) {
        if (!found && fits(rows[i].path, path)) {
            found = rows[i].path;
        }
        if (found && strcmp(found, rows[i].path) == 0) {
            add(route, method_by_name(rows[i].method), GATEWAY_TOKEN);
        }
    }
}

static void write_allow(struct gateway_route *route)
{
    size_t used = 0;
    for (uint32_t i = 0; i < GATEWAY_METHODS; i++) {
        if (route->methods & (1u << i)) {
            size_t size = strlen(names[i]);
            if (used > 0) {
                memcpy(route->allow + used, ", ", 2);
                used += 2;
            }
            memcpy(route->allow + used, names[i], size);
            used += size;
        }
    }
    route->allow[used] = '\0';
}

void gateway_route_find(struct cht_str path, struct gateway_route *ret_route)
{
    *ret_route = (struct gateway_route){0};
    find_fixed(path, ret_route);
    if (ret_route->methods == 0) {
        find_command(path, ret_route);
    }
    if (ret_route->methods != 0) {
        ret_route->methods |= 1u << HTTP_OPTIONS;
        write_allow(ret_route);
    }
}
