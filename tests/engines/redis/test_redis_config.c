/* test_redis_config - what settings of the Redis engine are refused, and what a client gets. */

#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "redis/redis_config.h"

static struct settings *said;
static struct redis_settings settings;
static struct redis_config config;
static char why[REDIS_WHY_BYTES];

static int set_up(void **state)
{
    static const struct settings_table *const tables[] = {&redis_settings_table};
    (void)state;
    said = settings_create(tables, 1);
    settings_fill(said, &redis_settings_table, &settings);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_config_deinit(&config);
    settings_destroy(said);
    return 0;
}

static void defaults_are_one_server_without_a_password(void **state)
{
    (void)state;
    assert_int_equal(redis_config_read(&settings, &config, why), OK);
    struct redis_client_options options = redis_config_client(&config);
    assert_int_equal(options.hosts->count, 1);
    assert_string_equal(options.hosts->at[0].name, "127.0.0.1");
    assert_int_equal(options.hosts->at[0].port, 6379);
    assert_null(options.service);
    assert_null(options.credentials.password);
    assert_null(options.tls);
    assert_null(options.tls_name);
}

static void sentinels_have_their_own_port(void **state)
{
    (void)state;
    settings.hosts = "a,b:1";
    settings.sentinel = "chat";
    assert_int_equal(redis_config_read(&settings, &config, why), OK);
    assert_int_equal(config.hosts.at[0].port, 26379);
    assert_int_equal(config.hosts.at[1].port, 1);
    assert_string_equal(redis_config_client(&config).service, "chat");
}

static void assert_refused(const char *setting)
{
    assert_int_equal(redis_config_read(&settings, &config, why), ERR_BAD_CONFIG);
    assert_memory_equal(why, setting, strlen(setting));
    assert_int_equal(why[strlen(setting)], ':');
    tear_down(NULL);
    set_up(NULL);
}

static void what_can_not_be_is_refused_by_name(void **state)
{
    (void)state;
    settings.hosts = "a,,b";
    assert_refused("redis.hosts");
    settings.retry_first_ms = 3000;
    assert_refused("redis.retry_first_ms");
    settings.beat_ms = 5001;
    assert_refused("redis.beat_ms");
    settings.tls_name = ".";
    assert_refused("redis.tls_name");
    settings.prefix = "12345678901234567890123456789012345678901234567890123456789012345";
    assert_refused("redis.prefix");
    settings.password_file = "/nowhere";
    assert_refused("redis.password_file");
    settings.sentinel_password_file = "/dev/null";
    assert_refused("redis.sentinel_password_file");
    settings.tls = true;
    settings.tls_ca_file = "/nowhere";
    assert_refused("redis.tls");
}

static void a_password_is_the_first_line_of_its_file(void **state)
{
    char path[] = "/tmp/redis-password-XXXXXX";
    (void)state;
    int file = mkstemp(path);
    assert_int_equal(write(file, "a word\r\nmore\n", 13), 13);
    close(file);
    settings.password_file = path;
    assert_int_equal(redis_config_read(&settings, &config, why), OK);
    assert_string_equal(redis_config_client(&config).credentials.password, "a word");
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_one_server_without_a_password),
        TEST(sentinels_have_their_own_port),
        TEST(what_can_not_be_is_refused_by_name),
        TEST(a_password_is_the_first_line_of_its_file),
    };
    return cmocka_run_group_tests_name("redis_config", tests, NULL, NULL);
}
