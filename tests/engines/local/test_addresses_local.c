/* Addresses of one process: how many connections, how fast, and who is the same. */

#include "test.h"

#include "local/addresses_local.h"
#include "test_loop.h"

static struct test_loop loop;
static struct addresses *addresses;

static int set_up(void **state)
{
    (void)state;
    test_loop_init(&loop);
    addresses = addresses_local_create(loop.world.random, 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    addresses_local_destroy(addresses);
    test_loop_deinit(&loop);
    return 0;
}

static struct net_address v4(uint8_t last)
{
    return (struct net_address){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last}, 1};
}

static struct net_address v6(uint8_t network, uint8_t host)
{
    return (struct net_address){{0x20, 1, 0, 0, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host}, 1};
}

static enum address_verdict come(
    struct net_address peer, struct address_limits limits, uint32_t now_ms, uint32_t *ret_entry)
{
    struct arrival arrival = {.peer = &peer, .limits = limits, .now_ms = now_ms};
    enum address_verdict verdict = addresses_add(addresses, &arrival);
    *ret_entry = arrival.entry;
    return verdict;
}

static void an_address_has_so_many_connections(void **state)
{
    (void)state;
    struct address_limits two = {.connections = 2};
    uint32_t first, other;
    assert_int_equal(come(v4(1), two, 0, &first), ADDRESS_FINE);
    assert_int_equal(come(v4(1), two, 0, &other), ADDRESS_FINE);
    assert_int_equal(come(v4(1), two, 0, &other), ADDRESS_TOO_MANY);
    assert_int_equal(other, ADDRESS_UNCOUNTED);
    addresses_remove(addresses, other);
    assert_int_equal(come(v4(2), two, 0, &other), ADDRESS_FINE);
    addresses_remove(addresses, first);
    assert_int_equal(come(v4(1), two, 0, &other), ADDRESS_FINE);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
    (void)state;
    struct address_limits one = {.connections = 1};
    uint32_t entry;
    assert_int_equal(come(v6(1, 1), one, 0, &entry), ADDRESS_FINE);
    assert_int_equal(come(v6(1, 2), one, 0, &entry), ADDRESS_TOO_MANY);
    assert_int_equal(come(v6(2, 1), one, 0, &entry), ADDRESS_FINE);
}

static void an_address_connects_only_so_fast_by_whosever_clock(void **state)
{
    (void)state;
    struct address_limits slow = {.connects_per_second = 2};
    uint32_t entry;
    assert_int_equal(come(v4(1), slow, 1000, &entry), ADDRESS_FINE);
    assert_int_equal(come(v4(1), slow, 1000, &entry), ADDRESS_FINE);
    assert_int_equal(come(v4(1), slow, 1000, &entry), ADDRESS_TOO_FAST);
    assert_int_equal(come(v4(1), slow, 990, &entry), ADDRESS_TOO_FAST); /* a clock that is behind */
    assert_int_equal(come(v4(1), slow, 1500, &entry), ADDRESS_FINE);
    assert_int_equal(come(v4(1), slow, 1500, &entry), ADDRESS_TOO_FAST);
}

static void an_address_that_stayed_away_for_weeks_is_not_too_fast(void **state)
{
    (void)state;
    struct address_limits one = {.connects_per_second = 1};
    uint32_t month_ms = 30u * 24 * 3600 * 1000;
    uint32_t entry;
    assert_int_equal(come(v4(1), one, 1000, &entry), ADDRESS_FINE);
    assert_int_equal(come(v4(1), one, 1000, &entry), ADDRESS_TOO_FAST);
    assert_int_equal(come(v4(1), one, 1000 + month_ms, &entry), ADDRESS_FINE);
    assert_int_equal(come(v4(1), one, 1000 + month_ms, &entry), ADDRESS_TOO_FAST);
    assert_int_equal(come(v4(1), one, 2000 + month_ms, &entry), ADDRESS_FINE);
}

static void addresses_without_connections_give_way(void **state)
{
    (void)state;
    struct address_limits one = {.connections = 1};
    uint32_t kept, entry;
    assert_int_equal(come(v6(0, 0), one, 0, &kept), ADDRESS_FINE);
    for (uint32_t i = 1; i < 20000; i++) {
        struct net_address peer = v6((uint8_t)i, 0);
        peer.ip[6] = (uint8_t)(i >> 8);
        assert_int_equal(come(peer, one, i, &entry), ADDRESS_FINE);
        assert_true(entry != ADDRESS_UNCOUNTED && entry != kept);
        addresses_remove(addresses, entry);
    }
    assert_int_equal(come(v6(0, 0), one, 0, &entry), ADDRESS_TOO_MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_has_so_many_connections),
        TEST(a_network_of_ipv6_is_one_address),
        TEST(an_address_connects_only_so_fast_by_whosever_clock),
        TEST(an_address_that_stayed_away_for_weeks_is_not_too_fast),
        TEST(addresses_without_connections_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
