/* engines - the table of engines, and a walk over it for each moment of a process's life.
 *
 * Happy path: the settings choose a row for each port. How it fails: what can not be opened was a
 * logged line; an engine that does not reach the services it should is refused before anything is
 * opened. */

#include "engines.h"

#include <string.h>

#include "base/check.h"
#include "house.h"
#include "services.h"
#include "worker.h"

#define ENGINES_MAX 3
#define NAMES_BYTES 64

/* Each port's in the order of the words of its setting. */
static const struct engine *const engines[ENGINE_PORTS][ENGINES_MAX] = {
    [ENGINE_LOG] = {&log_sqlite_engine, &log_pulsar_engine},
    [ENGINE_STORES] = {&stores_sqlite_engine, &stores_cassandra_engine},
    [ENGINE_BUS] = {&bus_local_engine, &bus_pulsar_engine},
    [ENGINE_SESSIONS] = {&sessions_local_engine, &sessions_redis_engine},
    [ENGINE_UPSTREAM] = {&upstream_local_engine, &upstream_relay_engine},
};

static const char *const settings[ENGINE_PORTS] = {
    [ENGINE_LOG] = "engine.log",
    [ENGINE_STORES] = "engine.stores",
    [ENGINE_BUS] = "engine.bus",
    [ENGINE_SESSIONS] = "engine.sessions",
    [ENGINE_UPSTREAM] = "engine.upstream",
};

const struct engine *engine_of(const struct house *house, enum engine_port port)
{
    const struct app_settings *app = &house->settings.app;
    const uint64_t chosen[ENGINE_PORTS] = {
        [ENGINE_LOG] = app->engine_log,
        [ENGINE_STORES] = app->engine_stores,
        [ENGINE_BUS] = app->engine_bus,
        [ENGINE_SESSIONS] = app->engine_sessions,
        [ENGINE_UPSTREAM] = app->engine_upstream,
    };
    CHECK(chosen[port] < ENGINES_MAX);
    CHECK(engines[port][chosen[port]]);
    return engines[port][chosen[port]];
}

/* NULL: no service of the process uses the port. */
static const struct engine *used(const struct house *house, enum engine_port port)
{
    return services_use(house->services, port) ? engine_of(house, port) : NULL;
}

void engine_say_refused(struct house *house, const char *why)
{
    const char *colon = strstr(why, ": ");
    CHECK(colon);
    LOG_ERROR(&house->logger, "setting.refused", "setting=%.*s reason=\"%s\"", (int)(colon - why),
        why, colon + 2);
}

static enum err refuse(struct house *house, enum engine_port port, uint32_t elsewhere)
{
    char names[NAMES_BYTES];
    services_write(elsewhere, names, sizeof(names));
    LOG_ERROR(&house->logger, "setting.refused",
        "setting=%s value=%s reason=\"it does not reach other processes, and %s would be there; "
        "choose one that does, or run standalone\"",
        settings[port], engine_of(house, port)->name, names);
    return ERR_BAD_CONFIG;
}

/* Whoever is told to own a shard writes its log: one is of no use where the other is not. */
static enum err check_pair(struct house *house)
{
    const struct engine *log = used(house, ENGINE_LOG);
    const struct engine *bus = used(house, ENGINE_BUS);
    if (!log || !bus || log->reaches == bus->reaches) {
        return OK;
    }
    LOG_ERROR(&house->logger, "setting.refused",
        "setting=%s value=%s reason=\"%s is %s; choose pulsar for both or for none\"",
        settings[ENGINE_LOG], log->name, settings[ENGINE_BUS], bus->name);
    return ERR_BAD_CONFIG;
}

/* Lists and rosters are asked of the node's own message service, history of the one beside the
 * room's owner: so all but the gateway are one process. */
static enum err check_askers(struct house *house)
{
    char names[NAMES_BYTES];
    uint32_t together = SERVICES_ALL & ~SERVICE_BIT(GATEWAY);
    uint32_t missing = together & ~house->services;
    if (!missing || missing == together) {
        return OK;
    }
    services_write(missing, names, sizeof(names));
    LOG_ERROR(&house->logger, "services.refused",
        "services=\"%s\" reason=\"they have to be in the same process, too\"", names);
    return ERR_BAD_CONFIG;
}

enum err engines_check(struct house *house)
{
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = used(house, port);
        uint32_t elsewhere = services_use(SERVICES_ALL & ~house->services, port);
        if (engine && elsewhere && !engine->reaches) {
            return refuse(house, port, elsewhere);
        }
    }
    enum err err = check_pair(house);
    return err == OK ? check_askers(house) : err;
}

enum err engines_open(struct house *house)
{
    enum err err = OK;
    for (enum engine_port port = 0; port < ENGINE_PORTS && err == OK; port++) {
        const struct engine *engine = used(house, port);
        err = engine && engine->open ? engine->open(house) : OK;
    }
    return err;
}

void engines_join(struct worker *worker)
{
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = used(worker->house, port);
        if (engine) {
            engine->join(worker);
        }
    }
}

bool engines_are_warm(const struct house *house)
{
    bool warm = true;
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = used(house, port);
        for (uint32_t i = 0; i < house->worker_count && engine && engine->is_warm; i++) {
            warm = warm && engine->is_warm(&house->workers[i]);
        }
    }
    return warm;
}

static void each_worker(struct house *house, void (*call)(struct worker *worker))
{
    for (uint32_t i = 0; i < house->worker_count && call; i++) {
        call(&house->workers[i]);
    }
}

void engines_part(struct house *house)
{
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = used(house, port);
        each_worker(house, engine ? engine->part : NULL);
    }
}

void engines_fall_silent(struct house *house)
{
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = used(house, port);
        each_worker(house, engine ? engine->fall_silent : NULL);
    }
}

void engines_close(struct house *house)
{
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = engine_of(house, port);
        if (engine->close) {
            engine->close(house);
        }
        for (uint32_t i = 0; i < house->worker_count && engine->leave; i++) {
            engine->leave(&house->workers[i]);
        }
    }
}

const char *engines_ail(struct house *house)
{
    const char *component = NULL;
    for (enum engine_port port = 0; port < ENGINE_PORTS && !component; port++) {
        const struct engine *engine = used(house, port);
        component = engine && engine->ails ? engine->ails(house) : NULL;
    }
    return component;
}

void engines_measure(const struct worker *worker, struct metrics *metrics)
{
    for (enum engine_port port = 0; port < ENGINE_PORTS; port++) {
        const struct engine *engine = used(worker->house, port);
        if (engine && engine->measure) {
            engine->measure(worker, metrics);
        }
    }
}
