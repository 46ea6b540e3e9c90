#pragma once

/* room_cache - the rooms that are being written, as the store has them or will have them.
 *
 * Bounded; the one used longest ago makes room, and never one that the batch at work uses (each
 * batch has a number). Slots do not move. */

#include "base/map.h"
#include "project.h"

struct room_slot {
    struct project_room room;
    uint64_t batch; /* the last one that used it */
    uint32_t older, newer;
};

struct room_cache {
    struct map map;
    struct room_slot **slots;
    uint32_t count, slots_max;
    uint32_t oldest, newest;
};

void room_cache_init(struct room_cache *cache, uint32_t rooms_max, const uint64_t secret[2]);
void room_cache_deinit(struct room_cache *cache);

/* The room, or NULL. */
struct room_slot *room_cache_find(struct room_cache *cache, const struct cht_id *room);

/* A cleared slot for a room that is not there. NULL: every slot is used by batch `batch`. */
struct room_slot *room_cache_add(
    struct room_cache *cache, const struct cht_id *room, uint64_t batch);

/* Forgets all: a write failed and what is here may be ahead of the store. */
void room_cache_clear(struct room_cache *cache);

/* From the room used last to the one used longest ago; NULL at the end. */
struct room_slot *room_cache_newest(const struct room_cache *cache);
struct room_slot *room_cache_older(const struct room_cache *cache, const struct room_slot *slot);
