/* test_pulsar_address - addresses of brokers, as they and settings write them. */

#include "test.h"

#include "pulsar_client/pulsar_address.h"

static void addresses_are_read(void **state)
{
    static const struct {
        const char *text;
        bool tls;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"pulsar://broker-1.example:6650", false, "broker-1.example", 6650},
        {"pulsar+ssl://broker:7000", true, "broker", 7000},
        {"broker:1", false, "broker", 1},
        {"broker", false, "broker", 6650},
        {"broker", true, "broker", 6651},
        {"pulsar://127.0.0.1:65535", false, "127.0.0.1", 65535},
        {"[::1]:6650", false, "::1", 6650},
        {"pulsar://[fe80::1]", false, "fe80::1", 6650},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pulsar_address address;
        assert_true(pulsar_address_read(str(cases[i].text), cases[i].tls, &address));
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.port, cases[i].port);
        assert_false(pulsar_address_is_none(&address));
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {"", ":6650", "pulsar://", "pulsar+ssl://broker:6650",
        "http://broker:8080", "broker:", "broker:0", "broker:65536", "broker:123456", "broker:6a",
        "broker:6650/", "broker:6650,other", "bro ker:1", "[::1", "[]:1", "[::1]x",
        "[::1]:", "pulsar://.:6650", "br\nker", "broker:+1", "user@broker:1"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct pulsar_address address;
        assert_false(pulsar_address_read(str(texts[i]), false, &address));
    }
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    char text[RESOLVER_HOST_BYTES_MAX + 1];
    struct pulsar_address address;
    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = 'a';
    }
    assert_false(pulsar_address_read((struct cht_str){text, sizeof(text)}, false, &address));
    assert_true(pulsar_address_read((struct cht_str){text, sizeof(text) - 1}, false, &address));
}

static void an_address_is_written_as_a_broker_wants_it(void **state)
{
    char text[PULSAR_ADDRESS_TEXT_BYTES];
    struct pulsar_address address;
    (void)state;
    assert_true(pulsar_address_read(str("pulsar://broker:6650"), false, &address));
    pulsar_address_write(&address, text);
    assert_string_equal(text, "broker:6650");
    assert_true(pulsar_address_read(str("[::1]:7"), false, &address));
    pulsar_address_write(&address, text);
    assert_string_equal(text, "[::1]:7");
}

static void addresses_are_equal_by_host_and_port(void **state)
{
    struct pulsar_address one, other;
    (void)state;
    assert_true(pulsar_address_read(str("a:1"), false, &one));
    assert_true(pulsar_address_read(str("pulsar://a:1"), false, &other));
    assert_true(pulsar_address_equal(&one, &other));
    assert_true(pulsar_address_read(str("a:2"), false, &other));
    assert_false(pulsar_address_equal(&one, &other));
    assert_true(pulsar_address_read(str("b:1"), false, &other));
    assert_false(pulsar_address_equal(&one, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
        cmocka_unit_test(an_address_is_written_as_a_broker_wants_it),
        cmocka_unit_test(addresses_are_equal_by_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
