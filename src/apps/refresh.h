#pragma once

/* refresh - the settings are read anew while everything runs.
 *
 * What is reloadable acts on every worker from then on; what is not stays as it is until a restart,
 * and a line says so. One wrong value, and nothing changes. On the first worker. */

#include "link/edge.h"

struct house;
struct refresh;

struct refresh *refresh_create(struct house *house);

/* After all loops have stopped. NULL is fine. */
void refresh_destroy(struct refresh *refresh);

/* Answers `asker` when all workers have the new values: 200 and the names of the settings that
 * changed, a JSON list; 422 and what is wrong with which; 503 while another one is under way. */
void refresh_for(struct refresh *refresh, struct conn_id asker);

/* For nobody, as a signal does: the lines in the log are the answer. One that comes while another
 * is under way is done after it. */
void refresh_for_nobody(struct refresh *refresh);
