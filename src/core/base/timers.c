/* timers - a binary heap by (deadline, order of start).
 *
 * Happy path: start, fire once. How it fails: it does not; a timer that runs is moved when started
 * again. */

#include "base/timers.h"

#include "base/check.h"
#include "base/mem.h"

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void put(struct timers *timers, uint32_t index, struct timer *timer)
{
    timers->heap[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct timers *timers, uint32_t index)
{
    struct timer *timer = timers->heap[index];
    while (index > 0) {
        uint32_t parent = (index - 1) / 2;
        if (!earlier(timer, timers->heap[parent])) {
            break;
        }
        put(timers, index, timers->heap[parent]);
        index = parent;
    }
    put(timers, index, timer);
}

static void sift_down(struct timers *timers, uint32_t index)
{
    struct timer *timer = timers->heap[index];
    for (;;) {
        uint32_t child = index * 2 + 1;
        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count && earlier(timers->heap[child + 1], timers->heap[child])) {
            child++;
        }
        if (!earlier(timers->heap[child], timer)) {
            break;
        }
        put(timers, index, timers->heap[child]);
        index = child;
    }
    put(timers, index, timer);
}

void timers_start(struct timers *timers, struct loop *loop, struct timer *timer, uint64_t at_ms)
{
    if (timer->loop) {
        timers_stop(timers, timer);
    }
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity ? timers->capacity * 2 : 64;
        timers->heap = mem_resize(timers->heap, timers->capacity * sizeof(struct timer *));
    }
    timer->loop = loop;
    timer->at_ms = at_ms;
    timer->order = timers->order++;
    put(timers, timers->count, timer);
    timers->count++;
    sift_up(timers, timers->count - 1);
}

void timers_stop(struct timers *timers, struct timer *timer)
{
    uint32_t index = timer->heap_index;
    CHECK(index < timers->count);
    CHECK(timers->heap[index] == timer);
    timer->loop = NULL;
    timers->count--;
    struct timer *last = timers->heap[timers->count];
    if (last != timer) {
        put(timers, index, last);
        sift_up(timers, index);
        sift_down(timers, last->heap_index);
    }
}

uint64_t timers_next(const struct timers *timers)
{
    return timers->count ? timers->heap[0]->at_ms : UINT64_MAX;
}

void timers_fire(struct timers *timers, uint64_t now_ms, uint32_t limit)
{
    while (limit-- > 0 && timers_next(timers) <= now_ms) {
        struct timer *timer = timers->heap[0];
        timers_stop(timers, timer);
        timer->on_fire(timer);
    }
}

void timers_deinit(struct timers *timers)
{
    mem_free(timers->heap);
    *timers = (struct timers){0};
}
