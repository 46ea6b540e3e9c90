#pragma once

/* bus_out - events of the node on their way to others: encoded, sent, forgotten. */

#include "socket_inner.h"

/* To one node: MAIL_WORK to the services behind it, MAIL_LIVE to its socket service. */
void bus_mail(struct socket_service *service, enum mail_box box, uint64_t node,
    const struct cht_event_row *row, const void *event);

/* To everybody. */
void bus_cast(struct socket_service *service, const struct cht_event_row *row, const void *event);
