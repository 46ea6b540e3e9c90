/* shards_pulsar - see the header.
 *
 * Happy path: calls go to the shard's line. Credit is one number for all shards; a command that
 * finds none is held, one for each shard, and the others wait at the broker. How it fails: as its
 * lines do. */

#include "pulsar/shards_pulsar.h"

#include "base/check.h"
#include "base/mem.h"
#include "pulsar/shards_pulsar_inner.h"
#include "world/random.h"

static struct shards_pulsar *of(struct shards *shards)
{
    return container_of(shards, struct shards_pulsar, shards);
}

static struct shards_line *line_of(struct shards *shards, uint32_t shard)
{
    CHECK(shard < shards->count);
    return &of(shards)->lines[shard];
}

/* ---- credit */

/* In turn, so that no shard waits for another's end. */
static void run_deal(struct task *task)
{
    struct shards_pulsar *shards = container_of(task, struct shards_pulsar, deal);
    shards->deals = false;
    for (uint32_t i = 0; i < shards->shards.count && shards->credit > 0; i++) {
        struct shards_line *line = &shards->lines[shards->at];
        shards->at = (shards->at + 1) % shards->shards.count;
        if (line->held) {
            shards_line_give_held(line);
        }
    }
}

void shards_pulsar_add_credit(struct shards_pulsar *shards, uint32_t credit)
{
    shards->credit += credit;
    if (shards->credit > 0 && !shards->deals) {
        shards->deals = true;
        shards->deal.run = run_deal;
        loop_defer(shards->world->loop, &shards->deal);
    }
}

/* ---- the port */

static void own(struct shards *shards, struct shards_handler *handler, uint32_t credit)
{
    struct shards_pulsar *pulsar = of(shards);
    CHECK(!pulsar->handler);
    pulsar->handler = handler;
    shards_pulsar_add_credit(pulsar, credit);
    for (uint32_t shard = 0; shard < shards->count; shard++) {
        map_init(&pulsar->lines[shard].given, credit, pulsar->secret);
        shards_line_join(&pulsar->lines[shard]);
    }
}

static void done(struct shards *shards, uint32_t shard, const struct position *position)
{
    shards_line_done(line_of(shards, shard), position);
}

static void release(struct shards *shards, uint32_t shard)
{
    shards_line_release(line_of(shards, shard));
}

static bool try_post(struct shards *shards, uint32_t shard, struct buf *command)
{
    bool taken = shards_line_post(line_of(shards, shard), command);
    of(shards)->stats.refused += taken ? 0 : 1;
    return taken;
}

static const struct shards_ops ops = {
    .own = own, .done = done, .release = release, .try_post = try_post};

static bool owns(struct log_pulsar_owner *owner, uint32_t shard)
{
    struct shards_pulsar *shards = container_of(owner, struct shards_pulsar, owner);
    return shards_line_is(line_of(&shards->shards, shard), SHARDS_LINE_OWNED);
}

/* ---- its life */

struct shards_pulsar_options shards_pulsar_options_default(void)
{
    return (struct shards_pulsar_options){.subscription = "chat",
        .generation = 1,
        .posts_max = 1000,
        .post_ms = 10000,
        .queue_messages = 256,
        .again_ms_min = 1000,
        .again_ms_max = 5000};
}

struct shards *shards_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct shards_pulsar_options *options)
{
    CHECK(options->shards > 0);
    CHECK(options->posts_max > 0);
    CHECK(options->again_ms_min < options->again_ms_max);
    struct shards_pulsar *shards = mem_new(sizeof(*shards));
    shards->shards = (struct shards){.ops = &ops, .count = options->shards};
    shards->owner.owns = owns;
    shards->world = world;
    shards->client = client;
    shards->options = *options;
    shards->options.topic = mem_string(options->topic);
    shards->options.subscription = mem_string(options->subscription);
    shards->options.worker = mem_string(options->worker);
    random_fill(world->random, shards->secret, sizeof(shards->secret));
    shards->lines = mem_array(options->shards, sizeof(*shards->lines));
    for (uint32_t shard = 0; shard < options->shards; shard++) {
        shards_line_init(&shards->lines[shard], shards, shard);
    }
    return &shards->shards;
}

void shards_pulsar_stop(struct shards *shards)
{
    of(shards)->stopped = true;
    for (uint32_t shard = 0; shard < shards->count; shard++) {
        shards_line_leave(&of(shards)->lines[shard]);
        shards_line_stop_posting(&of(shards)->lines[shard]);
    }
}

void shards_pulsar_destroy(struct shards *shards)
{
    if (!shards) {
        return;
    }
    struct shards_pulsar *pulsar = of(shards);
    CHECK(!pulsar->deals);
    for (uint32_t shard = 0; shard < shards->count; shard++) {
        CHECK(pulsar->lines[shard].posting == 0);
        map_deinit(&pulsar->lines[shard].given);
        mem_free(pulsar->lines[shard].topic);
    }
    mem_free(pulsar->lines);
    mem_free((char *)(uintptr_t)pulsar->options.topic);
    mem_free((char *)(uintptr_t)pulsar->options.subscription);
    mem_free((char *)(uintptr_t)pulsar->options.worker);
    mem_free(pulsar);
}

struct log_pulsar_owner *shards_pulsar_owner(struct shards *shards)
{
    return &of(shards)->owner;
}

struct shards_pulsar_stats shards_pulsar_stats(const struct shards *shards)
{
    const struct shards_pulsar *pulsar = (const struct shards_pulsar *)(const void *)shards;
    struct shards_pulsar_stats stats = pulsar->stats;
    for (uint32_t shard = 0; shard < shards->count; shard++) {
        stats.owned += shards_line_is(&pulsar->lines[shard], SHARDS_LINE_OWNED);
    }
    return stats;
}
