/* pulsar_engine - see the header. Happy path: as there. How it fails: a client that can not be made
 * fails the test that opens. */

#include "pulsar_engine.h"

#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LAST_TURNS = 20,
    POST_MS = 60000,
    TICK_NS = 1000000,
    ADMIN_BYTES = 512,
    ADMIN_TRIES = 50,
    ADMIN_WAIT_MS = 100
};

static struct pulsar_engine the_engine;

static struct pulsar_engine *of(struct contract_engine *contract)
{
    return (struct pulsar_engine *)contract;
}

bool pulsar_engine_until(
    struct pulsar_engine *engine, bool (*is_so)(void *context), void *context, uint64_t ms)
{
    uint64_t until = loop_now_ms(engine->world.loop) + ms;
    while (!is_so(context) && loop_now_ms(engine->world.loop) < until) {
        loop_uv_turn(engine->loop, 1);
    }
    return is_so(context);
}

static void turn(struct contract_engine *contract)
{
    loop_uv_turn(of(contract)->loop, 1);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

void pulsar_engine_pass(struct pulsar_engine *engine, uint64_t ms)
{
    pulsar_engine_until(engine, never, NULL, ms);
}

/* ---- the broker's administration: small questions, that may block the test */

static int connect_web(const struct pulsar_engine *engine)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(engine->web_port, NULL, 10)),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Answers whether it was done, and what was said. */
static bool ask_admin(struct pulsar_engine *engine, const char *method, uint32_t shard,
    const char *what, char text[ADMIN_BYTES])
{
    int fd = connect_web(engine);
    int size = snprintf(text, ADMIN_BYTES,
        "%s /admin/v2/persistent/%s-partition-%u/%s HTTP/1.1\r\nHost: x\r\n"
        "Connection: close\r\nContent-Length: 0\r\n\r\n",
        method, engine->topic + strlen("persistent://"), (unsigned)shard, what);
    assert_int_equal(write(fd, text, (size_t)size), size);
    ssize_t got = read(fd, text, ADMIN_BYTES - 1);
    close(fd);
    assert_in_range(got, 12, ADMIN_BYTES);
    text[got] = 0;
    return strncmp(text, "HTTP/1.1 2", 10) == 0;
}

/* A topic that is just being opened or closed answers 500: it is asked again. */
static void admin(
    struct pulsar_engine *engine, const char *method, uint32_t shard, const char *what)
{
    char text[ADMIN_BYTES];
    for (int tries = 1; !ask_admin(engine, method, shard, what, text); tries++) {
        if (tries == ADMIN_TRIES) {
            fail_msg("%s: %s", what, text);
        }
        pulsar_engine_pass(engine, ADMIN_WAIT_MS);
    }
}

void pulsar_engine_unload(struct pulsar_engine *engine, uint32_t shard)
{
    admin(engine, "PUT", shard, "unload");
}

void pulsar_engine_trim(struct pulsar_engine *engine, uint32_t shard)
{
    admin(engine, "POST", shard, "trim");
}

void pulsar_engine_restart(struct pulsar_engine *engine)
{
    char *const words[] = {"sh", "-c", getenv("PULSAR_RESTART"), NULL};
    pid_t child;
    int status = 0;
    assert_int_equal(posix_spawnp(&child, "sh", NULL, NULL, words, environ), 0);
    while (waitpid(child, &status, WNOHANG) == 0) {
        loop_uv_turn(engine->loop, 1);
    }
    assert_int_equal(status, 0);
}

/* ---- the ticker: once a millisecond the suite's loop turns the real one */

static struct ticker {
    struct task task;
    struct pulsar_engine *engine;
    pthread_t thread;
    sem_t ran;
    bool stops;
} ticker;

static void run_tick(struct task *task)
{
    (void)task;
    loop_uv_turn(ticker.engine->loop, 0);
    sem_post(&ticker.ran);
}

static void *run_ticker(void *unused)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    for (;;) {
        sem_wait(&ticker.ran);
        if (ticker.stops) {
            return unused;
        }
        nanosleep(&tick, NULL);
        loop_post(&ticker.engine->contract.loop.loop, &ticker.task);
    }
}

static void start_ticker(struct pulsar_engine *engine)
{
    ticker = (struct ticker){.task = {.run = run_tick}, .engine = engine};
    sem_init(&ticker.ran, 0, 1);
    assert_int_equal(pthread_create(&ticker.thread, NULL, run_ticker, NULL), 0);
}

