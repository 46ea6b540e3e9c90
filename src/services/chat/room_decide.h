#pragma once

/* room_decide - what a command does in a room: the rules of the product, as a pure function.
 *
 * room_decide(state, command, facts) answers exactly one of:
 *   ENTRIES  it is accepted; these entries are appended as one record,
 *   DUP      it was done before, or the room already is as wished; nothing is appended,
 *   REFUSED  the error, perhaps the field to blame and a wait,
 *   NEEDS    it can not be decided without these facts: fetch them and ask again.
 * No clock, no randomness, no I/O: the same question has the same answer on every machine. Who may
 * do what is read from the rows of client.def and from nowhere else. Most commands need no facts.
 *
 * The order of the questions is part of the contract: has this command been decided before; may the
 * caller see the room; may they do this; is what they mean there; would it change anything. So
 * nobody learns from a refusal what they could not see anyway. */

#include "base/err.h"
#include "ports/history.h"
#include "room_state.h"

/* A room of everybody (create: the creator and 100 others, and `created`). */
#define ROOM_ENTRIES_MAX 104
#define ROOM_MENTIONS_MAX 50
#define ROOM_GROUP_MEMBERS_MAX 1000
#define ROOM_FIND_CID_MAX 8192
#define ROOM_FACT_USERS_MAX 101

/* Facts that are not in the room's state. */
enum room_fact {
    ROOM_FACT_CID = 1,      /* has the store this cid of the author? */
    ROOM_FACT_TARGET = 2,   /* the message `command.target`, or `reply_to` */
    ROOM_FACT_USERS = 4,    /* do the users that the command names exist? */
    ROOM_FACT_BLOCKS = 8,   /* which of them have blocked the author? */
    ROOM_FACT_NAME = 16,    /* is the public name this room's? */
    ROOM_FACT_CROWDED = 32, /* which of them, and is the author, in as many rooms as one may be? */
};

struct room_facts {
    uint32_t have; /* bits of enum room_fact */
    uint64_t now;  /* the owner's clock; only for `ts` */
    /* cid */
    enum err cid_err; /* OK: found; NOT_FOUND; CONFLICT: too far back to tell */
    struct room_mark cid;
    /* target */
    bool target_found;
    struct cht_id target_by;
    uint64_t target_text; /* digest */
    bool target_deleted;
    bool target_reacted;        /* the author's reaction with that key is there */
    uint32_t target_other_keys; /* different ones on it, if that key is none of them; else 0 */
    /* users: the first that does not exist, or that blocked the author, by place in the command; -1
     * none */
    int missing_user;
    int blocking_user;
    bool name_taken;
    bool author_crowded;
    int crowded_user; /* as missing_user */
};

enum room_outcome { ROOM_REFUSED, ROOM_DUP, ROOM_ENTRIES, ROOM_NEEDS };

struct room_decision {
    enum room_outcome outcome;
    enum err err;
    const char *field; /* NULL: none */
    uint64_t retry_after_ms;
    uint32_t needs;      /* bits of enum room_fact */
    uint64_t seq, n, ts; /* the answer: the entry that was or had been made; for a wish already true
                            the room's head */
    bool created;        /* HTTP answers 201 */
    struct room_known known; /* about the entry that answers */
    uint32_t count;
    struct cht_entry entries[ROOM_ENTRIES_MAX];
    struct cht_id mentions[ROOM_MENTIONS_MAX];
};

/* The users whose existence and blocks such a command is about; the array has room for
 * ROOM_FACT_USERS_MAX. */
uint32_t room_users_of_command(
    const struct room_state *state, const struct cht_command *command, struct cht_id *ret_users);

/* The public name that the command would give the room; size 0 if none. */
struct cht_str room_name_of_command(
    const struct room_state *state, const struct cht_command *command);

/* Texts in the decision point into the command and live as long as its bytes. */
void room_decide(const struct room_state *state, const struct cht_command *command,
    const struct room_facts *facts, struct room_decision *ret_decision);

/* For reads and typing: may `user` do `command_type` here? OK, NOT_FOUND, NOT_MEMBER or FORBIDDEN.
 */
enum err room_may(const struct room_state *state, const struct cht_id *user, uint64_t command_type);
