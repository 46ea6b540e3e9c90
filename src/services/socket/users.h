#pragma once

/* users - users with at least one connection on this node, and their connections. */

#include "socket_inner.h"

/* NULL: no connection here. */
struct user_slot *user_find(struct socket_service *service, const struct cht_id *id);

static inline uint32_t user_slot_of(
    const struct socket_service *service, const struct user_slot *user)
{
    return (uint32_t)(user - service->users);
}

/* The user of a new connection, made if it is the first one. Never NULL: there are as many users as
 * connections. */
struct user_slot *user_take(struct socket_service *service, const struct cht_id *id);

/* Links a connection to its user; unlinks it. */
void user_link(struct socket_service *service, struct user_slot *user, uint32_t connection);
void user_unlink(struct socket_service *service, struct user_slot *user, uint32_t connection);

/* The last connection is gone and it is in no room any more. */
void user_free(struct socket_service *service, struct user_slot *user);
