#pragma once

/* door - the edge of a node, modelled: link/edge.h is answered from here, and a wire (wire.h) goes
 * to each client.
 *
 * Output of a turn leaves at its end, replies before pushes, as link/edge.h promises. Over
 * `queued_bytes_max` a push is refused, and the service is told when everything has left. */

#include "link/edge.h"

#define DOOR_SLOTS 64

struct cluster;

struct edge *door_create(struct cluster *cluster, uint32_t node, uint32_t life);
void door_flush(struct edge *edge);
void door_crash(struct edge *edge);
void door_destroy(struct edge *edge);
