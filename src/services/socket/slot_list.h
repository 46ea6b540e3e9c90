#pragma once

/* slot_list - a short list of slot numbers, 16 bytes, without an allocation for up to two of them.
 *
 * Most users are in few rooms and most rooms have few local connections, so the first two numbers
 * lie in the struct itself. A zeroed list is ready. Order is kept by adding; removing moves the
 * last one into the hole, and the caller keeps track of what moved. */

#include <stdint.h>

#define SLOT_NONE UINT32_MAX

struct slot_list {
    union {
        uint32_t near[2];
        uint32_t *far;
    };
    uint32_t count;
    uint32_t capacity; /* of `far`; 0 while `near` is in use */
};

static inline uint32_t *slot_list_at(struct slot_list *list)
{
    return list->capacity ? list->far : list->near;
}

static inline const uint32_t *slot_list_peek(const struct slot_list *list)
{
    return list->capacity ? list->far : list->near;
}

void slot_list_add(struct slot_list *list, uint32_t slot);

/* The last one takes the place `index`. */
void slot_list_remove(struct slot_list *list, uint32_t index);

/* The place of `slot`, or SLOT_NONE. O(count). */
uint32_t slot_list_find(const struct slot_list *list, uint32_t slot);

/* Empties it and gives its memory back. */
void slot_list_deinit(struct slot_list *list);
