#pragma once

/* desk - when engines do what a node asked, in the simulation: with delays, refusals and unknown
 * outcomes as the run's faults say. */

#include "job.h"
#include "scene.h"

struct cluster;
struct node;

struct sim_desk {
    struct desk desk; /* first */
    struct cluster *cluster;
    struct node *at;
};

void desk_init(struct sim_desk *desk, struct cluster *cluster, struct node *node);
