/* pulsar_config - see the header. Happy path: judged, named, read, made. How it fails: the first
 * setting that will not do is named, never with what is in its file. A token that can not be read
 * later is a connection that is not made then, and is tried again. */

#include "pulsar/pulsar_config.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/comma_list.h"
#include "base/mem.h"
#include "base/secret_file.h"
#include "base/task.h"
#include "link/tls_client.h"
#include "pulsar_client/pulsar_address.h"

static enum err refuse(char *ret_why, const char *setting, const char *what)
{
    snprintf(ret_why, PULSAR_CONFIG_WHY_BYTES, "%s: %s", setting, what);
    return ERR_BAD_CONFIG;
}

/* ---- what can not be */

static bool are_hosts(const struct pulsar_settings *settings)
{
    const char *list = settings->hosts;
    struct pulsar_address host;
    uint32_t count = 0;
    while (*list && count <= PULSAR_SERVICE_HOSTS_MAX) {
        if (!pulsar_address_read(comma_list_take(&list), settings->tls, &host)) {
            return false;
        }
        count++;
    }
    return count > 0 && count <= PULSAR_SERVICE_HOSTS_MAX;
}

/* As brokers take the name of a tenant or a namespace. */
static bool is_name(const char *text)
{
    static const char taken[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-=:._";
    size_t size = strlen(text);
    return size > 0 && size <= PULSAR_CONFIG_NAME_MAX && strspn(text, taken) == size;
}

static enum err check_names(const struct pulsar_settings *settings, char *ret_why)
{
    if (!is_name(settings->tenant)) {
        return refuse(ret_why, "pulsar.tenant", "no name of a tenant");
    }
    if (!is_name(settings->namespace)) {
        return refuse(ret_why, "pulsar.namespace", "no name of a namespace");
    }
    if (!is_name(settings->mail_namespace)) {
        return refuse(ret_why, "pulsar.mail_namespace", "no name of a namespace");
    }
    return strcmp(settings->namespace, settings->mail_namespace) != 0
               ? OK
               : refuse(ret_why, "pulsar.mail_namespace", "the same as pulsar.namespace");
}

static enum err check(const struct pulsar_settings *settings, char *ret_why)
{
    if (!are_hosts(settings)) {
        return refuse(ret_why, "pulsar.hosts", "not of the form host:port, host:port");
    }
    if (settings->retry_first_ms > settings->retry_max_ms) {
        return refuse(ret_why, "pulsar.retry_first_ms", "longer than pulsar.retry_max_ms");
    }
    if (settings->mail_idle_ms <= settings->mail_send_ms) {
        return refuse(ret_why, "pulsar.mail_idle_ms", "not longer than pulsar.mail_send_ms");
    }
    return check_names(settings, ret_why);
}

/* ---- what is made */

static void name_topic(char *ret_topic, const char *domain, const char *tenant,
    const char *namespace, const char *name)
{
    int size = snprintf(
        ret_topic, PULSAR_CONFIG_TOPIC_BYTES, "%s://%s/%s/%s", domain, tenant, namespace, name);
    CHECK(size > 0);
    CHECK(size < (int)PULSAR_CONFIG_TOPIC_BYTES);
}

static void name_topics(struct pulsar_config *config)
{
    static const char keeps[] = "persistent", keeps_nothing[] = "non-persistent";
    const struct pulsar_settings *s = config->settings;
    name_topic(config->commands, keeps, s->tenant, s->namespace, "commands");
    name_topic(config->log, keeps, s->tenant, s->namespace, "log");
    name_topic(config->mail_prefix, keeps_nothing, s->tenant, s->mail_namespace, "mail");
    name_topic(config->control, keeps_nothing, s->tenant, s->mail_namespace, "control");
}

/* A small file of this machine: on the loop, but only when a connection asks. */
static uint32_t read_token(
    struct pulsar_credentials *credentials, char *ret_token, uint32_t capacity)
{
    const struct pulsar_config *config =
        container_of(credentials, struct pulsar_config, credentials);
    const char *why;
    return secret_file_read(config->settings->token_file, ret_token, capacity, &why) == OK
               ? (uint32_t)strlen(ret_token)
               : 0;
}

static enum err try_token(const struct pulsar_settings *settings, char *ret_why)
{
    char token[PULSAR_TOKEN_BYTES_MAX];
    const char *why;
    if (!*settings->token_file) {
        return OK;
    }
    enum err err = secret_file_read(settings->token_file, token, sizeof(token), &why);
    mem_wipe(token, sizeof(token));
    return err == OK ? OK : refuse(ret_why, "pulsar.token_file", why);
}

static enum err make_tls(struct pulsar_config *config, char *ret_why)
{
    const struct pulsar_settings *settings = config->settings;
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
    return err == OK ? OK : refuse(ret_why, "pulsar.tls", why);
}

enum err pulsar_config_read(
    const struct pulsar_settings *settings, struct pulsar_config *ret_config, char *ret_why)
{
    *ret_config = (struct pulsar_config){.settings = settings, .credentials = {read_token}};
    enum err err = check(settings, ret_why);
    if (err == OK) {
        name_topics(ret_config);
        err = try_token(settings, ret_why);
    }
    return err == OK ? make_tls(ret_config, ret_why) : err;
}

void pulsar_config_deinit(struct pulsar_config *config)
{
    tls_client_destroy(config->tls);
    *config = (struct pulsar_config){0};
}

/* ---- what it is for */

struct pulsar_client_options pulsar_config_client(struct pulsar_config *config)
{
    const struct pulsar_settings *settings = config->settings;
    struct pulsar_client_options options = {.service_hosts = settings->hosts,
        .listener_name = setting_or_null(settings->listener),
        .tls = config->tls,
        .credentials = *settings->token_file ? &config->credentials : NULL,
        .limits = pulsar_client_limits_default()};
    options.limits.connections_max = (uint32_t)settings->connections;
    options.limits.pending_bytes_max = settings->pending_bytes;
    options.limits.open_ms = (uint32_t)settings->open_ms;
    options.limits.request_ms = (uint32_t)settings->request_ms;
    options.limits.keep_alive_ms = (uint32_t)settings->keep_alive_ms;
    options.limits.retry_first_ms = (uint32_t)settings->retry_first_ms;
    options.limits.retry_max_ms = (uint32_t)settings->retry_max_ms;
    return options;
}

struct mail_pulsar_options pulsar_config_mail(const struct pulsar_config *config)
{
    const struct pulsar_settings *settings = config->settings;
    struct mail_pulsar_options options = mail_pulsar_options_default();
    options.prefix = config->mail_prefix;
    options.peers_max = (uint32_t)settings->mail_peers;
    options.sends_max = (uint32_t)settings->mail_sends;
    options.self_max = (uint32_t)settings->mail_own;
    options.queue_messages = (uint32_t)settings->mail_queue;
    options.send_ms = (uint32_t)settings->mail_send_ms;
    options.idle_ms = (uint32_t)settings->mail_idle_ms;
    return options;
}

struct cast_pulsar_options pulsar_config_cast(const struct pulsar_config *config)
{
    struct cast_pulsar_options options = cast_pulsar_options_default();
    options.topic = config->control;
    options.send_ms = (uint32_t)config->settings->mail_send_ms;
    return options;
}
