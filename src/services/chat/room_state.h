#pragma once

/* room_state - a room as its owner knows it: everything that a decision may look at.
 *
 * Filled by room_state_load from the store's projection, or empty if the store has no such room;
 * then moved forward by room_state_apply, one entry after the other, and by nothing else. The same
 * function applies what was just decided and what the log holds beyond the store, so a reloaded
 * room and one that stayed in memory are the same. */

#include "ports/rooms.h"
#include "room_members.h"
#include "room_window.h"

/* Above so many members, join and leave are told only to the user concerned. */
#define ROOM_QUIET_MEMBERS 256

struct room_state {
    struct cht_id room;
    enum cht_room_kind kind;
    enum cht_visibility visibility;
    enum cht_who posting, adding;
    enum cht_history_from history;
    struct cht_str name, topic; /* owned */
    struct cht_id creator;
    struct cht_id pair[2]; /* of a direct room */
    bool deleted;
    uint64_t seq, n, ts; /* of the newest entry; seq 0: there is no such room */
    uint64_t loud_seq;   /* newest entry that was not quiet */
    struct position cause;
    uint64_t index; /* of the newest record in the log; 0: all of it is stored */
    struct room_members members;
    struct room_window window;
};

/* What was found out about an entry when it was decided. */
struct room_known {
    struct room_digests digests;
    uint32_t place; /* of its author's seat */
};

/* A room of which nothing is known. `secret`: of the members' index. */
void room_state_init(struct room_state *state, const struct cht_id *room, const uint64_t secret[2]);
void room_state_deinit(struct room_state *state);

/* What the store knows, without members (room_members_put each). */
void room_state_load(struct room_state *state, const struct rooms_load_op *loaded);

/* A member or banned user of the store. */
void room_state_load_member(struct room_state *state, const struct room_member *member);

/* One of the two of a direct room, whose list in the store does not show it. */
void room_state_load_hidden(struct room_state *state, const struct cht_id *user);

/* The next entry; its seq is state->seq + 1. `known` may be NULL. */
void room_state_apply(struct room_state *state, const struct cht_entry *entry, uint64_t index,
    const struct room_known *known);

/* The whole record: entries at or below the room's seq are skipped. */
void room_state_apply_record(struct room_state *state, const struct cht_record *record);

static inline bool room_state_exists(const struct room_state *state)
{
    return state->seq > 0 && !state->deleted;
}

/* The n of the newest message of `user` that the store may not have yet, because its index is above
 * what is confirmed; 0: there is none. */
uint64_t room_state_sent_n(
    const struct room_state *state, const struct cht_id *user, uint64_t confirmed_index);

/* The seat of a member (also of a hidden direct room), or NULL: the user is none. */
const struct room_seat *room_state_member(
    const struct room_state *state, const struct cht_id *user);
