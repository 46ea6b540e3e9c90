/* test_cql_places - what the nodes tell about datacenters, tokens and replication, as a ring. */

#include "test.h"

#include <string.h>

#include "base/big_endian.h"
#include "base/mem.h"
#include "cql_client/cql_inner.h"

static const struct cql_type text_set = {(const uint8_t *)"\0\x0d", 2, CQL_TYPE_SET};
static const struct cql_type text_map = {(const uint8_t *)"\0\x0d\0\x0d", 4, CQL_TYPE_MAP};
static const struct cql_type number_map = {(const uint8_t *)"\0\x0d\0\x09", 4, CQL_TYPE_MAP};

struct fixture {
    struct cql_client client;
    struct cql_node nodes[4];
    struct cql_member members[4];
    uint8_t bytes[4][512];
};

static struct fixture *fx;

/* A set, or a map: so many texts, behind half of their number for a map. */
static struct cql_cell items(uint8_t *bytes, uint32_t count, const char *const *texts, uint32_t all)
{
    uint8_t *at = bytes + 4;
    big_endian_put_sized(bytes, count, 4);
    for (uint32_t i = 0; i < all; i++) {
        size_t size = strlen(texts[i]);
        big_endian_put_sized(at, size, 4);
        memcpy(at + 4, texts[i], size);
        at += 4 + size;
    }
    return (struct cql_cell){bytes, (uint32_t)(at - bytes)};
}

static void read_replication(const char *const *texts, uint32_t all)
{
    struct cql_cell cell = items(fx->bytes[0], all / 2, texts, all);
    cql_places_replication(&fx->client.places, text_map, cell);
}

static void add_node(uint32_t place, uint16_t datacenter, const char *rack,
    const char *const *tokens, uint32_t count)
{
    struct cql_node *node = &fx->nodes[place];
    fx->client.nodes[place] = node;
    node->client = &fx->client;
    node->place = (uint16_t)place;
    node->datacenter = datacenter;
    node->host_id.bytes[0] = (uint8_t)(place + 1);
    memcpy(node->rack, rack, strlen(rack) + 1);
    fx->members[place].host_id = node->host_id;
    fx->members[place].tokens_type = text_set;
    fx->members[place].tokens = items(fx->bytes[place], count, tokens, count);
}

static int setup(void **state)
{
    (void)state;
    fx = mem_new(sizeof(*fx));
    fx->client.limits = cql_client_limits_default();
    fx->client.places.is_murmur3 = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mem_free(fx->client.places.tokens);
    mem_free(fx);
    return 0;
}

static void a_simple_strategy_has_a_number_of_replicas(void **state)
{
    static const char *const texts[] = {
        "class", "org.apache.cassandra.locator.SimpleStrategy", "replication_factor", "3"};
    (void)state;
    read_replication(texts, 4);
    assert_int_equal(fx->client.places.strategy, CQL_STRATEGY_SIMPLE);
    assert_int_equal(fx->client.places.replicas, 3);
}

static void a_network_strategy_has_a_number_for_each_datacenter(void **state)
{
    static const char *const texts[] = {
        "dc2", "3", "class", "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1", "2"};
    (void)state;
    assert_int_equal(cql_places_datacenter(&fx->client.places, str("dc1")), 0);
    read_replication(texts, 6);
    assert_int_equal(fx->client.places.strategy, CQL_STRATEGY_NETWORK);
    assert_int_equal(fx->client.places.factor_count, 2);
    assert_int_equal(fx->client.places.factors[0].datacenter, 1);
    assert_int_equal(fx->client.places.factors[0].replicas, 3);
    assert_int_equal(fx->client.places.factors[1].datacenter, 0);
    assert_int_equal(fx->client.places.factors[1].replicas, 2);
    read_replication(texts, 6);
    assert_int_equal(fx->client.places.factor_count, 2);
}

static void what_is_no_number_of_replicas_is_passed_over(void **state)
{
    static const char *const texts[] = {"class", "NetworkTopologyStrategy", "dc1", "3/1", "dc2",
        "-1", "dc3", "99999999999999999999", "dc4", "70000", "dc5", ""};
    static const char *const other[] = {"class", "LocalStrategy"};
    (void)state;
    read_replication(texts, 12);
    assert_int_equal(fx->client.places.factor_count, 0);
    read_replication(other, 2);
    assert_int_equal(fx->client.places.strategy, CQL_STRATEGY_NONE);
}

