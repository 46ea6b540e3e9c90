#pragma once

/* rooms - the table of rooms that have, or lately had, local members.
 *
 * A room is a slot. Rooms that need something from their owner (an answer to subscribe, missing
 * entries) are in the list `due`. */

#include "socket_inner.h"

/* NULL: not on this node. */
struct room *room_find(struct socket_service *service, const struct cht_id *id);

static inline uint32_t room_slot(const struct socket_service *service, const struct room *room)
{
    return (uint32_t)(room - service->rooms);
}

/* A new room, applied up to `last_seq`, not subscribed yet but in the list for it. NULL: rooms_max
 * is reached. */
struct room *room_create(struct socket_service *service, const struct cht_id *id, uint64_t last_seq,
    enum cht_room_kind kind);

/* The room is not followed any more. Nobody may be in it. */
void room_free(struct socket_service *service, struct room *room);

/* It waits for its owner, who is asked at the next chance. Waiting already is fine. */
void room_make_due(struct socket_service *service, struct room *room);

/* It does not wait any more. Not waiting is fine. */
void room_make_done(struct socket_service *service, struct room *room);

/* Nobody is attached and nobody waits to be. */
static inline bool room_is_idle(const struct room *room)
{
    return room->audience.count == 0 && room->first_wait == SLOT_NONE;
}

/* Marks are for comparing lists of rooms: those of one are marked, then those of the other are
 * looked at. From here on no room is marked. */
static inline void rooms_unmark(struct socket_service *service)
{
    service->mark++;
}

static inline void room_mark(const struct socket_service *service, struct room *room)
{
    room->mark = service->mark;
}

static inline bool room_is_marked(const struct socket_service *service, const struct room *room)
{
    return room->mark == service->mark;
}
