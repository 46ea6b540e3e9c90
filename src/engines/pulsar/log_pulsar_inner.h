#pragma once

/* log_pulsar_inner - what the files of the log on Pulsar share: the shards, and the questions that
 * reading is made of.
 *
 *     look: what is at a place of a topic, and where the topic ends     (log_look.c)
 *     find: a place shortly before an index, by few looks               (log_find.c)
 *     tail, read, follow: from there on                                 (log_read_pulsar.c, ...)
 */

#include "base/task.h"
#include "flow/flow.h"
#include "ports/log_record.h"
#include "pulsar/log_pulsar.h"
#include "pulsar/signposts.h"
#include "pulsar_client/pulsar_publisher.h"
#include "pulsar_client/pulsar_reader.h"
#include "world/loop.h"

struct log_pulsar;
struct log_marker;

struct log_topic {
    struct log_pulsar *log;
    uint32_t shard;
    char *name;
    struct signposts posts;
    struct signpost tail; /* that was looked up last */
    struct signpost read; /* that a read was given last: pages go on from there */
    struct log_writer *writers;
    struct log_marker *marker; /* NULL: nothing was marked yet */
};

/* Something that is under way and ends before the log. */
struct log_job {
    struct log_job *next, **link;
    void (*stop)(struct log_job *job); /* NULL: it ends with what it waits for */
};

struct log_pulsar {
    struct log log; /* first */
    const struct world *world;
    struct pulsar_client *client;
    struct log_pulsar_options options;
    struct log_topic *topics;
    struct log_job *jobs;
    struct log_pulsar_stats stats;
    bool stopped;
};

static inline struct log_pulsar *log_pulsar_of(struct log *log)
{
    return container_of(log, struct log_pulsar, log);
}

static inline struct loop *log_pulsar_loop(const struct log_pulsar *log)
{
    return log->world->loop;
}

/* log_pulsar.c */
void log_job_join(struct log_pulsar *log, struct log_job *job, void (*stop)(struct log_job *job));
void log_job_leave(struct log_job *job);
struct log_topic *log_topic_of(struct log *log, uint32_t shard);

/* Everything but what is about the shard's name is temporary to a follower: it asks again. */
bool log_pulsar_is_final(enum err err);

/* A message as an item without its record; false: it is none. Notes where it was seen. */
bool log_topic_read(
    struct log_topic *topic, const struct pulsar_received *received, struct log_item *ret_item);

/* Of what is known, the nearest at or before `index`; NULL: nothing is. */
const struct signpost *log_topic_floor(const struct log_topic *topic, uint64_t index);

/* ---- log_look.c: the first record at or behind `start`, and the last message of the topic.
 *
 * OK; ERR_TIMEOUT: nobody could say within ask_ms; ERR_FULL, and what ends a consumer. */
struct log_look_op {
    struct op op;
    struct pulsar_position start;
    bool wants_record; /* else only the end is asked for */
    bool is_empty;     /* answer: nothing is in the topic */
    struct pulsar_position last;
    bool has_record; /* answer: not if `start` is behind the last */
    struct pulsar_position at;
    uint64_t index;
};

void log_look(struct log_topic *topic, struct asker *asker, struct log_look_op *op);

/* ---- log_find.c: where to begin to read for `index`: the first message to be read, which is an
 * earlier record, or that one, or the oldest that there is. */
struct log_find_op {
    struct op op;
    uint64_t index;
    struct pulsar_position start;
};

void log_find(struct log_topic *topic, struct asker *asker, struct log_find_op *op);

/* ---- the port's functions that have files of their own */
void log_pulsar_claim(struct log *log, struct log_claim_op *op);
void log_pulsar_append(struct log *log, struct log_append_op *op);
void log_pulsar_release(struct log *log, struct log_writer *writer);
void log_writers_stop(struct log_topic *topic);
/* Those that nobody gave back. */
void log_writers_free(struct log_topic *topic);

void log_pulsar_tail(struct log *log, struct log_tail_op *op);
void log_pulsar_read(struct log *log, struct log_read_op *op);
void log_pulsar_follow(struct log *log, struct log_follow *follow);
void log_pulsar_unfollow(struct log *log, struct log_follow *follow);
void log_pulsar_mark(struct log *log, uint32_t shard, uint64_t index);
void log_marker_free(struct log_topic *topic);
