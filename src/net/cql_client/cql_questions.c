/* cql_questions - what the client can say about itself.
 *
 * Happy path: sums over nodes and connections. How it fails: it can not. */

#include <string.h>

#include "cql_client/cql_inner.h"

static uint32_t count_ready(const struct cql_node *node)
{
    uint32_t ready = 0;
    for (uint32_t i = 0; i < node->client->limits.connections_per_node; i++) {
        ready += node->conns[i].outbound && cql_conn_is_ready(&node->conns[i]);
    }
    return ready;
}

bool cql_client_is_ready(const struct cql_client *client)
{
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        if (client->nodes[i] && count_ready(client->nodes[i]) > 0) {
            return true;
        }
    }
    return false;
}

static bool is_control(const struct cql_client *client, const struct cql_node *node)
{
    const struct cql_conn *conn = &client->control.conn;
    struct net_address address = outbound_address(conn->outbound);
    return cql_conn_is_ready(conn) && cql_nodes_find(client, &address) == node;
}

static struct cql_node_state state_of(const struct cql_client *client, const struct cql_node *node)
{
    struct cql_node_state state = {.address = node->address,
        .host_id = node->host_id,
        .is_local = node->is_local,
        .is_down = node->is_down,
        .is_control = is_control(client, node),
        .connections = count_ready(node)};
    memcpy(
        state.datacenter, client->places.datacenters[node->datacenter], sizeof(state.datacenter));
    for (uint32_t i = 0; i < client->limits.connections_per_node; i++) {
        state.in_flight += node->conns[i].streams.used[CQL_USE_ASK];
    }
    for (uint32_t i = 0; i < client->options.statement_count; i++) {
        state.prepared += node->prepared[i].state == CQL_PREPARED_KNOWN;
    }
    return state;
}

uint32_t cql_client_nodes(
    const struct cql_client *client, struct cql_node_state *ret_nodes, uint32_t capacity)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        if (client->nodes[i]) {
            if (count < capacity) {
                ret_nodes[count] = state_of(client, client->nodes[i]);
            }
            count++;
        }
    }
    return count;
}

static void add_conn(struct cql_client_stats *stats, const struct cql_conn *conn)
{
    if (conn->outbound) {
        struct outbound_stats wire = outbound_stats(conn->outbound);
        stats->bytes_in += wire.bytes_in;
        stats->bytes_out += wire.bytes_out;
        stats->connections += cql_conn_is_ready(conn);
        stats->in_flight += conn->streams.used[CQL_USE_ASK];
        stats->orphans += conn->streams.used[CQL_USE_ORPHAN];
    }
}

struct cql_client_stats cql_client_stats(const struct cql_client *client)
{
    struct cql_client_stats stats = client->stats;
    stats.waiting = client->waiting.count + client->delayed.count + client->preparing;
    add_conn(&stats, &client->control.conn);
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        const struct cql_node *node = client->nodes[i];
        for (uint32_t j = 0; node && j < client->limits.connections_per_node; j++) {
            add_conn(&stats, &node->conns[j]);
        }
        stats.nodes += node != NULL;
        stats.nodes_connected += node && count_ready(node) > 0;
    }
    return stats;
}
