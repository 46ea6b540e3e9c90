/* rate - see the header. Happy path: one comparison and one store. How it fails: it refuses, with
 * the wait. */

#include "rate.h"

#define PARTS_A_MS 16u /* more would wrap within a day */
#define CLOCKS_APART (1000u * PARTS_A_MS)

struct rate_limit rate_limit_per_second(uint64_t per_second, uint64_t burst)
{
    if (per_second == 0) {
        return (struct rate_limit){0, 0};
    }
    uint64_t interval = (1000 * PARTS_A_MS + per_second / 2) / per_second;
    return (struct rate_limit){interval ? (uint32_t)interval : 1, burst ? (uint32_t)burst : 1};
}

/* How far the bucket's moment is ahead; one in the past, or older than the clock's half, is not. */
static uint32_t ahead_of(uint32_t bucket, uint32_t now, uint32_t span)
{
    uint32_t ahead = bucket - now;
    return ahead > span + CLOCKS_APART ? 0 : ahead;
}

bool rate_take(
    struct rate_limit limit, _Atomic(uint32_t) *bucket, uint32_t now_ms, uint32_t *ret_wait_ms)
{
    *ret_wait_ms = 0;
    if (limit.interval == 0) {
        return true;
    }
    uint32_t now = now_ms * PARTS_A_MS;
    uint32_t span = limit.interval * limit.burst;
    uint32_t was = atomic_load_explicit(bucket, memory_order_relaxed);
    uint32_t ahead;
    do {
        ahead = ahead_of(was, now, span);
        if (ahead + limit.interval > span) {
            *ret_wait_ms = (ahead + limit.interval - span + PARTS_A_MS - 1) / PARTS_A_MS;
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        bucket, &was, now + ahead + limit.interval, memory_order_relaxed, memory_order_relaxed));
    return true;
}

uint8_t rate_window_count(struct rate_window *window, uint32_t window_ms, uint32_t now_ms)
{
    if (window->count == 0 || now_ms - window->since_ms >= window_ms) {
        *window = (struct rate_window){now_ms, 0};
    }
    if (window->count < UINT8_MAX) {
        window->count++;
    }
    return window->count;
}
