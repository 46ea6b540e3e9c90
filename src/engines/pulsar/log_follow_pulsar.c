/* log_follow_pulsar - what is in the log of a shard and what comes to it, to one who follows.
 *
 * Happy path: a place shortly before the first wanted record is found, a reader begins there, what
 * is before it is passed over, and the rest is given under the follower's credit, which is the
 * reader's. How it fails: looking is repeated after a while; a reader goes on by itself where its
 * place was lost. What the broker refuses for good ends the source. */

#include "base/mem.h"
#include "pulsar/log_pulsar_inner.h"

#define RETRY_MS 1000u

struct log_follower {
    struct log_job job; /* first */
    struct task end;    /* frees it, outside of every call */
    struct log_topic *topic;
    struct log_follow *follow; /* NULL: it has ended */
    struct asker asker;
    struct log_find_op find;
    struct pulsar_reader *reader;
    struct source source; /* of the reader; its credit is never more than the follower's */
    struct timer retry;
    bool has_begun; /* the first wanted record, or one behind it, was given */
    bool ends;      /* `end` was deferred and has not run */
};

static void look_for_start(struct log_follower *follower);

static void free_if_unused(struct log_follower *follower)
{
    if (!follower->follow && !follower->ends && !follower->find.op.asked) {
        log_job_leave(&follower->job);
        mem_free(follower);
    }
}

static void run_end(struct task *task)
{
    struct log_follower *follower = container_of(task, struct log_follower, end);
    follower->ends = false;
    free_if_unused(follower);
}

static struct log_follow *leave(struct log_follower *follower)
{
    struct log_follow *follow = follower->follow;
    follower->follow = NULL;
    follow->engine = NULL;
    follow->source.on_credit = NULL;
    follow->source.engine = NULL;
    timer_stop(&follower->retry);
    pulsar_reader_destroy(follower->reader);
    follower->reader = NULL;
    follower->ends = true;
    follower->end.run = run_end;
    loop_defer(log_pulsar_loop(follower->topic->log), &follower->end);
    return follow;
}

static void share_credit(struct log_follower *follower)
{
    uint32_t theirs = follower->follow->source.credit;
    if (follower->reader && theirs > follower->source.credit) {
        source_credit(&follower->source, theirs - follower->source.credit);
    }
}

static void on_credit(struct source *source)
{
    share_credit(source->engine);
}

/* ---- records */

static void give(
    struct log_follower *follower, struct log_item *item, const struct pulsar_received *received)
{
    follower->has_begun = true;
    signposts_note(&follower->topic->posts, item->index, &received->position);
    item->record = buf_copy(received->bytes, received->size);
    source_give(&follower->follow->source, item);
    buf_unref(item->record);
}

static void on_item(struct source *source, void *given)
{
    struct log_follower *follower = container_of(source, struct log_follower, source);
    struct log_item item;
    bool is_record = log_topic_read(follower->topic, given, &item);
    if (is_record && (follower->has_begun || item.index >= follower->follow->from)) {
        give(follower, &item, given);
    } else if (is_record) {
        follower->topic->log->stats.skipped++;
    }
    if (follower->follow) {
        share_credit(follower);
    }
}

static void on_end(struct source *source, enum err err)
{
    struct log_follower *follower = container_of(source, struct log_follower, source);
    struct log_follow *follow = leave(follower);
    source_end(&follow->source, err);
}

/* ---- its beginning */

static void on_retry(struct timer *timer)
{
    look_for_start(container_of(timer, struct log_follower, retry));
}

static void begin(struct log_follower *follower)
{
    const struct log_pulsar *log = follower->topic->log;
    struct pulsar_reader_options options = {.topic = follower->topic->name,
        .start = follower->find.start,
        .inclusive = true,
        .limits = pulsar_consumer_limits_default(),
        .source = &follower->source};
    options.limits.queue_messages = log->options.queue_messages;
    follower->source.credit = follower->follow->source.credit;
    if (pulsar_reader_create(log->client, &options, &follower->reader) != OK) {
        timer_start(log_pulsar_loop(log), &follower->retry, RETRY_MS, on_retry);
    }
}

static void on_found(struct asker *asker, struct op *asked)
{
    struct log_follower *follower = container_of(asker, struct log_follower, asker);
    struct loop *loop = log_pulsar_loop(follower->topic->log);
    if (!follower->follow) {
        free_if_unused(follower);
    } else if (asked->err == OK) {
        begin(follower);
    } else if (log_pulsar_is_final(asked->err)) {
        struct log_follow *follow = leave(follower);
        source_end(&follow->source, asked->err);
    } else {
        timer_start(loop, &follower->retry, RETRY_MS, on_retry);
    }
}

static void look_for_start(struct log_follower *follower)
{
    follower->find.index = follower->follow->from;
    log_find(follower->topic, &follower->asker, &follower->find);
}

static void stop(struct log_job *job)
{
    struct log_follower *follower = (struct log_follower *)job;
    if (follower->follow) {
        leave(follower);
    }
}

void log_pulsar_follow(struct log *log, struct log_follow *follow)
{
    struct log_follower *follower = mem_new(sizeof(*follower));
    follow->from = follow->from > 0 ? follow->from : 1;
    follower->topic = log_topic_of(log, follow->shard);
    follower->follow = follow;
    follower->asker.on_answer = on_found;
    follower->source.on_item = on_item;
    follower->source.on_end = on_end;
    follow->engine = follower;
    follow->source.engine = follower;
    follow->source.on_credit = on_credit;
    log_job_join(log_pulsar_of(log), &follower->job, stop);
    look_for_start(follower);
}

void log_pulsar_unfollow(struct log *log, struct log_follow *follow)
{
    (void)log;
    if (follow->engine) {
        leave(follow->engine);
    }
}
