/* cql_client - the client from its making to its end.
 *
 * Happy path: the options are looked through and copied, statements get their texts, the control
 * connection begins; nodes and their connections come from there. How it fails: a setting that can
 * not be is refused before anything is connected. */

#include "cql_client/cql_client.h"

#include <string.h>

#include "base/mem.h"
#include "cql_client/cql_inner.h"

/* Of a request, around what was put into it. */
#define REQUEST_EXTRA_BYTES 128u

struct cql_client_limits cql_client_limits_default(void)
{
    return (struct cql_client_limits){.connections_per_node = 1,
        .streams_max = 1024,
        .waiting_max = 4096,
        .tries_max = 3,
        .nodes_max = 64,
        .tokens_max = 64 * 256,
        .request_bytes_max = 256u << 10,
        .response_bytes_max = 4u << 20,
        .queue_bytes_max = 4u << 20,
        .page_rows = 1000,
        .ask_ms = 5000,
        .open_ms = 5000,
        .quiet_ms = 5000,
        .silent_ms = 15000,
        .orphans_max = 256,
        .overdue_ms = 60000,
        .retry_first_ms = 500,
        .retry_max_ms = 30000,
        .denied_retry_ms = 30000,
        .refresh_ms = 1000,
        .agreement_ms = 10000,
        .settle_ms = 10000,
        .compress_bytes_min = 2048};
}

/* ---- settings */

static bool is_within(uint32_t value, uint32_t least, uint32_t most)
{
    return value >= least && value <= most;
}

static bool are_fine(const struct cql_client_limits *limits)
{
    return is_within(limits->connections_per_node, 1, CQL_CONNECTIONS_MAX) &&
           is_within(limits->streams_max, 1, CQL_STREAMS_MAX) &&
           is_within(limits->tries_max, 1, CQL_TRIES_MAX) &&
           is_within(limits->nodes_max, 1, CQL_NODES_MAX) && limits->tokens_max > 0 &&
           is_within(limits->request_bytes_max, 1024, CQL_BODY_BYTES_MAX / 2) &&
           is_within(limits->response_bytes_max, 1024, CQL_BODY_BYTES_MAX / 2) &&
           limits->queue_bytes_max > limits->request_bytes_max + REQUEST_EXTRA_BYTES &&
           is_within(limits->page_rows, 1, INT32_MAX) && limits->ask_ms > 0 &&
           limits->open_ms > 0 && limits->quiet_ms < limits->silent_ms &&
           limits->retry_first_ms <= limits->retry_max_ms;
}

static bool is_keyspace(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t size = strlen(name);
    return is_within((uint32_t)size, 1, CQL_KEYSPACE_BYTES_MAX) && strspn(name, letters) == size;
}

static bool are_contacts(const struct cql_client_options *options)
{
    bool are = options->port > 0 && is_within(options->contact_point_count, 1, CQL_CONTACTS_MAX);
    for (uint32_t i = 0; are && i < options->contact_point_count; i++) {
        const char *host = options->contact_points[i];
        are = host[0] && strcmp(host, ".") != 0 && strlen(host) <= RESOLVER_HOST_BYTES_MAX;
    }
    return are;
}

static bool may_be(const struct cql_client_options *options)
{
    return are_fine(&options->limits) && are_contacts(options) && is_keyspace(options->keyspace) &&
           options->statement_count <= CQL_STATEMENTS_MAX && !options->user == !options->password;
}

static char *copy_of(const char *text)
{
    return text ? mem_string(text) : NULL;
}

static void copy_options(struct cql_client *client, const struct cql_client_options *options)
{
    client->options = *options;
    client->limits = options->limits;
    client->world = options->world;
    client->options.tls_name = copy_of(options->tls_name);
    client->options.user = copy_of(options->user);
    client->options.password = copy_of(options->password);
    client->options.keyspace = copy_of(options->keyspace);
    client->options.local_dc = copy_of(options->local_dc);
    for (uint32_t i = 0; i < options->contact_point_count; i++) {
        client->contacts[i] = mem_string(options->contact_points[i]);
    }
    client->options.contact_points = NULL;
}

