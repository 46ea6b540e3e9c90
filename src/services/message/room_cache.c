/* room_cache - see room_cache.h.
 *
 * Happy path: a hit moves the slot to the new end of the list. How it fails: when all slots belong
 * to the batch at work, nothing is given, and the batch ends there. */

#include "room_cache.h"

#include "base/mem.h"

#define NOBODY UINT32_MAX

void room_cache_init(struct room_cache *cache, uint32_t rooms_max, const uint64_t secret[2])
{
    map_init(&cache->map, rooms_max, secret);
    cache->slots = mem_array(rooms_max, sizeof(struct room_slot *));
    cache->slots_max = rooms_max;
    cache->count = 0;
    cache->oldest = NOBODY;
    cache->newest = NOBODY;
}

void room_cache_clear(struct room_cache *cache)
{
    for (uint32_t i = 0; i < cache->count; i++) {
        map_remove(&cache->map, map_key_id(&cache->slots[i]->room.meta.room));
        mem_free(cache->slots[i]);
        cache->slots[i] = NULL;
    }
    cache->count = 0;
    cache->oldest = NOBODY;
    cache->newest = NOBODY;
}

void room_cache_deinit(struct room_cache *cache)
{
    room_cache_clear(cache);
    map_deinit(&cache->map);
    mem_free(cache->slots);
}

static void unlink_slot(struct room_cache *cache, uint32_t i)
{
    struct room_slot *slot = cache->slots[i];
    if (slot->older != NOBODY) {
        cache->slots[slot->older]->newer = slot->newer;
    } else {
        cache->oldest = slot->newer;
    }
    if (slot->newer != NOBODY) {
        cache->slots[slot->newer]->older = slot->older;
    } else {
        cache->newest = slot->older;
    }
}

static void link_newest(struct room_cache *cache, uint32_t i)
{
    struct room_slot *slot = cache->slots[i];
    slot->newer = NOBODY;
    slot->older = cache->newest;
    if (cache->newest != NOBODY) {
        cache->slots[cache->newest]->newer = i;
    } else {
        cache->oldest = i;
    }
    cache->newest = i;
}

struct room_slot *room_cache_find(struct room_cache *cache, const struct cht_id *room)
{
    uint32_t i = map_find(&cache->map, map_key_id(room));
    if (i == MAP_NONE) {
        return NULL;
    }
    if (i != cache->newest) {
        unlink_slot(cache, i);
        link_newest(cache, i);
    }
    return cache->slots[i];
}

/* The number of a slot that is free now. */
static uint32_t make_space(struct room_cache *cache, uint64_t batch)
{
    if (cache->count < cache->slots_max) {
        cache->slots[cache->count] = mem_new(sizeof(struct room_slot));
        return cache->count++;
    }
    uint32_t i = cache->oldest;
    if (cache->slots[i]->batch == batch) {
        return NOBODY;
    }
    unlink_slot(cache, i);
    map_remove(&cache->map, map_key_id(&cache->slots[i]->room.meta.room));
    return i;
}

struct room_slot *room_cache_add(
    struct room_cache *cache, const struct cht_id *room, uint64_t batch)
{
    uint32_t i = make_space(cache, batch);
    if (i == NOBODY) {
        return NULL;
    }
    struct room_slot *slot = cache->slots[i];
    project_room_clear(&slot->room, room);
    slot->batch = 0;
    link_newest(cache, i);
    map_put(&cache->map, map_key_id(room), i);
    return slot;
}

struct room_slot *room_cache_newest(const struct room_cache *cache)
{
    return cache->newest != NOBODY ? cache->slots[cache->newest] : NULL;
}

struct room_slot *room_cache_older(const struct room_cache *cache, const struct room_slot *slot)
{
    return slot->older != NOBODY ? cache->slots[slot->older] : NULL;
}
