/* house - the engines of one process and the workers on them.
 *
 * Happy path: settings, worlds (engines are opened with a clock and randomness), a look whether the
 * ports are free, engines, workers; every shard gets its owner; ports; then signals end it. How it
 * fails: whatever can not be opened is one logged line, and what was built so far is taken down
 * again. */

#include "house.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/flow.h"
#include "loop/work_pool.h"
#include "refresh.h"
#include "revocations.h"
#include "services.h"
#include "wiring.h"
#include "worker.h"
#include "world/loop.h"
#include "world/random.h"

#define WORKERS_MAX 64u
#define SETTLE_ROUNDS 50u
#define SETTLE_MS 3000u
#define SILENT_ROUNDS 20u
#define WARM_UP_MS 10000u
#define KEYS_LOOK_MS 100u

/* One that is near a setting was mistyped; others belong to somebody else. */
static void tell_of_stray(void *context, const char *variable, const char *nearest)
{
    struct house *house = context;
    if (nearest) {
        LOG_WARN(&house->logger, "settings.unknown", "variable=%s nearest=%s", variable, nearest);
    } else {
        LOG_INFO(&house->logger, "settings.unknown", "variable=%s", variable);
    }
}

static void read_settings(struct house *house, const struct options *options)
{
    all_settings_fill(&house->settings, options->settings);
    const struct app_settings *app = &house->settings.app;
    logger_init(&house->logger, house->name, (enum log_level)app->log_level, app->log_format == 1);
    settings_each_stray(options->settings, options->given.environment, tell_of_stray, house);
}

/* As many files as the system lets this process have; connections_max follows what is left after a
 * reserve. */
static void raise_file_limit(struct house *house)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    uint64_t left = limit.rlim_cur > 512 ? limit.rlim_cur - 256 : limit.rlim_cur / 2;
    if (house->settings.app.connections_max > left) {
        house->settings.app.connections_max = left;
    }
}

/* Keys that another process makes may come a little later. */
static enum err await_keys(struct house *house, const struct secrets_openssl_options *options)
{
    struct loop *loop = house->workers[0].world.loop;
    uint64_t wait_ms = house->settings.app.keys_wait_ms;
    uint64_t until = loop_now_ms(loop) + wait_ms;
    LOG_INFO(&house->logger, "secrets.keys_awaited", "path=\"%s\" wait_ms=%llu", options->directory,
        (unsigned long long)wait_ms);
    enum err err = ERR_NOT_FOUND;
    while ((err == ERR_NOT_FOUND || err == ERR_IN_USE) && loop_now_ms(loop) < until &&
           !atomic_load(&house->draining)) {
        for (uint64_t next = loop_now_ms(loop) + KEYS_LOOK_MS; loop_now_ms(loop) < next;) {
            house_turn(house);
        }
        err = secrets_openssl_create(options, &house->secrets);
    }
    if (err == ERR_NOT_FOUND || err == ERR_IN_USE) {
        LOG_ERROR(&house->logger, "secrets.no_keys",
            "path=\"%s\" setting=keys.dir reason=\"they are made by a process with the user "
            "service that may write there\"",
            options->directory);
    }
    return err;
}

static enum err open_secrets(struct house *house, const struct world *world)
{
    char directory[4096];
    if (!app_settings_keys_dir(&house->settings.app, directory, sizeof(directory))) {
        return ERR_BAD_CONFIG;
    }
    struct secrets_openssl_options options = {
        .directory = directory,
        .issuer = "chattifier",
        .audience = "chattifier",
        .token_lifetime_ms = house->settings.user.access_token_s * 1000,
        .now_ms = loop_wall_ms(world->loop),
        .logger = &house->logger,
        .guest = !(house->services & SERVICE_BIT(USER)),
    };
    enum err err = secrets_openssl_create(&options, &house->secrets);
    return err == ERR_NOT_FOUND || err == ERR_IN_USE ? await_keys(house, &options) : err;
}

/* Whoever closes the terminal that it was started in wants it gone, as with other programs. */
static bool lost_its_terminal(const struct house *house)
{
    return house->has_terminal && !isatty(STDIN_FILENO);
}

/* The first signal drains; one more, or the end of the drain, stops. SIGHUP from somebody who sends
 * it does neither. */
