/* cassandra - one worker's client of Cassandra, with the statements of the stores.
 *
 * Happy path: settings become options of the client, which connects by itself; questions wait
 * meanwhile. How it fails: a setting or a file that is wrong is one line and BAD_CONFIG; what
 * happens to connections is a line each. */

#include "cassandra/cassandra.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/comma_list.h"
#include "base/logger.h"
#include "base/mem.h"
#include "base/secret_file.h"
#include "cassandra/inner.h"
#include "cassandra/stamps_shared.h"
#include "link/host_port.h"
#include "link/tls_client.h"

#define HOSTS_MAX 16u
#define PASSWORD_BYTES_MAX 256u
#define STAMPS_OF_ROOMS 8192u

#define KIND_READ .consistency = CQL_LOCAL_QUORUM, .idempotent = true
#define KIND_WRITE .consistency = CQL_LOCAL_QUORUM, .idempotent = true
#define KIND_CAS .consistency = CQL_LOCAL_QUORUM, .serial = CQL_LOCAL_SERIAL
#define KIND_SERIAL .consistency = CQL_LOCAL_SERIAL, .idempotent = true

static const struct cql_statement statements[STORE_STATEMENT_COUNT] = {
#define STATEMENT(word, kind, words) [STORE_##word] = {.name = #word, .text = words, KIND_##kind},
#include "cassandra/store_cql.def"
#undef STATEMENT
};

void cassandra_shared_init(struct cassandra_shared *shared, bool alone)
{
    shared->rooms = stamps_shared_create(STAMPS_OF_ROOMS, alone);
    shared->users = stamps_shared_create(1, alone);
}

void cassandra_shared_deinit(struct cassandra_shared *shared)
{
    stamps_shared_destroy(shared->rooms);
    stamps_shared_destroy(shared->users);
    *shared = (struct cassandra_shared){0};
}

/* ---- news */

static const enum log_level levels[CQL_NEWS] = {
    [CQL_NEWS_CONNECTED] = LOG_LEVEL_INFO,
    [CQL_NEWS_LOST] = LOG_LEVEL_WARN,
    [CQL_NEWS_DENIED] = LOG_LEVEL_ERROR,
    [CQL_NEWS_NODE_FOUND] = LOG_LEVEL_INFO,
    [CQL_NEWS_NODE_GONE] = LOG_LEVEL_WARN,
    [CQL_NEWS_NODE_UP] = LOG_LEVEL_INFO,
    [CQL_NEWS_NODE_DOWN] = LOG_LEVEL_WARN,
    [CQL_NEWS_CONTROL] = LOG_LEVEL_DEBUG,
    [CQL_NEWS_NO_NODES] = LOG_LEVEL_ERROR,
    [CQL_NEWS_DISAGREEMENT] = LOG_LEVEL_WARN,
    [CQL_NEWS_LIMITED] = LOG_LEVEL_WARN,
};

static void on_news(struct cql_client_handler *handler, const struct cql_news *news)
{
    const struct cassandra *store = container_of(handler, struct cassandra, handler);
    char event[64], host[HOST_BYTES], node[HOST_PORT_BYTES];
    host_of_address(&news->node, host);
    host_port_write(host, news->node.port, node);
    snprintf(event, sizeof(event), "cassandra.%s", cql_news_name(news->kind));
    LOG_AT(store->world->logger, levels[news->kind], event, "node=%s detail=\"%s\" retry_ms=%llu",
        node, news->detail, (unsigned long long)news->retry_ms);
}

/* ---- options */

static enum err refuse(const struct cassandra *store, const char *setting, const char *reason)
{
    LOG_ERROR(store->world->logger, "setting.refused", "setting=%s reason=\"%s\"", setting, reason);
    return ERR_BAD_CONFIG;
}

