/* scratch - memory for lists, taken from the caller's block from front to back.
 *
 * Happy path: the next aligned bytes. How it fails: NULL if the block is used up. */

#include "chattifier/events.h"

void *cht_scratch_take(struct cht_scratch *scratch, size_t size)
{
    if (scratch == NULL || scratch->at == NULL) {
        return NULL;
    }
    size_t pad = (size_t)(-(uintptr_t)(scratch->at + scratch->used) & 7);
    size_t left = scratch->size - scratch->used;
    if (pad > left || size > left - pad) {
        return NULL;
    }
    void *taken = scratch->at + scratch->used + pad;
    scratch->used += pad + size;
    return taken;
}
