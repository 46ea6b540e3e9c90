/* cql_control - the connection to a node that tells about the others.
 *
 * Happy path: it registers for events, then reads the tables of the system; an event has it read
 * them again, a little later, for events are hints and come in swarms. How it fails: when it is
 * lost the next node is tried, or a contact point, and all is read anew; after a whole round of
 * failures, or of connections that did not last, it waits, longer after each.
 *
 *     ask_tables ---> ask_old_peers ---> look      (a flow; Cassandra before 4.0 has no peers_v2)
 */

#include <string.h>

#include "cql_client/cql_inner.h"
#include "link/host_port.h"
#include "link/retry_wait.h"

#define AGREEMENT_POLL_MS 200u
#define PARTITIONER 6u /* a column of system.local */

static const struct cql_statement local_statement = {.name = "system_local",
    .text = "SELECT rpc_address, data_center, rack, host_id, tokens, schema_version, partitioner "
            "FROM system.local WHERE key = 'local'",
    .consistency = CQL_ONE};

static const struct cql_statement peers_statement = {.name = "system_peers_v2",
    .text = "SELECT native_address, data_center, rack, host_id, tokens, schema_version, "
            "native_port FROM system.peers_v2",
    .consistency = CQL_ONE};

static const struct cql_statement old_peers_statement = {.name = "system_peers",
    .text = "SELECT rpc_address, data_center, rack, host_id, tokens, schema_version "
            "FROM system.peers",
    .consistency = CQL_ONE};

static const struct cql_statement keyspace_statement = {.name = "system_keyspace",
    .text = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?",
    .consistency = CQL_ONE};

static void ask_tables(struct flow *flow);
static void ask_old_peers(struct flow *flow);
static void look(struct flow *flow);

static const struct flow_step look_steps[] = {
    {"ask_tables", ask_tables},
    {"ask_old_peers", ask_old_peers},
    {"look", look},
};

static struct cql_control *of(struct flow *flow)
{
    return container_of(flow, struct cql_control, flow);
}

/* ---- who is asked */

static bool is_candidate(const struct cql_control *control, uint32_t place)
{
    const struct cql_client *client = control->client;
    if (place >= client->limits.nodes_max) {
        return true;
    }
    return client->nodes[place] && client->nodes[place]->is_local;
}

/* The node that has just been lost is tried as a contact point alone, if it is one. */
static bool is_next(const struct cql_control *control, uint32_t place)
{
    const struct cql_client *client = control->client;
    bool was_lost = place < client->limits.nodes_max && client->nodes[place] &&
                    client->nodes[place] == cql_nodes_find(client, &control->left);
    return is_candidate(control, place) && !was_lost;
}

static uint32_t places_of(const struct cql_control *control)
{
    const struct cql_client *client = control->client;
    return client->limits.nodes_max + client->options.contact_point_count;
}

static uint32_t count_candidates(const struct cql_control *control)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < places_of(control); i++) {
        count += is_candidate(control, i);
    }
    return count;
}

static void connect_next(struct cql_control *control)
{
    const struct cql_client *client = control->client;
    char host[HOST_BYTES];
    uint16_t port = client->options.port;
    do {
        control->at = (control->at + 1) % places_of(control);
    } while (!is_next(control, control->at));
    bool is_fine;
    if (control->at < client->limits.nodes_max) {
        const struct cql_node *node = client->nodes[control->at];
        host_of_address(&node->address, host);
        is_fine = cql_conn_start(&control->conn, host, node->address.port);
    } else {
        uint32_t contact = control->at - client->limits.nodes_max;
        is_fine = cql_conn_start(&control->conn, client->contacts[contact], port);
    }
    CHECK(is_fine); /* contact points were looked through when the client was made */
}

static void on_timer(struct timer *timer)
{
    struct cql_control *control = container_of(timer, struct cql_control, timer);
    if (!cql_conn_is_ready(&control->conn)) {
        connect_next(control);
    } else if (!control->is_looking) {
        control->is_looking = true;
        control->looks_again = false;
        flow_start(
            &control->flow, control->client->world->loop, look_steps, FLOW_STEPS(look_steps));
    }
}

/* Doubled with each round. */
static uint64_t wait_of(struct cql_control *control)
{
    const struct cql_client_limits *limits = &control->client->limits;
    struct random *random = control->client->world->random;
    if (control->was_denied) {
        return retry_chance_ms(random, limits->denied_retry_ms);
    }
    return retry_wait_ms(random, control->rounds, limits->retry_first_ms, limits->retry_max_ms);
}

