#pragma once

/* watches - whose presence a connection wants to see, and may.
 *
 * A watched user is a slot with the connections that watch. A watcher may see somebody who shares a
 * direct or group room with them: the message service is asked for the rooms of the watched user
 * (roster_query), and each watcher's own rooms, which the node knows, are compared. The question is
 * asked again when a watch begins, when the rooms of a watcher become known, and when the
 * membership of either of the two changes in a room of this node. Until there is an answer nothing
 * is told: the least is the default.
 *
 * The first state comes from sessions, later ones from the batches that nodes cast. */

#include "rosters.h"
#include "socket_inner.h"

/* The connection watches exactly these. False: watched_max is reached; it then watches nobody. */
bool watches_replace(
    struct socket_service *service, uint32_t connection, const struct cht_ids *users);

/* The connection is gone. */
void watches_forget(struct socket_service *service, uint32_t connection);

/* The rooms of a local user are known, or there is one more. */
void watches_on_rooms_changed(struct socket_service *service, const struct user_slot *user);

/* An entry changed the membership of somebody. */
void watches_on_member(struct socket_service *service, const struct cht_id *subject);

/* The rooms of a watched user. */
void watches_on_roster(struct socket_service *service, const struct roster_handle *handle,
    const struct cht_roster *roster);

/* What sessions answer, and what nodes tell. */
void watches_on_state(struct socket_service *service, const struct online_user *online);
void watches_on_presences(struct socket_service *service, const struct cht_presences *presences);

/* Asks what has to be asked again, and tells those who did not read. */
void watches_tick(struct socket_service *service);

void watches_deinit(struct socket_service *service);
