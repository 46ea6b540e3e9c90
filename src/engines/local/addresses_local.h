#pragma once

/* addresses_local - the addresses of one process: one table for the loops of all workers.
 *
 * A mutex guards it; it is taken when a connection comes and when it goes. */

#include "world/addresses.h"

struct random;

/* Room for as many addresses as `connections`, at least 1,024. */
struct addresses *addresses_local_create(struct random *random, uint32_t connections);

/* After every loop has stopped. */
void addresses_local_destroy(struct addresses *addresses);
