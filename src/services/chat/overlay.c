/* overlay - an array, with chains by room in it.
 *
 * Happy path: records are added at the end; sealing chains them from the newest to the oldest, so
 * that each chain has its oldest in front. How it fails: it does not; who adds bounds the bytes. */

#include "overlay.h"

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

#define RECORDS_MIN 64

void overlay_add(
    struct overlay *overlay, const struct cht_id *room, uint64_t index, struct buf *record)
{
    CHECK(!overlay->heads);
    CHECK(overlay->count == 0 || index > overlay->records[overlay->count - 1].index);
    if (overlay->count == overlay->capacity) {
        overlay->capacity = overlay->capacity ? overlay->capacity * 2 : RECORDS_MIN;
        overlay->records =
            mem_resize(overlay->records, overlay->capacity * sizeof(*overlay->records));
    }
    overlay->records[overlay->count++] = (struct overlay_record){*room, index, buf_ref(record), 0};
    overlay->bytes += record->size;
}

static uint32_t *head_of(const struct overlay *overlay, const struct cht_id *room)
{
    uint64_t hash = map_hash(overlay->secret, room, sizeof(*room));
    return &overlay->heads[hash & (overlay->capacity - 1)];
}

void overlay_seal(struct overlay *overlay, const uint64_t secret[2])
{
    if (overlay->count == 0) {
        return;
    }
    overlay->secret[0] = secret[0];
    overlay->secret[1] = secret[1];
    overlay->heads = mem_array(overlay->capacity, sizeof(*overlay->heads));
    for (uint32_t i = overlay->count; i > 0; i--) {
        struct overlay_record *record = &overlay->records[i - 1];
        uint32_t *head = head_of(overlay, &record->room);
        record->next = *head;
        *head = i;
    }
}

static const struct overlay_record *find_from(
    const struct overlay *overlay, uint32_t at, const struct cht_id *room)
{
    while (at && !cht_id_equal(&overlay->records[at - 1].room, room)) {
        at = overlay->records[at - 1].next;
    }
    return at ? &overlay->records[at - 1] : NULL;
}

const struct overlay_record *overlay_first(const struct overlay *overlay, const struct cht_id *room)
{
    return overlay->heads ? find_from(overlay, *head_of(overlay, room), room) : NULL;
}

const struct overlay_record *overlay_next(
    const struct overlay *overlay, const struct overlay_record *record)
{
    return find_from(overlay, record->next, &record->room);
}

void overlay_deinit(struct overlay *overlay)
{
    for (uint32_t i = 0; i < overlay->count; i++) {
        buf_unref(overlay->records[i].record);
    }
    mem_free(overlay->records);
    mem_free(overlay->heads);
    *overlay = (struct overlay){0};
}
