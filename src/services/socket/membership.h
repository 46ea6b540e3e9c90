#pragma once

/* membership - who of the local users is in which room of the node, down to connections.
 *
 * For a user u and the i-th of its rooms, every connection c of u stands in that room's audience at
 * c.places[i], so joining and leaving costs the same whatever the size of the room. A change of a
 * audience first closes the room's block of this turn: whoever leaves gets nothing that comes
 * after, and whoever joins nothing that came before. */

#include "socket_inner.h"

bool membership_has(
    const struct socket_service *service, const struct user_slot *user, const struct room *room);

/* All connections of the user hear the room from here on. Being in it already is fine. */
void membership_add(struct socket_service *service, struct user_slot *user, struct room *room);

/* The same of a user who is not in it, for those in many rooms: it does not look through them. */
void membership_add_new(struct socket_service *service, struct user_slot *user, struct room *room);

/* They hear it no more. Not being in it is fine. */
void membership_remove(struct socket_service *service, struct user_slot *user, struct room *room);

/* The room is over: nobody is in it. */
void membership_clear(struct socket_service *service, struct room *room);

/* A further connection of the user, already linked, hears all rooms of its user; it is leaving and
 * hears none. */
void membership_add_connection(
    struct socket_service *service, struct user_slot *user, uint32_t connection);
void membership_remove_connection(
    struct socket_service *service, struct user_slot *user, uint32_t connection);

/* The last connection is gone: the user is in no room of this node. */
void membership_forget_user(struct socket_service *service, struct user_slot *user);
