#pragma once

/* keys - keys that sign tokens grow old. */

struct worker;

/* Looks after the keys of the process now and once a minute from here on, on this worker's loop. */
void keys_tend(struct worker *worker);
