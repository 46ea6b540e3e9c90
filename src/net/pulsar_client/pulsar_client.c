/* pulsar_client - the client itself: its hosts, and who has which id.
 *
 * Happy path: made with a list of hosts, it waits for producers and consumers. How it fails: a list
 * that can not be read makes no client; everything else fails in those who use it. */

#include "pulsar_client/pulsar_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/comma_list.h"
#include "base/mem.h"
#include "pulsar_client/pulsar_client_inner.h"
#include "pulsar_client/pulsar_connection.h"
#include "pulsar_client/pulsar_handle.h"
#include "pulsar_client/pulsar_lookup.h"
#include "world/random.h"

struct pulsar_client_limits pulsar_client_limits_default(void)
{
    return (struct pulsar_client_limits){.connections_max = 64,
        .handles_max = 4096,
        .requests_max = 4096,
        .lookups_max = 256,
        .message_bytes_max = 5u << 20,
        .queue_bytes_max = 6u << 20,
        .pending_bytes_max = 64u << 20,
        .open_ms = 10000,
        .request_ms = 30000,
        .keep_alive_ms = 30000,
        .retry_first_ms = 100,
        .retry_max_ms = 15000,
        .busy_ms = 15000};
}

static void check_limits(const struct pulsar_client_limits *limits)
{
    CHECK(limits->connections_max > 0);
    CHECK(limits->handles_max > 0);
    CHECK(limits->requests_max > 0);
    CHECK(limits->lookups_max > 0);
    CHECK(limits->message_bytes_max >= 1024);
    CHECK(limits->queue_bytes_max >= limits->message_bytes_max);
    CHECK(limits->open_ms > 0);
    CHECK(limits->request_ms > 0);
    CHECK(limits->keep_alive_ms > 0);
    CHECK(limits->retry_first_ms > 0);
    CHECK(limits->retry_first_ms <= limits->retry_max_ms);
}

static bool read_hosts(struct pulsar_client *client, const char *list)
{
    while (*list) {
        struct cht_str text = comma_list_take(&list);
        struct pulsar_address *host = &client->hosts[client->host_count];
        if (client->host_count == PULSAR_SERVICE_HOSTS_MAX ||
            !pulsar_address_read(text, client->tls != NULL, host)) {
            return false;
        }
        client->host_count++;
    }
    return client->host_count > 0;
}

enum err pulsar_client_create(const struct world *world, struct outbounds *outbounds,
    const struct pulsar_client_options *options, struct pulsar_client **ret_client)
{
    uint64_t secret[2];
    check_limits(&options->limits);
    struct pulsar_client *client = mem_new(sizeof(*client));
    client->world = world;
    client->outbounds = outbounds;
    client->credentials = options->credentials;
    client->tls = options->tls;
    client->limits = options->limits;
    if (!read_hosts(client, options->service_hosts)) {
        mem_free(client);
        return ERR_BAD_CONFIG;
    }
    client->listener_name = options->listener_name ? mem_string(options->listener_name) : NULL;
    pulsar_place_init(&client->connections);
    pulsar_place_init(&client->lookups);
    pulsar_place_init(&client->ending);
    random_fill(world->random, secret, sizeof(secret));
    map_init(&client->handles, client->limits.handles_max, secret);
    *ret_client = client;
    return OK;
}

void pulsar_client_destroy(struct pulsar_client *client)
{
    if (!client) {
        return;
    }
    for (uint32_t slot = 0; slot < client->slot_count; slot++) {
        if (client->slots[slot]) {
            pulsar_handle_free(client->slots[slot]);
        }
    }
    while (!pulsar_place_is_empty(&client->ending)) {
        pulsar_handle_free(container_of(client->ending.next, struct pulsar_handle, place));
    }
    pulsar_lookups_free(client);
    pulsar_connections_free(client);
    map_deinit(&client->handles);
    mem_free(client->slots);
    mem_free(client->listener_name);
    mem_free(client);
}

struct pulsar_client_stats pulsar_client_stats(const struct pulsar_client *client)
{
    return client->stats;
}

const char *pulsar_client_last_trouble(const struct pulsar_client *client)
{
    return client->trouble;
}

void pulsar_client_trouble(struct pulsar_client *client, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(client->trouble, sizeof(client->trouble), format, values);
    va_end(values);
}

/* ---- ids */

static uint32_t free_slot(struct pulsar_client *client)
{
    while (client->slot_free < client->slot_count && client->slots[client->slot_free]) {
        client->slot_free++;
    }
    if (client->slot_free == client->slot_count) {
        client->slot_count = client->slot_count ? client->slot_count * 2 : 16;
        client->slots = mem_resize(client->slots, client->slot_count * sizeof(client->slots[0]));
        memset(client->slots + client->slot_free, 0,
            (client->slot_count - client->slot_free) * sizeof(client->slots[0]));
    }
    return client->slot_free;
}

bool pulsar_client_add_handle(struct pulsar_client *client, struct pulsar_handle *handle)
{
    uint32_t slot = free_slot(client);
    uint64_t id = client->last_handle + 1;
    if (!map_put(&client->handles, map_key_u64(id), slot)) {
        return false;
    }
    client->last_handle = id;
    client->slots[slot] = handle;
    client->stats.handles++;
    handle->id = id;
    handle->slot = slot;
    return true;
}

void pulsar_client_remove_handle(struct pulsar_client *client, struct pulsar_handle *handle)
{
    CHECK(client->slots[handle->slot] == handle);
    map_remove(&client->handles, map_key_u64(handle->id));
    client->slots[handle->slot] = NULL;
    client->slot_free = handle->slot < client->slot_free ? handle->slot : client->slot_free;
    client->stats.handles--;
}

struct pulsar_handle *pulsar_client_find_handle(struct pulsar_client *client, uint64_t id)
{
    uint32_t slot = map_find(&client->handles, map_key_u64(id));
    return slot == MAP_NONE ? NULL : client->slots[slot];
}
