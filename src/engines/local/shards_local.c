/* shards_local - commands to the worker that owns their shard.
 *
 * Happy path: a command goes over the ring, gets its place in the shard's queue, is given to the
 * owner while there is credit, is done. How it fails: a full ring refuses the poster. A released
 * shard keeps its commands and is offered again after a moment; what was not done by then comes
 * again. A shard is given up when its log takes nothing, and nobody knows for how long: until an
 * owner has done something again, it keeps one command to try and refuses the others. */

#include "base/big_endian.h"
#include "base/check.h"
#include "base/mem.h"
#include "local/bus_local_inner.h"
#include "world/loop.h"
#include "world/random.h"

#define OFFER_AGAIN_MS_MIN 1000
#define OFFER_AGAIN_MS_MAX 5000

/* {boot, place}: a later boot is later than everything before it. */
static struct position position_of(const struct endpoint *endpoint, uint64_t place)
{
    struct position position = {{0}};
    big_endian_put(position.bytes, endpoint->bus->options.boot);
    big_endian_put(position.bytes + 8, place);
    return position;
}

static void give_command(struct endpoint *endpoint, uint32_t shard, uint64_t place)
{
    struct buf *command = shard_queue_at(&endpoint->queues[shard], place);
    if (command) {
        struct position position = position_of(endpoint, place);
        endpoint->credit--;
        buf_ref(command); /* the owner may be done with it before it returns */
        endpoint->owner->on_command(endpoint->owner, shard, &position, command);
        buf_unref(command);
    }
}

static void give_waiting(struct endpoint *endpoint, uint32_t shard)
{
    struct shard_queue *queue = &endpoint->queues[shard];
    while (queue->owned && endpoint->credit > 0 && queue->given < queue->next) {
        give_command(endpoint, shard, queue->given++);
    }
    endpoint->starved |= queue->owned && queue->given < queue->next;
}

/* Without credit commands were left on the rings and in the queues. */
static void add_credit(struct endpoint *endpoint, uint32_t credit)
{
    bool had_none = endpoint->credit == 0;
    endpoint->credit += credit;
    if (had_none && credit > 0 &&
        !atomic_exchange_explicit(&endpoint->wake_asked, true, memory_order_seq_cst)) {
        loop_defer(endpoint->world->loop, &endpoint->wake);
    }
}

static void set_given_up(struct endpoint *endpoint, uint32_t shard, bool given_up)
{
    struct shard_queue *queue = &endpoint->queues[shard];
    queue->given_up = given_up;
    bool refuses = queue->given_up && shard_queue_waiting(queue) > 0;
    atomic_store_explicit(&endpoint->refuses[shard], refuses, memory_order_relaxed);
}

static void gain(struct endpoint *endpoint, uint32_t shard)
{
    struct shard_queue *queue = &endpoint->queues[shard];
    queue->owned = true;
    queue->given = queue->first;
    endpoint->owner->on_gain(endpoint->owner, shard);
    give_waiting(endpoint, shard);
}

static void on_offer(struct timer *timer)
{
    struct shard_timer *offer = container_of(timer, struct shard_timer, timer);
    gain(offer->endpoint, offer->shard);
}

/* Commands that were given and are not done will be given again: their credit comes back. */
static void take_back(struct endpoint *endpoint, uint32_t shard)
{
    struct shard_queue *queue = &endpoint->queues[shard];
    uint32_t held = 0;
    for (uint64_t place = queue->first; place < queue->given; place++) {
        held += shard_queue_at(queue, place) != NULL;
    }
    queue->owned = false;
    add_credit(endpoint, held);
}

static void shards_release_here(struct shards *shards, uint32_t shard)
{
    struct endpoint *endpoint = container_of(shards, struct endpoint, shards);
    struct shard_queue *queue = &endpoint->queues[shard];
    if (!queue->owned) {
        return;
    }
    take_back(endpoint, shard);
    set_given_up(endpoint, shard, true);
    uint64_t wait = OFFER_AGAIN_MS_MIN +
                    random_below(endpoint->world->random, OFFER_AGAIN_MS_MAX - OFFER_AGAIN_MS_MIN);
    timer_start(endpoint->world->loop, &endpoint->timers[shard].timer, wait, on_offer);
}

/* The chaos switch: the shard is lost and comes back with what was done before in front of it. */
static void lose_and_regain(struct endpoint *endpoint, uint32_t shard)
{
    struct shard_queue *queue = &endpoint->queues[shard];
    take_back(endpoint, shard);
    endpoint->owner->on_lose(endpoint->owner, shard);
    uint32_t kept =
        queue->done_count < SHARD_QUEUE_DONE_MAX ? queue->done_count : SHARD_QUEUE_DONE_MAX;
    for (uint32_t i = queue->done_count - kept; i != queue->done_count; i++) {
        shard_queue_add(queue, buf_ref(queue->done[i % SHARD_QUEUE_DONE_MAX]));
    }
    timer_start(endpoint->world->loop, &endpoint->timers[shard].timer, 1, on_offer);
}

