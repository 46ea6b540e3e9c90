/* cql_nodes - the nodes of the cluster, and the connections to those of the local datacenter.
 *
 * Happy path: the tables name the same nodes as before, and nothing happens. How it fails: a node
 * that is not named any more goes with its connections, whose asks go elsewhere or are answered;
 * one that has another address is connected to there; what is beyond the limit is not looked at. */

#include <string.h>

#include "base/mem.h"
#include "cql_client/cql_inner.h"
#include "link/host_port.h"

static bool same_address(const struct net_address *a, const struct net_address *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

struct cql_node *cql_nodes_find(const struct cql_client *client, const struct net_address *address)
{
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        struct cql_node *node = client->nodes[i];
        if (node && same_address(&node->address, address)) {
            return node;
        }
    }
    return NULL;
}

static struct cql_node *find_by_id(const struct cql_client *client, const struct cht_id *host_id)
{
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        struct cql_node *node = client->nodes[i];
        if (node && memcmp(&node->host_id, host_id, sizeof(*host_id)) == 0) {
            return node;
        }
    }
    return NULL;
}

/* ---- connections */

static void connect_all(struct cql_node *node)
{
    char host[HOST_BYTES];
    host_of_address(&node->address, host);
    for (uint32_t i = 0; i < node->client->limits.connections_per_node; i++) {
        struct cql_conn *conn = &node->conns[i];
        bool is_fine = true;
        if (!conn->outbound) {
            conn->client = node->client;
            conn->node = node;
            is_fine = cql_conn_init(conn, host, node->address.port) == OK;
        }
        is_fine = is_fine && cql_conn_start(conn, host, node->address.port);
        CHECK(is_fine); /* an address with a port, and the TLS name was looked through before */
    }
}

/* Whatever waits at the node or is under way goes on elsewhere. */
static void disconnect_all(struct cql_node *node)
{
    for (uint32_t i = 0; i < node->client->limits.connections_per_node; i++) {
        if (node->conns[i].outbound) {
            cql_conn_stop(&node->conns[i]);
        }
    }
}

/* ---- nodes come, change and go */

static struct cql_node *create(struct cql_client *client, const struct cql_member *member)
{
    uint32_t place = 0;
    while (place < client->limits.nodes_max && client->nodes[place]) {
        place++;
    }
    if (place == client->limits.nodes_max) {
        return NULL;
    }
    struct cql_node *node = mem_new(sizeof(*node));
    node->client = client;
    node->place = (uint16_t)place;
    node->host_id = member->host_id;
    node->address = member->address;
    node->prepared = mem_array(client->options.statement_count + 1, sizeof(struct cql_prepared_at));
    client->nodes[place] = node;
    cql_tell(client, CQL_NEWS_NODE_FOUND, &node->address, "", 0);
    return node;
}

static void free_node(struct cql_node *node)
{
    struct cql_client *client = node->client;
    for (uint32_t i = 0; i < client->limits.connections_per_node; i++) {
        if (node->conns[i].outbound) {
            cql_conn_deinit(&node->conns[i]);
        }
    }
    mem_free(node->prepared);
    mem_free(node);
}

static void destroy(struct cql_node *node)
{
    node->client->nodes[node->place] = NULL;
    disconnect_all(node);
    free_node(node);
}

static void update(struct cql_node *node, const struct cql_member *member, uint16_t datacenter)
{
    struct cql_client *client = node->client;
    bool is_local = datacenter == client->local_datacenter;
    bool has_moved = !same_address(&node->address, &member->address);
    node->address = member->address;
    node->datacenter = datacenter;
    node->is_seen = true;
    memset(node->rack, 0, sizeof(node->rack));
    memcpy(node->rack, member->rack.at,
        member->rack.size < sizeof(node->rack) ? member->rack.size : sizeof(node->rack) - 1);
    if (node->is_local && (has_moved || !is_local)) {
        disconnect_all(node);
    }
    if (is_local && (!node->is_local || has_moved)) {
        node->is_local = true;
        connect_all(node);
    }
    node->is_local = is_local;
}

/* True if there is room for it. */
static bool apply(struct cql_client *client, const struct cql_member *member)
{
    uint16_t datacenter = cql_places_datacenter(&client->places, member->datacenter);
    struct cql_node *node = find_by_id(client, &member->host_id);
    if (datacenter == UINT16_MAX) {
        return false;
    }
    if (client->local_datacenter == UINT16_MAX) {
        client->local_datacenter = datacenter; /* of the first row, the one that was asked */
    }
    node = node ? node : create(client, member);
    if (node) {
        update(node, member, datacenter);
    }
    return node != NULL;
}

static uint32_t forget_unseen(struct cql_client *client)
{
    uint32_t local = 0;
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        struct cql_node *node = client->nodes[i];
        if (node && !node->is_seen) {
            cql_tell(client, CQL_NEWS_NODE_GONE, &node->address, "", 0);
            destroy(node);
        } else if (node) {
            local += node->is_local;
        }
    }
    return local;
}

void cql_nodes_apply(struct cql_client *client, const struct cql_member *members, uint32_t count)
{
    bool fits = true;
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        if (client->nodes[i]) {
            client->nodes[i]->is_seen = false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        fits &= apply(client, &members[i]);
    }
    uint32_t local = forget_unseen(client);
    fits &= cql_places_make(client, members, count);
    if (!fits) {
        cql_tell(client, CQL_NEWS_LIMITED, NULL, "", 0);
    }
    if (local == 0) {
        cql_tell(client, CQL_NEWS_NO_NODES, NULL, client->options.local_dc, 0);
    }
}

void cql_nodes_destroy(struct cql_client *client)
{
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        if (client->nodes[i]) {
            destroy(client->nodes[i]);
        }
    }
}

void cql_nodes_forget(struct cql_client *client)
{
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        if (client->nodes[i]) {
            free_node(client->nodes[i]);
        }
    }
}
