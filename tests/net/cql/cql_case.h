#pragma once

/* cql_case - bytes for the tests of Cassandra's protocol, as a node sent them. */

#include "sized.h"

/* recorded.def; whole frames. */
struct recorded {
    const char *name;
    const char *request; /* empty for an event */
    const char *response;
};

extern const struct recorded recorded_rows[];
extern const size_t recorded_count;

struct sized recorded_request(const char *name);
struct sized recorded_response(const char *name);
