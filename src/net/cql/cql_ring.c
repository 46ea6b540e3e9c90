/* cql_ring - a walk around the ring from where a token belongs.
 *
 * Happy path: hosts are taken until each datacenter has as many as it wants, mostly after a few
 * steps. How it fails: where a datacenter has fewer hosts than wanted, the walk goes once around
 * and answers those that there are. */

#include "cql/cql_ring.h"

#include <stdlib.h>

#include "base/check.h"

/* What one datacenter still wants. */
struct want {
    uint16_t datacenter;
    size_t left;
    size_t repeats;      /* replicas on racks that have one already */
    uint64_t racks_seen; /* a bit each */
};

struct found {
    uint32_t *hosts;
    size_t count;
    size_t capacity;
};

static int compare(const void *a, const void *b)
{
    int64_t left = ((const struct cql_ring_token *)a)->token;
    int64_t right = ((const struct cql_ring_token *)b)->token;
    return (left > right) - (left < right);
}

bool cql_ring_sort(struct cql_ring_token *tokens, size_t count)
{
    if (count == 0) {
        return true;
    }
    qsort(tokens, count, sizeof(tokens[0]), compare);
    for (size_t i = 1; i < count; i++) {
        if (tokens[i - 1].token == tokens[i].token) {
            return false;
        }
    }
    return true;
}

size_t cql_ring_find(const struct cql_ring *ring, int64_t token)
{
    CHECK(ring->token_count > 0);
    size_t from = 0;
    size_t end = ring->token_count;
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (ring->tokens[middle].token < token) {
            from = middle + 1;
        } else {
            end = middle;
        }
    }
    return from < ring->token_count ? from : 0;
}

static bool has(const struct found *found, uint32_t host)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->hosts[i] == host) {
            return true;
        }
    }
    return false;
}

static void take(struct found *found, uint32_t host)
{
    found->hosts[found->count] = host;
    found->count++;
}

static uint32_t host_at(const struct cql_ring *ring, size_t place)
{
    uint32_t host = ring->tokens[place].host;
    CHECK(host < ring->host_count);
    return host;
}

static size_t after(const struct cql_ring *ring, size_t place)
{
    return place + 1 < ring->token_count ? place + 1 : 0;
}

size_t cql_replicas_simple(const struct cql_ring *ring, int64_t token, size_t replicas,
    uint32_t *ret_hosts, size_t capacity)
{
    struct found found = {ret_hosts, 0, replicas < capacity ? replicas : capacity};
    if (ring->token_count == 0) {
        return 0;
    }
    size_t place = cql_ring_find(ring, token);
    for (size_t i = 0; i < ring->token_count && found.count < found.capacity; i++) {
        uint32_t host = host_at(ring, place);
        if (!has(&found, host)) {
            take(&found, host);
        }
        place = after(ring, place);
    }
    return found.count;
}

/* ---- racks */

static size_t count_racks(const struct cql_ring *ring, uint16_t datacenter)
{
    uint64_t racks = 0;
    for (size_t i = 0; i < ring->host_count; i++) {
        if (ring->hosts[i].datacenter == datacenter) {
            CHECK(ring->hosts[i].rack < CQL_RACKS_MAX);
            racks |= UINT64_C(1) << ring->hosts[i].rack;
        }
    }
    return (size_t)__builtin_popcountll(racks);
}

static struct want *find_want(struct want *wants, size_t count, uint16_t datacenter)
{
    for (size_t i = 0; i < count; i++) {
        if (wants[i].datacenter == datacenter && wants[i].left > 0) {
            return &wants[i];
        }
    }
    return NULL;
}

/* True if the host becomes a replica of that datacenter. */
static bool wants_rack(struct want *want, uint16_t rack)
{
    uint64_t bit = UINT64_C(1) << rack;
    if ((want->racks_seen & bit) == 0) {
        want->racks_seen |= bit;
        return true;
    }
    if (want->repeats > 0) {
        want->repeats--;
        return true;
    }
    return false;
}

/* Fills `ret_wants`; answers how many replicas are wanted in all. */
static size_t open_wants(const struct cql_ring *ring, const struct cql_factor *factors,
    size_t count, struct want *ret_wants)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++) {
        size_t replicas = factors[i].replicas;
        size_t racks = count_racks(ring, factors[i].datacenter);
        ret_wants[i] = (struct want){.datacenter = factors[i].datacenter,
            .left = replicas,
            .repeats = replicas > racks ? replicas - racks : 0};
        all += replicas;
    }
    return all;
}

size_t cql_replicas_network(const struct cql_ring *ring, int64_t token,
    const struct cql_factor *factors, size_t factor_count, uint32_t *ret_hosts, size_t capacity)
{
    CHECK(factor_count <= CQL_DATACENTERS_MAX);
    struct want wants[CQL_DATACENTERS_MAX];
    size_t all = open_wants(ring, factors, factor_count, wants);
    struct found found = {ret_hosts, 0, all < capacity ? all : capacity};
    if (ring->token_count == 0) {
        return 0;
    }
    size_t place = cql_ring_find(ring, token);
    for (size_t i = 0; i < ring->token_count && found.count < found.capacity; i++) {
        uint32_t host = host_at(ring, place);
        struct want *want = find_want(wants, factor_count, ring->hosts[host].datacenter);
        if (want && !has(&found, host) && wants_rack(want, ring->hosts[host].rack)) {
            want->left--;
            take(&found, host);
        }
        place = after(ring, place);
    }
    return found.count;
}
