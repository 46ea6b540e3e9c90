#pragma once

/* room_members - who is in a loaded room, with role and mute, and who is banned from it.
 *
 * A dense array with an index by user. Kept are members, banned users, muted ones also after they
 * left, and both people of a direct room, who stay members of it while it is hidden (state left).
 * Everybody else is simply absent.
 * Order says nothing except through `joined_seq`. */

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "chattifier/events.h"

struct room_seat {
    struct cht_id user;
    uint64_t joined_seq;
    uint64_t muted_until;
    uint64_t sent_seq; /* of the newest message that was said since the room is known; 0: none */
    uint8_t role;      /* enum cht_role */
    uint8_t state;     /* enum cht_member_state */
};

struct room_members {
    struct map index;
    struct room_seat *seats;
    uint32_t count;
    uint32_t capacity;
    uint32_t joined; /* seats whose state is joined */
    uint32_t owners; /* of those */
};

void room_members_init(struct room_members *members, const uint64_t secret[2]);
void room_members_deinit(struct room_members *members);

#define ROOM_PLACE_NONE UINT32_MAX

/* Where a seat is, until the next change; of NULL: nowhere. */
static inline uint32_t room_members_place(
    const struct room_members *members, const struct room_seat *seat)
{
    return seat ? (uint32_t)(seat - members->seats) : ROOM_PLACE_NONE;
}

/* The seat of `user`, or NULL. */
const struct room_seat *room_members_find(
    const struct room_members *members, const struct cht_id *user);

/* Adds or replaces the seat. */
void room_members_put(struct room_members *members, const struct room_seat *seat);

/* The user said that. `place` is where their seat is, or may have been. */
void room_members_said(
    struct room_members *members, const struct cht_id *user, uint32_t place, uint64_t seq);

/* The seat is free; none is fine. */
void room_members_drop(struct room_members *members, const struct cht_id *user);

/* Nobody is a member or banned any more. */
void room_members_clear(struct room_members *members);

/* Who follows when `leaver` was the last owner: the oldest admin, else the oldest member, by
 * joined_seq, then by id. NULL if nobody else is there. */
const struct room_seat *room_members_successor(
    const struct room_members *members, const struct cht_id *leaver);
