#pragma once

/* audit - what has to hold once everything is healed and quiet. */

#include <stdbool.h>

struct cluster;

/* True: nothing is under way and everybody has seen what they may see (I8). Else, with `tell`, the
 * first thing that is not so breaks I26. */
bool audit_is_quiet(struct cluster *cluster, bool tell);

/* Everybody was told the newest entry of each of their rooms as it happened (I26). */
void audit_live(struct cluster *cluster);

/* Everybody watches everybody: they know of whom they share a group or a direct room with
 * that neither hides, and of nobody whom a block keeps apart (I26). */
void audit_presence(struct cluster *cluster);

/* The store against the truth (I16, I22), acts that were refused (I4), what is left over (I25). */
void audit(struct cluster *cluster);
void audit_leftovers(struct cluster *cluster);
