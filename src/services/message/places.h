#pragma once

/* places - the questions of clients that are in work, counted by user.
 *
 * Bounded in all, and for each user, so that nobody takes all places. The counts are exact: only
 * who has a question in work is in the table, so it has at most as many rows as there are places,
 * and no two users share one. */

#include "base/err.h"
#include "base/map.h"

struct places {
    struct map by_user;
    uint32_t taken;
    uint32_t all_max, user_max;
};

void places_init(
    struct places *places, uint32_t all_max, uint32_t user_max, const uint64_t secret[2]);
void places_deinit(struct places *places);

/* False: all are taken, or the user has as many as one may. */
MUST_USE bool places_take(struct places *places, const struct cht_id *user);
void places_give(struct places *places, const struct cht_id *user);
