/* shards_owning - of one shard: its consumer, and whose it is.
 *
 *     APART --> STANDBY <--> OWNED
 *       ^         ^ |         |
 *       |         | v         |
 *       +------ WAITING <-----+
 *
 * Happy path: a Failover consumer is opened with the level of this worker; the broker tells it that
 * it is active, commands are given while there is credit and acknowledged when they are done.
 *
 * How it fails: told that it is not active any more, it loses the shard at once. What lay here then
 * may be older than what a later turn would bring first, so the consumer is made anew and begins
 * with the oldest command that is not done; one whose place was lost does that by itself. A
 * consumer that ends for good is asked for again after a while. */

#include <stdio.h>

#include "base/check.h"
#include "base/logger.h"
#include "base/mem.h"
#include "pulsar/pulsar_partition.h"
#include "pulsar/pulsar_place.h"
#include "pulsar/shards_pulsar_inner.h"
#include "world/random.h"

#define TOPIC_BYTES 600u
#define LEVELS 32768u
#define BATCH_BITS 20u /* more than a batch may have (PULSAR_BATCH_MEMBERS_MAX) */

static void move(struct shards_line *line, enum shards_line_state state)
{
    machine_move(&line->machine, (uint8_t)state);
}

/* Exact: an entry's number has not that many bits by far. */
static struct map_key key_of(const struct pulsar_position *position)
{
    uint64_t batch = (uint32_t)position->batch_index + 1;
    return (struct map_key){{position->ledger, position->entry << BATCH_BITS | batch}};
}

/* ---- commands */

static void give(
    struct shards_line *line, const struct pulsar_position *position, struct buf *command)
{
    struct shards_pulsar *shards = line->shards;
    struct position place = pulsar_place(shards->options.generation, position);
    if (map_find(&line->given, key_of(position)) == MAP_NONE) {
        CHECK(map_put(&line->given, key_of(position), (uint32_t)position->batch_size));
        shards->credit--;
    }
    shards->handler->on_command(shards->handler, line->shard, &place, command);
}

/* What comes while nobody owns it stays with the broker's others. */
static void on_item(struct source *source, void *given)
{
    struct shards_line *line = container_of(source, struct shards_line, source);
    const struct pulsar_received *received = given;
    struct pulsar_consumer *consumer = line->consumer;
    struct buf *command = buf_copy(received->bytes, received->size);
    if (line->shards->credit == 0) {
        line->held = command;
        line->held_at = received->position;
        return;
    }
    give(line, &received->position, command);
    buf_unref(command);
    if (line->consumer == consumer && shards_line_is(line, SHARDS_LINE_OWNED)) {
        source_credit(source, 1);
    }
}

void shards_line_give_held(struct shards_line *line)
{
    struct buf *command = line->held;
    struct pulsar_consumer *consumer = line->consumer;
    struct pulsar_position at = line->held_at;
    line->held = NULL;
    give(line, &at, command);
    buf_unref(command);
    if (line->consumer == consumer && shards_line_is(line, SHARDS_LINE_OWNED)) {
        source_credit(&line->source, 1);
    }
}

void shards_line_done(struct shards_line *line, const struct position *place)
{
    struct pulsar_position position = pulsar_place_position(place);
    if (!shards_line_is(line, SHARDS_LINE_OWNED) ||
        pulsar_place_generation(place) != line->shards->options.generation) {
        return;
    }
    uint32_t batch_size = map_remove(&line->given, key_of(&position));
    if (batch_size != MAP_NONE) {
        position.batch_size = (int32_t)batch_size;
        pulsar_consumer_ack(line->consumer, &position);
        shards_pulsar_add_credit(line->shards, 1);
    }
}

/* What was given and is not done comes again, here or elsewhere. */
static void take_back(struct shards_line *line)
{
    uint32_t held = line->given.count;
    uint32_t credit = line->given.entries_max;
    map_deinit(&line->given);
    map_init(&line->given, credit, line->shards->secret);
    buf_unref(line->held);
    line->held = NULL;
    shards_pulsar_add_credit(line->shards, held);
}

/* ---- its consumer */

static void on_again(struct timer *timer)
{
    shards_line_join(container_of(timer, struct shards_line, again));
}

static void ask_again_later(struct shards_line *line)
{
    const struct shards_pulsar_options *options = &line->shards->options;
    uint64_t wait = options->again_ms_min + random_below(line->shards->world->random,
                                                options->again_ms_max - options->again_ms_min);
    move(line, SHARDS_LINE_WAITING);
    timer_start(shards_line_loop(line), &line->again, wait, on_again);
}

static void close_consumer(struct shards_line *line)
{
    pulsar_consumer_destroy(line->consumer);
    line->consumer = NULL;
}

