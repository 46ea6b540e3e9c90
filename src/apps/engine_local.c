/* engine_local - bus, sessions and upstream within the process.
 *
 * Happy path: one object that the workers share, a port of it on each. How it fails: it does not.
 */

#include "engines.h"
#include "house.h"
#include "local/bus_local.h"
#include "local/sessions_local.h"
#include "local/upstream_local.h"
#include "metrics.h"
#include "revocations.h"
#include "worker.h"
#include "world/random.h"

#define USERS_KNOWN_MAX 262144u
#define TICKETS_MAX 8192u
#define LIMITS_MAX 65536u

/* ---- bus */

static enum err open_bus(struct house *house)
{
    struct bus_local_options options = {
        .workers = house->worker_count,
        .shards = (uint32_t)house->settings.app.shards,
        .boot = house->boot,
        .commands_max = (uint32_t)house->settings.app.commands_max,
        .mails_max = (uint32_t)house->settings.app.mails_max,
        .chaos_per_mille = (uint32_t)house->settings.app.chaos_per_mille,
    };
    house->shared[ENGINE_BUS] = bus_local_create(&options);
    return OK;
}

static void join_bus(struct worker *worker)
{
    bus_local_join(worker->house->shared[ENGINE_BUS], worker->index, &worker->world,
        &worker->shards, &worker->mail, &worker->cast);
}

static void close_bus(struct house *house)
{
    bus_local_destroy(house->shared[ENGINE_BUS]);
}

static void measure_bus(const struct worker *worker, struct metrics *metrics)
{
    metrics->commands_waiting = bus_local_waiting(worker->house->shared[ENGINE_BUS], worker->index);
}

const struct engine bus_local_engine = {
    .name = "local",
    .open = open_bus,
    .join = join_bus,
    .close = close_bus,
    .measure = measure_bus,
};

/* ---- sessions */

/* Everybody who is connected has a place, or nobody would count what they say. */
static uint32_t users_known_max(const struct house *house)
{
    uint64_t connected = house->settings.socket.connections_max * house->worker_count;
    uint64_t most = connected > USERS_KNOWN_MAX ? connected : USERS_KNOWN_MAX;
    return most < UINT32_MAX / 2 ? (uint32_t)most : UINT32_MAX / 2;
}

static enum err open_sessions(struct house *house)
{
    struct random *random = house->workers[0].world.random;
    struct sessions_local_options options = {
        .workers = house->worker_count,
        .users_max = users_known_max(house),
        .tickets_max = TICKETS_MAX,
        .limits_max = LIMITS_MAX,
        .revocations_max = (uint32_t)house->settings.app.revocations,
        .revocations_keep_ms = revocations_keep_ms(house),
        .secret = {random_u64(random), random_u64(random)},
    };
    house->shared[ENGINE_SESSIONS] = sessions_local_create(&options);
    return OK;
}

static void join_sessions(struct worker *worker)
{
    worker->sessions =
        sessions_local_join(worker->house->shared[ENGINE_SESSIONS], worker->index, &worker->world);
}

static void close_sessions(struct house *house)
{
    sessions_local_destroy(house->shared[ENGINE_SESSIONS]);
}

const struct engine sessions_local_engine = {
    .name = "local",
    .open = open_sessions,
    .join = join_sessions,
    .close = close_sessions,
};

/* ---- upstream */

static void join_upstream(struct worker *worker)
{
    worker->upstream = upstream_local_create(worker->edge);
}

static void leave_upstream(struct worker *worker)
{
    upstream_local_destroy(worker->upstream);
}

const struct engine upstream_local_engine = {
    .name = "local",
    .join = join_upstream,
    .leave = leave_upstream,
};
