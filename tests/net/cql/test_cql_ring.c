/* test_cql_ring - owners of tokens and their replicas. */

#include "test.h"

#include "cql/cql_ring.h"

enum { EAST, WEST, NORTH };

/* Six hosts, a token each, datacenters in turn; EAST has two racks, WEST has one. */
static const struct cql_host hosts[] = {
    {EAST, 0}, {WEST, 0}, {EAST, 0}, {WEST, 0}, {EAST, 1}, {WEST, 0}};
static const struct cql_ring_token tokens[] = {
    {-300, 0}, {-200, 1}, {-100, 2}, {0, 3}, {100, 4}, {200, 5}};
static const struct cql_ring ring = {tokens, 6, hosts, 6};

static void a_ring_is_sorted_and_each_token_is_there_once(void **state)
{
    (void)state;
    struct cql_ring_token some[] = {{INT64_MAX, 0}, {3, 1}, {INT64_MIN, 2}, {-1, 3}};
    assert_true(cql_ring_sort(some, 4));
    assert_int_equal(some[0].host, 2);
    assert_int_equal(some[1].host, 3);
    assert_int_equal(some[2].host, 1);
    assert_int_equal(some[3].host, 0);
    some[1].token = 3;
    assert_false(cql_ring_sort(some, 4));
    assert_true(cql_ring_sort(some, 0));
    assert_true(cql_ring_sort(NULL, 0));
}

