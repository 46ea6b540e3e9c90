/* buf - counted bytes.
 *
 * Happy path: create, fill, ref per receiver, unref. How it fails: it does not; misuse is checked.
 */

#include "base/buf.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct buf *buf_create(size_t capacity)
{
    CHECK(capacity <= BUF_BYTES_MAX);
    struct buf *buf = mem_resize(NULL, sizeof(*buf) + capacity);
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
        mem_free(buf);
    }
}
