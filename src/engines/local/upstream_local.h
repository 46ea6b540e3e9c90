#pragma once

/* upstream_local - the services of the same worker, by call. */

#include "ports/upstream.h"

struct edge;

/* `edge` answers for services that are not there. */
struct upstream *upstream_local_create(struct edge *edge);

/* NULL is fine. */
void upstream_local_destroy(struct upstream *upstream);
