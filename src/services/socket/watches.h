#pragma once

/* watches - whose presence a connection wants to see.
 *
 * A watched user is a slot with the connections that watch; circles.h says which of them may see
 * it. The first state comes from sessions, later ones from the batches that nodes cast. */

#include "socket_inner.h"

/* The connection watches exactly these. False: watched_max is reached; it then watches nobody. */
bool watches_replace(
    struct socket_service *service, uint32_t connection, const struct cht_ids *users);

/* The connection is gone. */
void watches_forget(struct socket_service *service, uint32_t connection);

/* The list of those who are kept apart from a local user is another. */
void watches_on_apart_changed(struct socket_service *service, const struct user_slot *user);

/* Tells whoever was shown something else, or nothing yet. Whoever may see it is shown the state as
 * it is; whoever may not any more, or is kept apart by a block, somebody who is gone; and whoever
 * never might, nothing. */
void watches_tell(struct socket_service *service, struct watched *watched);

/* The same of one watcher. */
void watches_tell_one(struct socket_service *service, const struct watch *watch);

/* What sessions answer, and what nodes tell. An answer is older than what was told after it was
 * asked for, and by a second than what was told before. */
void watches_on_state(
    struct socket_service *service, const struct online_user *online, uint32_t number);
void watches_on_presences(struct socket_service *service, const struct cht_presences *presences);

/* Tells those who did not read, and asks again about those whose answer was perhaps too old. */
void watches_tick(struct socket_service *service);

void watches_deinit(struct socket_service *service);
