/* bus_out - see the header. Happy path: encode, send, unref. How it fails: the bus drops it, and
 * whoever sends repeats. */

#include "bus_out.h"

#include "base/event_buf.h"

void bus_mail(struct socket_service *service, enum mail_box box, uint64_t node,
    const struct cht_event_row *row, const void *event)
{
    struct buf *buf = event_buf_encode(row, event);
    mail_send(service->deps.mail, box, node, buf);
    buf_unref(buf);
}

void bus_cast(struct socket_service *service, const struct cht_event_row *row, const void *event)
{
    struct buf *buf = event_buf_encode(row, event);
    cast_send(service->deps.cast, buf);
    buf_unref(buf);
}
