/* addresses_local - see the header.
 *
 * Happy path: an address has an entry in one of eight places; its connections are counted, its
 * connects paid from a bucket. The table has a fixed size: entries without connections give way.
 * How it fails: if all eight places are taken by addresses with connections, one more address is
 * not counted; the limits of all connections still hold. */

#include "local/addresses_local.h"

#include <pthread.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "world/random.h"

#define PLACES 8u
#define CONNECT 1000u
#define AHEAD_MS_MAX 60000u

struct address_entry {
    uint8_t ip[16];
    uint32_t connections;
    uint32_t tokens; /* thousandths of a connect */
    uint32_t stamp_ms;
    bool used;
};

struct addresses_local {
    struct addresses addresses; /* first */
    pthread_mutex_t lock;
    struct address_entry *entries;
    uint32_t mask;
    uint64_t secret[2];
};

static void key_of(const struct net_address *peer, uint8_t ret_ip[16])
{
    memcpy(ret_ip, peer->ip, 16);
    if (!net_address_is_ipv4(peer)) {
        memset(ret_ip + 8, 0, 8);
    }
}

/* The entry of `ip`, else the best one to give way, else NULL. */
static struct address_entry *find(struct addresses_local *table, const uint8_t ip[16])
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

static void begin(struct address_entry *entry, const uint8_t ip[16], const struct arrival *arrival)
{
    uint32_t rate = arrival->limits.connects_per_second;
    *entry = (struct address_entry){.used = true, .stamp_ms = arrival->now_ms};
    memcpy(entry->ip, ip, 16);
    entry->tokens = rate > UINT32_MAX / CONNECT ? UINT32_MAX : rate * CONNECT;
}

/* Another loop's clock may have been ahead, but only a little: what looks further ahead was weeks
 * ago. */
static void refill(struct address_entry *entry, uint32_t rate, uint32_t now_ms)
{
    if (entry->stamp_ms - now_ms <= AHEAD_MS_MAX) {
        return;
    }
    uint64_t full = (uint64_t)rate * CONNECT;
    uint64_t tokens = entry->tokens + (uint64_t)(now_ms - entry->stamp_ms) * rate;
    entry->tokens = (uint32_t)(tokens < full ? tokens : full);
    entry->stamp_ms = now_ms;
}

static enum address_verdict count(struct address_entry *entry, const struct arrival *arrival)
{
    uint32_t most = arrival->limits.connections;
    uint32_t rate = arrival->limits.connects_per_second;
    if (most > 0 && entry->connections >= most) {
        return ADDRESS_TOO_MANY;
    }
    if (rate > 0) {
        refill(entry, rate, arrival->now_ms);
        if (entry->tokens < CONNECT) {
            return ADDRESS_TOO_FAST;
        }
        entry->tokens -= CONNECT;
    }
    entry->connections++;
    return ADDRESS_FINE;
}

static enum address_verdict add_here(struct addresses *addresses, struct arrival *arrival)
{
    struct addresses_local *table = (struct addresses_local *)addresses;
    enum address_verdict verdict = ADDRESS_FINE;
    uint8_t ip[16];
    key_of(arrival->peer, ip);
    arrival->entry = ADDRESS_UNCOUNTED;
    pthread_mutex_lock(&table->lock);
    struct address_entry *entry = find(table, ip);
    if (entry) {
        if (!entry->used || memcmp(entry->ip, ip, 16) != 0) {
            begin(entry, ip, arrival);
        }
        verdict = count(entry, arrival);
        if (verdict == ADDRESS_FINE) {
            arrival->entry = (uint32_t)(entry - table->entries);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return verdict;
}

static void remove_here(struct addresses *addresses, uint32_t entry)
{
    struct addresses_local *table = (struct addresses_local *)addresses;
    if (entry != ADDRESS_UNCOUNTED) {
        pthread_mutex_lock(&table->lock);
        table->entries[entry].connections--;
        pthread_mutex_unlock(&table->lock);
    }
}

struct addresses *addresses_local_create(struct random *random, uint32_t connections)
{
    static const struct addresses_ops ops = {add_here, remove_here};
    uint32_t capacity = 1024;
    while (capacity < connections) {
        capacity *= 2;
    }
    struct addresses_local *table = mem_new(sizeof(*table));
    table->addresses.ops = &ops;
    CHECK(pthread_mutex_init(&table->lock, NULL) == 0);
    table->entries = mem_array(capacity, sizeof(*table->entries));
    table->mask = capacity - 1;
    random_fill(random, table->secret, sizeof(table->secret));
    return &table->addresses;
}

void addresses_local_destroy(struct addresses *addresses)
{
    struct addresses_local *table = (struct addresses_local *)addresses;
    if (table) {
        pthread_mutex_destroy(&table->lock);
        mem_free(table->entries);
    }
    mem_free(table);
}
