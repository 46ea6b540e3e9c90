#pragma once

/* rate - how often is too often, in four bytes.
 *
 * A bucket is the moment at which it would be full again (the generic cell rate algorithm): taking
 * moves that moment by one interval, and is refused where it would lie further ahead than the burst
 * allows. Moments are sixteenths of a millisecond of a 32-bit clock that wraps, so that rates up to
 * 16,000 a second are kept; a zeroed bucket is full. A window counts events and begins anew when it
 * is over. A bucket may be taken from on several threads, whose clocks may be a second apart. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    uint32_t interval; /* one more per interval, in sixteenths of a millisecond; 0: no limit */
    uint32_t burst;
};

/* `per_second` events a second, at most 16,000, and `burst` at once, at most 100,000; 0 a second is
 * no limit. */
struct rate_limit rate_limit_per_second(uint64_t per_second, uint64_t burst);

/* True: taken. False: `ret_wait_ms` says when to try again. */
bool rate_take(
    struct rate_limit limit, _Atomic(uint32_t) *bucket, uint32_t now_ms, uint32_t *ret_wait_ms);

struct rate_window {
    uint32_t since_ms;
    uint8_t count;
};

/* Counts one event; how many there are in this window now (at most 255). */
uint8_t rate_window_count(struct rate_window *window, uint32_t window_ms, uint32_t now_ms);
