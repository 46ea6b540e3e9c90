/* test_cql_nodes - several nodes: who is connected to, who is asked, and what happens when they
 * come and go. */

#include "cql_house.h"

#include <string.h>

#include "base/big_endian.h"
#include "cql/cql_murmur3.h"

static bool is_in(uint32_t node, const char *datacenter)
{
    const char *its = fx->datacenter[node] ? fx->datacenter[node] : "dc1";
    return strcmp(its, datacenter) == 0;
}

/* As the house makes the nodes' tokens: the first of dc1 at or after that of the key. */
static uint32_t owner_of(int64_t key)
{
    uint8_t bytes[8];
    big_endian_put(bytes, (uint64_t)key);
    int64_t token = cql_token(bytes, sizeof(bytes));
    for (uint32_t node = 1; node <= fx->node_count; node++) {
        if (token <= house_token(node) && is_in(node, "dc1")) {
            return node;
        }
    }
    return 1;
}

static void begin_with(uint32_t nodes)
{
    fx->node_count = nodes;
    house_begin();
}

/* The next ask with that key is sent there. */
static uint32_t asked_node(int64_t key)
{
    house_ask(0, PUT, key);
    struct house_request request = house_take();
    house_void(&request);
    assert_answered(&fx->asks[0], OK);
    return request.node;
}

/* A key that the node has. */
static int64_t key_of(uint32_t node)
{
    for (int64_t key = 0;; key++) {
        if (owner_of(key) == node) {
            return key;
        }
    }
}

static uint32_t count_nodes(void)
{
    return cql_client_nodes(fx->client, NULL, 0);
}

static struct cql_node_state state_of(uint32_t node)
{
    struct cql_node_state states[HOUSE_NODES];
    uint32_t count = cql_client_nodes(fx->client, states, HOUSE_NODES);
    for (uint32_t i = 0; i < count; i++) {
        if (states[i].address.ip[15] == node) {
            return states[i];
        }
    }
    fail_msg("the node is not known");
    return states[0];
}

static void all_nodes_of_the_local_datacenter_are_connected(void **state)
{
    (void)state;
    fx->datacenter[3] = "dc2";
    begin_with(3);
    assert_int_equal(house_open_sockets(1), 2);
    assert_int_equal(house_open_sockets(2), 1);
    assert_int_equal(house_open_sockets(3), 0);
    assert_int_equal(count_nodes(), 3);
    assert_true(state_of(1).is_control);
    assert_true(state_of(2).is_local);
    assert_false(state_of(3).is_local);
    assert_string_equal(state_of(3).datacenter, "dc2");
    assert_int_equal(state_of(2).connections, 1);
}

static void the_first_node_says_which_datacenter_is_local_if_nobody_else_does(void **state)
{
    (void)state;
    fx->options.local_dc = NULL;
    fx->datacenter[1] = fx->datacenter[2] = "dc7";
    begin_with(3);
    assert_true(state_of(2).is_local);
    assert_false(state_of(3).is_local);
}

static void a_datacenter_without_nodes_is_told(void **state)
{
    (void)state;
    fx->options.local_dc = "nowhere";
    house_make();
    house_advance(1);
    assert_true(house_heard(CQL_NEWS_NO_NODES));
    assert_false(cql_client_is_ready(fx->client));
}

static void a_node_may_have_several_connections_which_share_the_asks(void **state)
{
    (void)state;
    fx->options.limits.connections_per_node = 2;
    begin_with(1);
    assert_int_equal(house_open_sockets(1), 3);
    house_ask(0, PUT, 1);
    house_ask(1, PUT, 2);
    struct house_request first = house_take();
    struct house_request second = house_take();
    assert_ptr_not_equal(first.socket, second.socket);
    assert_int_equal(fx->prepares[PUT], 1);
    house_void(&first);
    house_void(&second);
}

static void a_statement_goes_to_the_node_that_has_its_key(void **state)
{
    (void)state;
    begin_with(3);
    asked_node(0); /* whoever it is: which values are the key is known from now on */
    for (int64_t key = 1; key < 40; key++) {
        assert_int_equal(asked_node(key), owner_of(key));
    }
}

