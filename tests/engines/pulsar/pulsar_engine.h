#pragma once

/* pulsar_engine - ports of one real Pulsar, for the contracts and for tests of what is particular
 * to it.
 *
 * Everything is on the test's own thread: the clients live on a real loop, which a task turns that
 * a ticker posts to the suite's loop. Topics are made before
 * (tests/engines/real/test_bus_pulsar.py): each fresh engine takes the next of BASE-0, BASE-1, ...
 */

#include "contract.h"

#include "base/logger.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"
#include "pulsar/log_pulsar.h"
#include "pulsar/shards_pulsar.h"
#include "pulsar_client/pulsar_client.h"

#define PULSAR_NODES 3u /* of a test at most, each with a client of its own */

struct pulsar_node {
    struct pulsar_client *client;
    struct log *log;
    struct shards *shards;
};

struct pulsar_engine {
    struct contract_engine contract;    /* first */
    const char *host, *web_port, *base; /* "127.0.0.1:6650", "8080", "public/default/name" */
    char topic[200];
    uint32_t fresh; /* topics taken */
    bool alone;     /* the test turns the loop */
    struct logger logger;
    struct loop_uv *loop;
    struct world world;
    struct outbounds *outbounds;
    struct log_pulsar_owner *owner;         /* of the logs of nodes that are opened from here on */
    struct pulsar_node nodes[PULSAR_NODES]; /* the contract's are the first two */
};

/* One a program. */
struct pulsar_engine *pulsar_engine(
    const char *name, const char *host, const char *web_port, const char *base);

/* For tests that turn the loop themselves: opened fresh, without the suite's loop. */
int pulsar_engine_setup(struct pulsar_engine *engine);
int pulsar_engine_teardown(struct pulsar_engine *engine);

/* Turns of the loop, until it is so; false: it did not become so within `ms`. */
bool pulsar_engine_until(
    struct pulsar_engine *engine, bool (*is_so)(void *context), void *context, uint64_t ms);

void pulsar_engine_pass(struct pulsar_engine *engine, uint64_t ms);

/* By the broker's administration: the shard's topic moves; what may be trimmed is. */
void pulsar_engine_unload(struct pulsar_engine *engine, uint32_t shard);
void pulsar_engine_trim(struct pulsar_engine *engine, uint32_t shard);

/* Runs the command PULSAR_RESTART, which kills the broker and starts it again, while the loop
 * turns. */
void pulsar_engine_restart(struct pulsar_engine *engine);

/* Node `at` is opened with the defaults, or closed. */
void pulsar_engine_open_node(struct pulsar_engine *engine, uint32_t at);
void pulsar_engine_close_node(struct pulsar_engine *engine, uint32_t at);
