#pragma once

/* redis_refusal - what it means that a server refused a command: by the first word of its text, in
 * the table redis_refusals.def. */

#include "base/err.h"
#include "chattifier/types.h"

enum redis_effect { REDIS_STAYS, REDIS_MOVES, REDIS_WHOLE };

struct redis_refusal {
    const char *word;
    enum err err; /* what the asker hears */
    enum redis_effect effect;
};

/* Never NULL; of a word that no row has: INTERNAL, STAYS. */
const struct redis_refusal *redis_refusal_of(struct cht_str text);