static void assert_taking_turns(uint32_t place, int64_t step)
{
    uint32_t asked[HOUSE_NODES + 1] = {0};
    for (int64_t i = 0; i < 30; i++) {
        house_ask(0, place, i * step);
        struct house_request request = house_take();
        house_applied(&request, true);
        asked[request.node]++;
    }
    assert_true(asked[1] > 5 && asked[2] > 5 && asked[3] > 5);
}

static void without_a_keyspace_the_nodes_take_turns(void **state)
{
    (void)state;
    fx->has_keyspace = false;
    begin_with(3);
    assert_taking_turns(GET, 1);
}

static void of_several_datacenters_the_local_one_has_the_key(void **state)
{
    (void)state;
    fx->has_datacenters = true;
    fx->datacenter[2] = fx->datacenter[4] = "dc2";
    begin_with(4);
    asked_node(0);
    for (int64_t key = 1; key < 40; key++) {
        assert_int_equal(asked_node(key), owner_of(key));
    }
}

static void more_replicas_than_nodes_are_all_nodes(void **state)
{
    (void)state;
    fx->has_datacenters = true;
    fx->replicas = 9;
    begin_with(3);
    assert_taking_turns(GET, 0);
}

static void a_keyspace_that_is_made_later_has_its_replicas_then(void **state)
{
    (void)state;
    fx->has_keyspace = false;
    begin_with(3);
    asked_node(0);
    fx->has_keyspace = true;
    house_event_keyspace("another");
    house_advance(fx->options.limits.refresh_ms + 1);
    assert_int_equal(fx->looks, 1);
    house_event_keyspace("Chat");
    house_advance(fx->options.limits.refresh_ms + 1);
    assert_int_equal(fx->looks, 2);
    for (int64_t key = 1; key < 20; key++) {
        assert_int_equal(asked_node(key), owner_of(key));
    }
}

static void with_another_partitioner_the_nodes_take_turns(void **state)
{
    (void)state;
    fx->partitioner = "org.apache.cassandra.dht.RandomPartitioner";
    begin_with(3);
    assert_taking_turns(GET, 1);
}

static void replicas_of_a_key_take_turns_but_its_conditions_meet_at_the_first(void **state)
{
    (void)state;
    fx->replicas = 3;
    begin_with(3);
    assert_taking_turns(GET, 0);
    for (int64_t i = 0; i < 10; i++) {
        house_ask(0, CAS, key_of(2));
        struct house_request request = house_take();
        house_applied(&request, true);
        assert_true(i == 0 || request.node == 2); /* before the first nobody knows the key */
    }
}

static void when_the_node_of_a_key_is_away_another_one_is_asked(void **state)
{
    (void)state;
    begin_with(3);
    asked_node(0);
    int64_t key = key_of(3);
    fx->is_away[3] = true;
    toy_socket_reset(house_socket(3, 0));
    house_settle();
    assert_int_not_equal(asked_node(key), 3);
    fx->is_away[3] = false;
    house_advance(2000);
    assert_int_equal(asked_node(key), 3);
}

static void asks_of_a_node_that_dies_go_to_another_one_at_once(void **state)
{
    (void)state;
    begin_with(3);
    asked_node(0);
    struct cql_ask *ask = house_ask(1, PUT, key_of(2));
    struct house_request request = house_take();
    assert_int_equal(request.node, 2);
    fx->is_away[2] = true;
    toy_socket_reset(request.socket);
    house_settle();
    request = house_take();
    assert_int_not_equal(request.node, 2);
    house_void(&request);
    assert_answered(ask, OK);
    assert_int_equal(ask->failure.tries, 2);
}

