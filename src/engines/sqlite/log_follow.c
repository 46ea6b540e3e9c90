/* log_follow - subscriptions: what is in the log of a shard and what comes to it.
 *
 * Happy path: the writer's thread posts the follower once per batch; on its loop it takes records
 * out of the shard's ring, under credit, at most a budget per turn. A follower that is further
 * behind than the ring reads pieces of the file until it has caught up. How it fails: a read that
 * fails ends the source; what was trimmed is skipped, and the reader sees the hole. */

#include "base/check.h"
#include "base/mem.h"
#include "log_shared.h"
#include "world/loop.h"

#define BUDGET 256u
#define PIECE 128u

struct log_follower {
    struct task task;   /* posted: look */
    struct asker asker; /* of `read` */
    struct log_follow *follow;
    struct log *log;
    struct loop *loop;
    struct log_shard *shard;
    struct log_follower *next_of_shard;
    uint64_t next; /* index */
    struct log_read_op read;
    struct log_item items[PIECE]; /* read from the file, not yet given */
    uint32_t item_at;
    bool posted; /* under the shard's mutex */
    bool giving;
    bool ended; /* nobody listens; it is freed when nothing refers to it */
};

static void free_if_unused(struct log_follower *follower)
{
    if (!follower->ended || follower->posted || follower->giving || follower->read.op.asked) {
        return;
    }
    while (follower->item_at < follower->read.count) {
        buf_unref(follower->items[follower->item_at++].record);
    }
    mem_free(follower);
}

/* Under the shard's mutex. */
static void post(struct log_follower *follower)
{
    if (!follower->posted) {
        follower->posted = true;
        loop_post(follower->loop, &follower->task);
    }
}

void log_followers_wake(struct log_shard *shard)
{
    for (struct log_follower *f = shard->followers; f; f = f->next_of_shard) {
        post(f);
    }
}

static void post_alone(struct log_follower *follower)
{
    pthread_mutex_lock(&follower->shard->mutex);
    post(follower);
    pthread_mutex_unlock(&follower->shard->mutex);
}

enum found { FOUND, FOUND_IN_FILE, FOUND_NOTHING };

/* The next item, with a reference that the caller gives back. */
static enum found find_next(struct log_follower *follower, struct log_item *ret_item)
{
    if (follower->item_at < follower->read.count) {
        *ret_item = follower->items[follower->item_at++];
        return FOUND;
    }
    struct log_shard *shard = follower->shard;
    enum found found = FOUND_NOTHING;
    pthread_mutex_lock(&shard->mutex);
    if (follower->next < shard->oldest) {
        follower->next = shard->oldest;
    }
    const struct log_recent *recent = log_ring_find(shard, follower->next);
    if (recent) {
        *ret_item = (struct log_item){shard->number, recent->index, recent->term,
            log_position(recent->index), buf_ref(recent->record)};
        found = FOUND;
    } else if (follower->next <= shard->durable) {
        found = FOUND_IN_FILE;
    }
    pthread_mutex_unlock(&shard->mutex);
    return found;
}

static void read_piece(struct log_follower *follower)
{
    follower->item_at = 0;
    follower->read.shard = follower->shard->number;
    follower->read.from = follower->next;
    follower->read.until = UINT64_MAX;
    follower->read.limit = PIECE;
    follower->read.items = follower->items;
    log_read(follower->log, &follower->asker, &follower->read);
}

static void give(struct log_follower *follower)
{
    struct source *source = &follower->follow->source;
    uint32_t budget = BUDGET;
    follower->giving = true;
    while (!follower->ended && source_ready(source) && budget > 0) {
        struct log_item item;
        enum found found = find_next(follower, &item);
        if (found != FOUND) {
            if (found == FOUND_IN_FILE) {
                read_piece(follower);
            }
            break;
        }
        budget--;
        follower->next = item.index + 1;
        source_give(source, &item);
        buf_unref(item.record);
    }
    follower->giving = false;
    if (!follower->ended && budget == 0 && source_ready(source)) {
        post_alone(follower);
    }
    free_if_unused(follower);
}

static void on_posted(struct task *task)
{
    struct log_follower *follower = container_of(task, struct log_follower, task);
    if (follower->ended) { /* no shard knows it any more */
        follower->posted = false;
        free_if_unused(follower);
        return;
    }
    pthread_mutex_lock(&follower->shard->mutex);
    follower->posted = false;
    pthread_mutex_unlock(&follower->shard->mutex);
    if (!follower->read.op.asked) {
        give(follower);
    }
}

static void leave_shard(struct log_follower *follower)
{
    struct log_shard *shard = follower->shard;
    pthread_mutex_lock(&shard->mutex);
    struct log_follower **link = &shard->followers;
    while (*link != follower) {
        CHECK(*link);
        link = &(*link)->next_of_shard;
    }
    *link = follower->next_of_shard;
    pthread_mutex_unlock(&shard->mutex);
    follower->ended = true;
}

static void on_read(struct asker *asker, struct op *op)
{
    struct log_follower *follower = container_of(asker, struct log_follower, asker);
    if (follower->ended) {
        free_if_unused(follower);
    } else if (op->err == OK || op->err == ERR_NOT_FOUND) {
        give(follower);
    } else {
        struct log_follow *follow = follower->follow;
        enum err err = op->err;
        follow->engine = NULL;
        leave_shard(follower);
        free_if_unused(follower);
        source_end(&follow->source, err);
    }
}

static void on_credit(struct source *source)
{
    post_alone(source->engine);
}

void log_sqlite_follow(struct log *log, struct log_follow *follow)
{
    struct log_sqlite *sqlite = container_of(log, struct log_sqlite, log);
    CHECK(follow->shard < sqlite->shared->shard_count);
    struct log_follower *follower = mem_new(sizeof(*follower));
    follower->task.run = on_posted;
    follower->asker.on_answer = on_read;
    follower->follow = follow;
    follower->log = log;
    follower->loop = sqlite->loop;
    follower->shard = &sqlite->shared->shards[follow->shard];
    follower->next = follow->from ? follow->from : 1;
    follow->engine = follower;
    follow->source.engine = follower;
    follow->source.on_credit = on_credit;
    pthread_mutex_lock(&follower->shard->mutex);
    follower->next_of_shard = follower->shard->followers;
    follower->shard->followers = follower;
    post(follower);
    pthread_mutex_unlock(&follower->shard->mutex);
}

static void end_follower(struct log_follower *follower)
{
    struct log_follow *follow = follower->follow;
    follow->engine = NULL;
    follow->source.on_credit = NULL;
    follow->source.engine = NULL;
    leave_shard(follower);
    free_if_unused(follower);
}

void log_sqlite_unfollow(struct log *log, struct log_follow *follow)
{
    (void)log;
    if (follow->engine) {
        end_follower(follow->engine);
    }
}

void log_followers_drop(struct log_shard *shard)
{
    while (shard->followers) {
        end_follower(shard->followers);
    }
}
