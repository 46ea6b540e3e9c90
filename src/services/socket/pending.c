/* pending - see the header. Happy path: add at the new end, find by handle, remove. How it fails:
 * all slots in use, which the client hears as `overloaded`. */

#include "pending.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SLOT_BITS 20u

void pendings_init(struct pendings *pendings, uint32_t capacity, uint32_t seed)
{
    CHECK(capacity > 0);
    CHECK(capacity <= (1u << SLOT_BITS));
    *pendings = (struct pendings){
        .slots = mem_array(capacity, sizeof(*pendings->slots)),
        .capacity = capacity,
        .free = PENDING_NONE,
        .oldest = PENDING_NONE,
        .newest = PENDING_NONE,
        .first_generation = seed ? seed : 1,
    };
}

void pendings_deinit(struct pendings *pendings)
{
    mem_free(pendings->slots);
    *pendings = (struct pendings){0};
}

static uint32_t take_slot(struct pendings *pendings)
{
    uint32_t slot = pendings->free;
    if (slot != PENDING_NONE) {
        pendings->free = pendings->slots[slot].newer;
        return slot;
    }
    if (pendings->used == pendings->capacity) {
        return PENDING_NONE;
    }
    pendings->slots[pendings->used].generation = pendings->first_generation;
    return pendings->used++;
}

static void enqueue(struct pendings *pendings, uint32_t slot)
{
    struct pending *pending = &pendings->slots[slot];
    pending->older = pendings->newest;
    pending->newer = PENDING_NONE;
    if (pendings->newest == PENDING_NONE) {
        pendings->oldest = slot;
    } else {
        pendings->slots[pendings->newest].newer = slot;
    }
    pendings->newest = slot;
}

static void dequeue(struct pendings *pendings, const struct pending *pending)
{
    if (pending->older == PENDING_NONE) {
        pendings->oldest = pending->newer;
    } else {
        pendings->slots[pending->older].newer = pending->newer;
    }
    if (pending->newer == PENDING_NONE) {
        pendings->newest = pending->older;
    } else {
        pendings->slots[pending->newer].older = pending->older;
    }
}

uint32_t pending_add(struct pendings *pendings, uint32_t *list, uint32_t now_ms)
{
    uint32_t slot = take_slot(pendings);
    if (slot == PENDING_NONE) {
        return PENDING_NONE;
    }
    struct pending *pending = &pendings->slots[slot];
    uint32_t generation = pending->generation;
    *pending = (struct pending){.generation = generation, .since_ms = now_ms};
    enqueue(pendings, slot);
    pending->sibling = list ? *list : PENDING_NONE;
    pending->elder_sibling = PENDING_NONE;
    if (list) {
        if (*list != PENDING_NONE) {
            pendings->slots[*list].elder_sibling = slot;
        }
        *list = slot;
    }
    pendings->count++;
    return slot;
}

static void unlink_sibling(struct pendings *pendings, uint32_t *list, const struct pending *pending)
{
    if (pending->elder_sibling == PENDING_NONE) {
        *list = pending->sibling;
    } else {
        pendings->slots[pending->elder_sibling].sibling = pending->sibling;
    }
    if (pending->sibling != PENDING_NONE) {
        pendings->slots[pending->sibling].elder_sibling = pending->elder_sibling;
    }
}

void pending_remove(struct pendings *pendings, uint32_t *list, uint32_t slot)
{
    CHECK(slot < pendings->used);
    struct pending *pending = &pendings->slots[slot];
    dequeue(pendings, pending);
    if (list) {
        unlink_sibling(pendings, list, pending);
    }
    pending->generation++;
    if (pending->generation == 0) {
        pending->generation = 1;
    }
    pending->newer = pendings->free;
    pendings->free = slot;
    pending->conn = (struct conn_id){0, 0};
    pendings->count--;
}

uint64_t pending_handle(const struct pendings *pendings, uint32_t slot)
{
    CHECK(slot < pendings->used);
    return (uint64_t)pendings->slots[slot].generation << SLOT_BITS | slot;
}

uint32_t pending_find(const struct pendings *pendings, uint64_t handle)
{
    uint32_t slot = (uint32_t)(handle & ((1u << SLOT_BITS) - 1));
    if (slot >= pendings->used || pendings->slots[slot].generation != handle >> SLOT_BITS) {
        return PENDING_NONE;
    }
    return slot;
}

uint32_t pending_overdue(const struct pendings *pendings, uint32_t now_ms, uint32_t wait_ms)
{
    uint32_t slot = pendings->oldest;
    if (slot == PENDING_NONE || now_ms - pendings->slots[slot].since_ms < wait_ms) {
        return PENDING_NONE;
    }
    return slot;
}

/* FNV-1a: only to skip most comparisons, so that nothing depends on who chooses it. */
static uint32_t hash_of(struct cht_str text)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < text.size; i++) {
        hash = (hash ^ (uint8_t)text.at[i]) * 16777619u;
    }
    return hash;
}

void pending_set_ref(struct pending *pending, struct cht_str ref)
{
    CHECK(ref.size <= PENDING_REF_MAX);
    pending->ref_size = (uint8_t)ref.size;
    pending->ref_hash = hash_of(ref);
    if (ref.size > 0) {
        memcpy(pending->ref, ref.at, ref.size);
    }
}

bool pending_has_ref(const struct pendings *pendings, uint32_t list, struct cht_str ref)
{
    uint32_t hash = hash_of(ref);
    for (uint32_t slot = list; slot != PENDING_NONE; slot = pendings->slots[slot].sibling) {
        const struct pending *pending = &pendings->slots[slot];
        if (pending->ref_hash == hash && pending->ref_size == ref.size &&
            memcmp(pending->ref, ref.at, ref.size) == 0) {
            return true;
        }
    }
    return false;
}
