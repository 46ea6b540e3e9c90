#pragma once

/* pulsar_lookup - which broker serves a topic, and how many partitions it has.
 *
 * A lookup asks one of the client's hosts, follows at most PULSAR_REDIRECTS_MAX redirections, and
 * asks the next host if one can not be reached. Nothing is remembered: whoever opens anew asks
 * anew. The same question of several askers is asked once. At most lookups_max are under way, one
 * more is ERR_FULL. */

#include "flow/op.h"
#include "pulsar_client/pulsar_client_inner.h"
#include "pulsar_client/pulsar_connection.h"

#define PULSAR_REDIRECTS_MAX 20u
#define PULSAR_TOPIC_BYTES_MAX 1024u

/* The answer is OK and `endpoint` (its group is 0); ERR_UNAVAILABLE: no host could be asked, or
 * nobody could say; ERR_REFUSED: the broker says no, `error` is its code; ERR_UNAUTHORIZED,
 * ERR_FORBIDDEN; ERR_TIMEOUT; ERR_FULL. */
struct pulsar_lookup_op {
    struct op op;
    const char *topic; /* in full; copied */
    struct pulsar_endpoint endpoint;
    uint32_t error;
    struct pulsar_place place;
};

void pulsar_lookup(struct pulsar_client *client, struct asker *asker, struct pulsar_lookup_op *op);

/* Errors as above. */
struct pulsar_partitions_op {
    struct op op;
    const char *topic;   /* in full; copied */
    uint32_t partitions; /* 0: it is not partitioned, or not there */
    uint32_t error;
    struct pulsar_place place;
};

/* Makes no topic, as far as the broker can be told so. */
void pulsar_partitions(
    struct pulsar_client *client, struct asker *asker, struct pulsar_partitions_op *op);

/* Frees what is under way: the loop runs no turn any more. */
void pulsar_lookups_free(struct pulsar_client *client);
