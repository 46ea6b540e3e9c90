#pragma once

/* management - the operator's port: health, info, metrics, settings, log level. Never reachable
 * through the public port.
 *
 *     GET  /actuator/health /actuator/health/liveness /actuator/health/readiness
 *     GET  /actuator/info /actuator/prometheus /actuator/env
 *     GET  /actuator/loggers /actuator/loggers/ROOT
 *     POST /actuator/loggers/ROOT {"configuredLevel": "DEBUG"}   (null: as log.level says)
 *     POST /actuator/refresh
 *
 * Lives on the first worker. Figures of other workers are read on their own loops and added up, so
 * no counter is shared. */

#include "house.h"

struct management;
struct worker;

struct management *management_create(struct house *house, struct worker *worker);
MUST_USE enum err management_listen(struct management *management, const char *host, uint16_t port);

/* After all loops have stopped. */
void management_destroy(struct management *management);
