#pragma once

/* revocations - what is void stays void when the process starts again. */

#include "house.h"

/* For how long a revocation matters: no token lives longer. */
uint64_t revocations_keep_ms(const struct house *house);

/* Fills the sessions of the process with what the users' store says, before a port is open. A line
 * was logged if it fails. */
MUST_USE enum err revocations_restore(struct house *house);
