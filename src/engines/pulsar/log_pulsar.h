#pragma once

/* log_pulsar - the port log on Apache Pulsar: of each shard a topic, of each record a message.
 *
 * Shard N is the partition N of `topic`. The writer of a shard is a producer that fences all older
 * ones; its term is the broker's epoch and one (the first epoch is 0). The index is in the record,
 * and Pulsar knows nothing of it: whoever reads looks for a place to begin at (docs/adr/0042).
 *
 * The topic, its retention and the subscription `subscription` are made before: the messages behind
 * what that acknowledged are kept whatever their age, and log_mark moves it. One for each worker.
 */

#include <stdbool.h>
#include <stdint.h>

#include "ports/log.h"
#include "world/world.h"

struct pulsar_client;

/* Whether the bus still says that this worker owns a shard: asked before a writer that lost its
 * place is opened again. */
struct log_pulsar_owner {
    bool (*owns)(struct log_pulsar_owner *owner, uint32_t shard);
};

struct log_pulsar_options {
    const char *topic;              /* "persistent://tenant/namespace/name"; copied */
    const char *subscription;       /* of the log's reader that marks ["message"]; copied */
    uint32_t shards;                /* at least 1 */
    uint32_t writers_group;         /* connections of writers alone [1]; pulsar_client.h */
    uint32_t appends_max;           /* of a writer, without an answer; one more ends it [4096] */
    uint32_t send_ms;               /* for a receipt [15 s] */
    uint32_t claim_ms;              /* for a writer to be open [10 s] */
    uint32_t ask_ms;                /* for one look at a topic, and for a read [10 s] */
    uint32_t queue_messages;        /* that may come ahead of a follower's credit [256] */
    struct log_pulsar_owner *owner; /* stays as long as the log; NULL: until log_release */
};

struct log_pulsar_stats {
    uint64_t looks;   /* at one place of a topic, to find another */
    uint64_t skipped; /* records that were read before the one that was wanted */
    uint64_t strange; /* messages that are no record; they are passed over */
};

/* What has a value in brackets above; the rest is to be filled. */
struct log_pulsar_options log_pulsar_options_default(void);

struct log *log_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct log_pulsar_options *options);

/* For whoever marks the shard: makes the subscription, if it is not there, so that nothing is
 * trimmed before the first mark. */
void log_pulsar_open_mark(struct log *log, uint32_t shard);

/* Those that were opened so have their places. */
bool log_pulsar_marks_are_open(const struct log *log);

/* Nobody who follows is given anything more; what was asked is answered, within some turns of the
 * loop; what is asked from here on is refused. Writers may still be given back. */
void log_pulsar_stop(struct log *log);

/* After that and some turns, before the client. NULL is fine. */
void log_pulsar_destroy(struct log *log);

struct log_pulsar_stats log_pulsar_stats(const struct log *log);
