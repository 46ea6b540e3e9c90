/* event_buf - measured, then written into a buf of exactly that size. How it fails: it does not. */

#include "base/event_buf.h"

struct buf *event_buf_encode(const struct cht_event_row *row, const void *event)
{
    struct buf *buf = buf_create(cht_encoded_size(row, event));
    cht_encode(row, event, buf->bytes);
    buf->size = buf->capacity;
    return buf;
}
