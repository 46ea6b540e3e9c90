/* gateway_routes - what exists: one table for the whole API.
 *
 * Happy path: the first path of the table that fits, and all its methods. How it fails: no row, so
 * nobody is asked. */

#include <string.h>

#include "chattifier/events.h"
#include "gateway/gateway_inner.h"
#include "wire/path_match.h"

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
#define FIXED_COUNT (sizeof(fixed) / sizeof(fixed[0]))

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

/* The fixed rows, then those of commands; false behind the last. */
static bool row_at(size_t at, struct row *ret_row)
{
    size_t count = 0;
    const struct cht_route_row *commands = cht_routes(&count);
    if (at < FIXED_COUNT) {
        *ret_row = fixed[at];
        return true;
    }
    if (at - FIXED_COUNT >= count) {
        return false;
    }
    const struct cht_route_row *command = &commands[at - FIXED_COUNT];
    struct cht_str method = cht_str_of(command->method);
    *ret_row =
        (struct row){http1_method_by_name(method), GATEWAY_TOKEN, UPSTREAM_SOCKET, command->path};
    return true;
}

static void add(struct gateway_route *route, const struct row *row)
{
    uint32_t bits = 1u << row->method;
    if (row->method == HTTP_GET) {
        bits |= 1u << HTTP_HEAD;
    }
    route->methods |= bits;
    route->open |= row->access == GATEWAY_OPEN ? bits : 0;
    route->target = row->target;
}

static void write_allow(struct gateway_route *route)
{
    size_t used = 0;
    for (uint32_t i = 0; i < HTTP_OTHER; i++) {
        if (route->methods & (1u << i)) {
            const char *name = http1_method_name((enum http_method)i);
            size_t size = strlen(name);
            if (used > 0) {
                memcpy(route->allow + used, ", ", 2);
                used += 2;
            }
            memcpy(route->allow + used, name, size);
            used += size;
        }
    }
    route->allow[used] = '\0';
}

void gateway_route_find(struct cht_str path, struct gateway_route *ret_route)
{
    const char *found = NULL;
    struct row row;
    *ret_route = (struct gateway_route){0};
    for (size_t i = 0; row_at(i, &row); i++) {
        struct path_match match;
        if (!found && path_match(row.path, path, &match)) {
            found = row.path;
        }
        if (found && strcmp(found, row.path) == 0) {
            add(ret_route, &row);
        }
    }
    if (found) {
        ret_route->methods |= 1u << HTTP_OPTIONS;
        write_allow(ret_route);
    }
}
