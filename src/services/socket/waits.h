#pragma once

/* waits - users who are attached to a room as soon as it has come as far as their membership was
 * read.
 *
 * A wait is in the list of its user and in that of its room, so that what an entry or a user who
 * goes costs does not grow with all that wait on the node. A user waits for no more rooms than they
 * are in. */

#include "socket_inner.h"

/* Waiting for that room already: with the newer seq from here on. */
void wait_add(
    struct socket_service *service, struct user_slot *user, struct room *room, uint64_t seq);

/* The user is gone. */
void wait_forget_user(struct socket_service *service, struct user_slot *user);

/* One whose seq the room has reached, out of the lists; false: there is none. */
bool wait_take(struct socket_service *service, struct room *room, struct wait *ret_wait);

void waits_deinit(struct socket_service *service);