/* One whose place was lost has nothing left that is old. */
static void run_renew(struct task *task)
{
    struct shards_line *line = container_of(task, struct shards_line, renew);
    line->renews = false;
    if (shards_line_is(line, SHARDS_LINE_STANDBY) && pulsar_consumer_is_open(line->consumer)) {
        close_consumer(line);
        move(line, SHARDS_LINE_WAITING);
        shards_line_join(line);
    }
}

static void renew_later(struct shards_line *line)
{
    if (!line->renews) {
        line->renews = true;
        line->renew.run = run_renew;
        loop_defer(shards_line_loop(line), &line->renew);
    }
}

static void on_active(struct pulsar_consumer_events *events, bool is_active)
{
    struct shards_line *line = container_of(events, struct shards_line, events);
    struct shards_handler *handler = line->shards->handler;
    if (is_active && shards_line_is(line, SHARDS_LINE_STANDBY) && !line->renews) {
        struct pulsar_consumer *consumer = line->consumer;
        move(line, SHARDS_LINE_OWNED);
        handler->on_gain(handler, line->shard);
        if (line->consumer == consumer && shards_line_is(line, SHARDS_LINE_OWNED)) {
            source_credit(&line->source, 1);
        }
    } else if (!is_active && shards_line_is(line, SHARDS_LINE_OWNED)) {
        take_back(line);
        line->source.credit = 0;
        move(line, SHARDS_LINE_STANDBY);
        renew_later(line);
        handler->on_lose(handler, line->shard);
    }
}

static void on_end(struct source *source, enum err err)
{
    struct shards_line *line = container_of(source, struct shards_line, source);
    LOG_WARN(line->shards->world->logger, "shards.not_asked", "shard=%u err=%s why=%s", line->shard,
        err_name(err), pulsar_client_last_trouble(line->shards->client));
    close_consumer(line);
    ask_again_later(line);
}

/* Rendezvous: each shard's workers in an order of its own. */
static int32_t level_of(const struct shards_line *line)
{
    char key[256];
    int size = snprintf(key, sizeof(key), "%s/%u", line->shards->options.worker, line->shard);
    size_t used = size < (int)sizeof(key) ? (size_t)size : sizeof(key) - 1;
    return (int32_t)(pulsar_key_hash(key, used) % LEVELS);
}

void shards_line_join(struct shards_line *line)
{
    const struct shards_pulsar_options *options = &line->shards->options;
    struct pulsar_consumer_options consumer = {.topic = line->topic,
        .subscription = options->subscription,
        .consumer_name = options->worker,
        .type = PULSAR_SUBSCRIPTION_FAILOVER,
        .priority_level = level_of(line),
        .durable = true,
        .start = pulsar_position_earliest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &line->source,
        .events = &line->events};
    consumer.limits.queue_messages = options->queue_messages;
    line->source = (struct source){.on_item = on_item, .on_end = on_end};
    line->events.on_active = on_active;
    if (pulsar_consumer_create(line->shards->client, &consumer, &line->consumer) != OK) {
        line->consumer = NULL;
    }
    move(line, SHARDS_LINE_STANDBY);
    if (!line->consumer) {
        ask_again_later(line);
    }
}

void shards_line_release(struct shards_line *line)
{
    if (shards_line_is(line, SHARDS_LINE_OWNED)) {
        take_back(line);
        close_consumer(line);
        ask_again_later(line);
    }
}

void shards_line_leave(struct shards_line *line)
{
    if (shards_line_is(line, SHARDS_LINE_APART)) {
        return;
    }
    timer_stop(&line->again);
    take_back(line);
    close_consumer(line);
    if (!shards_line_is(line, SHARDS_LINE_WAITING)) {
        move(line, SHARDS_LINE_WAITING);
    }
    move(line, SHARDS_LINE_APART);
}

static const struct machine_row rows[SHARDS_LINE_STATES] = {
    [SHARDS_LINE_APART] = {"apart", MACHINE_TO(SHARDS_LINE_STANDBY), NULL},
    [SHARDS_LINE_STANDBY] = {"standby",
        MACHINE_TO(SHARDS_LINE_OWNED) | MACHINE_TO(SHARDS_LINE_WAITING), NULL},
    [SHARDS_LINE_OWNED] = {"owned",
        MACHINE_TO(SHARDS_LINE_STANDBY) | MACHINE_TO(SHARDS_LINE_WAITING), NULL},
    [SHARDS_LINE_WAITING] = {"waiting",
        MACHINE_TO(SHARDS_LINE_STANDBY) | MACHINE_TO(SHARDS_LINE_APART), NULL},
};

void shards_line_init(struct shards_line *line, struct shards_pulsar *shards, uint32_t shard)
{
    char topic[TOPIC_BYTES];
    int size = snprintf(topic, sizeof(topic), "%s-partition-%u", shards->options.topic, shard);
    CHECK(size > 0);
    CHECK((size_t)size < sizeof(topic));
    machine_init(&line->machine, rows, SHARDS_LINE_STATES, SHARDS_LINE_APART);
    line->shards = shards;
    line->shard = shard;
    line->topic = mem_string(topic);
}