void cql_control_closed(struct cql_control *control, const struct net_address *from)
{
    bool has_lasted =
        control->ready_ms > 0 && cql_now_ms(control->client) - control->ready_ms >= CQL_STEADY_MS;
    if (has_lasted) {
        control->tried = control->rounds = 0;
    }
    control->ready_ms = 0;
    control->left = *from;
    control->was_denied |= control->conn.is_denied;
    timer_stop(&control->timer);
    control->tried++;
    if (control->tried < count_candidates(control)) {
        connect_next(control);
        return;
    }
    outbound_stop(control->conn.outbound);
    timer_start(control->client->world->loop, &control->timer, wait_of(control), on_timer);
    control->tried = 0;
    control->rounds++;
    control->was_denied = false;
}

void cql_control_opened(struct cql_control *control)
{
    struct net_address address = outbound_address(control->conn.outbound);
    control->ready_ms = cql_now_ms(control->client);
    control->was_denied = control->has_old_peers = false;
    cql_tell(control->client, CQL_NEWS_CONTROL, &address, "", 0);
    cql_control_look(control, 0);
}

/* ---- looking */

void cql_control_look(struct cql_control *control, uint32_t after_ms)
{
    struct loop *loop = control->client->world->loop;
    if (!cql_conn_is_ready(&control->conn)) {
        return; /* it looks when it is opened */
    }
    if (control->is_looking) {
        control->looks_again = true;
        return;
    }
    uint64_t at_ms = loop_now_ms(loop) + after_ms;
    if (!control->timer.loop || at_ms < control->timer.at_ms) {
        timer_start(loop, &control->timer, after_ms, on_timer);
    }
}

static void ask_here(
    struct cql_control *control, struct cql_ask *ask, const struct cql_statement *statement)
{
    struct cql_client *client = control->client;
    struct cql_writer *values = cql_ask_begin_plain(client, ask, statement);
    if (statement == &keyspace_statement) {
        cql_put_text(values, cht_str_of(client->options.keyspace));
    }
    ask->page_rows = CQL_NODES_MAX + 1;
    ask->is_pinned = true;
    ask->conn = &control->conn;
    cql_client_ask(client, flow_tolerate(&control->flow), ask);
}

static void ask_tables(struct flow *flow)
{
    struct cql_control *control = of(flow);
    control->client->stats.refreshes++;
    control->look_changes = control->client->schema_changes;
    ask_here(control, &control->local, &local_statement);
    ask_here(
        control, &control->peers, control->has_old_peers ? &old_peers_statement : &peers_statement);
    ask_here(control, &control->keyspace, &keyspace_statement);
}

static void ask_old_peers(struct flow *flow)
{
    struct cql_control *control = of(flow);
    if (control->peers.op.err == ERR_BAD_CONFIG && !control->has_old_peers) {
        control->has_old_peers = true;
        ask_here(control, &control->peers, &old_peers_statement);
    }
}

static void learn_keyspace(struct cql_control *control)
{
    struct cql_ask *ask = &control->keyspace;
    struct cql_places *places = &control->client->places;
    places->strategy = CQL_STRATEGY_NONE;
    if (ask->op.err == OK && ask->column_count > 0 && cql_ask_next(ask)) {
        cql_places_replication(places, ask->columns[0].type, ask->cells[0]);
    }
}

/* Before the row is taken by cql_members_read. */
static void learn_partitioner(struct cql_control *control)
{
    static const char name[] = "Murmur3Partitioner";
    size_t size = sizeof(name) - 1;
    struct cht_str text = {0};
    struct cql_rows rows = control->local.rows;
    bool is_there = control->local.cells && control->local.column_count > PARTITIONER &&
                    cql_row_next(&rows, control->local.cells) &&
                    cql_get_text(control->local.columns[PARTITIONER].type,
                        control->local.cells[PARTITIONER], &text) == CQL_FINE;
    control->client->places.is_murmur3 =
        is_there && text.size >= size && memcmp(text.at + text.size - size, name, size) == 0;
}

/* All nodes that are up have the same schema. */
static bool agree(
    const struct cql_control *control, const struct cql_member *members, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct cql_node *node = cql_nodes_find(control->client, &members[i].address);
        bool counts = members[i].has_schema && !(node && node->is_down);
        if (counts && memcmp(&members[i].schema, &members[0].schema, sizeof(struct cht_id)) != 0) {
            return false;
        }
    }
    return count > 0;
}