/* Its last tick has run, and none comes after it. */
static void stop_ticker(void)
{
    ticker.stops = true;
    sem_post(&ticker.ran);
    pthread_join(ticker.thread, NULL);
    test_loop_settle(&ticker.engine->contract.loop);
    sem_destroy(&ticker.ran);
}

/* ---- nodes */

static void open_shards(struct pulsar_engine *engine, uint32_t at)
{
    char worker[16];
    struct shards_pulsar_options options = shards_pulsar_options_default();
    snprintf(worker, sizeof(worker), "worker-%u", (unsigned)at);
    options.topic = engine->topic;
    options.worker = worker;
    options.shards = engine->contract.shards;
    options.post_ms = POST_MS;
    engine->nodes[at].shards =
        shards_pulsar_create(&engine->world, engine->nodes[at].client, &options);
}

void pulsar_engine_open_node(struct pulsar_engine *engine, uint32_t at)
{
    struct pulsar_node *node = &engine->nodes[at];
    struct pulsar_client_options client = {
        .service_hosts = engine->host, .limits = pulsar_client_limits_default()};
    struct log_pulsar_options log = log_pulsar_options_default();
    client.limits.retry_max_ms = 500;
    assert_int_equal(
        pulsar_client_create(&engine->world, engine->outbounds, &client, &node->client), OK);
    log.topic = engine->topic;
    log.owner = engine->owner;
    log.shards = engine->contract.shards;
    node->log = log_pulsar_create(&engine->world, node->client, &log);
    open_shards(engine, at);
}

void pulsar_engine_close_node(struct pulsar_engine *engine, uint32_t at)
{
    struct pulsar_node *node = &engine->nodes[at];
    if (node->client) {
        shards_pulsar_stop(node->shards);
        log_pulsar_stop(node->log);
        for (int i = 0; i < LAST_TURNS; i++) {
            loop_uv_turn(engine->loop, 0);
        }
        log_pulsar_destroy(node->log);
        shards_pulsar_destroy(node->shards);
        pulsar_client_destroy(node->client);
        *node = (struct pulsar_node){0};
    }
}

/* ---- the contract's engine */

static void pass(struct contract_engine *contract, uint32_t ms)
{
    pulsar_engine_pass(of(contract), ms);
}

static void open_engine(struct contract_engine *contract, bool fresh)
{
    struct pulsar_engine *engine = of(contract);
    struct loop_uv_options options = {.logger = &engine->logger};
    engine->fresh += fresh ? 1 : 0;
    snprintf(engine->topic, sizeof(engine->topic), "persistent://%s-%u", engine->base,
        (unsigned)engine->fresh);
    engine->loop = loop_uv_create(&options, &engine->world);
    engine->world.logger = &engine->logger;
    engine->outbounds = outbounds_create(&engine->world);
    pulsar_engine_open_node(engine, 0);
    contract->log = engine->nodes[0].log;
    contract->workers[0] = engine->nodes[0].shards;
    if (!engine->alone) {
        pulsar_engine_open_node(engine, 1);
        contract->workers[1] = engine->nodes[1].shards;
        start_ticker(engine);
    }
}

static void close_engine(struct contract_engine *contract)
{
    struct pulsar_engine *engine = of(contract);
    if (!engine->alone) {
        stop_ticker();
    }
    for (uint32_t at = PULSAR_NODES; at > 0; at--) {
        pulsar_engine_close_node(engine, at - 1);
    }
    outbounds_destroy(engine->outbounds);
    loop_uv_destroy(engine->loop);
}

static void nothing_to_forget(struct contract_engine *contract)
{
    (void)contract;
}

int pulsar_engine_setup(struct pulsar_engine *engine)
{
    engine->alone = true;
    open_engine(&engine->contract, true);
    return 0;
}

int pulsar_engine_teardown(struct pulsar_engine *engine)
{
    close_engine(&engine->contract);
    return 0;
}

struct pulsar_engine *pulsar_engine(
    const char *name, const char *host, const char *web_port, const char *base)
{
    struct pulsar_engine *engine = &the_engine;
    logger_init(&engine->logger, "test", LOG_LEVEL_ERROR, false);
    engine->contract = (struct contract_engine){.name = name,
        .shards = 2,
        .open = open_engine,
        .close = close_engine,
        .forget = nothing_to_forget,
        .owned_by_first = 2,
        .pass = pass,
        .turn = turn};
    engine->host = host;
    engine->web_port = web_port;
    engine->base = base;
    return engine;
}
