#pragma once

/* sessions_local - connected users, tickets, limits and revocations of one process, in memory.
 *
 * One shared object, one port per worker. A mutex guards it: it is taken when somebody connects,
 * leaves, signs in or asks who is online, never for a message. All tables are bounded: tickets and
 * limits are fixed tables in which the oldest gives way; revocations do not (revocations.h). */

#include "ports/sessions.h"
#include "world/world.h"

struct sessions_local;

struct sessions_local_options {
    uint32_t workers;
    uint32_t users_max; /* known at a time, connected or lately seen */
    uint32_t tickets_max;
    uint32_t limits_max;
    uint32_t revocations_max;
    uint64_t revocations_keep_ms; /* what no access token outlives */
    uint64_t secret[2];           /* for hashing keys that strangers choose */
};

struct sessions_local *sessions_local_create(const struct sessions_local_options *options);

/* After every worker's loop has stopped. */
void sessions_local_destroy(struct sessions_local *shared);

/* The port of worker `index`, on its loop. */
struct sessions *sessions_local_join(
    struct sessions_local *shared, uint32_t index, const struct world *world);
