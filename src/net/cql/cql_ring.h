#pragma once

/* cql_ring - which hosts have the replicas of a token.
 *
 * Pure functions over the caller's arrays. A host, a datacenter and a rack are numbers: hosts are
 * places in `hosts`, racks are numbered within their datacenter. A ring is what the nodes tell in
 * system.local and system.peers_v2: all tokens of all hosts, sorted once by cql_ring_sort. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CQL_RACKS_MAX 64       /* of one datacenter */
#define CQL_DATACENTERS_MAX 16 /* with replicas of one keyspace */

struct cql_ring_token {
    int64_t token;
    uint32_t host;
};

struct cql_host {
    uint16_t datacenter;
    uint16_t rack; /* below CQL_RACKS_MAX */
};

struct cql_ring {
    const struct cql_ring_token *tokens; /* sorted, each once */
    size_t token_count;
    const struct cql_host *hosts;
    size_t host_count;
};

/* How many replicas a datacenter is to have; each datacenter once. */
struct cql_factor {
    uint16_t datacenter;
    uint16_t replicas;
};

/* Sorts. False if a token is there twice: then who told them contradict each other. */
bool cql_ring_sort(struct cql_ring_token *tokens, size_t count);

/* The place in `tokens` of the first one at or after `token`, around the end: its host is the first
 * replica. `token_count` > 0. */
size_t cql_ring_find(const struct cql_ring *ring, int64_t token);

/* SimpleStrategy: the next `replicas` different hosts. Writes at most `capacity`, in the order of
 * the ring; answers how many. */
size_t cql_replicas_simple(const struct cql_ring *ring, int64_t token, size_t replicas,
    uint32_t *ret_hosts, size_t capacity);

/* NetworkTopologyStrategy: in each datacenter the next hosts whose rack has no replica yet, and of
 * racks that have one only as many as there are too few racks. As above, with all datacenters
 * mixed as the ring has them; the first of a datacenter is its first replica. */
size_t cql_replicas_network(const struct cql_ring *ring, int64_t token,
    const struct cql_factor *factors, size_t factor_count, uint32_t *ret_hosts, size_t capacity);