/* False: a text is longer than a request. */
static bool make_texts(struct cql_client *client)
{
    uint32_t count = client->options.statement_count;
    client->known = mem_array(count + 1, sizeof(client->known[0]));
    for (uint32_t i = 0; i < count; i++) {
        const char *text = client->options.statements[i].text;
        client->known[i].text = cql_statement_text(client, text, &client->texts);
        client->known[i].is_read = cql_statement_reads(text);
        if (strlen(client->known[i].text) > client->limits.request_bytes_max) {
            return false;
        }
    }
    return true;
}

static void make_room(struct cql_client *client)
{
    size_t values_room = client->limits.request_bytes_max;
    client->frame_room = values_room + REQUEST_EXTRA_BYTES;
    client->frame = mem_new(client->frame_room);
    client->packed = mem_new(client->frame_room);
    cql_writer_init(&client->values, mem_new(values_room), values_room);
}

/* ---- from beginning to end */

static void tick(struct timer *timer)
{
    struct cql_client *client = container_of(timer, struct cql_client, tick_timer);
    for (uint32_t i = 0; i < client->limits.nodes_max; i++) {
        struct cql_node *node = client->nodes[i];
        for (uint32_t j = 0; node && j < client->limits.connections_per_node; j++) {
            cql_conn_tick(&node->conns[j]);
        }
    }
    timer_start(client->world->loop, &client->tick_timer, CQL_TICK_MS, tick);
}

enum err cql_client_create(const struct cql_client_options *options, struct cql_client **ret_client)
{
    if (!may_be(options)) {
        return ERR_BAD_CONFIG;
    }
    struct cql_client *client = mem_new(sizeof(*client));
    copy_options(client, options);
    make_room(client);
    client->local_datacenter =
        options->local_dc ? cql_places_datacenter(&client->places, cht_str_of(options->local_dc))
                          : UINT16_MAX;
    enum err err = make_texts(client) ? cql_control_init(client) : ERR_BAD_CONFIG;
    if (err != OK) {
        cql_client_destroy(client);
        return err;
    }
    timer_start(client->world->loop, &client->tick_timer, CQL_TICK_MS, tick);
    *ret_client = client;
    return OK;
}

void cql_client_close(struct cql_client *client)
{
    CHECK(!client->is_closed);
    client->is_closed = true;
    timer_stop(&client->tick_timer);
    timer_stop(&client->deadline_timer);
    cql_control_close(&client->control); /* first: its flow is over before anybody hears of it */
    cql_nodes_destroy(client);
    cql_dispatch_close(client);
}

static void wipe(const char *secret)
{
    char *copy = (char *)(uintptr_t)secret;
    if (copy) {
        mem_wipe(copy, strlen(copy));
        mem_free(copy);
    }
}

static void free_client(struct cql_client *client)
{
    const struct cql_client_options *options = &client->options;
    wipe(options->tls_name);
    wipe(options->user);
    wipe(options->password);
    wipe(options->keyspace);
    wipe(options->local_dc);
    for (uint32_t i = 0; i < CQL_CONTACTS_MAX; i++) {
        mem_free(client->contacts[i]);
    }
    timers_deinit(&client->deadlines);
    mem_free(client->known);
    mem_free(client->places.tokens);
    mem_free(client->frame);
    mem_free(client->packed);
    mem_free(client->values.at);
    arena_deinit(&client->texts);
    arena_deinit(&client->scratch);
    mem_free(client);
}

void cql_client_destroy(struct cql_client *client)
{
    if (!client) {
        return;
    }
    timer_stop(&client->tick_timer);
    timer_stop(&client->delay_timer);
    timer_stop(&client->deadline_timer);
    cql_nodes_forget(client);
    cql_control_deinit(&client->control);
    free_client(client);
}
