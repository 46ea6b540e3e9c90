#pragma once

/* bus_out - events of the node on their way to others: encoded, sent, forgotten. */

#include "socket_inner.h"

/* One event in binary form; the caller's reference. */
struct buf *bus_encode(const struct cht_event_row *row, const void *event);

/* To the services behind one node. */
void bus_mail(struct socket_service *service, uint64_t node, const struct cht_event_row *row,
    const void *event);

/* To the socket service of another node. */
void bus_mail_to_socket(struct socket_service *service, uint64_t node,
    const struct cht_event_row *row, const void *event);

/* To everybody. */
void bus_cast(struct socket_service *service, const struct cht_event_row *row, const void *event);
