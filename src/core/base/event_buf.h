#pragma once

/* event_buf - an event in its binary form, as a buf that goes over the bus. */

#include "base/buf.h"
#include "chattifier/events.h"

/* Written once, for whoever it goes to; the caller's reference. */
struct buf *event_buf_encode(const struct cht_event_row *row, const void *event);

/* What cht_decode reads; lent like the buf. */
static inline struct cht_str event_buf_bytes(const struct buf *event)
{
    return (struct cht_str){(const char *)event->bytes, event->size};
}
