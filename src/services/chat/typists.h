#pragma once

/* typists - who is shown as typing in a room: a few at a time, however many type.
 *
 * Whoever is shown may go on and may stop; somebody else is shown when one of them has stopped or
 * has not said it again in time. Allocated when somebody types first, mem_free'd by the owner. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/events.h"

#define TYPISTS_MAX 5

struct typist {
    struct cht_id user;
    uint64_t until_ms; /* not later than now: the place is free */
};

struct typists {
    struct typist at[TYPISTS_MAX];
};

/* `user` types until then, or no longer (0): is it to be shown? */
bool typists_note(
    struct typists **typists, const struct cht_id *user, uint64_t until_ms, uint64_t now_ms);