static void look_at_schema(
    struct cql_control *control, const struct cql_member *members, uint32_t count)
{
    struct cql_client *client = control->client;
    if (client->agreeing.count == 0) {
        return;
    }
    if (control->look_changes == client->schema_changes && agree(control, members, count)) {
        cql_dispatch_agreed(client);
    } else {
        cql_control_look(control, AGREEMENT_POLL_MS);
    }
}

static void apply(struct cql_control *control)
{
    struct cql_client *client = control->client;
    bool has_more;
    arena_reset(&client->scratch);
    struct cql_member *members =
        arena_array(&client->scratch, client->limits.nodes_max, sizeof(struct cql_member));
    learn_partitioner(control);
    learn_keyspace(control);
    uint32_t count = cql_members_read(control, members, client->limits.nodes_max, &has_more);
    if (has_more) {
        cql_tell(client, CQL_NEWS_LIMITED, NULL, "", 0);
    }
    cql_nodes_apply(client, members, count);
    look_at_schema(control, members, count);
    cql_dispatch_waiting(client);
}

static void look(struct flow *flow)
{
    struct cql_control *control = of(flow);
    control->is_looking = false;
    if (!cql_conn_is_ready(&control->conn) || !outbound_is_open(control->conn.outbound)) {
        return; /* it looks again when it is opened */
    }
    if (control->local.op.err != OK || control->peers.op.err != OK) {
        cql_conn_drop(&control->conn, "its tables of nodes could not be read");
        return;
    }
    if (control->looks_again) {
        control->looks_again = false;
        cql_control_look(control, 0);
    }
    apply(control);
}

/* ---- events */

static struct net_address address_of(const struct cql_address *told)
{
    struct net_address address = {.port = told->port};
    if (told->size == 4) {
        memset(address.ip + 10, 0xff, 2);
    }
    memcpy(address.ip + sizeof(address.ip) - told->size, told->bytes, told->size);
    return address;
}

static void heard_status(struct cql_control *control, const struct cql_event *event)
{
    struct cql_client *client = control->client;
    struct net_address address = address_of(&event->address);
    struct cql_node *node = cql_nodes_find(client, &address);
    if (!node) {
        return;
    }
    node->is_down = event->change == CQL_CHANGE_DOWN;
    cql_tell(client, node->is_down ? CQL_NEWS_NODE_DOWN : CQL_NEWS_NODE_UP, &address, "", 0);
    for (uint32_t i = 0; !node->is_down && i < client->limits.connections_per_node; i++) {
        if (node->conns[i].outbound) {
            outbound_retry(node->conns[i].outbound); /* it need not wait any longer */
        }
    }
}

static bool is_our_keyspace(const struct cql_client *client, const struct cql_event *event)
{
    return event->schema.target == CQL_TARGET_KEYSPACE &&
           cht_str_is(event->schema.keyspace, client->options.keyspace);
}

void cql_control_event(struct cql_control *control, const struct cql_event *event)
{
    struct cql_client *client = control->client;
    client->stats.events++;
    if (event->kind == CQL_EVENT_SCHEMA) {
        client->schema_changed_ms = cql_now_ms(client);
        if (!is_our_keyspace(client, event)) {
            return;
        }
    } else if (event->kind == CQL_EVENT_STATUS) {
        heard_status(control, event);
    }
    cql_control_look(control, client->limits.refresh_ms);
}

/* ---- its life */

enum err cql_control_init(struct cql_client *client)
{
    struct cql_control *control = &client->control;
    control->client = client;
    control->conn.client = client;
    control->at = client->limits.nodes_max - 1; /* the first contact point is the next */
    enum err err = cql_conn_init(&control->conn, client->contacts[0], client->options.port);
    if (err == OK) {
        connect_next(control);
    }
    return err;
}

void cql_control_close(struct cql_control *control)
{
    timer_stop(&control->timer);
    cql_conn_stop(&control->conn);
}

void cql_control_deinit(struct cql_control *control)
{
    timer_stop(&control->timer);
    cql_conn_deinit(&control->conn);
    arena_deinit(&control->local.question);
    arena_deinit(&control->local.answer);
    arena_deinit(&control->peers.question);
    arena_deinit(&control->peers.answer);
    arena_deinit(&control->keyspace.question);
    arena_deinit(&control->keyspace.answer);
}
