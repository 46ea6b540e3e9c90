#pragma once

/* house - everything that the workers of one process share, and the workers.
 *
 * Which services there are, services.h says; which engine is behind which port, engines.h. */

#include "all_settings.h"
#include "base/logger.h"
#include "engines.h"
#include "gateway/static_files.h"
#include "local/addresses_local.h"
#include "options.h"
#include "secrets/secrets_openssl.h"

struct data_sqlite;
struct pulsar_bus;
struct refresh;
struct worker;

struct house {
    const char *name;  /* of the role, set before house_init */
    uint32_t services; /* a set of those of services.h; the same */
    const struct options *options;
    struct logger logger;
    struct all_settings settings; /* the first worker's, once the workers run */
    struct refresh *refresh;
    void *shared[ENGINE_PORTS]; /* each is of the engine behind that port */
    struct data_sqlite *data;   /* of SQLite, which may be behind two of them */
    struct pulsar_bus *pulsar;  /* of Pulsar, likewise */
    uint64_t boot;              /* grows with every start of the process */
    struct secrets_openssl *secrets;
    struct addresses *addresses;
    struct static_files *files; /* of the web client */
    struct work_pool *pool;     /* for passwords */
    struct worker *workers;
    uint32_t worker_count;
    uint16_t port, management_port;
    bool has_terminal; /* started in one */
    bool has_uring;    /* many sends leave by io_uring, on every worker */
    _Atomic(bool) draining;
    _Atomic(uint32_t) workers_busy; /* that still have clients, in a drain */
};

/* Opens the engines, builds the workers, waits until every shard has its owner, opens the ports.
 * Each refusal has been logged as one clear line. */
MUST_USE enum err house_init(struct house *house, const struct options *options);

/* Until a signal ends it: runs the workers, drains, joins them. */
void house_run(struct house *house);

/* One turn of every worker's loop, before the workers run or after: for what happens on the main
 * thread. */
void house_turn(struct house *house);

/* Likewise: until what asker_nobody asked has its answer. */
enum err house_wait(struct house *house, const struct op *op);

/* Half-built is fine. */
void house_deinit(struct house *house);
