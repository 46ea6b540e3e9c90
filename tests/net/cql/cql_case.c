/* cql_case - exchanges with a node, by their names. */

#include "cql_case.h"

#include <string.h>

const struct recorded recorded_rows[] = {
#define EXCHANGE(name, request, response, text) {#name, request, response},
#include "recorded.def"
#undef EXCHANGE
};

const size_t recorded_count = sizeof(recorded_rows) / sizeof(recorded_rows[0]);

static const struct recorded *find(const char *name)
{
    for (size_t i = 0; i < recorded_count; i++) {
        if (strcmp(recorded_rows[i].name, name) == 0) {
            return &recorded_rows[i];
        }
    }
    fail_msg("nothing is recorded as %s", name);
    return NULL;
}

struct sized recorded_request(const char *name)
{
    return sized_from_hex(find(name)->request);
}

struct sized recorded_response(const char *name)
{
    return sized_from_hex(find(name)->response);
}
