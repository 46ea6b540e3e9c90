/* log_tail_pulsar - the newest index of a shard, and how far its reader has it.
 *
 * Happy path of a tail: the topic is asked for its last message; if that is what was seen last, its
 * index is known, else it is read. The newest may be a repeat that was cut short, so what was seen
 * with a higher index counts. How it fails: as a look does.
 *
 * Marks: a consumer of the subscription acknowledges what is before the marked record, so the
 * newest record always stays, and with it the index. It takes no messages. How that fails: it is
 * opened again by itself, and says the mark again, which may have been lost with its place; one
 * that ends for good is made anew at the next mark. */

#include "base/logger.h"
#include "base/mem.h"
#include "pulsar/log_pulsar_inner.h"
#include "pulsar_client/pulsar_consumer.h"

struct tail {
    struct log_job job; /* first */
    struct flow flow;
    struct log_topic *topic;
    struct log_tail_op *op;
    struct log_look_op look;
};

static struct tail *tail_of(struct flow *flow)
{
    return container_of(flow, struct tail, flow);
}

static bool is_at(const struct signpost *post, const struct pulsar_position *position)
{
    return post->index > 0 && post->position.ledger == position->ledger &&
           post->position.entry == position->entry &&
           post->position.batch_index == position->batch_index;
}

static void ask_last(struct flow *flow)
{
    struct tail *tail = tail_of(flow);
    tail->look.start = pulsar_position_latest();
    log_look(tail->topic, &flow->asker, &tail->look);
}

static void read_last(struct flow *flow)
{
    struct tail *tail = tail_of(flow);
    struct log_topic *topic = tail->topic;
    const struct pulsar_position *last = &tail->look.last;
    bool seen = is_at(&topic->posts.newest, last) || is_at(&topic->tail, last);
    if (tail->look.is_empty || seen) {
        flow_skip_to_end(flow);
        return;
    }
    tail->look.start = *last;
    tail->look.wants_record = true;
    log_look(topic, &flow->asker, &tail->look);
}

static void take_last(struct flow *flow)
{
    struct tail *tail = tail_of(flow);
    if (tail->look.has_record) {
        tail->topic->tail = (struct signpost){tail->look.index, tail->look.at};
    }
}

static void finish(struct flow *flow)
{
    struct tail *tail = tail_of(flow);
    struct log_topic *topic = tail->topic;
    struct log_tail_op *op = tail->op;
    struct loop *loop = flow->loop;
    enum err err = flow->err;
    uint64_t seen = topic->posts.newest.index;
    op->index = topic->tail.index > seen ? topic->tail.index : seen;
    log_job_leave(&tail->job);
    mem_free(tail);
    op_answer_later(&op->op, loop, err);
}

static const struct flow_step steps[] = {
    {"ask_last", ask_last},
    {"read_last", read_last},
    {"take_last", take_last},
    {"finish", finish},
};

void log_pulsar_tail(struct log *log, struct log_tail_op *op)
{
    struct tail *tail = mem_new(sizeof(*tail));
    tail->topic = log_topic_of(log, op->shard);
    tail->op = op;
    log_job_join(log_pulsar_of(log), &tail->job, NULL);
    flow_start(&tail->flow, log_pulsar_loop(log_pulsar_of(log)), steps, FLOW_STEPS(steps));
}

/* ---- marks */

struct log_marker {
    struct log_topic *topic;
    struct pulsar_consumer *consumer;
    struct source source;
    struct pulsar_consumer_events events;
    uint64_t index; /* of the newest record that was acknowledged; 0: none was */
    struct pulsar_position position;
    bool ended;
};

static void on_open(struct pulsar_consumer_events *events)
{
    struct log_marker *marker = container_of(events, struct log_marker, events);
    if (marker->index > 0) {
        pulsar_consumer_ack_until(marker->consumer, &marker->position);
    }
}

static void on_item(struct source *source, void *item)
{
    (void)source; /* it has no credit */
    (void)item;
}

static void on_end(struct source *source, enum err err)
{
    struct log_marker *marker = container_of(source, struct log_marker, source);
    const struct log_pulsar *log = marker->topic->log;
    LOG_WARN(log->world->logger, "log.not_marked", "shard=%u err=%s why=%s", marker->topic->shard,
        err_name(err), pulsar_client_last_trouble(log->client));
    marker->ended = true;
}

static bool open_marker(struct log_marker *marker)
{
    const struct log_pulsar *log = marker->topic->log;
    struct pulsar_consumer_options options = {.topic = marker->topic->name,
        .subscription = log->options.subscription,
        .type = PULSAR_SUBSCRIPTION_FAILOVER,
        .durable = true,
        .start = pulsar_position_earliest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &marker->source,
        .events = &marker->events};
    options.limits.queue_messages = 1;
    marker->events = (struct pulsar_consumer_events){.on_open = on_open};
    marker->source = (struct source){.on_item = on_item, .on_end = on_end};
    return pulsar_consumer_create(log->client, &options, &marker->consumer) == OK;
}

/* NULL: there is no room for a consumer now. */
static struct log_marker *marker_of(struct log_topic *topic)
{
    if (topic->marker && topic->marker->ended) {
        log_marker_free(topic);
    }
    if (!topic->marker) {
        struct log_marker *marker = mem_new(sizeof(*marker));
        marker->topic = topic;
        topic->marker = marker;
        if (!open_marker(marker)) {
            log_marker_free(topic);
        }
    }
    return topic->marker;
}

void log_pulsar_open_mark(struct log *log, uint32_t shard)
{
    marker_of(log_topic_of(log, shard));
}

bool log_pulsar_marks_are_open(const struct log *log)
{
    const struct log_pulsar *pulsar = (const struct log_pulsar *)(const void *)log;
    for (uint32_t shard = 0; shard < pulsar->options.shards; shard++) {
        const struct log_marker *marker = pulsar->topics[shard].marker;
        if (marker && (marker->ended || !pulsar_consumer_is_open(marker->consumer))) {
            return false;
        }
    }
    return true;
}

void log_pulsar_mark(struct log *log, uint32_t shard, uint64_t index)
{
    struct log_topic *topic = log_topic_of(log, shard);
    const struct signpost *post = index > 0 ? signposts_floor(&topic->posts, index - 1) : NULL;
    if (!post || topic->log->stopped ||
        (topic->marker && !topic->marker->ended && post->index <= topic->marker->index)) {
        return;
    }
    struct log_marker *marker = marker_of(topic);
    if (marker) {
        marker->index = post->index;
        marker->position = post->position;
        pulsar_consumer_ack_until(marker->consumer, &post->position);
    }
}

void log_marker_free(struct log_topic *topic)
{
    if (topic->marker) {
        pulsar_consumer_destroy(topic->marker->consumer);
        mem_free(topic->marker);
        topic->marker = NULL;
    }
}
