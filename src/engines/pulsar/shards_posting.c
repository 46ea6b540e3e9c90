/* shards_posting - of one shard: commands on their way to it.
 *
 * Happy path: the first one opens a publisher; what is posted in a turn leaves together. Nobody
 * waits for a receipt here: who posted waits for an answer of the owner. How it fails: too many
 * without a receipt are refused at once; what has none for post_ms is given up, for its poster was
 * told so. A publisher that ends is made anew by a post a second later; until then posts are
 * refused. */

#include "base/logger.h"
#include "base/mem.h"
#include "pulsar/shards_pulsar_inner.h"

#define POST_AGAIN_MS 1000u

struct post {
    struct pulsar_publish_op op;
    struct shards_line *line;
};

static void on_posted(struct asker *asker, struct op *op)
{
    struct shards_line *line = container_of(asker, struct shards_line, poster);
    struct post *post = container_of(op, struct post, op.op);
    line->posting--;
    line->shards->stats.given_up += op->err ? 1 : 0;
    mem_free(post);
}

static void on_end(struct pulsar_publisher_events *events, enum err err)
{
    struct shards_line *line = container_of(events, struct shards_line, publisher_events);
    LOG_WARN(line->shards->world->logger, "shards.not_posted", "shard=%u err=%s why=%s",
        line->shard, err_name(err), pulsar_client_last_trouble(line->shards->client));
    shards_line_stop_posting(line);
    line->post_again_ms = loop_now_ms(shards_line_loop(line)) + POST_AGAIN_MS;
}

static bool open_publisher(struct shards_line *line)
{
    const struct shards_pulsar *shards = line->shards;
    struct pulsar_publisher_options options = {.topic = line->topic,
        .mode = PULSAR_PUBLISHER_SHARED,
        .limits = pulsar_publisher_limits_default(),
        .events = &line->publisher_events};
    if (shards->stopped || loop_now_ms(shards->world->loop) < line->post_again_ms) {
        return false;
    }
    options.limits.messages_max = shards->options.posts_max;
    options.limits.send_ms = shards->options.post_ms;
    line->publisher_events.on_end = on_end;
    line->poster.on_answer = on_posted;
    return pulsar_publisher_create(shards->client, &options, &line->publisher) == OK;
}

bool shards_line_post(struct shards_line *line, struct buf *command)
{
    bool full = line->posting >= line->shards->options.posts_max;
    if (full || (!line->publisher && !open_publisher(line))) {
        return false;
    }
    struct post *post = mem_new(sizeof(*post));
    post->line = line;
    post->op.payload = command;
    line->posting++;
    pulsar_publish(line->publisher, &line->poster, &post->op);
    return true;
}

void shards_line_stop_posting(struct shards_line *line)
{
    pulsar_publisher_destroy(line->publisher);
    line->publisher = NULL;
}
