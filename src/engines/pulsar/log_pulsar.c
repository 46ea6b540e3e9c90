/* log_pulsar - see the header.
 *
 * Happy path: the port's functions find their shard and go to the file that knows them. How it
 * fails: what a broker refuses and what time takes is the answer of the op; a follower asks again,
 * unless the broker says that it never may. */

#include "pulsar/log_pulsar_inner.h"

#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "pulsar/pulsar_place.h"

#define TOPIC_BYTES 600u

/* ---- for the other files */

void log_job_join(struct log_pulsar *log, struct log_job *job, void (*stop)(struct log_job *job))
{
    job->stop = stop;
    job->next = log->jobs;
    job->link = &log->jobs;
    if (job->next) {
        job->next->link = &job->next;
    }
    log->jobs = job;
}

void log_job_leave(struct log_job *job)
{
    *job->link = job->next;
    if (job->next) {
        job->next->link = job->link;
    }
    job->link = NULL;
}

struct log_topic *log_topic_of(struct log *log, uint32_t shard)
{
    CHECK(shard < log_pulsar_of(log)->options.shards);
    return &log_pulsar_of(log)->topics[shard];
}

bool log_pulsar_is_final(enum err err)
{
    return err == ERR_NOT_FOUND || err == ERR_UNAUTHORIZED || err == ERR_FORBIDDEN ||
           err == ERR_REFUSED || err == ERR_CLOSED;
}

bool log_topic_read(
    struct log_topic *topic, const struct pulsar_received *received, struct log_item *ret_item)
{
    *ret_item =
        (struct log_item){.shard = topic->shard, .at = pulsar_place(0, &received->position)};
    if (!log_record_place(received->bytes, received->size, &ret_item->term, &ret_item->index)) {
        topic->log->stats.strange++;
        return false;
    }
    return true;
}

const struct signpost *log_topic_floor(const struct log_topic *topic, uint64_t index)
{
    const struct signpost *post = signposts_floor(&topic->posts, index);
    bool was_read = topic->read.index > 0 && topic->read.index <= index;
    return was_read && (!post || post->index < topic->read.index) ? &topic->read : post;
}

/* ---- the port */

static const struct log_ops ops = {
    .claim = log_pulsar_claim,
    .append = log_pulsar_append,
    .read = log_pulsar_read,
    .tail = log_pulsar_tail,
    .follow = log_pulsar_follow,
    .unfollow = log_pulsar_unfollow,
    .mark = log_pulsar_mark,
    .release = log_pulsar_release,
};

struct log_pulsar_options log_pulsar_options_default(void)
{
    return (struct log_pulsar_options){.subscription = "message",
        .writers_group = 1,
        .appends_max = 4096,
        .send_ms = 15000,
        .claim_ms = 10000,
        .ask_ms = 10000,
        .queue_messages = 256};
}

static void init_topic(struct log_pulsar *log, uint32_t shard)
{
    char name[TOPIC_BYTES];
    int size = snprintf(name, sizeof(name), "%s-partition-%u", log->options.topic, shard);
    CHECK(size > 0);
    CHECK((size_t)size < sizeof(name));
    log->topics[shard] = (struct log_topic){.log = log, .shard = shard, .name = mem_string(name)};
}

struct log *log_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct log_pulsar_options *options)
{
    CHECK(options->shards > 0);
    CHECK(options->appends_max > 0);
    struct log_pulsar *log = mem_new(sizeof(*log));
    log->log.ops = &ops;
    log->world = world;
    log->client = client;
    log->options = *options;
    log->options.topic = mem_string(options->topic);
    log->options.subscription = mem_string(options->subscription);
    log->topics = mem_array(options->shards, sizeof(*log->topics));
    for (uint32_t shard = 0; shard < options->shards; shard++) {
        init_topic(log, shard);
    }
    return &log->log;
}

void log_pulsar_stop(struct log *log)
{
    struct log_pulsar *pulsar = log_pulsar_of(log);
    pulsar->stopped = true;
    for (struct log_job *job = pulsar->jobs; job; job = job->next) {
        if (job->stop) {
            job->stop(job);
        }
    }
    for (uint32_t shard = 0; shard < pulsar->options.shards; shard++) {
        log_writers_stop(&pulsar->topics[shard]);
        log_marker_free(&pulsar->topics[shard]);
    }
}

static void free_topics(struct log_pulsar *log)
{
    for (uint32_t shard = 0; shard < log->options.shards; shard++) {
        log_writers_free(&log->topics[shard]);
        mem_free(log->topics[shard].name);
    }
    mem_free((char *)(uintptr_t)log->options.topic);
    mem_free((char *)(uintptr_t)log->options.subscription);
}

void log_pulsar_destroy(struct log *log)
{
    if (!log) {
        return;
    }
    struct log_pulsar *pulsar = log_pulsar_of(log);
    CHECK(!pulsar->jobs);
    free_topics(pulsar);
    mem_free(pulsar->topics);
    mem_free(pulsar);
}

struct log_pulsar_stats log_pulsar_stats(const struct log *log)
{
    return ((const struct log_pulsar *)(const void *)log)->stats;
}
