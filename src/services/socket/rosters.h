#pragma once

/* rosters - in which rooms a user is, and whom blocks keep apart from the user (apart.h), learned
 * when the first connection opens.
 *
 * The own node's message service is asked (roster_query) and answers in pages. A membership that
 * was read at seq p is attached to the node's replica of the room, which is at seq l:
 *   - room not here: it is made with l = p and subscribed from there;
 *   - l >= p: attached from the next entry on, unless an entry between may have ended the
 * membership: then the list is read again;
 *   - l < p: attached as soon as the room has come to p.
 * Entries that the node applies meanwhile change the roster by themselves and win.
 *
 * How it fails: no answer within a second, or a list that is behind: asked again from the start;
 * attaching twice does nothing. The word of a new membership (joined) may be lost: in a slow
 * rotation every list is read again.
 *
 * Until the first list is there, for a second at most, nothing is read from the client: what it
 * sends comes back to it as an event, and what it reads is not older than the list. What it may
 * have missed all the same is told with a room.gap: entries after p that the node had already, and
 * everything before a list that came later. */

#include "socket_inner.h"

/* The user's first connection opened. */
void roster_ask(struct socket_service *service, struct user_slot *user);

/* Something that comes with the list has changed. */
void roster_read_again(struct socket_service *service, struct user_slot *user);

/* True while the user's connections are held for the first list. */
bool roster_is_awaited(const struct user_slot *user);

/* The last one closed. */
void roster_forget(struct socket_service *service, struct user_slot *user);

/* A page of the rooms of a user. An answer that nobody waits for any more is dropped. */
void roster_on_answer(struct socket_service *service, const struct cht_roster *roster);

/* The room has applied up to its last_seq: whoever waited for that is attached from here on. */
void roster_wake(struct socket_service *service, struct room *room);

/* A membership ended with `seq`. */
void roster_note_removal(
    struct socket_service *service, struct room *room, const struct cht_id *user, uint64_t seq);

void roster_tick(struct socket_service *service);
