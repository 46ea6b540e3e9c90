/* kept - see kept.h.
 *
 * Happy path: a hit moves the thing to the new end of the list. How it fails: what does not fit is
 * not kept; whoever has a reference still has it. */

#include "kept.h"

#include "base/check.h"
#include "base/mem.h"

void kept_init(struct kept *kept, uint32_t items_max, uint64_t bytes_max, const uint64_t secret[2])
{
    *kept = (struct kept){.items_max = items_max, .bytes_max = bytes_max};
    map_init(&kept->map, items_max, secret);
    kept->at = mem_array(items_max, sizeof(struct kept_item *));
}

void kept_deinit(struct kept *kept)
{
    while (kept->oldest != NULL) {
        kept_drop(kept, kept->oldest);
    }
    map_deinit(&kept->map);
    mem_free(kept->at);
}

void kept_item_init(
    struct kept_item *item, const struct cht_id *id, void (*destroy)(struct kept_item *item))
{
    *item = (struct kept_item){.id = *id, .destroy = destroy, .refs = 1, .place = KEPT_NOWHERE};
}

struct kept_item *kept_ref(struct kept_item *item)
{
    item->refs++;
    return item;
}

void kept_unref(struct kept_item *item)
{
    if (item != NULL) {
        CHECK(item->refs > 0);
        item->refs--;
        if (item->refs == 0) {
            item->destroy(item);
        }
    }
}

/* ---- in the order of use */

static void unlink_item(struct kept *kept, const struct kept_item *item)
{
    *(item->older != NULL ? &item->older->newer : &kept->oldest) = item->newer;
    *(item->newer != NULL ? &item->newer->older : &kept->newest) = item->older;
}

static void link_newest(struct kept *kept, struct kept_item *item)
{
    item->older = kept->newest;
    item->newer = NULL;
    *(kept->newest != NULL ? &kept->newest->newer : &kept->oldest) = item;
    kept->newest = item;
}

struct kept_item *kept_find(struct kept *kept, const struct cht_id *id)
{
    uint32_t place = map_find(&kept->map, map_key_id(id));
    if (place == MAP_NONE) {
        return NULL;
    }
    struct kept_item *item = kept->at[place];
    unlink_item(kept, item);
    link_newest(kept, item);
    return item;
}

/* ---- keeping */

/* The last place moves into the one that is left. */
static void leave_place(struct kept *kept, uint32_t place)
{
    struct kept_item *last = kept->at[kept->map.count];
    kept->at[place] = last;
    if (last->place != KEPT_NOWHERE) {
        last->place = place;
        CHECK(map_put(&kept->map, map_key_id(&last->id), place));
    }
}

void kept_drop(struct kept *kept, struct kept_item *item)
{
    if (item->place == KEPT_NOWHERE) {
        return;
    }
    uint32_t place = item->place;
    item->place = KEPT_NOWHERE;
    unlink_item(kept, item);
    map_remove(&kept->map, map_key_id(&item->id));
    leave_place(kept, place);
    kept->bytes -= item->bytes;
    kept_unref(item);
}

static void drop_former(struct kept *kept, const struct cht_id *id)
{
    uint32_t former = map_find(&kept->map, map_key_id(id));
    if (former != MAP_NONE) {
        kept_drop(kept, kept->at[former]);
    }
}

void kept_put(struct kept *kept, struct kept_item *item, uint64_t bytes)
{
    kept_ref(item);
    drop_former(kept, &item->id);
    if (kept->items_max > 0 && bytes <= kept->bytes_max) {
        while (kept->map.count == kept->items_max || kept->bytes + bytes > kept->bytes_max) {
            kept_drop(kept, kept->oldest);
        }
        item->bytes = bytes;
        item->place = kept->map.count;
        kept->at[item->place] = item;
        CHECK(map_put(&kept->map, map_key_id(&item->id), item->place));
        kept->bytes += bytes;
        link_newest(kept, item);
        kept_ref(item);
    }
    kept_unref(item);
}
