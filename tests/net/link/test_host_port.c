/* test_host_port - hosts and ports, as settings and servers write them. */

#include "test.h"

#include <string.h>

#include "link/host_port.h"
#include "world/net.h"

#define USUAL 6379

static void a_host_has_its_port_or_the_usual_one(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } cases[] = {
        {"one.example", "one.example", USUAL},
        {"one_two-3.example:1", "one_two-3.example", 1},
        {"192.0.2.1:65535", "192.0.2.1", 65535},
        {"[::1]:7001", "::1", 7001},
        {"[fe80::1%lo]", "fe80::1%lo", USUAL},
        {"a:00001", "a", 1},
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char host[HOST_BYTES];
        uint16_t port = USUAL;
        assert_true(host_port_read(str(cases[i].text), host, &port));
        assert_string_equal(host, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
}

static void what_is_no_host_is_refused(void **state)
{
    static const char *const cases[] = {"", " ", ".", ".:1", "a b", "a\n", "a:", ":1", ":", "a:0",
        "a:65536", "a:000001", "a:1x", "a:-1", "a:+1", "[", "[]", "[]:1", "[::1", "[::1]x",
        "[::1]:", "a/b", "a:1:2", "::1", "a,b", "user@a:1", "redis://a"};
    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char host[HOST_BYTES];
        uint16_t port = USUAL;
        if (host_port_read(str(cases[i]), host, &port)) {
            fail_msg("\"%s\" is taken", cases[i]);
        }
    }
}

static void a_host_is_no_longer_than_the_resolver_takes(void **state)
{
    char text[RESOLVER_HOST_BYTES_MAX + 1], host[HOST_BYTES];
    uint16_t port = USUAL;
    (void)state;
    memset(text, 'a', sizeof(text));
    assert_false(host_port_read((struct cht_str){text, sizeof(text)}, host, &port));
    assert_true(host_port_read((struct cht_str){text, sizeof(text) - 1}, host, &port));
    assert_int_equal(strlen(host), RESOLVER_HOST_BYTES_MAX);
}

static void a_host_and_a_port_that_come_apart_are_both_needed(void **state)
{
    char host[HOST_BYTES];
    uint16_t port = USUAL;
    (void)state;
    assert_true(host_port_take(str("::1"), str("7000"), host, &port));
    assert_string_equal(host, "::1");
    assert_int_equal(port, 7000);
    assert_false(host_port_take(str("::1"), str(""), host, &port));
    assert_false(host_port_take(str(""), str("7000"), host, &port));
    assert_false(host_port_take(str("[::1]"), str("7000"), host, &port));
}

static void an_address_of_ipv6_is_written_with_brackets(void **state)
{
    char text[HOST_PORT_BYTES], host[HOST_BYTES];
    (void)state;
    host_port_write("one.example", 1, text);
    assert_string_equal(text, "one.example:1");
    host_port_write("::1", 65535, text);
    assert_string_equal(text, "[::1]:65535");
    memset(host, ':', sizeof(host));
    host[sizeof(host) - 1] = 0;
    host_port_write(host, 65535, text);
    assert_int_equal(strlen(text), HOST_PORT_BYTES - 1);
}

static void an_address_is_a_host_of_its_family(void **state)
{
    struct net_address v4 = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7}};
    struct net_address v6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    char host[HOST_BYTES];
    (void)state;
    host_of_address(&v4, host);
    assert_string_equal(host, "192.0.2.7");
    host_of_address(&v6, host);
    assert_string_equal(host, "2001:db8::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_has_its_port_or_the_usual_one),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(a_host_is_no_longer_than_the_resolver_takes),
        cmocka_unit_test(a_host_and_a_port_that_come_apart_are_both_needed),
        cmocka_unit_test(an_address_of_ipv6_is_written_with_brackets),
        cmocka_unit_test(an_address_is_a_host_of_its_family),
    };
    return cmocka_run_group_tests_name("host_port", tests, NULL, NULL);
}
