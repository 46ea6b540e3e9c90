/* slot_list - see the header. Happy path: two numbers fit, then it doubles. How it fails: an index
 * outside is a broken program. */

#include "slot_list.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define NEAR_MAX 2u

static void grow(struct slot_list *list)
{
    uint32_t capacity = list->capacity ? list->capacity * 2 : 2 * NEAR_MAX;
    uint32_t *old = list->capacity ? list->far : NULL;
    uint32_t *far = mem_resize(old, capacity * sizeof(*far));
    if (!old) {
        memcpy(far, list->near, sizeof(list->near));
    }
    list->far = far;
    list->capacity = capacity;
}

void slot_list_add(struct slot_list *list, uint32_t slot)
{
    uint32_t room = list->capacity ? list->capacity : NEAR_MAX;
    if (list->count == room) {
        grow(list);
    }
    slot_list_at(list)[list->count++] = slot;
}

void slot_list_remove(struct slot_list *list, uint32_t index)
{
    CHECK(index < list->count);
    uint32_t *at = slot_list_at(list);
    at[index] = at[--list->count];
    if (list->count == 0) {
        slot_list_deinit(list);
    }
}

uint32_t slot_list_find(const struct slot_list *list, uint32_t slot)
{
    const uint32_t *at = slot_list_peek(list);
    for (uint32_t i = 0; i < list->count; i++) {
        if (at[i] == slot) {
            return i;
        }
    }
    return SLOT_NONE;
}

void slot_list_deinit(struct slot_list *list)
{
    if (list->capacity) {
        mem_free(list->far);
    }
    *list = (struct slot_list){0};
}