static void accept_command(struct endpoint *endpoint, uint32_t shard, struct buf *command_take)
{
    struct shard_queue *queue = &endpoint->queues[shard];
    if (bus_local_chaos(endpoint)) {
        shard_queue_add(queue, buf_ref(command_take));
    }
    shard_queue_add(queue, command_take);
    if (queue->given_up) {
        set_given_up(endpoint, shard, true);
    }
    give_waiting(endpoint, shard);
    if (queue->owned && bus_local_chaos(endpoint)) {
        lose_and_regain(endpoint, shard);
    }
}

/* Out of credit, commands stay on the rings: they fill, and posters are refused. */
void shards_local_drain(struct endpoint *endpoint)
{
    bool starved = endpoint->starved;
    endpoint->starved = false;
    for (uint32_t shard = 0; starved && shard < endpoint->bus->options.shards; shard++) {
        give_waiting(endpoint, shard);
    }
    for (uint32_t from = 0; from < endpoint->bus->options.workers; from++) {
        struct ring_item item;
        while (endpoint->credit > 0 && ring_take(&endpoint->in[LANE_COMMANDS][from], &item)) {
            accept_command(endpoint, (uint32_t)item.about, item.buf);
        }
    }
}

static bool shards_try_post_here(struct shards *shards, uint32_t shard, struct buf *command)
{
    struct endpoint *endpoint = container_of(shards, struct endpoint, shards);
    CHECK(shard < endpoint->bus->options.shards);
    uint32_t owner = shard % endpoint->bus->options.workers;
    const struct endpoint *to = &endpoint->bus->endpoints[owner];
    if (atomic_load_explicit(&to->refuses[shard], memory_order_relaxed)) {
        return false;
    }
    struct ring_item item = {.buf = buf_ref(command), .about = shard};
    if (!bus_local_put(endpoint, owner, LANE_COMMANDS, item)) {
        buf_unref(command);
        return false;
    }
    return true;
}

static void shards_own_here(struct shards *shards, struct shards_handler *handler, uint32_t credit)
{
    struct endpoint *endpoint = container_of(shards, struct endpoint, shards);
    CHECK(!endpoint->owner);
    endpoint->owner = handler;
    add_credit(endpoint, credit);
    const struct bus_local_options *options = &endpoint->bus->options;
    for (uint32_t shard = endpoint->index; shard < options->shards; shard += options->workers) {
        timer_start(endpoint->world->loop, &endpoint->timers[shard].timer, 0, on_offer);
    }
}

static void shards_done_here(struct shards *shards, uint32_t shard, const struct position *position)
{
    struct endpoint *endpoint = container_of(shards, struct endpoint, shards);
    struct shard_queue *queue = &endpoint->queues[shard];
    uint64_t place = big_endian_get(position->bytes + 8);
    bool was_given = place < queue->given;
    if (big_endian_get(position->bytes) != endpoint->bus->options.boot ||
        !shard_queue_done(queue, place, endpoint->bus->options.chaos_per_mille > 0)) {
        return;
    }
    if (queue->owned && was_given) {
        if (queue->given_up) {
            set_given_up(endpoint, shard, false);
        }
        add_credit(endpoint, 1);
    }
}

void shards_local_init(struct endpoint *endpoint)
{
    static const struct shards_ops ops = {
        .own = shards_own_here,
        .done = shards_done_here,
        .release = shards_release_here,
        .try_post = shards_try_post_here,
    };
    uint32_t count = endpoint->bus->options.shards;
    endpoint->shards = (struct shards){.ops = &ops, .count = count};
    endpoint->queues = mem_array(count, sizeof(*endpoint->queues));
    endpoint->refuses = mem_array(count, sizeof(*endpoint->refuses));
    endpoint->timers = mem_array(count, sizeof(*endpoint->timers));
    for (uint32_t shard = 0; shard < count; shard++) {
        endpoint->timers[shard].endpoint = endpoint;
        endpoint->timers[shard].shard = shard;
    }
}

void shards_local_deinit(struct endpoint *endpoint)
{
    for (uint32_t shard = 0; shard < endpoint->bus->options.shards; shard++) {
        shard_queue_deinit(&endpoint->queues[shard]);
    }
    mem_free(endpoint->queues);
    mem_free(endpoint->refuses);
    mem_free(endpoint->timers);
}