static void on_signal(void *context, int signal)
{
    struct house *house = context;
    if (signal == SIGHUP && !lost_its_terminal(house)) {
        refresh_for_nobody(house->refresh);
        return;
    }
    bool again = atomic_exchange(&house->draining, true);
    LOG_INFO(&house->logger, again ? "process.stopping" : "process.draining", "signal=%d", signal);
    if (!again) {
        atomic_store(&house->workers_busy, house->worker_count);
    }
    for (uint32_t i = 0; i < house->worker_count; i++) {
        if (again) {
            worker_stop(&house->workers[i]);
        } else {
            worker_drain(&house->workers[i]);
        }
    }
}

static void open_pool(struct house *house)
{
    struct work_pool_options options = {
        .threads = (uint32_t)house->settings.user.hash_threads,
        .jobs_max = (uint32_t)house->settings.user.hashes_max,
        .wait_ms_max = house->settings.user.hash_wait_ms,
    };
    house->pool = work_pool_create(&options);
}

static void make_worlds(struct house *house)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t wanted = house->settings.app.workers ? house->settings.app.workers
                                                  : (uint64_t)(cores > 0 ? cores : 1);
    house->worker_count = (uint32_t)(wanted < WORKERS_MAX ? wanted : WORKERS_MAX);
    house->workers = mem_array(house->worker_count, sizeof(*house->workers));
    open_pool(house);
    struct loop_uv_options options = {.logger = &house->logger,
        .pool = house->pool,
        .uring = house->settings.app.sends != SENDS_PLAIN};
    for (uint32_t i = 0; i < house->worker_count; i++) {
        house->workers[i].loop = loop_uv_create(&options, &house->workers[i].world);
        options.uring = loop_uv_has_uring(house->workers[i].loop);
    }
    loop_uv_watch_signals(house->workers[0].loop, on_signal, house);
}

static enum err check_sends(struct house *house)
{
    house->has_uring = loop_uv_has_uring(house->workers[house->worker_count - 1].loop);
    if (house->has_uring || house->settings.app.sends != SENDS_URING) {
        return OK;
    }
    LOG_ERROR(&house->logger, "setting.refused",
        "setting=server.sends value=io_uring reason=\"the system has it not; see the line above\"");
    return ERR_UNSUPPORTED;
}

/* What is shared, then what uses it. */
static enum err build_workers(struct house *house)
{
    bool has_secrets = (house->services & ~(SERVICE_BIT(GATEWAY) | SERVICE_BIT(CHAT))) != 0;
    enum err err = has_secrets ? open_secrets(house, &house->workers[0].world) : OK;
    if (err != OK) {
        return err;
    }
    house->refresh = refresh_create(house);
    house->addresses = addresses_local_create(house->workers[0].world.random,
        (uint32_t)house->settings.app.connections_max * house->worker_count);
    if (house->services & SERVICE_BIT(GATEWAY)) {
        house->files = static_files_load(house->settings.gateway.web_root, &house->logger);
    }
    for (uint32_t i = 0; i < house->worker_count; i++) {
        worker_init(&house->workers[i], house, i);
    }
    return OK;
}

/* Mail arrives; every worker knows the owners of all shards, which are in this process or in
 * others. Those of an in-process bus are here. */
static bool is_warm(const struct house *house)
{
    uint64_t owned = 0;
    bool known = engines_are_warm(house);
    for (uint32_t i = 0; i < house->worker_count; i++) {
        const struct worker *worker = &house->workers[i];
        owned += worker->chat ? chat_counters(worker->chat).shards_owned : 0;
        known = known && (!worker->socket || socket_counters(worker->socket).shards_unknown == 0);
    }
    bool all_here = house->workers[0].chat && !engine_of(house, ENGINE_BUS)->reaches;
    return known && (!all_here || owned == house->settings.app.shards);
}

void house_turn(struct house *house)
{
    for (uint32_t i = 0; i < house->worker_count; i++) {
        loop_uv_turn(house->workers[i].loop, 1);
    }
}

enum err house_wait(struct house *house, const struct op *op)
{
    while (op->asked) {
        house_turn(house);
    }
    return op->err;
}

