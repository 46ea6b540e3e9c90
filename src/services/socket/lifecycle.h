#pragma once

/* lifecycle - how connections end from our side: tokens that end or are revoked, places
 * that are taken over, and a node that stops. */

#include "socket_inner.h"

/* Warns 60 s before a token ends, closes when it ended; goes on with a drain. */
void lifecycle_tick(struct socket_service *service);

/* Closes the sockets of void tokens. */
void lifecycle_on_revoked(struct socket_service *service, const struct revocation *revocation);

/* Closes a connection that another one takes the place of. */
void lifecycle_on_replaced(struct socket_service *service, const struct cht_replaced *replaced);

void lifecycle_drain(struct socket_service *service, uint64_t spread_ms);
