#pragma once

/* presence - how the users of this node are, told to all nodes.
 *
 * A user's state is the best of their connections. Changes are cast in batches; a user is offline
 * only when the last connection has been gone for a while, so that a reload of a page is not seen.
 */

#include "socket_inner.h"

/* The connection as the sessions port names it. */
struct session presence_session(
    const struct socket_service *service, uint32_t slot, const struct cht_id *user);

/* A connection opened, closed or changed its state; others remain. */
void presence_on_change(struct socket_service *service, struct user_slot *user);

/* The last connection closed. */
void presence_on_gone(struct socket_service *service, const struct user_slot *user);

/* Tells what changed; what it costs is what there is to tell. */
void presence_tick(struct socket_service *service);

void presence_deinit(struct socket_service *service);
