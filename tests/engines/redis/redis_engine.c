/* redis_engine - see the header. Happy path: as there. How it fails: a Redis that is not there
 * fails the test that opens. */

#include "redis_engine.h"

#include <stdio.h>
#include <string.h>

#include "base/settings.h"
#include "world/random.h"

enum { OPEN_MS = 10000, LAST_TURNS = 20 };

static struct redis_engine the_engine;

static struct redis_engine *of(struct contract_engine *contract)
{
    return (struct redis_engine *)contract;
}

static void turn(struct contract_engine *contract)
{
    loop_uv_turn(of(contract)->loop, 1);
}

bool redis_engine_until(
    struct redis_engine *engine, bool (*is_so)(struct redis_engine *engine), uint64_t ms)
{
    uint64_t until = loop_now_ms(engine->world.loop) + ms;
    while (!is_so(engine) && loop_now_ms(engine->world.loop) < until) {
        loop_uv_turn(engine->loop, 1);
    }
    return is_so(engine);
}

static bool never(struct redis_engine *engine)
{
    (void)engine;
    return false;
}

void redis_engine_pass(struct redis_engine *engine, uint64_t ms)
{
    redis_engine_until(engine, never, ms);
}

bool redis_engine_all_ready(struct redis_engine *engine)
{
    bool ready = engine->admin_ready;
    for (uint32_t i = 0; i < engine->node_count; i++) {
        ready = ready && (!engine->nodes[i] || sessions_redis_stats(engine->nodes[i]).ready);
    }
    return ready;
}

/* ---- nodes */

void redis_engine_open_node(struct redis_engine *engine, uint32_t at, uint64_t boot)
{
    struct sessions_local_options local = {.workers = 1,
        .users_max = 1000,
        .tickets_max = 100,
        .limits_max = 1000,
        .revocations_max = 1000,
        .revocations_keep_ms = 60000,
        .secret = {1, at}};
    struct sessions_redis_options options = {.config = &engine->config,
        .node = at,
        .boot = boot,
        .keep_ms = 60000,
        .revocations_max = 1000};
    engine->near[at - 1] = sessions_local_create(&local);
    struct sessions *near = sessions_local_join(engine->near[at - 1], 0, &engine->world);
    engine->nodes[at - 1] =
        sessions_redis_create(&engine->world, engine->outbounds, &options, near);
    engine->contract.sessions[at - 1] = sessions_redis_port(engine->nodes[at - 1]);
}

static void destroy_node(struct redis_engine *engine, uint32_t at)
{
    sessions_redis_destroy(engine->nodes[at - 1]);
    sessions_local_destroy(engine->near[at - 1]);
    engine->nodes[at - 1] = NULL;
    engine->near[at - 1] = NULL;
}

void redis_engine_crash_node(struct redis_engine *engine, uint32_t at)
{
    sessions_redis_stop(engine->nodes[at - 1]);
    for (int i = 0; i < LAST_TURNS; i++) {
        loop_uv_turn(engine->loop, 0);
    }
    destroy_node(engine, at);
}

/* ---- the test's own connection */

static void on_admin_ready(struct redis_listener *listener, const struct redis_host *host)
{
    (void)host;
    container_of(listener, struct redis_engine, listener)->admin_ready = true;
}

static void on_admin_loss(struct redis_listener *listener, const struct redis_loss *loss)
{
    (void)loss;
    container_of(listener, struct redis_engine, listener)->admin_ready = false;
}

static void open_admin(struct redis_engine *engine)
{
    struct redis_client_options options = redis_config_client(&engine->config);
    engine->listener = (struct redis_listener){on_admin_ready, on_admin_loss};
    options.listener = &engine->listener;
    options.name = "admin";
    options.limits.ask_ms = 60000;
    assert_int_equal(
        redis_client_create(&engine->world, engine->outbounds, &options, &engine->admin), OK);
}

