#pragma once

/* redis_config - what the settings of the Redis engine come to: hosts, passwords out of their
 * files, certificates. Once a process, for all workers. */

#include "redis/redis_settings.h"
#include "redis_client/redis_client.h"

#define REDIS_WHY_BYTES 256

struct tls_client;

struct redis_config {
    const struct redis_settings *settings;
    struct redis_hosts hosts;
    char *password, *sentinel_password; /* NULL: none is said */
    struct tls_client *tls;             /* NULL: plain */
};

/* `settings` stays. Reads files, so at the start. ERR_BAD_CONFIG: `ret_why`, of REDIS_WHY_BYTES,
 * names the setting and what is wrong with it; `ret_config` is to be deinited all the same. */
MUST_USE enum err redis_config_read(
    const struct redis_settings *settings, struct redis_config *ret_config, char *ret_why);

/* A zeroed one is fine. */
void redis_config_deinit(struct redis_config *config);

/* For a client of it. */
struct redis_client_options redis_config_client(const struct redis_config *config);
