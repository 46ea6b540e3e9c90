#pragma once

/* shards_pulsar - the port shards on Apache Pulsar: of each shard a topic, of all workers that take
 * part a Failover subscription, of each command a message.
 *
 * Shard N is the partition N of `topic`. Who is told to own it is the worker with the lowest level
 * there, which is a hash of its name and the shard: one that joins or leaves moves its part of the
 * shards and no other (docs/adr/0042). Who loses a shard has a broker's word for that, or none and
 * only a connection that ended; the next owner may have begun before.
 *
 * The topic and the subscription `subscription` are made before. One for each worker. */

#include <stdbool.h>
#include <stdint.h>

#include "ports/shards.h"
#include "pulsar/log_pulsar.h"
#include "world/world.h"

struct shards_pulsar_options {
    const char *topic;        /* "persistent://tenant/namespace/name"; copied */
    const char *subscription; /* of the owners ["chat"]; copied */
    const char *worker;       /* a name that no other worker has; copied */
    uint32_t shards;          /* at least 1 */
    uint32_t generation;      /* of positions: raised when the topic is made anew [1] */
    uint32_t posts_max;       /* of a shard, without a receipt; beyond: refused [1000] */
    uint32_t post_ms;         /* after that a post is given up [10 s] */
    uint32_t queue_messages;  /* that may come ahead of credit, for each owned shard [256] */
    uint32_t again_ms_min;    /* after a release it is asked for again, [1 s] */
    uint32_t again_ms_max;    /* by chance before that [5 s] */
};

struct shards_pulsar_stats {
    uint64_t refused;  /* posts that were not taken */
    uint64_t given_up; /* posts that were taken and have no receipt */
    uint32_t owned;    /* shards */
};

/* What has a value in brackets above; the rest is to be filled. */
struct shards_pulsar_options shards_pulsar_options_default(void);

struct shards *shards_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct shards_pulsar_options *options);

/* Leaves: acknowledgements go first, then other workers are told to own what this one did. The
 * handler is told nothing more. Nothing is asked any more. */
void shards_pulsar_stop(struct shards *shards);

/* After that and some turns of the loop, before the client. NULL is fine. */
void shards_pulsar_destroy(struct shards *shards);

/* For the log of the same worker: whether a shard is told to be its own. */
struct log_pulsar_owner *shards_pulsar_owner(struct shards *shards);

struct shards_pulsar_stats shards_pulsar_stats(const struct shards *shards);
