#pragma once

/* bus_in - events of the bus to the file that they concern. */

#include "socket_inner.h"

void bus_in_mail(struct socket_service *service, struct buf *event);
void bus_in_cast(struct socket_service *service, struct buf *event);
