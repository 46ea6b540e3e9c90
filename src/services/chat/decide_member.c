/* decide_member - who is in a room and as what.
 *
 * Happy path: one `member` entry says the state after it. When the last owner leaves, a successor
 * is named in the same record; when the last member leaves, the room is over in the same record.
 * Leaving a direct room only hides it (docs/adr/0011). How it fails: over somebody of the same or a
 * higher role nobody but an owner's own leave has power. */

#include "decide_inner.h"

static const struct room_seat *joined_target(const struct deciding *d)
{
    const struct room_seat *seat = room_members_find(&d->state->members, &d->command->user);
    return seat && seat->state == cht_member_state_joined ? seat : NULL;
}

static bool is_banned(const struct deciding *d, const struct cht_id *user)
{
    const struct room_seat *seat = room_members_find(&d->state->members, user);
    return seat && seat->state == cht_member_state_banned;
}

/* The condition `lower_role`: somebody without a seat is below everybody. */
static bool is_above(struct deciding *d, const struct room_seat *target)
{
    if (target && target->role >= role_of_caller(d) && !d->is_system) {
        refuse(d, ERR_FORBIDDEN);
        return false;
    }
    return true;
}

static void answer_member(
    struct deciding *d, const struct cht_id *user, enum cht_member_state state, enum cht_role role)
{
    answer_with(d, add_member_entry(d, user, state, role));
}

void decide_join(struct deciding *d)
{
    if (!d->is_system && room_state_member(d->state, &d->command->author) &&
        d->state->kind == cht_room_kind_channel) {
        already(d);
        return;
    }
    if (!authorize(d)) {
        return;
    }
    if (is_banned(d, &d->command->author)) {
        refuse(d, ERR_FORBIDDEN);
        return;
    }
    /* The first person in a room that the system made is not its owner: nobody asked for the
     * office. */
    if (author_has_room(d)) {
        answer_member(d, &d->command->author, cht_member_state_joined, cht_role_member);
    }
}

/* ---- leave */
static void hide(struct deciding *d)
{
    if (d->seat->state == cht_member_state_left) {
        already(d);
        return;
    }
    answer_member(d, &d->command->author, cht_member_state_left, cht_role_none);
}

static bool is_last_owner(const struct deciding *d, const struct room_seat *seat)
{
    return seat->role == cht_role_owner && d->state->members.owners == 1;
}

void decide_leave(struct deciding *d)
{
    if (!authorize(d)) {
        return;
    }
    if (d->state->kind == cht_room_kind_direct) {
        hide(d);
        return;
    }
    bool hands_over = is_last_owner(d, d->seat);
    const struct room_seat *heir =
        hands_over ? room_members_successor(&d->state->members, &d->command->author) : NULL;
    answer_member(d, &d->command->author, cht_member_state_left, cht_role_none);
    if (heir) {
        add_member_entry(d, &heir->user, cht_member_state_joined, cht_role_owner);
    }
    /* A room of the system stays when it is empty: it was made without anybody in it. */
    if (d->members == 0 && !cht_id_is_none(&d->state->creator)) {
        add_entry(d, cht_entry_kind_room_deleted, false);
    }
}

/* ---- add */
static bool may_give(struct deciding *d, uint64_t role)
{
    const struct cht_command_row *row = cht_command_row(cht_command_type_room_role);
    if (role > cht_role_member && role_of_caller(d) < row->rights[d->state->kind].least_role) {
        refuse(d, ERR_FORBIDDEN);
        return false;
    }
    return true;
}

void decide_add(struct deciding *d)
{
    if (!authorize(d) || !may_give(d, d->command->role)) {
        return;
    }
    if (joined_target(d)) {
        already(d);
        return;
    }
    if (is_banned(d, &d->command->user)) {
        refuse(d, ERR_FORBIDDEN);
        return;
    }
    if (d->state->kind == cht_room_kind_group && d->members >= ROOM_GROUP_MEMBERS_MAX) {
        refuse_field(d, ERR_CONFLICT, "user");
        return;
    }
    if (users_are_willing(d) && users_have_room(d, "user")) {
        enum cht_role role = d->command->role ? (enum cht_role)d->command->role : cht_role_member;
        answer_member(d, &d->command->user, cht_member_state_joined, role);
    }
}

/* ---- over others */
void decide_remove(struct deciding *d)
{
    if (!authorize(d)) {
        return;
    }
    const struct room_seat *target = joined_target(d);
    if (!target) {
        refuse(d, ERR_NOT_MEMBER);
    } else if (is_above(d, target)) {
        answer_member(d, &d->command->user, cht_member_state_removed, cht_role_none);
    }
}

void decide_ban(struct deciding *d)
{
    if (!authorize(d) || !is_above(d, joined_target(d))) {
        return;
    }
    if (is_banned(d, &d->command->user)) {
        already(d);
        return;
    }
    if (!joined_target(d) && !has_fact(d, ROOM_FACT_USERS)) {
        need(d, ROOM_FACT_USERS);
        return;
    }
    if (!joined_target(d) && d->facts->missing_user >= 0) {
        refuse(d, ERR_NOT_FOUND);
        return;
    }
    answer_member(d, &d->command->user, cht_member_state_banned, cht_role_none);
}

void decide_unban(struct deciding *d)
{
    if (!authorize(d)) {
        return;
    }
    if (is_banned(d, &d->command->user)) {
        answer_member(d, &d->command->user, cht_member_state_unbanned, cht_role_none);
    } else {
        already(d);
    }
}

void decide_role(struct deciding *d)
{
    if (!authorize(d)) {
        return;
    }
    const struct room_seat *target = joined_target(d);
    if (!target) {
        refuse(d, ERR_NOT_MEMBER);
    } else if (target->role == d->command->role) {
        already(d);
    } else if (is_last_owner(d, target)) {
        refuse_field(d, ERR_CONFLICT, "role");
    } else {
        answer_member(
            d, &d->command->user, cht_member_state_joined, (enum cht_role)d->command->role);
    }
}

void decide_mute(struct deciding *d)
{
    if (!authorize(d)) {
        return;
    }
    const struct room_seat *target = joined_target(d);
    uint64_t until = d->command->until > d->at ? d->command->until : 0;
    if (!target) {
        refuse(d, ERR_NOT_MEMBER);
    } else if (!is_above(d, target)) {
        return;
    } else if (target->muted_until == until) {
        already(d);
    } else {
        struct cht_entry *entry = add_member_entry(
            d, &d->command->user, cht_member_state_joined, (enum cht_role)target->role);
        entry->muted_until = until;
        answer_with(d, entry);
    }
}
