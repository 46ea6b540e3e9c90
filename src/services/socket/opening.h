#pragma once

/* opening - from an upgrade to `ready`.
 *
 * Whether the user may have one more connection is not known here: the others are perhaps on other
 * nodes. The sessions port is asked, and the edge keeps the request until it has answered. It also
 * says where the connection is that `?session=` names, whose node is told to close it. */

#include "socket_inner.h"

/* A WebSocket was asked for: opens it, or refuses. */
void opening_start(struct socket_service *service, const struct upstream_call *call);
