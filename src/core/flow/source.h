#pragma once

/* source - a stream under credit.
 *
 * The consumer owns the struct and gives credit; the engine gives at most that many items and then
 * waits for more credit: that is how pressure travels backwards. Items come on the consumer's loop,
 * in order, never re-entrantly and never from inside source_credit. After on_end nothing more
 * comes. */

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/err.h"

struct source {
    void (*on_item)(struct source *source, void *item); /* the item is lent for the call */
    void (*on_end)(struct source *source, enum err err);
    void (*on_credit)(struct source *source); /* the engine's: it may give again */
    void *engine;                             /* the engine's */
    uint32_t credit;                          /* items that may still be given */
    bool in_item;
    bool ended;
};

/* For the consumer: `more` further items are welcome. */
static inline void source_credit(struct source *source, uint32_t more)
{
    CHECK(source->credit <= UINT32_MAX - more);
    bool was_dry = source->credit == 0;
    source->credit += more;
    if (was_dry && !source->in_item && !source->ended && source->on_credit) {
        source->on_credit(source);
    }
}

/* For the engine: is another item welcome? */
static inline bool source_ready(const struct source *source)
{
    return source->credit > 0 && !source->in_item && !source->ended;
}

/* For the engine: one item; needs source_ready. */
static inline void source_give(struct source *source, void *item)
{
    CHECK(source_ready(source));
    source->credit--;
    source->in_item = true;
    source->on_item(source, item);
    source->in_item = false;
}

/* For the engine: the end, once. */
static inline void source_end(struct source *source, enum err err)
{
    CHECK(!source->ended);
    source->ended = true;
    source->on_end(source, err);
}
