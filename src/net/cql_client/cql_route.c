/* cql_route - which connection an ask goes to.
 *
 * Happy path: the values that are its partition key make a token, the ring says which nodes have
 * its replicas; of those in the local datacenter the one with the least under way is asked, or for
 * conditions the first with room, so that two who want the same meet at one node. How it fails:
 * without a key, a ring or a free replica any local node will do, for each of them finds the
 * replicas itself; nodes that were tried already come last. */

#include "base/big_endian.h"
#include "cql/cql_murmur3.h"
#include "cql_client/cql_inner.h"

#define KEY_BYTES_MAX 1024u

/* ---- the token */

static struct cql_key_part value_at(
    const struct cql_ask *ask, const struct cql_ask_part *part, uint32_t place)
{
    const uint8_t *at = ask->values + part->at;
    for (uint32_t i = 0;; i++) {
        int32_t size = (int32_t)big_endian_get_sized(at, 4);
        at += 4;
        if (i == place) {
            return (struct cql_key_part){at, size > 0 ? (size_t)size : 0};
        }
        at += size > 0 ? size : 0;
    }
}

static bool find_token(struct cql_client *client, struct cql_ask *ask)
{
    struct cql_key_part parts[CQL_KEY_PARTS_MAX];
    uint8_t key[KEY_BYTES_MAX];
    size_t key_size;
    if (ask->part_count == 0) {
        return false;
    }
    const struct cql_ask_part *part = &ask->parts[0];
    const struct cql_known *known = &client->known[part->place];
    if (!known->has_key) {
        return false;
    }
    for (uint32_t i = 0; i < known->key_part_count; i++) {
        if (known->key_parts[i] >= part->value_count) {
            return false;
        }
        parts[i] = value_at(ask, part, known->key_parts[i]);
    }
    if (!cql_compose_key(parts, known->key_part_count, key, sizeof(key), &key_size)) {
        return false;
    }
    ask->token = cql_token(key, key_size);
    return true;
}

/* More than there are is not wanted: the walk would go around the whole ring to find no more. */
static uint16_t at_most(uint16_t replicas, uint16_t hosts)
{
    return replicas < hosts ? replicas : hosts;
}

/* Those of other datacenters are not asked, so they need not be found. */
static size_t find_local_replicas(struct cql_client *client, int64_t token, uint32_t *ret_hosts)
{
    const struct cql_places *places = &client->places;
    for (uint32_t i = 0; i < places->factor_count; i++) {
        struct cql_factor factor = places->factors[i];
        if (factor.datacenter == client->local_datacenter) {
            factor.replicas = at_most(factor.replicas, places->local_count);
            return cql_replicas_network(
                &places->ring, token, &factor, 1, ret_hosts, CQL_REPLICAS_MAX);
        }
    }
    return 0;
}

static size_t find_replicas(struct cql_client *client, struct cql_ask *ask, uint32_t *ret_hosts)
{
    const struct cql_places *places = &client->places;
    if (places->ring.token_count == 0 || places->strategy == CQL_STRATEGY_NONE) {
        return 0;
    }
    ask->is_keyed = ask->is_keyed || find_token(client, ask);
    if (!ask->is_keyed) {
        return 0;
    }
    return places->strategy == CQL_STRATEGY_SIMPLE
               ? cql_replicas_simple(&places->ring, ask->token,
                     at_most(places->replicas, places->host_count), ret_hosts, CQL_REPLICAS_MAX)
               : find_local_replicas(client, ask->token, ret_hosts);
}

/* ---- a connection */

static bool was_avoided(const struct cql_ask *ask, uint32_t place)
{
    for (uint32_t i = 0; i < ask->avoided_count; i++) {
        if (ask->avoided[i] == place) {
            return true;
        }
    }
    return false;
}

/* Of a node the one with the least under way; NULL: none has room. */
static struct cql_conn *conn_of(struct cql_node *node)
{
    struct cql_conn *best = NULL;
    uint32_t count = node && node->is_local ? node->client->limits.connections_per_node : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct cql_conn *conn = &node->conns[i];
        if (cql_conn_has_room(conn) && (!best || cql_conn_load(conn) < cql_conn_load(best))) {
            best = conn;
        }
    }
    return best;
}

/* Connections that would do. */
struct choice {
    struct cql_conn *conns[CQL_NODES_MAX];
    uint32_t count;
};

static void add(struct choice *choice, struct cql_conn *conn)
{
    if (conn) {
        choice->conns[choice->count++] = conn;
    }
}

/* Those that are as good as each other take turns. */
static struct cql_conn *choose(const struct choice *choice, uint32_t turn)
{
    uint32_t least = UINT32_MAX;
    uint32_t equals = 0;
    for (uint32_t i = 0; i < choice->count; i++) {
        uint32_t load = cql_conn_load(choice->conns[i]);
        equals = load < least ? 1 : equals + (load == least);
        least = load < least ? load : least;
    }
    uint32_t wanted = equals ? turn % equals : 0;
    for (uint32_t i = 0; i < choice->count; i++) {
        if (cql_conn_load(choice->conns[i]) == least && wanted-- == 0) {
            return choice->conns[i];
        }
    }
    return NULL;
}

static struct cql_conn *replica_of(
    struct cql_client *client, struct cql_ask *ask, const uint32_t *hosts, size_t count)
{
    struct choice choice;
    choice.count = 0; /* the rest is written before it is read */
    for (size_t i = 0; i < count; i++) {
        if (!was_avoided(ask, hosts[i])) {
            add(&choice, conn_of(client->nodes[hosts[i]]));
        }
    }
    if (ask->statement->serial) {
        return choice.count > 0 ? choice.conns[0] : NULL;
    }
    return choose(&choice, client->turn);
}

static struct cql_conn *any(struct cql_client *client, struct cql_ask *ask, bool again)
{
    struct choice choice;
    choice.count = 0; /* the rest is written before it is read */
    for (uint32_t place = 0; place < client->limits.nodes_max; place++) {
        if (again || !was_avoided(ask, place)) {
            add(&choice, conn_of(client->nodes[place]));
        }
    }
    return choose(&choice, client->turn);
}

/* What may change the schema goes to the node whose tables are read: it knows its own change at
 * once, so all others agreeing with it have it too. */
static struct cql_conn *teller_of(const struct cql_client *client, const struct cql_ask *ask)
{
    bool changes = ask->part_count == 0 && !ask->is_read;
    struct net_address address = outbound_address(client->control.conn.outbound);
    struct cql_node *node = changes ? cql_nodes_find(client, &address) : NULL;
    return node && !was_avoided(ask, node->place) ? conn_of(node) : NULL;
}

struct cql_conn *cql_route(struct cql_client *client, struct cql_ask *ask)
{
    uint32_t hosts[CQL_REPLICAS_MAX];
    if (ask->is_pinned) {
        return cql_conn_has_room(ask->conn) ? ask->conn : NULL;
    }
    client->turn++;
    size_t count = find_replicas(client, ask, hosts);
    struct cql_conn *conn = teller_of(client, ask);
    conn = conn ? conn : replica_of(client, ask, hosts, count);
    conn = conn ? conn : any(client, ask, false);
    return conn ? conn : any(client, ask, true);
}
