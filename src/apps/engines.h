#pragma once

/* engines - which engine is behind which port, chosen by the settings engine.*.
 *
 * An engine is a file engine_<name>.c and a place in the table of engines.c: under its port, in the
 * order of the words of the setting. What the workers share of it lives in house->shared[port];
 * what it is on one worker, in the fields of its ports there. Ports that no service of the process
 * uses stay closed. */

#include "base/err.h"

struct house;
struct metrics;
struct worker;

/* In the order in which they are opened. */
enum engine_port {
    ENGINE_LOG,      /* log */
    ENGINE_STORES,   /* rooms, history and users */
    ENGINE_BUS,      /* shards, mail and cast */
    ENGINE_SESSIONS, /* sessions */
    ENGINE_UPSTREAM, /* upstream */
    ENGINE_PORTS
};

/* The port as a bit of a set. */
#define ENGINE_BIT(port) (1u << ENGINE_##port)

/* Those that have nothing to do at a moment leave it NULL. */
struct engine {
    const char *name;
    bool reaches; /* other processes: services that are apart may meet by it */
    /* On the main thread, before any worker is there. What it refuses is a logged line. */
    enum err (*open)(struct house *house);
    /* Makes the ports of a worker, whose world is there. All workers join before a loop turns. */
    void (*join)(struct worker *worker);
    /* What others send to the worker arrives. Asked before the loops run. */
    bool (*is_warm)(const struct worker *worker);
    /* At the end of the process, while loops still turn: says goodbye to other processes. */
    void (*part)(struct worker *worker);
    /* A few turns before the services are gone: asks nobody any more, what waits is answered. */
    void (*fall_silent)(struct worker *worker);
    /* After all loops have stopped: what is in flight is answered, threads are joined; then what
     * is left of each worker's ports is freed. Also half-built. */
    void (*close)(struct house *house);
    void (*leave)(struct worker *worker);
    /* The component that keeps the process from being of use, as /actuator/health names it; NULL:
     * none. */
    const char *(*ails)(struct house *house);
    /* Adds the figures of a worker. On its loop. */
    void (*measure)(const struct worker *worker, struct metrics *metrics);
};

extern const struct engine bus_local_engine;
extern const struct engine bus_pulsar_engine;
extern const struct engine sessions_local_engine;
extern const struct engine sessions_redis_engine;
extern const struct engine upstream_local_engine;
extern const struct engine upstream_relay_engine;
extern const struct engine log_sqlite_engine;
extern const struct engine log_pulsar_engine;
extern const struct engine stores_sqlite_engine;
extern const struct engine stores_cassandra_engine;

/* The chosen one. */
const struct engine *engine_of(const struct house *house, enum engine_port port);

/* Logs the line of a setting that an engine refuses; `why` is "setting: reason". */
void engine_say_refused(struct house *house, const char *why);

/* Services that run in other processes can be met by the engines that are chosen, bus and log
 * reach equally far, and services that only work together are together; otherwise ERR_BAD_CONFIG,
 * and a line says what to change. */
MUST_USE enum err engines_check(struct house *house);

/* Each calls the function of that name of the engines of all ports that are used. */
MUST_USE enum err engines_open(struct house *house);
void engines_join(struct worker *worker);
bool engines_are_warm(const struct house *house);
void engines_part(struct house *house);
void engines_fall_silent(struct house *house);
void engines_close(struct house *house);
const char *engines_ail(struct house *house);
void engines_measure(const struct worker *worker, struct metrics *metrics);