static void what_is_no_map_of_texts_is_no_replication(void **state)
{
    static const char *const texts[] = {"class", "SimpleStrategy"};
    (void)state;
    read_replication(texts, 2);
    struct cql_cell cell = items(fx->bytes[0], 1, texts, 2);
    cql_places_replication(&fx->client.places, number_map, cell);
    assert_int_equal(fx->client.places.strategy, CQL_STRATEGY_NONE);
    cql_places_replication(&fx->client.places, text_set, cell);
    assert_int_equal(fx->client.places.strategy, CQL_STRATEGY_NONE);
}

static void more_datacenters_than_the_limit_have_no_number(void **state)
{
    char name[] = "dc-a";
    (void)state;
    for (uint16_t i = 0; i < CQL_DATACENTERS_MAX; i++) {
        name[3] = (char)('a' + i);
        assert_int_equal(cql_places_datacenter(&fx->client.places, str(name)), i);
    }
    assert_int_equal(cql_places_datacenter(&fx->client.places, str("one more")), UINT16_MAX);
    assert_int_equal(cql_places_datacenter(&fx->client.places, str("dc-a")), 0);
}

static void the_tokens_of_all_nodes_are_the_ring(void **state)
{
    static const char *const first[] = {"-9223372036854775808", "7"};
    static const char *const second[] = {"9223372036854775807"};
    (void)state;
    add_node(0, 0, "r", first, 2);
    add_node(1, 0, "r", second, 1);
    assert_true(cql_places_make(&fx->client, fx->members, 2));
    const struct cql_ring *ring = &fx->client.places.ring;
    assert_int_equal(ring->token_count, 3);
    assert_true(ring->tokens[0].token == INT64_MIN);
    assert_true(ring->tokens[1].token == 7);
    assert_int_equal(ring->tokens[2].host, 1);
}

static void racks_are_numbered_within_their_datacenter(void **state)
{
    static const char *const token[] = {"1"};
    (void)state;
    add_node(0, 0, "a", token, 0);
    add_node(1, 1, "b", token, 0);
    add_node(2, 0, "b", token, 0);
    add_node(3, 0, "a", token, 0);
    assert_true(cql_places_make(&fx->client, fx->members, 4));
    const struct cql_host *hosts = fx->client.places.hosts;
    assert_int_equal(hosts[0].rack, 0);
    assert_int_equal(hosts[1].rack, 0);
    assert_int_equal(hosts[2].rack, 1);
    assert_int_equal(hosts[3].rack, 0);
}

static void tokens_that_contradict_each_other_are_no_ring(void **state)
{
    static const char *const token[] = {"1"};
    (void)state;
    add_node(0, 0, "a", token, 1);
    add_node(1, 0, "a", token, 1);
    assert_true(cql_places_make(&fx->client, fx->members, 2));
    assert_int_equal(fx->client.places.ring.token_count, 0);
}

static void tokens_of_another_partitioner_are_no_ring(void **state)
{
    static const char *const token[] = {"1"};
    (void)state;
    add_node(0, 0, "a", token, 1);
    fx->client.places.is_murmur3 = false;
    assert_true(cql_places_make(&fx->client, fx->members, 1));
    assert_int_equal(fx->client.places.ring.token_count, 0);
}

static void what_is_no_number_is_no_token(void **state)
{
    static const char *const tokens[] = {"", "-", " 1", "+1", "1x", "0x1", "5"};
    (void)state;
    add_node(0, 0, "a", tokens, 7);
    assert_true(cql_places_make(&fx->client, fx->members, 1));
    assert_int_equal(fx->client.places.ring.token_count, 1);
    assert_true(fx->client.places.ring.tokens[0].token == 5);
}

static void more_tokens_than_the_limit_are_told(void **state)
{
    static const char *const tokens[] = {"1", "2", "3"};
    (void)state;
    fx->client.limits.tokens_max = 2;
    add_node(0, 0, "a", tokens, 3);
    assert_false(cql_places_make(&fx->client, fx->members, 1));
}

#define P(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        P(a_simple_strategy_has_a_number_of_replicas),
        P(a_network_strategy_has_a_number_for_each_datacenter),
        P(what_is_no_number_of_replicas_is_passed_over),
        P(what_is_no_map_of_texts_is_no_replication),
        P(more_datacenters_than_the_limit_have_no_number),
        P(the_tokens_of_all_nodes_are_the_ring),
        P(racks_are_numbered_within_their_datacenter),
        P(tokens_that_contradict_each_other_are_no_ring),
        P(tokens_of_another_partitioner_are_no_ring),
        P(what_is_no_number_is_no_token),
        P(more_tokens_than_the_limit_are_told),
    };
    return cmocka_run_group_tests_name("cql_places", tests, NULL, NULL);
}
