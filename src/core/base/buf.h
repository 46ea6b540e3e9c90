#pragma once

/* buf - bytes that go to many or outlive a call.
 *
 * A counted block, immutable once it is shared (a second reference exists): whoever fills it does
 * so before buf_ref. The count is atomic, so a buf crosses threads; the last buf_unref frees it, on
 * whatever thread. A frame is encoded once into a buf and then only referred to. Sizes are in
 * bytes, at most BUF_BYTES_MAX. */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define BUF_BYTES_MAX (64u << 20)

struct buf {
    _Atomic(uint32_t) refs;
    uint32_t size; /* used */
    uint32_t capacity;
    uint8_t bytes[];
};

/* One reference, size 0, room for `capacity` bytes. Never NULL. */
struct buf *buf_create(size_t capacity);

/* A buf that holds a copy of `bytes`. */
struct buf *buf_copy(const void *bytes, size_t size);

/* Another reference to the same bytes; answers `buf`. */
struct buf *buf_ref(struct buf *buf);

/* Gives one reference back. NULL is fine. */
void buf_unref(struct buf *buf);
