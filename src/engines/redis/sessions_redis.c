/* sessions_redis - see the header.
 *
 * Happy path: a call is answered by the sessions of the process, by Redis, or by both (the other
 * files). How it fails: Redis being lost, and being there again, is a line each, at most one in a
 * while; everything goes on with the sessions of the process. */

#include "redis/sessions_redis.h"

#include "base/check.h"
#include "base/logger.h"
#include "base/mem.h"
#include "redis/sessions_redis_inner.h"

#define SAY_EVERY_MS 10000u

struct sessions_redis *sessions_redis_of(struct sessions *sessions)
{
    return container_of(sessions, struct sessions_redis, sessions);
}

const char *sessions_redis_prefix(const struct sessions_redis *redis)
{
    return redis->options.config->settings->prefix;
}

/* ---- asking */

void sessions_redis_run(struct sessions_redis *redis, struct asker *asker, struct redis_op *op,
    const struct redis_call *call)
{
    if (redis->client) {
        redis_run(redis->client, asker, op, call);
        return;
    }
    op_ask(&op->op, asker);
    op_answer_later(&op->op, redis->loop, ERR_NOT_SENT);
}

void sessions_redis_ask(struct sessions_redis *redis, struct asker *asker, struct redis_op *op,
    const struct cht_str *words, uint32_t count)
{
    if (redis->client) {
        redis_ask(redis->client, asker, op, words, count);
        return;
    }
    op_ask(&op->op, asker);
    op_answer_later(&op->op, redis->loop, ERR_NOT_SENT);
}

static void on_told(struct asker *asker, struct op *op)
{
    struct redis_telling *telling = container_of(asker, struct redis_telling, asker);
    (void)op;
    if (telling->on_told) {
        telling->on_told(telling);
    }
    redis_op_deinit(&telling->op);
    mem_free(telling);
}

struct redis_telling *sessions_redis_telling(
    struct sessions_redis *redis, void (*then)(struct redis_telling *telling))
{
    struct redis_telling *telling = mem_new(sizeof(*telling));
    telling->redis = redis;
    telling->asker.on_answer = on_told;
    telling->on_told = then;
    return telling;
}

/* ---- the connection */

static void on_ready(struct redis_listener *listener, const struct redis_host *host)
{
    struct sessions_redis *redis = container_of(listener, struct sessions_redis, listener);
    uint64_t now = loop_now_ms(redis->loop);
    LOG_INFO(redis->logger, "redis.ready", "host=%s port=%u after_ms=%llu", host->name, host->port,
        (unsigned long long)(redis->lost_ms ? now - redis->lost_ms : 0));
    redis->lost_ms = 0;
    redis->told_ms = 0;
    sessions_redis_on_ready(redis);
}

/* One that was there is news; tries that fail after it are told now and then. */
static void on_loss(struct redis_listener *listener, const struct redis_loss *loss)
{
    struct sessions_redis *redis = container_of(listener, struct sessions_redis, listener);
    uint64_t now = loop_now_ms(redis->loop);
    bool is_news = loss->was_ready || redis->told_ms == 0 || now >= redis->told_ms + SAY_EVERY_MS;
    redis->lost_ms = redis->lost_ms || loss->of_sentinel ? redis->lost_ms : now;
    if (is_news) {
        redis->told_ms = now;
        LOG_WARN(redis->logger, loss->of_sentinel ? "redis.sentinel_lost" : "redis.lost",
            "host=%s port=%u reason=%s detail=\"%s\"", loss->host->name, loss->host->port,
            loss->reason, loss->detail);
    }
}

/* ---- what the sessions of the process know */

static enum token_standing standing(struct sessions *sessions, const struct identity *who)
{
    return sessions_standing(sessions_redis_of(sessions)->near, who);
}

static void add_listener(struct sessions *sessions, struct sessions_listener *listener)
{
    sessions_listen(sessions_redis_of(sessions)->near, listener);
}

/* ---- life */

static const struct sessions_ops ops = {
    .enter = sessions_redis_enter,
    .remove = sessions_redis_remove,
    .set_state = sessions_redis_set_state,
    .online = sessions_redis_online,
    .ticket_put = sessions_redis_ticket_put,
    .ticket_take = sessions_redis_ticket_take,
    .limit = sessions_redis_limit,
    .revoke = sessions_redis_revoke,
    .standing = standing,
    .listen = add_listener,
};

struct sessions_redis *sessions_redis_create(const struct world *world, struct outbounds *outbounds,
    const struct sessions_redis_options *options, struct sessions *near)
{
    struct sessions_redis *redis = mem_new(sizeof(*redis));
    redis->sessions.ops = &ops;
    redis->options = *options;
    redis->loop = world->loop;
    redis->logger = world->logger;
    redis->near = near;
    redis->listener = (struct redis_listener){on_ready, on_loss};
    sessions_scripts_init(&redis->scripts);
    struct redis_client_options client = redis_config_client(options->config);
    client.listener = &redis->listener;
    CHECK(redis_client_create(world, outbounds, &client, &redis->client) == OK);
    sessions_redis_start_beating(redis);
    return redis;
}

struct sessions *sessions_redis_port(struct sessions_redis *redis)
{
    return &redis->sessions;
}

void sessions_redis_stop(struct sessions_redis *redis)
{
    struct redis_client *client = redis->client;
    if (client) {
        redis->last = redis_client_stats(client);
        redis->client = NULL;
        timer_stop(&redis->tick);
        redis_client_destroy(client);
    }
}

void sessions_redis_destroy(struct sessions_redis *redis)
{
    if (redis) {
        CHECK(!redis->client);
        mem_free(redis->own);
        mem_free(redis);
    }
}

struct sessions_redis_stats sessions_redis_stats(const struct sessions_redis *redis)
{
    struct redis_client_stats client =
        redis->client ? redis_client_stats(redis->client) : redis->last;
    struct sessions_redis_stats stats = redis->stats;
    stats.ready = redis->client && redis_client_is_ready(redis->client);
    stats.asked = client.asked;
    stats.refused = client.refused;
    stats.unknown = client.unknown;
    stats.not_sent = client.not_sent;
    stats.losses = client.losses;
    return stats;
}
