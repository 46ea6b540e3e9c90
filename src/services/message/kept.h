#pragma once

/* kept - things in memory by id, each behind a count of who uses it.
 *
 * Bounded in number and bytes: the one used longest ago makes room. A thing begins with a
 * kept_item, and is destroyed when it is not kept any more and nobody else has a reference. */

#include "base/map.h"

struct kept_item {
    struct cht_id id;
    uint64_t bytes; /* as kept_put was told */
    void (*destroy)(struct kept_item *item);
    uint32_t refs;
    uint32_t place; /* KEPT_NOWHERE: it is not kept */
    struct kept_item *older, *newer;
};

struct kept {
    struct map map; /* id to place */
    struct kept_item **at;
    struct kept_item *oldest, *newest;
    uint32_t items_max;
    uint64_t bytes, bytes_max;
};

#define KEPT_NOWHERE UINT32_MAX

void kept_init(struct kept *kept, uint32_t items_max, uint64_t bytes_max, const uint64_t secret[2]);
void kept_deinit(struct kept *kept);

/* A thing that is not kept, with one reference, which is the caller's. */
void kept_item_init(
    struct kept_item *item, const struct cht_id *id, void (*destroy)(struct kept_item *item));
struct kept_item *kept_ref(struct kept_item *item);
void kept_unref(struct kept_item *item); /* NULL is fine */

/* The thing with that id, which was used now; NULL: there is none. Lent until the next call. */
struct kept_item *kept_find(struct kept *kept, const struct cht_id *id);

/* Keeps it as `bytes` large, with a reference of its own, instead of what has its id; or not, if
 * there is no room for it. Again: its size is another now. */
void kept_put(struct kept *kept, struct kept_item *item, uint64_t bytes);

/* One that is not kept is fine. */
void kept_drop(struct kept *kept, struct kept_item *item);
