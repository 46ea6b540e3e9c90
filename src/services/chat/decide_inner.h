#pragma once

/* decide_inner - what the families of commands share while one is decided. Only for room_decide.c
 * and decide_*.c. */

#include "room_decide.h"

struct deciding {
    const struct room_state *state;
    const struct cht_command *command;
    const struct room_facts *facts;
    struct room_decision *decision;
    const struct cht_command_row *row;
    const struct room_seat *seat; /* the caller's, or NULL */
    bool is_system;               /* no author: an internal job */
    uint64_t at;                  /* when the sender's node took it: what a mute is measured by */
    struct room_digests digests;  /* of the command's texts */
    uint64_t content;             /* digest of all of it */
    /* what the record has done so far */
    uint64_t seq, n, members, loud_seq;
};

/* The message that a command is about, from the window or from the facts. */
struct target {
    struct cht_id by;
    uint64_t text;
    bool deleted;
    bool reacted;
    uint32_t other_keys;
};

void refuse(struct deciding *d, enum err err);
void refuse_field(struct deciding *d, enum err err, const char *field);
void need(struct deciding *d, enum room_fact fact);
static inline bool has_fact(const struct deciding *d, enum room_fact fact)
{
    return (d->facts->have & (uint32_t)fact) != 0;
}

/* Nothing to do: it is as wished. */
void already(struct deciding *d);

/* The next entry of the record, with seq, ts, by, prev and members filled in. `quiet` as it will
 * be. */
struct cht_entry *add_entry(struct deciding *d, enum cht_entry_kind kind, bool quiet);

/* The entry that answers the command: it carries cid and content, and its seq is the answer's. */
void answer_with(struct deciding *d, struct cht_entry *entry);

/* May the caller see the room and use this command at all: role and table, not the conditions on
 * targets. False: refused. */
bool authorize(struct deciding *d);
uint8_t role_of_caller(const struct deciding *d);

/* Each fills the decision; called when the caller is authorized. */
void decide_send(struct deciding *d);
void decide_edit(struct deciding *d);
void decide_delete(struct deciding *d);
void decide_react(struct deciding *d);
void decide_create(struct deciding *d);
void decide_update(struct deciding *d);
void decide_room_delete(struct deciding *d);
void decide_join(struct deciding *d);
void decide_leave(struct deciding *d);
void decide_add(struct deciding *d);
void decide_remove(struct deciding *d);
void decide_ban(struct deciding *d);
void decide_unban(struct deciding *d);
void decide_role(struct deciding *d);
void decide_mute(struct deciding *d);

/* The entries that make a direct room of the author and `other`; before them the room does not
 * exist. */
void add_direct_room(struct deciding *d, const struct cht_id *other);

/* A member entry about `user`. `role` is that of a member; in any other state it is the one that
 * the user had. */
struct cht_entry *add_member_entry(
    struct deciding *d, const struct cht_id *user, enum cht_member_state state, enum cht_role role);

/* The author may have one room more: true. Else refused, or needed. */
bool author_has_room(struct deciding *d);

/* The same of the users that the command names in `field`. */
bool users_have_room(struct deciding *d, const char *field);

/* The users the command names exist and have not blocked the author: true. Else refused, or needed.
 */
bool users_are_willing(struct deciding *d);
