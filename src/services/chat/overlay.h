#pragma once

/* overlay - the records of a shard that the store did not have when its term began.
 *
 * They are added in the order of the log, then sealed, and from then on given room by room: after a
 * change of owner every room that somebody uses is loaded, and each load looks at the records of
 * its room alone. */

#include <stdint.h>

#include "base/buf.h"
#include "chattifier/events.h"

struct overlay_record {
    struct cht_id room;
    uint64_t index;
    struct buf *record;
    uint32_t next; /* one more than the place of the next newer one in the chain; 0: none */
};

/* Zeroed, it is empty and sealed. */
struct overlay {
    struct overlay_record *records;
    uint32_t *heads; /* `capacity`, when it is sealed: as `next` */
    uint32_t count, capacity;
    uint64_t bytes; /* of the records */
    uint64_t secret[2];
};

/* Takes a reference of its own. `index` is above all before. */
void overlay_add(
    struct overlay *overlay, const struct cht_id *room, uint64_t index, struct buf *record);

/* Nothing more is added. `secret`: of the hashes, since clients choose ids of rooms. */
void overlay_seal(struct overlay *overlay, const uint64_t secret[2]);

/* The oldest of the room; the next one of its room. NULL: there is none. */
const struct overlay_record *overlay_first(
    const struct overlay *overlay, const struct cht_id *room);
const struct overlay_record *overlay_next(
    const struct overlay *overlay, const struct overlay_record *record);

/* It is empty, and as after zeroing. */
void overlay_deinit(struct overlay *overlay);