static uint32_t split(char *text, struct cht_str *ret_words)
{
    uint32_t count = 0;
    while (*text) {
        size_t size = strcspn(text, " ");
        for (size_t i = 0; i < size; i++) {
            text[i] = text[i] == '~' ? ' ' : text[i];
        }
        ret_words[count++] = (struct cht_str){text, (uint32_t)size};
        text += size + (text[size] ? 1 : 0);
    }
    return count;
}

int64_t redis_engine_admin(struct redis_engine *engine, const char *said)
{
    char text[400];
    struct cht_str words[16];
    struct redis_op op = {0};
    struct test_asker asker;
    assert_in_range(snprintf(text, sizeof(text), "%s", said), 1, sizeof(text) - 1);
    uint32_t count = split(text, words);
    test_asker_init(&asker);
    redis_ask(engine->admin, &asker.asker, &op, words, count);
    while (asker.answers == 0) {
        loop_uv_turn(engine->loop, 1);
    }
    assert_int_equal(asker.last, OK);
    int64_t answer = op.reply->kind == REDIS_NUMBER ? op.reply->number
                     : op.reply->kind == REDIS_LIST ? op.reply->count
                                                    : op.reply->text.size;
    redis_op_deinit(&op);
    return answer;
}

/* ---- the contract's engine */

static void fill_settings(struct redis_engine *engine)
{
    static const struct settings_table *const tables[] = {&redis_settings_table};
    engine->said = settings_create(tables, 1);
    settings_fill(engine->said, &redis_settings_table, &engine->settings);
    snprintf(engine->hosts, sizeof(engine->hosts), "127.0.0.1:%u", engine->port);
    snprintf(engine->prefix, sizeof(engine->prefix),
        "test:%016llx:", (unsigned long long)random_u64(engine->world.random));
    engine->settings.hosts = engine->hosts;
    engine->settings.prefix = engine->prefix;
    engine->settings.retry_max_ms = 200;
}

static void open_engine(struct contract_engine *contract, bool fresh)
{
    struct redis_engine *engine = of(contract);
    char why[REDIS_WHY_BYTES];
    (void)fresh;
    struct loop_uv_options options = {.logger = &engine->logger};
    engine->loop = loop_uv_create(&options, &engine->world);
    engine->world.logger = &engine->logger;
    engine->contract.own_loop = engine->world.loop;
    engine->outbounds = outbounds_create(&engine->world);
    fill_settings(engine);
    assert_int_equal(redis_config_read(&engine->settings, &engine->config, why), OK);
    open_admin(engine);
    for (uint32_t at = 1; at <= engine->node_count; at++) {
        redis_engine_open_node(engine, at, 1);
    }
    assert_true(redis_engine_until(engine, redis_engine_all_ready, OPEN_MS));
}

static void close_engine(struct contract_engine *contract)
{
    struct redis_engine *engine = of(contract);
    redis_client_destroy(engine->admin);
    for (uint32_t i = 0; i < engine->node_count; i++) {
        if (engine->nodes[i]) {
            sessions_redis_stop(engine->nodes[i]);
        }
    }
    for (int i = 0; i < LAST_TURNS; i++) {
        loop_uv_turn(engine->loop, 0);
    }
    for (uint32_t at = 1; at <= engine->node_count; at++) {
        destroy_node(engine, at);
    }
    redis_config_deinit(&engine->config);
    settings_destroy(engine->said);
    outbounds_destroy(engine->outbounds);
    loop_uv_destroy(engine->loop);
}

static void nothing_to_forget(struct contract_engine *contract)
{
    (void)contract;
}

struct redis_engine *redis_engine(const char *name, uint16_t port, uint32_t node_count)
{
    struct redis_engine *engine = &the_engine;
    logger_init(&engine->logger, "test", LOG_LEVEL_ERROR, false);
    engine->contract = (struct contract_engine){.name = name,
        .open = open_engine,
        .close = close_engine,
        .forget = nothing_to_forget,
        .turn = turn,
        .unsure = true};
    engine->port = port;
    engine->node_count = node_count;
    return engine;
}
