#pragma once

/* topics - the wiring of the bus (chattifier/topics.def) as data, and the check that it is what the
 * services do.
 *
 * Each service that says or hears anything has a table of it, `struct topic_service`, beside its
 * header; tools/tidy compares that table with the events in its code. At the start the process
 * compares the tables of its services with topics.def, so that neither can lie. */

#include <stddef.h>

#include "base/err.h"

enum topic_side { TOPIC_SAYS, TOPIC_HEARS };

struct topic_use {
    enum topic_side side;
    const char *topic;
    const char *events; /* with blanks between */
};

struct topic_service {
    const char *name;
    const struct topic_use *uses;
    size_t use_count;
};

struct topic_row {
    const char *name, *port, *events, *from, *to; /* lists with blanks between */
};

struct topics {
    const struct topic_row *rows;
    size_t row_count;
    const struct topic_service *const *services; /* those of this process */
    size_t service_count;
};

#define TOPICS_LINE_SIZE 256

/* The rows of topics.def. */
const struct topic_row *topics_rows(size_t *ret_count);

/* Ports, services and events are known ones and named once; each use of a service has its row; what
 * a row has is said by somebody, if all who may say it are in this process. BAD_CONFIG otherwise,
 * with a line for people. */
MUST_USE enum err topics_check(const struct topics *topics, char ret_line[TOPICS_LINE_SIZE]);
