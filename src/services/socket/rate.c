/* rate - see the header. Happy path: one comparison and one store. How it fails: it refuses, with
 * the wait. */

#include "rate.h"

#define PARTS_A_MS 16u /* more would wrap within a day */

struct rate_limit rate_limit_per_second(uint64_t per_second, uint64_t burst)
{
    if (per_second == 0) {
        return (struct rate_limit){0, 0};
    }
    uint64_t interval = (1000 * PARTS_A_MS + per_second / 2) / per_second;
    return (struct rate_limit){interval ? (uint32_t)interval : 1, burst ? (uint32_t)burst : 1};
}

bool rate_take(struct rate_limit limit, uint32_t *bucket, uint32_t now_ms, uint32_t *ret_wait_ms)
{
    *ret_wait_ms = 0;
    if (limit.interval == 0) {
        return true;
    }
    uint32_t now = now_ms * PARTS_A_MS;
    uint32_t span = limit.interval * limit.burst;
    uint32_t ahead = *bucket - now;
    if (ahead > span) {
        ahead = 0; /* in the past, or older than the clock's half */
    }
    if (ahead + limit.interval > span) {
        *ret_wait_ms = (ahead + limit.interval - span + PARTS_A_MS - 1) / PARTS_A_MS;
        return false;
    }
    *bucket = now + ahead + limit.interval;
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
