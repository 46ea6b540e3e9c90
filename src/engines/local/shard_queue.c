/* shard_queue - a growing ring of commands.
 *
 * Happy path: added at the end, done near the front. How it fails: it does not; its size is bounded
 * by the owner's credit. */

#include "local/shard_queue.h"

#include "base/check.h"
#include "base/mem.h"

#define FIRST_CAPACITY 64u

static struct shard_command *slot(const struct shard_queue *queue, uint64_t place)
{
    return &queue->items[place & (queue->capacity - 1)];
}

static void grow(struct shard_queue *queue)
{
    struct shard_queue bigger = *queue;
    bigger.capacity = queue->capacity ? queue->capacity * 2 : FIRST_CAPACITY;
    bigger.items = mem_array(bigger.capacity, sizeof(*bigger.items));
    for (uint64_t place = queue->first; place < queue->next; place++) {
        *slot(&bigger, place) = *slot(queue, place);
    }
    mem_free(queue->items);
    *queue = bigger;
}

void shard_queue_add(struct shard_queue *queue, struct buf *command_take)
{
    if (queue->next == 0) {
        queue->first = queue->next = queue->given = 1;
    }
    if (queue->next - queue->first == queue->capacity) {
        grow(queue);
    }
    slot(queue, queue->next)->command = command_take;
    queue->next++;
    queue->waiting++;
}

struct buf *shard_queue_at(const struct shard_queue *queue, uint64_t place)
{
    CHECK(place >= queue->first);
    CHECK(place < queue->next);
    return slot(queue, place)->command;
}

static void remember(struct shard_queue *queue, struct buf *command_take)
{
    struct buf **at = &queue->done[queue->done_count++ % SHARD_QUEUE_DONE_MAX];
    buf_unref(*at);
    *at = command_take;
}

bool shard_queue_done(struct shard_queue *queue, uint64_t place, bool keep)
{
    if (place < queue->first || place >= queue->next || !slot(queue, place)->command) {
        return false;
    }
    struct buf *command = slot(queue, place)->command;
    slot(queue, place)->command = NULL;
    queue->waiting--;
    if (keep) {
        remember(queue, command);
    } else {
        buf_unref(command);
    }
    while (queue->first < queue->next && !slot(queue, queue->first)->command) {
        queue->first++;
    }
    if (queue->given < queue->first) {
        queue->given = queue->first;
    }
    return true;
}

void shard_queue_deinit(struct shard_queue *queue)
{
    for (uint64_t place = queue->first; place < queue->next; place++) {
        buf_unref(slot(queue, place)->command);
    }
    for (uint32_t i = 0; i < SHARD_QUEUE_DONE_MAX; i++) {
        buf_unref(queue->done[i]);
    }
    mem_free(queue->items);
    *queue = (struct shard_queue){0};
}
