#pragma once

/* redis_engine - nodes whose sessions are in one real Redis, each a process of its own as far as
 * they know; for the contract and for tests of what is particular to Redis. */

#include "contract.h"

#include "base/logger.h"
#include "local/sessions_local.h"
#include "loop/loop_uv.h"
#include "redis/redis_config.h"
#include "redis/sessions_redis.h"
#include "redis_client/redis_client.h"

struct redis_engine {
    struct contract_engine contract; /* first */
    uint16_t port;
    uint32_t node_count; /* to be opened, at most CONTRACT_NODES */
    struct settings *said;
    struct redis_settings settings;
    char hosts[64], prefix[64];
    struct redis_config config;
    struct logger logger;
    struct loop_uv *loop;
    struct world world;
    struct outbounds *outbounds;
    struct sessions_local *near[CONTRACT_NODES];
    struct sessions_redis *nodes[CONTRACT_NODES];
    struct redis_client *admin; /* a connection of the test's own */
    struct redis_listener listener;
    bool admin_ready;
};

/* One a program. Keys have a prefix of their own in each test. */
struct redis_engine *redis_engine(const char *name, uint16_t port, uint32_t node_count);

/* Turns of the loop, until it is so; false: it did not become so within `ms`. */
bool redis_engine_until(
    struct redis_engine *engine, bool (*is_so)(struct redis_engine *engine), uint64_t ms);
void redis_engine_pass(struct redis_engine *engine, uint64_t ms);

bool redis_engine_all_ready(struct redis_engine *engine);

/* The admin says `said`, words with blanks between them and ~ for blanks in them, and has an answer
 * that is no refusal. Answers it as a number, or the length of its text. */
int64_t redis_engine_admin(struct redis_engine *engine, const char *said);

/* Node `at` (from 1) is opened, with that boot, or closed as by a crash. */
void redis_engine_open_node(struct redis_engine *engine, uint32_t at, uint64_t boot);
void redis_engine_crash_node(struct redis_engine *engine, uint32_t at);