static void what_one_node_will_not_do_another_one_is_asked_for(void **state)
{
    (void)state;
    begin_with(2);
    asked_node(0);
    for (int64_t key = 0; key < 10; key++) {
        struct cql_ask *ask = house_ask(1, ADD, key);
        struct house_request first = house_take();
        house_error(&first, CQL_ERROR_UNAVAILABLE);
        struct house_request second = house_take();
        assert_int_not_equal(first.node, second.node);
        house_error(&second, CQL_ERROR_UNAVAILABLE);
        house_settle();
        assert_answered(ask, ERR_UNAVAILABLE);
    }
}

static void a_node_that_hangs_is_avoided_by_those_who_come_after(void **state)
{
    (void)state;
    fx->has_keyspace = false;
    begin_with(2);
    asked_node(0);
    asked_node(1);
    fx->is_mute[2] = true;
    for (uint32_t i = 0; i < 10; i++) {
        house_ask(i, GET, i);
        if (fx->kept_count > 0) {
            struct house_request request = house_take();
            house_rows(&request, 0, 0, NULL);
        }
    }
    uint32_t stuck = 0;
    for (uint32_t i = 0; i < 10; i++) {
        stuck += fx->asks[i].op.asked;
    }
    assert_in_range(stuck, 1, 2);
    fx->is_mute[2] = false;
}

static void when_the_control_connection_is_lost_the_next_node_is_asked(void **state)
{
    (void)state;
    begin_with(3);
    uint32_t looks = fx->looks;
    assert_true(state_of(1).is_control);
    fx->is_away[1] = true;
    toy_socket_reset(fx->control);
    house_settle();
    house_advance(1);
    assert_int_equal(fx->looks, looks + 1);
    assert_int_equal(fx->registers, 2);
    assert_false(state_of(1).is_control);
    assert_true(state_of(2).is_control || state_of(3).is_control);
}

static void the_second_contact_point_is_tried_when_the_first_is_away(void **state)
{
    (void)state;
    fx->options.contact_point_count = 2;
    fx->is_away[1] = true;
    fx->node_count = 2;
    house_make();
    house_advance(1);
    assert_true(cql_client_is_ready(fx->client));
    assert_true(state_of(2).is_control);
}

static void when_nobody_is_there_rounds_of_tries_become_rare(void **state)
{
    (void)state;
    fx->is_away[1] = true;
    house_make();
    house_advance(1);
    uint32_t first = fx->net.count;
    assert_int_equal(first, 1);
    house_advance(10000);
    assert_in_range(fx->net.count, 8, 16);
}

static void a_node_whose_tables_can_not_be_read_is_not_asked_all_the_time(void **state)
{
    (void)state;
    fx->refuses_tables = true;
    fx->options.contact_point_count = 2;
    house_make();
    house_advance(10);
    assert_int_equal(fx->net.count, 2); /* each once */
    house_advance(10000);
    assert_in_range(fx->net.count, 16, 32);
    fx->refuses_tables = false;
    house_advance(2000);
    assert_true(cql_client_is_ready(fx->client));
}

static void a_new_node_is_found_after_an_event_and_one_that_leaves_is_let_go(void **state)
{
    (void)state;
    begin_with(1);
    fx->node_count = 2;
    house_event_topology("NEW_NODE", 2);
    house_advance(fx->options.limits.refresh_ms - 10);
    assert_int_equal(count_nodes(), 1);
    house_event_status("UP", 2);
    house_advance(20);
    assert_int_equal(count_nodes(), 2);
    assert_int_equal(house_open_sockets(2), 1);
    assert_int_equal(fx->looks, 2); /* once for both events */
    house_ask(1, PUT, key_of(2));
    struct house_request request = house_take();
    uint32_t at = request.node;
    fx->node_count = 1;
    house_event_topology("REMOVED_NODE", 2);
    house_advance(fx->options.limits.refresh_ms + 1);
    assert_int_equal(count_nodes(), 1);
    assert_int_equal(house_open_sockets(2), 0);
    assert_true(house_heard(CQL_NEWS_NODE_GONE));
    if (at == 2) {
        request = house_take();
    }
    assert_int_equal(request.node, 1);
    house_void(&request);
    assert_answered(&fx->asks[1], OK);
}