static void a_token_belongs_to_the_first_one_that_is_not_before_it(void **state)
{
    (void)state;
    static const struct {
        int64_t token;
        size_t place;
    } rows[] = {{INT64_MIN, 0}, {-300, 0}, {-299, 1}, {-200, 1}, {-1, 3}, {0, 3}, {1, 4}, {200, 5},
        {201, 0}, {INT64_MAX, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(cql_ring_find(&ring, rows[i].token), rows[i].place);
    }
}

static void assert_hosts(const uint32_t *found, size_t count, const char *wanted)
{
    char text[16];
    assert_in_range(count, 0, sizeof(text) - 1);
    for (size_t i = 0; i < count; i++) {
        text[i] = (char)('0' + found[i]);
    }
    text[count] = '\0';
    assert_string_equal(text, wanted);
}

static void simple_replicas_are_the_next_different_hosts(void **state)
{
    (void)state;
    static const struct cql_ring_token shared[] = {{1, 0}, {2, 0}, {3, 1}, {4, 0}, {5, 2}};
    const struct cql_ring vnodes = {shared, 5, hosts, 3};
    uint32_t found[8];
    assert_hosts(found, cql_replicas_simple(&ring, -250, 3, found, 8), "123");
    assert_hosts(found, cql_replicas_simple(&ring, 150, 3, found, 8), "501");
    assert_hosts(found, cql_replicas_simple(&vnodes, 0, 2, found, 8), "01");
    assert_hosts(found, cql_replicas_simple(&vnodes, 4, 3, found, 8), "021");
    assert_hosts(found, cql_replicas_simple(&vnodes, 0, 7, found, 8), "012");
    assert_hosts(found, cql_replicas_simple(&vnodes, 0, 3, found, 1), "0");
    assert_hosts(found, cql_replicas_simple(&vnodes, 0, 0, found, 8), "");
}

static void each_datacenter_has_as_many_replicas_as_it_wants(void **state)
{
    (void)state;
    static const struct cql_factor both[] = {{EAST, 1}, {WEST, 2}};
    static const struct cql_factor none[] = {{EAST, 0}, {WEST, 1}};
    uint32_t found[8];
    assert_hosts(found, cql_replicas_network(&ring, -250, both, 2, found, 8), "123");
    assert_hosts(found, cql_replicas_network(&ring, 150, both, 2, found, 8), "501");
    assert_hosts(found, cql_replicas_network(&ring, -50, both, 1, found, 8), "4");
    assert_hosts(found, cql_replicas_network(&ring, -300, none, 2, found, 8), "1");
    assert_hosts(found, cql_replicas_network(&ring, -300, both, 0, found, 8), "");
    assert_hosts(found, cql_replicas_network(&ring, -250, both, 2, found, 2), "12");
}

static void a_rack_gets_a_second_replica_only_where_racks_are_too_few(void **state)
{
    (void)state;
    static const struct cql_factor two[] = {{EAST, 2}};
    static const struct cql_factor three[] = {{EAST, 3}};
    uint32_t found[8];
    /* Host 2 has the rack of host 0, so 4 is taken in its place. */
    assert_hosts(found, cql_replicas_network(&ring, -300, two, 1, found, 8), "04");
    assert_hosts(found, cql_replicas_network(&ring, -300, three, 1, found, 8), "024");
}

static void a_datacenter_with_too_few_hosts_gives_those_it_has(void **state)
{
    (void)state;
    static const struct cql_factor many[] = {{EAST, 5}, {WEST, 1}};
    static const struct cql_factor absent[] = {{NORTH, 3}, {WEST, 1}};
    const struct cql_ring empty = {NULL, 0, hosts, 6};
    uint32_t found[8];
    assert_hosts(found, cql_replicas_network(&ring, -300, many, 2, found, 8), "0124");
    assert_hosts(found, cql_replicas_network(&ring, -300, absent, 2, found, 8), "1");
    assert_hosts(found, cql_replicas_network(&empty, 0, many, 2, found, 8), "");
    assert_hosts(found, cql_replicas_simple(&empty, 0, 3, found, 8), "");
}

/* ---- the same by another way: a datacenter's hosts in their order from the token, first those
 * with a new rack, then the rest */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static uint64_t expected(const struct cql_ring *made, int64_t token, struct cql_factor factor)
{
    uint64_t chosen = 0;
    size_t left = factor.replicas;
    size_t from = cql_ring_find(made, token);
    for (int rest = 0; rest < 2; rest++) {
        uint64_t racks = 0;
        for (size_t i = 0; i < made->token_count && left > 0; i++) {
            uint32_t host = made->tokens[(from + i) % made->token_count].host;
            uint64_t rack = UINT64_C(1) << made->hosts[host].rack;
            if (made->hosts[host].datacenter != factor.datacenter || chosen >> host & 1 ||
                (!rest && racks & rack)) {
                continue;
            }
            racks |= rack;
            chosen |= UINT64_C(1) << host;
            left--;
        }
    }
    return chosen;
}

static void replicas_are_the_same_by_another_way(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 300; round++) {
        struct cql_host some[12];
        struct cql_ring_token places[48];
        for (uint32_t i = 0; i < 12; i++) {
            some[i] = (struct cql_host){
                (uint16_t)(next_random(&seed) % 2), (uint16_t)(next_random(&seed) % 4)};
        }
        for (uint32_t i = 0; i < 48; i++) {
            places[i] = (struct cql_ring_token){(int64_t)next_random(&seed), i % 12};
        }
        const struct cql_ring made = {places, 48, some, 12};
        assert_true(cql_ring_sort(places, 48));
        struct cql_factor factors[] = {
            {EAST, (uint16_t)(next_random(&seed) % 6)}, {WEST, (uint16_t)(next_random(&seed) % 6)}};
        int64_t token = (int64_t)next_random(&seed);
        uint32_t found[12];
        uint64_t got = 0;
        size_t count = cql_replicas_network(&made, token, factors, 2, found, 12);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(got >> found[i] & 1, 0);
            got |= UINT64_C(1) << found[i];
        }
        uint64_t wanted = expected(&made, token, factors[0]) | expected(&made, token, factors[1]);
        assert_int_equal(got, wanted);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_sorted_and_each_token_is_there_once),
        cmocka_unit_test(a_token_belongs_to_the_first_one_that_is_not_before_it),
        cmocka_unit_test(simple_replicas_are_the_next_different_hosts),
        cmocka_unit_test(each_datacenter_has_as_many_replicas_as_it_wants),
        cmocka_unit_test(a_rack_gets_a_second_replica_only_where_racks_are_too_few),
        cmocka_unit_test(a_datacenter_with_too_few_hosts_gives_those_it_has),
        cmocka_unit_test(replicas_are_the_same_by_another_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
