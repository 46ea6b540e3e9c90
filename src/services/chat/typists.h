#pragma once

/* typists - who is shown as typing in a room: a few at a time, however many type.
 *
 * Whoever is shown may go on and may stop; somebody else is shown when one of them has stopped or
 * has not said it again in time. Nobody is shown more often than every TYPISTS_AGAIN_MS, not even
 * by stopping in between: a place remembers its user until it is somebody else's. Allocated when
 * somebody types first, mem_free'd by the owner. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/events.h"

#define TYPISTS_MAX 5
#define TYPISTS_AGAIN_MS 2000 /* clients wait for limits.typing_interval_ms, 3 s */

struct typist {
    struct cht_id user;
    uint64_t until_ms; /* not later than now: the place is free */
    uint64_t again_ms; /* earlier it is not shown again */
};

struct typists {
    struct typist at[TYPISTS_MAX];
};

/* `user` types until then, or no longer (0): is it to be shown? */
bool typists_note(
    struct typists **typists, const struct cht_id *user, uint64_t until_ms, uint64_t now_ms);
