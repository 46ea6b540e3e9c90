#pragma once

/* replica - the rules by which a node follows a room.
 *
 *  - seq <= last: a repeat, dropped.
 *  - seq == last + 1: applied. The audience changes before the entry is delivered if it makes
 * somebody a member, and after that if it ends a membership.
 *  - seq > last + 1: the room stops; the owner is asked for what is missing, until it is there
 *    (subscriptions.h).
 *
 * An entry of an older term than the room has seen is dropped. */

#include "socket_inner.h"

void replica_on_delivery(struct socket_service *service, const struct cht_delivery *delivery);
void replica_on_heads(struct socket_service *service, const struct cht_heads *heads);
void replica_on_joined(struct socket_service *service, const struct cht_joined *joined);
void replica_on_ephemeral(struct socket_service *service, const struct cht_ephemeral *ephemeral);
