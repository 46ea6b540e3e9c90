#pragma once

/* routes - from method and path to a command: the ROUTE rows of client.def, cut into segments once.
 */

#include "chattifier/events.h"
#include "link/edge.h"

struct routes;

struct route_match {
    const struct cht_route_row *row; /* NULL: no such route; see `allow` */
    struct cht_str values[4];        /* of the {names} in the path, in order */
    const char *names[4];
    uint32_t count;
    char allow[64]; /* methods of the known path; empty: the path is unknown */
};

struct routes *routes_create(void);
void routes_destroy(struct routes *routes);

/* HEAD is looked up as GET. Texts point into `path`. */
void routes_find(const struct routes *routes, struct cht_str method, struct cht_str path,
    struct route_match *ret_match);
