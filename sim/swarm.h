#pragma once

/* swarm - what a seed draws, and the misfortune of a run. */

struct cluster;

/* Sizes, limits, faults, operations. */
void swarm_draw(struct cluster *cluster);

/* Prints what was drawn. */
void swarm_print(const struct cluster *cluster);

/* From now on, in rounds, until the faults are healed. */
void swarm_start_misfortune(struct cluster *cluster);

/* Everything that stands still goes on, everybody who is down starts. */
void swarm_heal(struct cluster *cluster);
