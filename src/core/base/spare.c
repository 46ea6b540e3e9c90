/* spare - a list through the kept blocks.
 *
 * Happy path: the newest block is taken again. How it fails: it does not; an empty list asks the
 * heap, a full one gives to it. */

#include "base/spare.h"

#include "base/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_NOTHING
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define KEEPS_NOTHING
#endif

#ifdef KEEPS_NOTHING
static const uint32_t kept_max = 0;
#else
static const uint32_t kept_max = SPARE_BLOCKS_MAX;
#endif

void *spare_take(struct spare *spare, size_t size)
{
    void *block = spare->first;
    if (!block) {
        return mem_resize(NULL, size);
    }
    spare->first = *(void **)block;
    spare->count--;
    return block;
}

void spare_give(struct spare *spare, void *block)
{
    if (spare->count >= kept_max) {
        mem_free(block);
        return;
    }
    *(void **)block = spare->first;
    spare->first = block;
    spare->count++;
}

void spare_deinit(struct spare *spare)
{
    while (spare->first) {
        void *block = spare->first;
        spare->first = *(void **)block;
        mem_free(block);
    }
    spare->count = 0;
}
