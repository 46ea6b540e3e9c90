/* bus_local - rings between workers.
 *
 * Happy path: put on the ring of (from, to), ask for a wake unless one is under way; the woken
 * worker takes everything of every kind. How it fails: a full ring refuses the sender, which is the
 * bound of the in-process bus. */

#include "local/bus_local.h"

#include "base/check.h"
#include "base/mem.h"
#include "local/bus_local_inner.h"
#include "world/loop.h"
#include "world/random.h"

#define LATE_MS_MAX 50

bool bus_local_chaos(struct endpoint *endpoint)
{
    uint32_t chance = endpoint->bus->options.chaos_per_mille;
    return chance > 0 && random_below(endpoint->world->random, 1000) < chance;
}

/* A worker that sends to itself is awake: its own drain runs later in this turn. */
bool bus_local_put(struct endpoint *from, uint32_t to, enum lane lane, struct ring_item item)
{
    struct endpoint *target = &from->bus->endpoints[to];
    if (!ring_put(&target->in[lane][from->index], item)) {
        return false;
    }
    if (!atomic_exchange_explicit(&target->wake_asked, true, memory_order_seq_cst)) {
        if (target == from) {
            loop_defer(target->world->loop, &target->wake);
        } else {
            loop_post(target->world->loop, &target->wake);
        }
    }
    return true;
}

static void look(struct endpoint *endpoint)
{
    atomic_store_explicit(&endpoint->wake_asked, false, memory_order_seq_cst);
    mail_local_drain(endpoint, LANE_CAST);
    mail_local_drain(endpoint, LANE_WORK);
    shards_local_drain(endpoint);
    mail_local_drain(endpoint, LANE_LIVE);
    mail_local_drain(endpoint, LANE_PAGES);
}

static void on_late(struct timer *timer)
{
    look(container_of(timer, struct endpoint, late));
}

/* Chaos lets everything on the rings wait, in order; nobody wakes it a second time meanwhile. */
static void on_wake(struct task *task)
{
    struct endpoint *endpoint = container_of(task, struct endpoint, wake);
    if (bus_local_chaos(endpoint)) {
        uint64_t wait = 1 + random_below(endpoint->world->random, LATE_MS_MAX);
        timer_start(endpoint->world->loop, &endpoint->late, wait, on_late);
        return;
    }
    look(endpoint);
}

static uint32_t lane_capacity(const struct bus_local_options *options, enum lane lane)
{
    return lane == LANE_COMMANDS ? options->commands_max : options->mails_max;
}

static void endpoint_init(struct bus_local *bus, uint32_t index)
{
    struct endpoint *endpoint = &bus->endpoints[index];
    endpoint->bus = bus;
    endpoint->index = index;
    endpoint->wake.run = on_wake;
    for (enum lane lane = LANE_COMMANDS; lane < LANE_COUNT; lane++) {
        endpoint->in[lane] = mem_array(bus->options.workers, sizeof(struct ring));
        for (uint32_t from = 0; from < bus->options.workers; from++) {
            ring_init(&endpoint->in[lane][from], lane_capacity(&bus->options, lane));
        }
    }
    mail_local_init(endpoint);
    shards_local_init(endpoint);
}

struct bus_local *bus_local_create(const struct bus_local_options *options)
{
    CHECK(options->workers > 0);
    CHECK(options->shards > 0);
    struct bus_local *bus = mem_new(sizeof(*bus));
    bus->options = *options;
    bus->endpoints = mem_array(options->workers, sizeof(*bus->endpoints));
    for (uint32_t i = 0; i < options->workers; i++) {
        endpoint_init(bus, i);
    }
    return bus;
}

void bus_local_destroy(struct bus_local *bus)
{
    if (!bus) {
        return;
    }
    for (uint32_t i = 0; i < bus->options.workers; i++) {
        struct endpoint *endpoint = &bus->endpoints[i];
        shards_local_deinit(endpoint);
        for (enum lane lane = LANE_COMMANDS; lane < LANE_COUNT; lane++) {
            for (uint32_t from = 0; from < bus->options.workers; from++) {
                ring_deinit(&endpoint->in[lane][from]);
            }
            mem_free(endpoint->in[lane]);
        }
    }
    mem_free(bus->endpoints);
    mem_free(bus);
}

void bus_local_join(struct bus_local *bus, uint32_t index, const struct world *world,
    struct shards **ret_shards, struct mail **ret_mail, struct cast **ret_cast)
{
    CHECK(index < bus->options.workers);
    struct endpoint *endpoint = &bus->endpoints[index];
    endpoint->world = world;
    *ret_shards = &endpoint->shards;
    *ret_mail = &endpoint->mail;
    *ret_cast = &endpoint->cast;
}

uint64_t bus_local_waiting(const struct bus_local *bus, uint32_t index)
{
    const struct endpoint *endpoint = &bus->endpoints[index];
    uint64_t waiting = 0;
    for (uint32_t shard = 0; shard < bus->options.shards; shard++) {
        waiting += shard_queue_waiting(&endpoint->queues[shard]);
    }
    return waiting;
}
