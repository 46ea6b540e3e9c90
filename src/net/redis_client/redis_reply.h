#pragma once

/* redis_reply - what a Redis server said to one command, as a tree.
 *
 * Bytes are whatever they are; nothing here ends with NUL. A tree is at most seven lists deep, and
 * its size is bounded by whoever reads (redis_codec.h). Functions that look at a reply take any
 * tree and answer whether it is what was expected: what a server says may be anything. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"

enum redis_kind {
    REDIS_NIL,     /* "there is none" */
    REDIS_NUMBER,  /* in `number` */
    REDIS_TEXT,    /* in `text`; may be empty */
    REDIS_STATUS,  /* "OK" and the like, in `text` */
    REDIS_REFUSAL, /* why not, in `text`; its first word is the kind of it (redis_refusals.def) */
    REDIS_LIST,    /* in `items`; may be empty */
};

struct redis_reply {
    enum redis_kind kind;
    uint32_t count;
    int64_t number;
    struct cht_str text;
    struct redis_reply *items;
};

/* Item `at` of a list; NULL: it is no list, or a shorter one. */
static inline const struct redis_reply *redis_item(const struct redis_reply *reply, uint32_t at)
{
    return reply && reply->kind == REDIS_LIST && at < reply->count ? &reply->items[at] : NULL;
}

/* The bytes of a text; NULL and 0 of anything else. */
static inline struct cht_str redis_text(const struct redis_reply *reply)
{
    return reply && reply->kind == REDIS_TEXT ? reply->text : (struct cht_str){0};
}

static inline bool redis_is_text(const struct redis_reply *reply, const char *word)
{
    return reply && reply->kind == REDIS_TEXT && cht_str_is(reply->text, word);
}

/* A number that is not negative; 0 of anything else. */
static inline uint64_t redis_number(const struct redis_reply *reply)
{
    return reply && reply->kind == REDIS_NUMBER && reply->number > 0 ? (uint64_t)reply->number : 0;
}
