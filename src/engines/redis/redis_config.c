/* redis_config - see the header. Happy path: parsed, read, made. How it fails: the first setting
 * that will not do is named, never with what is in its file. */

#include "redis/redis_config.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret_file.h"
#include "link/tls_client.h"
#include "redis/redis_values.h"

#define PASSWORD_BYTES_MAX 512u
#define SENTINEL_PORT 26379u
#define REPLY_ITEMS_MAX 65536u

static enum err refuse(char *ret_why, const char *setting, const char *what)
{
    snprintf(ret_why, REDIS_WHY_BYTES, "%s: %s", setting, what);
    return ERR_BAD_CONFIG;
}

static enum err read_hosts(struct redis_config *config, char *ret_why)
{
    const struct redis_settings *settings = config->settings;
    uint16_t port = *settings->sentinel ? SENTINEL_PORT : REDIS_PORT_DEFAULT;
    return redis_hosts_read(settings->hosts, port, &config->hosts) == OK
               ? OK
               : refuse(ret_why, "redis.hosts", "not of the form host:port, host:port");
}

static enum err read_password(
    const char *setting, const char *path, char **ret_password, char *ret_why)
{
    char password[PASSWORD_BYTES_MAX + 1];
    const char *why;
    if (!*path) {
        return OK;
    }
    enum err err = secret_file_read(path, password, sizeof(password), &why);
    *ret_password = err == OK ? mem_string(password) : NULL;
    mem_wipe(password, sizeof(password));
    return err == OK ? OK : refuse(ret_why, setting, why);
}

static enum err make_tls(struct redis_config *config, char *ret_why)
{
    const struct redis_settings *settings = config->settings;
    char why[TLS_WHY_BYTES];
    if (!settings->tls) {
        return OK;
    }
    struct tls_client_options options = {
        .ca_file = setting_or_null(settings->tls_ca_file),
        .certificate_file = setting_or_null(settings->tls_certificate_file),
        .key_file = setting_or_null(settings->tls_key_file),
    };
    enum err err = tls_client_create(&options, &config->tls, why);
    return err == OK ? OK : refuse(ret_why, "redis.tls", why);
}

static enum err check(const struct redis_settings *settings, char *ret_why)
{
    if (strlen(settings->prefix) > REDIS_PREFIX_BYTES_MAX) {
        return refuse(ret_why, "redis.prefix", "longer than 64 bytes");
    }
    if (strlen(settings->tls_name) > RESOLVER_HOST_BYTES_MAX ||
        strcmp(settings->tls_name, ".") == 0) {
        return refuse(ret_why, "redis.tls_name", "no name of a host");
    }
    if (settings->retry_first_ms > settings->retry_max_ms) {
        return refuse(ret_why, "redis.retry_first_ms", "longer than redis.retry_max_ms");
    }
    if (settings->beat_ms * 3 > settings->lease_ms) {
        return refuse(ret_why, "redis.beat_ms", "more than a third of redis.lease_ms");
    }
    return OK;
}

enum err redis_config_read(
    const struct redis_settings *settings, struct redis_config *ret_config, char *ret_why)
{
    *ret_config = (struct redis_config){.settings = settings};
    enum err err = check(settings, ret_why);
    if (err == OK) {
        err = read_hosts(ret_config, ret_why);
    }
    if (err == OK) {
        err = read_password(
            "redis.password_file", settings->password_file, &ret_config->password, ret_why);
    }
    if (err == OK) {
        err = read_password("redis.sentinel_password_file", settings->sentinel_password_file,
            &ret_config->sentinel_password, ret_why);
    }
    return err == OK ? make_tls(ret_config, ret_why) : err;
}

static void forget(char *secret)
{
    if (secret) {
        mem_wipe(secret, strlen(secret));
        mem_free(secret);
    }
}

void redis_config_deinit(struct redis_config *config)
{
    forget(config->password);
    forget(config->sentinel_password);
    tls_client_destroy(config->tls);
    *config = (struct redis_config){0};
}

struct redis_client_options redis_config_client(const struct redis_config *config)
{
    const struct redis_settings *settings = config->settings;
    return (struct redis_client_options){
        .hosts = &config->hosts,
        .service = setting_or_null(settings->sentinel),
        .credentials = {setting_or_null(settings->user), config->password},
        .sentinel_credentials = {setting_or_null(settings->sentinel_user),
            config->sentinel_password},
        .name = "chattifier",
        .database = (uint32_t)settings->database,
        .tls = config->tls,
        .tls_name = setting_or_null(settings->tls_name),
        .limits =
            {
                .ask_ms = (uint32_t)settings->ask_ms,
                .asks_max = (uint32_t)settings->asks_max,
                .ask_bytes_max = (uint32_t)settings->ask_bytes,
                .reply_bytes_max = (uint32_t)settings->reply_bytes,
                .reply_items_max = REPLY_ITEMS_MAX,
                .open_ms = (uint32_t)settings->open_ms,
                .quiet_ms = (uint32_t)settings->quiet_ms,
                .retry_first_ms = (uint32_t)settings->retry_first_ms,
                .retry_max_ms = (uint32_t)settings->retry_max_ms,
                .sentinel_ms = (uint32_t)settings->sentinel_ms,
            },
    };
}
