#pragma once

/* connections - clients' sockets, from `ready` (opening.h) to the last thing that remembers them.
 *
 * The table lies beside the edge's: the same slot, the same generation. */

#include "socket_inner.h"

/* NULL: that connection is not there any more. */
struct connection *connection_find(struct socket_service *service, struct conn_id conn);

/* Asks the edge to close it. It may be gone when this returns. */
void connection_close(
    struct socket_service *service, uint32_t slot, uint16_t code, const char *reason);

/* The edge says that it is gone. */
void connection_on_closed(struct socket_service *service, uint32_t slot);

/* A command is in flight no more: its place is free, and the connection may be read again. */
void connection_forget_pending(struct socket_service *service, uint32_t pending);

/* Stops reading if too many commands are in flight. */
void connection_hold_back(struct socket_service *service, uint32_t slot);

/* The user's rooms are known, or it would take too long: what the client says is read from now on.
 */
void connection_let_in(struct socket_service *service, uint32_t slot);
