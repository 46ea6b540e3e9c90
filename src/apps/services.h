#pragma once

/* services - what a process can consist of. A role is a set of services.
 *
 * A worker has one of each service of its process's set; the fields of others are NULL, and whoever
 * asks services something asks those that are there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engines.h"

struct worker;

/* In the order in which they are built. */
enum service {
    SERVICE_MESSAGE,
    SERVICE_CHAT,
    SERVICE_USER,
    SERVICE_SOCKET,
    SERVICE_GATEWAY,
    SERVICES
};

/* The service as a bit of a set. */
#define SERVICE_BIT(service) (1u << SERVICE_##service)
#define SERVICES_ALL ((1u << SERVICES) - 1)

/* "gateway" or "socket,chat" as a set (NULL: nothing was named), and where it listens if no setting
 * says so: the port of the service that is named first. ERR_BAD_CONFIG with a line for people in
 * `ret_problem` (OPTIONS_PROBLEM_BYTES). */
MUST_USE enum err services_read(
    const char *list, uint32_t *ret_services, uint16_t *ret_port, char *ret_problem);

/* Name and port of each, from 0; false behind the last. */
bool services_at(uint32_t at, const char **ret_name, uint16_t *ret_port);

/* "chat, user" */
void services_write(uint32_t services, char *ret_text, size_t size);

/* Somebody may ask them over HTTP: a public port is opened. */
bool services_have_door(uint32_t services);

/* Those of the set that use the port. */
uint32_t services_use(uint32_t services, enum engine_port port);

/* The services of the worker's process. Its engines are there. */
void services_open(struct worker *worker);

/* After all loops have stopped. */
void services_close(struct worker *worker);