static void a_node_that_is_said_to_be_up_is_tried_at_once(void **state)
{
    (void)state;
    fx->options.limits.retry_first_ms = fx->options.limits.retry_max_ms = 50000;
    begin_with(2);
    fx->is_away[2] = true;
    toy_socket_reset(house_socket(2, 0));
    house_advance(10);
    house_event_status("DOWN", 2);
    assert_true(state_of(2).is_down);
    fx->is_away[2] = false;
    house_advance(1000);
    assert_int_equal(house_open_sockets(2), 0);
    house_event_status("UP", 2);
    house_advance(1);
    assert_int_equal(state_of(2).connections, 1);
    assert_true(house_heard(CQL_NEWS_NODE_UP));
}

static void a_node_that_moves_is_connected_to_where_it_is(void **state)
{
    (void)state;
    begin_with(2);
    assert_int_equal(house_socket(2, 0)->to.port, 9042);
    fx->port_offset = 1;
    house_event_topology("MOVED_NODE", 2);
    house_advance(fx->options.limits.refresh_ms + 1);
    assert_int_equal(house_socket(2, 0)->to.port, 9043);
    assert_int_equal(house_open_sockets(2), 1);
    assert_int_equal(count_nodes(), 2);
}

static void nodes_without_the_newer_table_are_asked_for_the_older(void **state)
{
    (void)state;
    fx->has_old_tables = true;
    begin_with(3);
    assert_int_equal(count_nodes(), 3);
    assert_int_equal(house_open_sockets(3), 1);
}

static void a_row_that_is_not_whole_is_left_out(void **state)
{
    (void)state;
    fx->datacenter[2] = "";
    begin_with(3);
    assert_int_equal(count_nodes(), 2);
    assert_int_equal(house_open_sockets(2), 0);
}

static void a_node_that_does_not_say_where_it_is_is_left_out(void **state)
{
    (void)state;
    fx->hides[2] = true;
    begin_with(3);
    assert_int_equal(count_nodes(), 2);
}

static void more_nodes_than_the_limit_are_told_and_not_looked_at(void **state)
{
    (void)state;
    fx->options.limits.nodes_max = 2;
    begin_with(3);
    assert_int_equal(count_nodes(), 2);
    assert_true(house_heard(CQL_NEWS_LIMITED));
}

static void a_table_that_can_not_be_read_moves_the_control_connection(void **state)
{
    (void)state;
    begin_with(2);
    uint32_t registers = fx->registers;
    fx->is_mute[1] = true;
    house_event_topology("NEW_NODE", 1);
    house_advance(fx->options.limits.refresh_ms + fx->options.limits.ask_ms + 10);
    assert_int_equal(fx->registers, registers + 1);
    fx->is_mute[1] = false;
}

/* ---- the schema */

static const struct cql_statement ddl = {
    .name = "ddl", .text = "CREATE TABLE {keyspace}.t ()", .consistency = CQL_ONE};

static void a_change_of_the_schema_is_done_when_all_nodes_have_it(void **state)
{
    (void)state;
    begin_with(3);
    fx->schema[1] = fx->schema[2] = 1;
    struct cql_ask *ask = house_plain(0, &ddl);
    struct house_request request = house_take();
    house_schema_change(&request);
    house_advance(500);
    assert_waits(ask);
    fx->schema[3] = 1;
    house_advance(201);
    assert_answered(ask, OK);
}

static void what_the_tables_said_before_a_change_of_the_schema_is_no_agreement(void **state)
{
    (void)state;
    begin_with(2);
    fx->keeps_tables = true;
    house_event_topology("NEW_NODE", 2);
    house_advance(fx->options.limits.refresh_ms + 1);
    struct cql_ask *ask = house_plain(0, &ddl);
    struct house_request tables[3] = {house_take(), house_take(), house_take()};
    struct house_request request = house_take();
    house_schema_change(&request);
    for (int i = 0; i < 3; i++) {
        house_tables(&tables[i]);
    }
    fx->schema[1] = 1;
    fx->keeps_tables = false;
    house_settle();
    assert_waits(ask);
    house_advance(300);
    assert_waits(ask);
    fx->schema[2] = 1;
    house_advance(201);
    assert_answered(ask, OK);
}

