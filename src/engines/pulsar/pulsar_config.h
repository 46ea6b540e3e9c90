#pragma once

/* pulsar_config - what the settings of the bus on Pulsar come to: names of topics, who signs in,
 * certificates. Once a process, for the clients of all workers. */

#include "pulsar/cast_pulsar.h"
#include "pulsar/mail_pulsar.h"
#include "pulsar/pulsar_settings.h"
#include "pulsar_client/pulsar_client.h"

#define PULSAR_CONFIG_WHY_BYTES 256
#define PULSAR_CONFIG_NAME_MAX 64u
#define PULSAR_CONFIG_TOPIC_BYTES 192u

struct tls_client;

struct pulsar_config {
    const struct pulsar_settings *settings;
    struct pulsar_credentials credentials;
    struct tls_client *tls; /* NULL: plain */
    char commands[PULSAR_CONFIG_TOPIC_BYTES], log[PULSAR_CONFIG_TOPIC_BYTES];
    char mail_prefix[PULSAR_CONFIG_TOPIC_BYTES], control[PULSAR_CONFIG_TOPIC_BYTES];
};

/* `settings` stays, and `ret_config` does not move. Reads files, so at the start. ERR_BAD_CONFIG:
 * `ret_why`, of PULSAR_CONFIG_WHY_BYTES, names the setting and what is wrong with it; `ret_config`
 * is to be deinited all the same. */
MUST_USE enum err pulsar_config_read(
    const struct pulsar_settings *settings, struct pulsar_config *ret_config, char *ret_why);

/* After the clients. A zeroed one is fine. */
void pulsar_config_deinit(struct pulsar_config *config);

/* Good as long as the config. */
struct pulsar_client_options pulsar_config_client(struct pulsar_config *config);
struct mail_pulsar_options pulsar_config_mail(const struct pulsar_config *config);
struct cast_pulsar_options pulsar_config_cast(const struct pulsar_config *config);