static uint32_t take_hosts(const char *list, char *ret_bytes, const char **ret_hosts)
{
    uint32_t count = 0;
    while (*list && count < HOSTS_MAX) {
        struct cht_str host = comma_list_take(&list);
        if (host.size) {
            memcpy(ret_bytes, host.at, host.size);
            ret_bytes[host.size] = 0;
            ret_hosts[count++] = ret_bytes;
            ret_bytes += host.size + 1;
        }
    }
    return count;
}

static enum err read_password(const struct cassandra *store, char *ret_password)
{
    const char *why;
    enum err err = secret_file_read(
        store->settings->password_file, ret_password, PASSWORD_BYTES_MAX + 1, &why);
    return err == OK ? OK : refuse(store, "cassandra.password_file", why);
}

static enum err make_tls(struct cassandra *store)
{
    const struct cassandra_settings *settings = store->settings;
    char why[TLS_WHY_BYTES] = "";
    struct tls_client_options options = {
        .ca_file = setting_or_null(settings->tls_ca_file),
        .certificate_file = setting_or_null(settings->tls_certificate_file),
        .key_file = setting_or_null(settings->tls_key_file),
    };
    if (!settings->tls) {
        return OK;
    }
    enum err err = tls_client_create(&options, &store->tls, why);
    return err == OK ? OK : refuse(store, "cassandra.tls", why);
}

static enum err make_client(struct cassandra *store, struct cql_client_options *options)
{
    const struct cassandra_settings *settings = store->settings;
    options->world = store->world;
    options->port = (uint16_t)settings->port;
    options->tls = store->tls;
    options->tls_name = setting_or_null(settings->tls_name);
    options->keyspace = settings->keyspace;
    options->local_dc = setting_or_null(settings->local_dc);
    options->statements = statements;
    options->statement_count = STORE_STATEMENT_COUNT;
    options->limits = cql_client_limits_default();
    options->limits.ask_ms = (uint32_t)settings->ask_ms;
    options->handler = &store->handler;
    if (options->contact_point_count == 0) {
        return refuse(store, "cassandra.hosts", "it names no host");
    }
    enum err err = cql_client_create(options, &store->client);
    return err == OK ? OK : refuse(store, "cassandra.hosts", "a host or the keyspace is none");
}

/* With what is only lent to the client until it is made. */
static enum err open_client(struct cassandra *store, struct outbounds *outbounds)
{
    char password[PASSWORD_BYTES_MAX + 1] = "";
    const char *points[HOSTS_MAX];
    const char *user = setting_or_null(store->settings->user);
    char *hosts = mem_resize(NULL, strlen(store->settings->hosts) + HOSTS_MAX + 1);
    struct cql_client_options client = {.outbounds = outbounds,
        .contact_points = points,
        .contact_point_count = take_hosts(store->settings->hosts, hosts, points),
        .user = user,
        .password = user ? password : NULL};
    enum err err = user ? read_password(store, password) : OK;
    if (err == OK) {
        err = make_client(store, &client);
    }
    mem_wipe(password, sizeof(password));
    mem_free(hosts);
    return err;
}

enum err cassandra_create(const struct cassandra_options *options, struct cassandra **ret_store)
{
    struct cassandra *store = mem_new(sizeof(*store));
    store->world = options->world;
    store->settings = options->settings;
    store->shared = options->shared;
    store->handler.on_news = on_news;
    enum err err = make_tls(store);
    if (err == OK) {
        err = open_client(store, options->outbounds);
    }
    if (err != OK) {
        cassandra_destroy(store);
        store = NULL;
    }
    *ret_store = store;
    return err;
}

void cassandra_close(struct cassandra *store)
{
    cql_client_close(store->client);
}

bool cassandra_is_idle(const struct cassandra *store)
{
    return store->call_count == 0;
}

void cassandra_destroy(struct cassandra *store)
{
    if (store) {
        CHECK(store->call_count == 0);
        cql_client_destroy(store->client);
        tls_client_destroy(store->tls);
        mem_free(store);
    }
}
