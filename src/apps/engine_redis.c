/* engine_redis - sessions in Redis, in front of those of the process.
 *
 * Happy path: the sessions of the process are opened as without Redis, and each worker has a
 * connection of its own in front of them. How it fails: settings that can not be are one line and
 * no start; a Redis that is away is not a failure. */

#include "base/mem.h"
#include "engines.h"
#include "house.h"
#include "local/sessions_local.h"
#include "metrics.h"
#include "redis/redis_config.h"
#include "redis/sessions_redis.h"
#include "revocations.h"
#include "worker.h"
#include "world/random.h"

struct shared {
    struct redis_config config;
    struct sessions_local *near;
    struct sessions_redis **of_workers;
};

static struct shared *shared_of(const struct house *house)
{
    return house->shared[ENGINE_SESSIONS];
}

static enum err read_config(struct house *house, struct shared *shared)
{
    char why[REDIS_WHY_BYTES];
    enum err err = redis_config_read(&house->settings.redis, &shared->config, why);
    if (err != OK) {
        engine_say_refused(house, why);
    }
    return err;
}

static enum err open_sessions(struct house *house)
{
    enum err err = sessions_local_engine.open(house);
    struct shared *shared = mem_new(sizeof(*shared));
    shared->near = house->shared[ENGINE_SESSIONS];
    shared->of_workers = mem_array(house->worker_count, sizeof(struct sessions_redis *));
    house->shared[ENGINE_SESSIONS] = shared;
    return err == OK ? read_config(house, shared) : err;
}

/* Who has no mail has no connections either, and is any node. */
static void join_sessions(struct worker *worker)
{
    struct shared *shared = shared_of(worker->house);
    struct sessions *near = sessions_local_join(shared->near, worker->index, &worker->world);
    struct sessions_redis_options options = {
        .config = &shared->config,
        .node = worker->mail ? worker->mail->node : random_u64(worker->world.random),
        .boot = worker->mail ? worker->mail->boot : worker->house->boot,
        .keep_ms = revocations_keep_ms(worker->house),
        .revocations_max = worker->house->settings.app.revocations,
    };
    struct sessions_redis *redis =
        sessions_redis_create(&worker->world, worker_outbounds(worker), &options, near);
    shared->of_workers[worker->index] = redis;
    worker->sessions = sessions_redis_port(redis);
}

static struct sessions_redis *of(const struct worker *worker)
{
    struct shared *shared = shared_of(worker->house);
    return shared ? shared->of_workers[worker->index] : NULL;
}

static void part(struct worker *worker)
{
    if (of(worker)) {
        sessions_redis_leave(of(worker));
    }
}

static void stop(struct sessions_redis *redis)
{
    if (redis) {
        sessions_redis_stop(redis);
    }
}

static void fall_silent(struct worker *worker)
{
    stop(of(worker));
}

static void close_sessions(struct house *house)
{
    struct shared *shared = shared_of(house);
    if (!shared) {
        return;
    }
    for (uint32_t i = 0; i < house->worker_count; i++) {
        stop(shared->of_workers[i]);
        sessions_redis_destroy(shared->of_workers[i]);
    }
    sessions_local_destroy(shared->near);
    redis_config_deinit(&shared->config);
    mem_free(shared->of_workers);
    mem_free(shared);
    house->shared[ENGINE_SESSIONS] = NULL;
}

static void measure_sessions(const struct worker *worker, struct metrics *metrics)
{
    struct sessions_redis_stats stats = sessions_redis_stats(of(worker));
    metrics->redis_away += stats.ready ? 0 : 1;
    metrics->redis_commands_total = stats.asked;
    metrics->redis_refused_total = stats.refused;
    metrics->redis_unsent_total = stats.not_sent;
    metrics->redis_unknown_total = stats.unknown;
    metrics->redis_losses_total = stats.losses;
    metrics->redis_published_total = stats.published;
}

const struct engine sessions_redis_engine = {
    .name = "redis",
    .reaches = true,
    .open = open_sessions,
    .join = join_sessions,
    .part = part,
    .fall_silent = fall_silent,
    .close = close_sessions,
    .measure = measure_sessions,
};