/* A client that is let in before would be refused for no reason of its own. A log that can not be
 * written does not keep readers out. */
static void warm_up(struct house *house)
{
    struct loop *loop = house->workers[0].world.loop;
    uint64_t until = loop_now_ms(loop) + WARM_UP_MS;
    while (!is_warm(house) && !engines_ail(house) && loop_now_ms(loop) < until) {
        house_turn(house);
    }
    if (!is_warm(house)) {
        LOG_WARN(&house->logger, "process.not_warm", "waited_ms=%u", WARM_UP_MS);
    }
}

/* The first worker takes the port; the others share what it became. */
static enum err open_ports(struct house *house)
{
    uint16_t port = (uint16_t)house->settings.app.port;
    for (uint32_t i = 0; i < house->worker_count; i++) {
        enum err err = worker_listen(&house->workers[i], port, &port);
        if (err != OK) {
            return err;
        }
    }
    house->port = port;
    return OK;
}

enum err house_init(struct house *house, const struct options *options)
{
    house->options = options;
    house->has_terminal = isatty(STDIN_FILENO) == 1;
    check_on_failure(flow_print_last_steps);
    read_settings(house, options);
    enum err err = wiring_check(&house->logger);
    if (err == OK) {
        err = engines_check(house);
    }
    if (err == OK) {
        raise_file_limit(house);
        make_worlds(house);
        err = check_sends(house);
    }
    if (err == OK) {
        err = worker_probe_ports(house, &house->workers[0].world);
    }
    if (err == OK) {
        house->boot = loop_wall_ms(house->workers[0].world.loop);
        err = engines_open(house);
    }
    if (err == OK) {
        err = build_workers(house);
    }
    if (err == OK) {
        err = revocations_restore(house);
    }
    if (err == OK) {
        warm_up(house);
        err = open_ports(house);
    }
    return err;
}

void house_run(struct house *house)
{
    for (uint32_t i = 0; i < house->worker_count; i++) {
        worker_start(&house->workers[i]);
    }
    for (uint32_t i = 0; i < house->worker_count; i++) {
        worker_join(&house->workers[i]);
    }
    LOG_INFO(&house->logger, "process.stopped", "bugs=%llu", (unsigned long long)bug_count());
}

static bool is_idle(const struct house *house)
{
    bool idle = true;
    for (uint32_t i = 0; i < house->worker_count; i++) {
        const struct worker *worker = &house->workers[i];
        idle = idle && (!worker->user || user_service_is_idle(worker->user)) &&
               (!worker->message || message_is_idle(worker->message)) &&
               (!worker->chat || chat_is_idle(worker->chat));
    }
    return idle;
}

/* What is in flight when the loops stop is answered before anything is taken down: flows end,
 * nothing leaks, nothing is cut short, and the next start finds the store where the log is.
 * Bounded: a store that does not answer does not hold the process. */
static void settle(struct house *house)
{
    struct loop *loop = house->workers[0].world.loop;
    uint64_t until = loop_now_ms(loop) + SETTLE_MS;
    engines_part(house);
    for (uint32_t i = 0; i < house->worker_count; i++) {
        if (house->workers[i].message) {
            message_hurry(house->workers[i].message);
        }
    }
    for (uint32_t round = 0; round < SETTLE_ROUNDS; round++) {
        house_turn(house);
    }
    engines_fall_silent(house);
    for (uint32_t round = 0; round < SILENT_ROUNDS; round++) {
        house_turn(house);
    }
    while (!is_idle(house) && loop_now_ms(loop) < until) {
        house_turn(house);
    }
}

void house_deinit(struct house *house)
{
    if (house->pool) {
        work_pool_stop(house->pool);
    }
    if (house->addresses) {
        settle(house);
    }
    for (uint32_t i = 0; i < house->worker_count; i++) {
        worker_deinit_services(&house->workers[i]);
    }
    engines_close(house);
    secrets_openssl_destroy(house->secrets);
    addresses_local_destroy(house->addresses);
    static_files_destroy(house->files);
    for (uint32_t i = 0; i < house->worker_count; i++) {
        worker_deinit(&house->workers[i]);
    }
    refresh_destroy(house->refresh);
    work_pool_destroy(house->pool);
    mem_free(house->workers);
}
