/* test_pulsar_config - what settings of the bus on Pulsar are refused, and what clients get. */

#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "pulsar/pulsar_config.h"

static struct settings *said;
static struct pulsar_settings settings;
static struct pulsar_config config;
static char why[PULSAR_CONFIG_WHY_BYTES];

static int set_up(void **state)
{
    static const struct settings_table *const tables[] = {&pulsar_settings_table};
    (void)state;
    said = settings_create(tables, 1);
    settings_fill(said, &pulsar_settings_table, &settings);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pulsar_config_deinit(&config);
    settings_destroy(said);
    return 0;
}

static void defaults_are_one_broker_without_a_token(void **state)
{
    (void)state;
    assert_int_equal(pulsar_config_read(&settings, &config, why), OK);
    struct pulsar_client_options options = pulsar_config_client(&config);
    assert_string_equal(options.service_hosts, "127.0.0.1:6650");
    assert_null(options.listener_name);
    assert_null(options.credentials);
    assert_null(options.tls);
}

static void topics_are_of_two_namespaces(void **state)
{
    (void)state;
    settings.tenant = "t";
    settings.namespace = "n";
    settings.mail_namespace = "m";
    assert_int_equal(pulsar_config_read(&settings, &config, why), OK);
    assert_string_equal(config.commands, "persistent://t/n/commands");
    assert_string_equal(config.log, "persistent://t/n/log");
    assert_string_equal(pulsar_config_mail(&config).prefix, "non-persistent://t/m/mail");
    assert_string_equal(pulsar_config_cast(&config).topic, "non-persistent://t/m/control");
}

static void what_is_set_is_what_a_client_gets(void **state)
{
    (void)state;
    settings.keep_alive_ms = 2000;
    settings.connections = 9;
    settings.mail_peers = 33;
    settings.mail_send_ms = 700;
    assert_int_equal(pulsar_config_read(&settings, &config, why), OK);
    assert_int_equal(pulsar_config_client(&config).limits.keep_alive_ms, 2000);
    assert_int_equal(pulsar_config_client(&config).limits.connections_max, 9);
    assert_int_equal(pulsar_config_mail(&config).peers_max, 33);
    assert_int_equal(pulsar_config_mail(&config).send_ms, 700);
    assert_int_equal(pulsar_config_cast(&config).send_ms, 700);
}

static void assert_refused(const char *setting)
{
    assert_int_equal(pulsar_config_read(&settings, &config, why), ERR_BAD_CONFIG);
    assert_memory_equal(why, setting, strlen(setting));
    assert_int_equal(why[strlen(setting)], ':');
    tear_down(NULL);
    set_up(NULL);
}

static void what_can_not_be_is_refused_by_name(void **state)
{
    (void)state;
    settings.hosts = "";
    assert_refused("pulsar.hosts");
    settings.hosts = "a,,b";
    assert_refused("pulsar.hosts");
    settings.hosts = "pulsar+ssl://a:1";
    assert_refused("pulsar.hosts");
    settings.hosts = "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a";
    assert_refused("pulsar.hosts");
    settings.retry_first_ms = 6000;
    assert_refused("pulsar.retry_first_ms");
    settings.mail_idle_ms = 5000;
    assert_refused("pulsar.mail_idle_ms");
    settings.tenant = "";
    assert_refused("pulsar.tenant");
    settings.namespace = "a/b";
    assert_refused("pulsar.namespace");
    settings.namespace = "12345678901234567890123456789012345678901234567890123456789012345";
    assert_refused("pulsar.namespace");
    settings.mail_namespace = "chattifier";
    assert_refused("pulsar.mail_namespace");
    settings.token_file = "/nowhere";
    assert_refused("pulsar.token_file");
    settings.tls = true;
    settings.tls_ca_file = "/nowhere";
    assert_refused("pulsar.tls");
}

static void a_token_is_read_anew_for_each_who_asks(void **state)
{
    char path[] = "/tmp/pulsar-token-XXXXXX", token[PULSAR_TOKEN_BYTES_MAX];
    (void)state;
    int file = mkstemp(path);
    assert_int_equal(write(file, "one\n", 4), 4);
    settings.token_file = path;
    assert_int_equal(pulsar_config_read(&settings, &config, why), OK);
    struct pulsar_credentials *credentials = pulsar_config_client(&config).credentials;
    assert_int_equal(credentials->token(credentials, token, sizeof(token)), 3);
    assert_memory_equal(token, "one", 3);
    assert_int_equal(pwrite(file, "other\n", 6, 0), 6);
    assert_int_equal(credentials->token(credentials, token, sizeof(token)), 5);
    assert_memory_equal(token, "other", 5);
    close(file);
    unlink(path);
    assert_int_equal(credentials->token(credentials, token, sizeof(token)), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_one_broker_without_a_token),
        TEST(topics_are_of_two_namespaces),
        TEST(what_is_set_is_what_a_client_gets),
        TEST(what_can_not_be_is_refused_by_name),
        TEST(a_token_is_read_anew_for_each_who_asks),
    };
    return cmocka_run_group_tests_name("pulsar_config", tests, NULL, NULL);
}
