/* test_redis_hosts - lists of servers as settings say them. */

#include "test.h"

#include <string.h>

#include "redis_client/redis_hosts.h"

static void hosts_have_their_port_or_the_usual_one(void **state)
{
    struct redis_hosts hosts;
    (void)state;
    assert_int_equal(
        redis_hosts_read("one.example, 192.0.2.1:7000,[::1]:7001 ,[fe80::1%lo]", 6379, &hosts), OK);
    assert_int_equal(hosts.count, 4);
    assert_string_equal(hosts.at[0].name, "one.example");
    assert_int_equal(hosts.at[0].port, 6379);
    assert_string_equal(hosts.at[1].name, "192.0.2.1");
    assert_int_equal(hosts.at[1].port, 7000);
    assert_string_equal(hosts.at[2].name, "::1");
    assert_int_equal(hosts.at[2].port, 7001);
    assert_string_equal(hosts.at[3].name, "fe80::1%lo");
    assert_int_equal(hosts.at[3].port, 6379);
}

static void what_is_no_host_is_refused(void **state)
{
    static const char *const cases[] = {"", " ", ",a", "a,,b", ".", "a b", "a:", ":1", "a:0",
        "a:65536", "a:1x", "a:-1", "a:+1", "[::1", "[::1]x", "[::1]:", "[]", "a/b", "a:1:2",
        "a:0000000001", "redis://a"};
    struct redis_hosts hosts;
    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (redis_hosts_read(cases[i], 6379, &hosts) != ERR_BAD_CONFIG) {
            fail_msg("\"%s\" is taken", cases[i]);
        }
    }
}

static void there_are_so_many_hosts_at_most_and_names_are_no_longer_than_names(void **state)
{
    struct redis_hosts hosts;
    char name[RESOLVER_HOST_BYTES_MAX + 2];
    (void)state;
    assert_int_equal(redis_hosts_read("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 1, &hosts), OK);
    assert_int_equal(hosts.count, REDIS_HOSTS_MAX);
    assert_int_equal(
        redis_hosts_read("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 1, &hosts), ERR_BAD_CONFIG);
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = 0;
    assert_int_equal(redis_hosts_read(name, 1, &hosts), ERR_BAD_CONFIG);
    name[sizeof(name) - 2] = 0;
    assert_int_equal(redis_hosts_read(name, 1, &hosts), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_have_their_port_or_the_usual_one),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(there_are_so_many_hosts_at_most_and_names_are_no_longer_than_names),
    };
    return cmocka_run_group_tests_name("redis_hosts", tests, NULL, NULL);
}
