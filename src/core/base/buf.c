/* buf - counted bytes.
 *
 * Happy path: create, fill, ref per receiver, unref. Small ones are taken from what this thread has
 * spare, in steps of STEP_BYTES; a message makes four. How it fails: it does not; misuse is
 * checked.
 */

#include "base/buf.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/spare.h"

#define STEP_BYTES 64u
#define STEPS 8u /* what is larger comes from the heap */

static _Thread_local struct spare spares[STEPS];

static struct buf *take(size_t size)
{
    size_t step = (size - 1) / STEP_BYTES;
    return step < STEPS ? spare_take(&spares[step], (step + 1) * STEP_BYTES)
                        : mem_resize(NULL, size);
}

static void give(struct buf *buf)
{
    size_t step = (sizeof(*buf) + buf->capacity - 1) / STEP_BYTES;
    if (step < STEPS) {
        spare_give(&spares[step], buf);
    } else {
        mem_free(buf);
    }
}

struct buf *buf_create(size_t capacity)
{
    CHECK(capacity <= BUF_BYTES_MAX);
    struct buf *buf = take(sizeof(*buf) + capacity);
    atomic_init(&buf->refs, 1);
    buf->size = 0;
    buf->capacity = (uint32_t)capacity;
    return buf;
}

struct buf *buf_copy(const void *bytes, size_t size)
{
    struct buf *buf = buf_create(size);
    if (size) {
        memcpy(buf->bytes, bytes, size);
    }
    buf->size = (uint32_t)size;
    return buf;
}

struct buf *buf_ref(struct buf *buf)
{
    uint32_t before = atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
    CHECK(before > 0);
    return buf;
}

void buf_unref(struct buf *buf)
{
    if (!buf) {
        return;
    }
    uint32_t before = atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before == 1) {
        give(buf);
    }
}
