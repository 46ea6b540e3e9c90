/* cql_places - where the partitions of the keyspace are: datacenters, racks, tokens, replication.
 *
 * Happy path: what the nodes tell becomes a ring, and the keyspace's replication a strategy of it.
 * How it fails: tokens that contradict each other, another partitioner or a strategy that is not
 * known make no ring; then any node is asked, and finds the replicas itself. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cql_client/cql_inner.h"

/* ---- numbers out of texts */

/* A whole number of at most 19 digits, perhaps below zero. */
static bool read_number(struct cht_str text, int64_t *ret_number)
{
    char copy[24];
    char *end;
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    bool begins =
        copy[0] == '-' ? copy[1] >= '0' && copy[1] <= '9' : copy[0] >= '0' && copy[0] <= '9';
    *ret_number = strtoll(copy, &end, 10);
    return begins && *end == '\0';
}

/* ---- datacenters and racks */

uint16_t cql_places_datacenter(struct cql_places *places, struct cht_str name)
{
    char cut[CQL_NAME_BYTES_MAX] = {0};
    memcpy(cut, name.at, name.size < sizeof(cut) ? name.size : sizeof(cut) - 1);
    for (uint16_t i = 0; i < places->datacenter_count; i++) {
        if (strcmp(places->datacenters[i], cut) == 0) {
            return i;
        }
    }
    if (places->datacenter_count == CQL_DATACENTERS_MAX) {
        return UINT16_MAX;
    }
    memcpy(places->datacenters[places->datacenter_count], cut, sizeof(cut));
    return places->datacenter_count++;
}

/* Racks are numbered within their datacenter, by the nodes before this one. */
static uint16_t rack_of(const struct cql_client *client, const struct cql_node *node)
{
    uint32_t racks = 0;
    for (uint32_t i = 0; i < node->place; i++) {
        const struct cql_node *other = client->nodes[i];
        if (!other || other->datacenter != node->datacenter) {
            continue;
        }
        if (strcmp(other->rack, node->rack) == 0) {
            return client->places.hosts[i].rack;
        }
        uint32_t next = client->places.hosts[i].rack + 1u;
        racks = next > racks ? next : racks;
    }
    return (uint16_t)(racks < CQL_RACKS_MAX ? racks : CQL_RACKS_MAX - 1);
}

/* ---- the ring */

static uint32_t add_tokens(struct cql_places *places, const struct cql_member *member,
    uint32_t host, uint32_t used, uint32_t most)
{
    struct cql_items items;
    struct cql_cell item;
    struct cql_type inner;
    struct cht_str text;
    int64_t token;
    if (cql_get_items(member->tokens_type, member->tokens, &items) != CQL_FINE ||
        !cql_type_inner(member->tokens_type, 0, &inner)) {
        return used;
    }
    while (used < most && cql_items_next(&items, &item)) {
        if (cql_get_text(inner, item, &text) == CQL_FINE && read_number(text, &token)) {
            places->tokens[used++] = (struct cql_ring_token){token, host};
        }
    }
    return used;
}

static const struct cql_node *node_of(
    const struct cql_client *client, const struct cql_member *member)
{
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        const struct cql_node *node = client->nodes[i];
        if (node && memcmp(&node->host_id, &member->host_id, sizeof(node->host_id)) == 0) {
            return node;
        }
    }
    return NULL;
}

bool cql_places_make(struct cql_client *client, const struct cql_member *members, uint32_t count)
{
    struct cql_places *places = &client->places;
    uint32_t most = client->limits.tokens_max;
    uint32_t used = 0;
    if (!places->tokens) {
        places->tokens = mem_array(most, sizeof(places->tokens[0]));
    }
    places->host_count = places->local_count = 0;
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        const struct cql_node *node = client->nodes[i];
        if (node) {
            places->hosts[i] = (struct cql_host){node->datacenter, 0};
            places->hosts[i].rack = rack_of(client, node);
            places->host_count++;
            places->local_count =
                (uint16_t)(places->local_count + (node->datacenter == client->local_datacenter));
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct cql_node *node = node_of(client, &members[i]);
        used = node ? add_tokens(places, &members[i], node->place, used, most) : used;
    }
    bool is_right = places->is_murmur3 && cql_ring_sort(places->tokens, used);
    places->ring = (struct cql_ring){.tokens = places->tokens,
        .token_count = is_right ? used : 0,
        .hosts = places->hosts,
        .host_count = client->limits.nodes_max};
    return used < most;
}

/* ---- replication */

static bool ends_with(struct cht_str text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.at + text.size - size, end, size) == 0;
}

static void add_factor(struct cql_places *places, struct cht_str name, int64_t replicas)
{
    uint16_t datacenter = cql_places_datacenter(places, name);
    if (datacenter != UINT16_MAX && places->factor_count < CQL_DATACENTERS_MAX) {
        places->factors[places->factor_count++] =
            (struct cql_factor){datacenter, (uint16_t)replicas};
    }
}

/* {"class": "org.apache...SimpleStrategy", "replication_factor": "3"}; {"class": "...", "dc1":
 * "3"}. Transient replicas ("3/1") are nothing that this counts on. */
static void read_entry(struct cql_places *places, struct cht_str key, struct cht_str value)
{
    int64_t number;
    if (cht_str_is(key, "class")) {
        places->strategy = ends_with(value, "SimpleStrategy")            ? CQL_STRATEGY_SIMPLE
                           : ends_with(value, "NetworkTopologyStrategy") ? CQL_STRATEGY_NETWORK
                                                                         : CQL_STRATEGY_NONE;
    } else if (read_number(value, &number) && number > 0 && number <= UINT16_MAX) {
        if (cht_str_is(key, "replication_factor")) {
            places->replicas = (uint16_t)number;
        } else {
            add_factor(places, key, number);
        }
    }
}

void cql_places_replication(struct cql_places *places, struct cql_type type, struct cql_cell cell)
{
    struct cql_items items;
    struct cql_cell item;
    struct cql_type inner[2];
    struct cht_str texts[2];
    places->strategy = CQL_STRATEGY_NONE;
    places->replicas = 0;
    places->factor_count = 0;
    if (type.kind != CQL_TYPE_MAP || !cql_type_inner(type, 0, &inner[0]) ||
        !cql_type_inner(type, 1, &inner[1]) || cql_get_items(type, cell, &items) != CQL_FINE) {
        return;
    }
    for (uint32_t i = 0; cql_items_next(&items, &item); i++) {
        if (cql_get_text(inner[i % 2], item, &texts[i % 2]) != CQL_FINE) {
            return;
        }
        if (i % 2 == 1) {
            read_entry(places, texts[0], texts[1]);
        }
    }
}
