/* edge_limits - how many connections an address may have, and how fast it may make them.
 *
 * Happy path: an address has an entry in one of eight places; its connections are counted, its
 * connects paid from a bucket. IPv6 addresses count by their /64, because one host has all of that.
 * The table has a fixed size: entries without connections give way. How it fails: if all eight
 * places are taken by addresses with connections, one more address is not counted; the limits of
 * all connections still hold. */

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "link/edge_inner.h"
#include "world/random.h"

#define PLACES 8u
#define CONNECT 1000u

void addresses_init(struct edge *edge)
{
    uint32_t capacity = 1024;
    while (capacity < edge->capacity) {
        capacity *= 2;
    }
    struct address_table *table = &edge->addresses;
    table->entries = mem_array(capacity, sizeof(struct address_entry));
    table->mask = capacity - 1;
    random_fill(edge->world->random, table->secret, sizeof(table->secret));
}

void addresses_deinit(struct edge *edge)
{
    mem_free(edge->addresses.entries);
}

static void key_of(const struct net_address *peer, uint8_t ret_ip[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memcpy(ret_ip, peer->ip, 16);
    if (memcmp(peer->ip, mapped, sizeof(mapped)) != 0) {
        memset(ret_ip + 8, 0, 8);
    }
}

/* The entry of `ip`, else the best one to give way, else NULL. */
static struct address_entry *find(struct address_table *table, const uint8_t ip[16])
{
    uint32_t base = (uint32_t)map_hash(table->secret, ip, 16) & table->mask & ~(PLACES - 1);
    struct address_entry *free = NULL;
    for (uint32_t i = 0; i < PLACES; i++) {
        struct address_entry *entry = &table->entries[base + i];
        if (entry->used && memcmp(entry->ip, ip, 16) == 0) {
            return entry;
        }
        bool older = !free || (free->used && (!entry->used || entry->stamp_ms < free->stamp_ms));
        if (entry->connections == 0 && older) {
            free = entry;
        }
    }
    return free;
}

static void refill(const struct edge *edge, struct address_entry *entry)
{
    uint32_t rate = edge->limits.connects_per_second_per_address;
    uint32_t now = edge_now(edge);
    uint64_t full = (uint64_t)rate * CONNECT;
    uint64_t tokens = entry->tokens + (uint64_t)(now - entry->stamp_ms) * rate;
    entry->tokens = (uint32_t)(tokens < full ? tokens : full);
    entry->stamp_ms = now;
}

enum address_verdict addresses_add(
    struct edge *edge, const struct net_address *peer, uint32_t *ret_entry)
{
    uint8_t ip[16];
    key_of(peer, ip);
    *ret_entry = EDGE_NOBODY;
    struct address_entry *entry = find(&edge->addresses, ip);
    if (!entry) {
        return ADDRESS_FINE;
    }
    uint32_t rate = edge->limits.connects_per_second_per_address;
    if (!entry->used || memcmp(entry->ip, ip, 16) != 0) {
        *entry = (struct address_entry){.used = true, .stamp_ms = edge_now(edge)};
        memcpy(entry->ip, ip, 16);
        entry->tokens = rate > UINT32_MAX / CONNECT ? UINT32_MAX : rate * CONNECT;
    }
    uint32_t most = edge->limits.connections_per_address;
    if (most > 0 && entry->connections >= most) {
        return ADDRESS_TOO_MANY;
    }
    if (rate > 0) {
        refill(edge, entry);
        if (entry->tokens < CONNECT) {
            return ADDRESS_TOO_FAST;
        }
        entry->tokens -= CONNECT;
    }
    entry->connections++;
    *ret_entry = (uint32_t)(entry - edge->addresses.entries);
    return ADDRESS_FINE;
}

void addresses_remove(struct edge *edge, uint32_t entry)
{
    if (entry != EDGE_NOBODY) {
        edge->addresses.entries[entry].connections--;
    }
}
