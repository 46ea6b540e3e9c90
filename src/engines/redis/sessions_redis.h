#pragma once

/* sessions_redis - connected users, revocations, tickets and limits of all nodes, in Redis.
 *
 * One a worker, which is a node: with a connection of its own to Redis (redis_client/). It stands
 * in front of `near`, the sessions of this process (engines/local), which goes on knowing
 * everything that happens in this process and answers alone while Redis is away:
 *
 *     call           Redis answers                Redis is away, or does not answer in redis.ask_ms
 *     enter          counted with all nodes       counted with this process; let in
 *     remove, state  told                         known here; told when Redis is back
 *     online         all nodes                    users of this process; any perhaps elsewhere too
 *     ticket_put     taken on any node            this process alone knows it; if the outcome is
 *                                                 unknown: ERR_UNAVAILABLE
 *     ticket_take    once                         what this process alone knows; if the outcome is
 *                                                 unknown: ERR_UNAVAILABLE
 *     limit          one bucket for all           a bucket in this process
 *     revoke         other nodes within a second  this process at once, others when Redis is back
 *     standing       of the copy in this process, always
 *
 * `rates` are those of the process: of a user who is connected to several processes each counts by
 * itself.
 *
 * All that is in Redis may be lost at any time. Each node looks every redis.poll_ms whether it is
 * still known there; if not, or after the connection was lost, it writes its own connections again
 * and what it revoked lately. What it wrote before belongs to an earlier life of the node, which
 * nobody counts any more. */

#include "ports/sessions.h"
#include "world/world.h"

struct outbounds;
struct redis_config;
struct sessions_redis;

struct sessions_redis_options {
    const struct redis_config *config; /* of the process; stays */
    uint64_t node, boot;               /* of the connections that enter */
    uint64_t keep_ms;                  /* what no access token outlives */
    uint64_t revocations_max;
};

struct sessions_redis_stats {
    bool ready;
    uint64_t asked, refused, unknown, not_sent, losses;
    uint64_t published; /* connections that were written again */
};

/* Begins to connect. `near` is of the same worker, and stays. */
struct sessions_redis *sessions_redis_create(const struct world *world, struct outbounds *outbounds,
    const struct sessions_redis_options *options, struct sessions *near);

/* The port. */
struct sessions *sessions_redis_port(struct sessions_redis *redis);

/* The process ends: this node is gone, as far as Redis hears of it in the next turns. Connections
 * that it still has are removed all the same. */
void sessions_redis_leave(struct sessions_redis *redis);

/* Nothing is asked any more, and what is on its way is unknown; the port goes on with `near` alone.
 * Turns of the loop end what waits for that. */
void sessions_redis_stop(struct sessions_redis *redis);

/* Stopped. NULL is fine. */
void sessions_redis_destroy(struct sessions_redis *redis);

struct sessions_redis_stats sessions_redis_stats(const struct sessions_redis *redis);
