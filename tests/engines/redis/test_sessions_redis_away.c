/* test_sessions_redis_away - without a Redis the sessions of a process keep the contract within
 * that process: all nodes are workers of it. */

#include "contract.h"

#include "base/logger.h"
#include "base/settings.h"
#include "link/outbound.h"
#include "local/sessions_local.h"
#include "redis/redis_config.h"
#include "redis/sessions_redis.h"
#include "toy_net.h"
#include "toy_resolver.h"

struct place {
    struct toy_net net; /* where nobody ever answers */
    struct toy_resolver resolver;
    struct logger logger;
    struct world world;
    struct outbounds *outbounds;
    struct settings *said;
    struct redis_settings settings;
    struct redis_config config;
    struct sessions_local *near;
    struct sessions_redis *nodes[CONTRACT_NODES];
};

static struct place place;

static void make_world(struct test_loop *loop)
{
    toy_net_init(&place.net);
    toy_resolver_init(&place.resolver, &loop->loop);
    place.resolver.err = ERR_UNAVAILABLE;
    place.world = loop->world;
    place.world.net = &place.net.net;
    place.world.resolver = &place.resolver.resolver;
    logger_init(&place.logger, "test", LOG_LEVEL_ERROR, false);
    place.world.logger = &place.logger;
    place.outbounds = outbounds_create(&place.world);
}

static void open_sessions(struct contract_engine *engine, bool fresh)
{
    static const struct settings_table *const tables[] = {&redis_settings_table};
    char why[REDIS_WHY_BYTES];
    (void)fresh;
    make_world(&engine->loop);
    place.said = settings_create(tables, 1);
    settings_fill(place.said, &redis_settings_table, &place.settings);
    assert_int_equal(redis_config_read(&place.settings, &place.config, why), OK);
    struct sessions_local_options local = {.workers = CONTRACT_NODES,
        .users_max = 1000,
        .tickets_max = 100,
        .limits_max = 1000,
        .revocations_max = 100,
        .revocations_keep_ms = 60000,
        .secret = {1, 2}};
    place.near = sessions_local_create(&local);
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        struct sessions_redis_options options = {.config = &place.config,
            .node = i + 1,
            .boot = 1,
            .keep_ms = 60000,
            .revocations_max = 100};
        struct sessions *near = sessions_local_join(place.near, i, &place.world);
        place.nodes[i] = sessions_redis_create(&place.world, place.outbounds, &options, near);
        engine->sessions[i] = sessions_redis_port(place.nodes[i]);
    }
}

static void close_sessions(struct contract_engine *engine)
{
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        sessions_redis_leave(place.nodes[i]);
        sessions_redis_stop(place.nodes[i]);
        sessions_redis_leave(place.nodes[i]); /* nobody hears of it */
    }
    test_loop_settle(&engine->loop);
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        assert_false(sessions_redis_stats(place.nodes[i]).ready);
        sessions_redis_destroy(place.nodes[i]);
    }
    sessions_local_destroy(place.near);
    redis_config_deinit(&place.config);
    settings_destroy(place.said);
    outbounds_destroy(place.outbounds);
    toy_net_deinit(&place.net);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

int main(void)
{
    struct contract_engine engine = {.name = "sessions_redis_away",
        .open = open_sessions,
        .close = close_sessions,
        .forget = nothing_to_forget,
        .unsure = true};
    return sessions_contract(&engine);
}
