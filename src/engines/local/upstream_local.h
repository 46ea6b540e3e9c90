#pragma once

/* upstream_local - the services of the same worker, by call. */

#include "ports/upstream.h"

struct edge;
struct upstream_local;

/* `edge` answers for services that are not there. */
struct upstream_local *upstream_local_create(struct edge *edge);
void upstream_local_destroy(struct upstream_local *local);

/* Who serves `target` from here on; NULL: nobody. */
void upstream_local_serve(
    struct upstream_local *local, enum upstream_target target, struct upstream_server *server);

struct upstream *upstream_local_port(struct upstream_local *local);