static void a_change_of_the_schema_is_asked_of_the_node_that_tells_about_the_others(void **state)
{
    (void)state;
    begin_with(3);
    for (uint32_t i = 0; i < 6; i++) {
        house_plain(0, &ddl);
        struct house_request request = house_take();
        assert_int_equal(request.node, 1);
        house_schema_change(&request);
        house_advance(1);
        assert_answered(&fx->asks[0], OK);
    }
}

static void a_node_that_is_down_need_not_agree(void **state)
{
    (void)state;
    begin_with(3);
    house_event_status("DOWN", 3);
    fx->schema[1] = fx->schema[2] = 1;
    struct cql_ask *ask = house_plain(0, &ddl);
    struct house_request request = house_take();
    house_schema_change(&request);
    house_advance(10);
    assert_answered(ask, OK);
}

static void nodes_that_never_agree_are_told_and_waited_for_no_longer(void **state)
{
    (void)state;
    begin_with(2);
    fx->schema[1] = 1;
    struct cql_ask *ask = house_plain(0, &ddl);
    struct house_request request = house_take();
    house_schema_change(&request);
    house_advance(fx->options.limits.agreement_ms - 10);
    assert_waits(ask);
    house_advance(20);
    assert_answered(ask, OK);
    assert_true(house_heard(CQL_NEWS_DISAGREEMENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_nodes_of_the_local_datacenter_are_connected),
        T(the_first_node_says_which_datacenter_is_local_if_nobody_else_does),
        T(a_datacenter_without_nodes_is_told),
        T(a_node_may_have_several_connections_which_share_the_asks),
        T(a_statement_goes_to_the_node_that_has_its_key),
        T(without_a_keyspace_the_nodes_take_turns),
        T(of_several_datacenters_the_local_one_has_the_key),
        T(more_replicas_than_nodes_are_all_nodes),
        T(a_keyspace_that_is_made_later_has_its_replicas_then),
        T(with_another_partitioner_the_nodes_take_turns),
        T(replicas_of_a_key_take_turns_but_its_conditions_meet_at_the_first),
        T(when_the_node_of_a_key_is_away_another_one_is_asked),
        T(asks_of_a_node_that_dies_go_to_another_one_at_once),
        T(what_one_node_will_not_do_another_one_is_asked_for),
        T(a_node_that_hangs_is_avoided_by_those_who_come_after),
        T(when_the_control_connection_is_lost_the_next_node_is_asked),
        T(the_second_contact_point_is_tried_when_the_first_is_away),
        T(when_nobody_is_there_rounds_of_tries_become_rare),
        T(a_node_whose_tables_can_not_be_read_is_not_asked_all_the_time),
        T(a_new_node_is_found_after_an_event_and_one_that_leaves_is_let_go),
        T(a_node_that_is_said_to_be_up_is_tried_at_once),
        T(a_node_that_moves_is_connected_to_where_it_is),
        T(nodes_without_the_newer_table_are_asked_for_the_older),
        T(a_row_that_is_not_whole_is_left_out),
        T(a_node_that_does_not_say_where_it_is_is_left_out),
        T(more_nodes_than_the_limit_are_told_and_not_looked_at),
        T(a_table_that_can_not_be_read_moves_the_control_connection),
        T(a_change_of_the_schema_is_done_when_all_nodes_have_it),
        T(what_the_tables_said_before_a_change_of_the_schema_is_no_agreement),
        T(a_change_of_the_schema_is_asked_of_the_node_that_tells_about_the_others),
        T(a_node_that_is_down_need_not_agree),
        T(nodes_that_never_agree_are_told_and_waited_for_no_longer),
    };
    return cmocka_run_group_tests_name("cql_nodes", tests, NULL, NULL);
}
