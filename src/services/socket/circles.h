#pragma once

/* circles - who may see whose presence.
 *
 * A circle is the groups of somebody, and the direct rooms that they do not hide; a watcher who is
 * in a room of the circle may see them, unless a block is between the two (apart.h). What this node
 * knows of groups is enough to say yes: the two are then in the same one of it. It is not enough to
 * say no, because somebody who is watched may be connected elsewhere or nowhere; and who hides a
 * direct room it does not know. Then the message service is asked for the circles of many users at
 * once (circles_query).
 *
 * A watcher is in doubt from the beginning of its watch, and again when the rooms of either of the
 * two change in a room of this node; to hide a direct room, and to show it again, is such a change.
 * Whoever is in doubt is told nothing: the least is the default. Doubts of one turn of the timer
 * are settled together.
 *
 * How it fails: a question that is not answered in time is asked again; an answer to a question
 * that was given up is dropped. */

#include "socket_inner.h"

#define CIRCLES_USERS_MAX 200  /* of a question, as events.def has it */
#define CIRCLES_ROOMS_MAX 1000 /* of an answer */

/* The connection has begun to watch all of its list. */
void circles_on_watch(struct socket_service *service, uint32_t connection);

/* The rooms of a local user are known, or there is one more. */
void circles_on_rooms_changed(struct socket_service *service, const struct user_slot *user);

/* An entry changed the membership of somebody. */
void circles_on_member(struct socket_service *service, const struct cht_id *subject);

/* The room is about to end, with all memberships. */
void circles_on_room_gone(struct socket_service *service, const struct room *room);

void circles_on_answer(struct socket_service *service, const struct cht_circles *circles);

/* Settles what is in doubt. */
void circles_tick(struct socket_service *service);
