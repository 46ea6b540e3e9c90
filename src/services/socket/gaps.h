#pragma once

/* gaps - what a slow client was not sent.
 *
 * A connection whose queue is over its limit gets nothing of any room until all of it has left; per
 * room the first seq it missed is kept. Then one room.gap per room tells the client from where to
 * where, and live events go on. Bounded by the rooms of a user. */

#include "socket_inner.h"

/* The connection was not given `seq` of the room. */
void gap_open(
    struct socket_service *service, uint32_t connection, const struct room *room, uint64_t seq);

/* The user leaves the room: what it missed ends with `seq`. */
void gap_end(
    struct socket_service *service, uint32_t connection, const struct room *room, uint64_t seq);

/* Everything queued has left: tells the gaps. */
void gaps_tell(struct socket_service *service, uint32_t connection);

/* The user comes into the room and was sent nothing from `from` to where it is: tells all
 * connections. */
void gaps_tell_missed(
    struct socket_service *service, const struct user_slot *user, struct room *room, uint64_t from);

/* The connection is gone. */
void gaps_forget(struct socket_service *service, uint32_t connection);
