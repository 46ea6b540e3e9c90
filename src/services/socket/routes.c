/* routes - see the header. Happy path: the first row whose path fits and whose method is right. How
 * it fails: the path fits rows of other methods only (their names are told), or none at all. A
 * literal path is found before one with names, as it stands first in the table. */

#include "routes.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SEGMENTS_MAX 8u

struct segment {
    struct cht_str text;
    char name[16]; /* of {name}; empty: literal */
};

struct route {
    const struct cht_route_row *row;
    struct segment segments[SEGMENTS_MAX];
    uint32_t count;
};

struct routes {
    struct route *at;
    size_t count;
};

/* Takes the next segment from behind a slash; false at the end, and for what does not begin with
 * one. */
static bool next_segment(struct cht_str *rest, struct cht_str *ret_segment)
{
    if (rest->size == 0 || rest->at[0] != '/') {
        return false;
    }
    const char *from = rest->at + 1;
    size_t left = rest->size - 1;
    const char *slash = memchr(from, '/', left);
    size_t size = slash ? (size_t)(slash - from) : left;
    *ret_segment = (struct cht_str){from, (uint32_t)size};
    rest->at = from + size;
    rest->size = (uint32_t)(left - size);
    return true;
}

static void cut(struct route *route, const struct cht_route_row *row)
{
    route->row = row;
    struct cht_str rest = {row->path, (uint32_t)strlen(row->path)};
    struct cht_str text;
    while (next_segment(&rest, &text)) {
        CHECK(route->count < SEGMENTS_MAX);
        struct segment *segment = &route->segments[route->count++];
        segment->text = text;
        if (text.at[0] == '{') {
            CHECK(text.size - 2 < sizeof(segment->name));
            memcpy(segment->name, text.at + 1, text.size - 2);
        }
    }
}

struct routes *routes_create(void)
{
    struct routes *routes = mem_new(sizeof(*routes));
    const struct cht_route_row *rows = cht_routes(&routes->count);
    routes->at = mem_array(routes->count, sizeof(*routes->at));
    for (size_t i = 0; i < routes->count; i++) {
        cut(&routes->at[i], &rows[i]);
    }
    return routes;
}

void routes_destroy(struct routes *routes)
{
    if (routes) {
        mem_free(routes->at);
        mem_free(routes);
    }
}

static bool fits(const struct route *route, struct cht_str path, struct route_match *match)
{
    match->count = 0;
    struct cht_str rest = path;
    struct cht_str text;
    uint32_t i = 0;
    while (next_segment(&rest, &text)) {
        if (i == route->count || text.size == 0) {
            return false;
        }
        const struct segment *segment = &route->segments[i++];
        if (segment->name[0] == '\0') {
            if (!cht_str_equal(segment->text, text)) {
                return false;
            }
            continue;
        }
        match->names[match->count] = segment->name;
        match->values[match->count++] = text;
    }
    return i == route->count && rest.size == 0;
}

static bool is_text(struct cht_str text, const char *other)
{
    return text.size == strlen(other) && memcmp(text.at, other, text.size) == 0;
}

static void allow(struct route_match *match, const char *method)
{
    size_t used = strlen(match->allow);
    size_t gap = used ? 2 : 0;
    size_t size = strlen(method);
    if (used + gap + size >= sizeof(match->allow)) {
        return;
    }
    memcpy(match->allow + used, ", ", gap);
    memcpy(match->allow + used + gap, method, size + 1);
    if (strcmp(method, "GET") == 0) {
        allow(match, "HEAD");
    }
}

void routes_find(const struct routes *routes, struct cht_str method, struct cht_str path,
    struct route_match *ret_match)
{
    *ret_match = (struct route_match){0};
    if (is_text(method, "HEAD")) {
        method = (struct cht_str){"GET", 3};
    }
    const char *known = NULL;
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->at[i];
        if (known ? strcmp(known, route->row->path) != 0 : !fits(route, path, ret_match)) {
            continue;
        }
        known = route->row->path;
        if (is_text(method, route->row->method)) {
            CHECK(fits(route, path, ret_match));
            ret_match->row = route->row;
            return;
        }
        allow(ret_match, route->row->method);
    }
}
