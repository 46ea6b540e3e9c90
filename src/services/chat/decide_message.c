/* decide_message - saying, editing, deleting, reacting.
 *
 * Happy path: the target is a message of this room, the caller may, one entry is made; a direct
 * room that is not there yet, or that somebody hid, comes (back) in the same record. How it fails:
 * target and author are looked at before anything is said about them. */

#include "decide_inner.h"

/* Where history begins with joining, what was before is not there for the caller. */
static bool is_hidden(const struct deciding *d, uint64_t seq)
{
    return d->state->history == cht_history_from_joined && d->seat && seq < d->seat->joined_seq;
}

/* True: `ret_target` is filled. False: refused or a fact is needed. */
static bool find_target(struct deciding *d, uint64_t seq, struct target *ret_target)
{
    const struct room_window *window = &d->state->window;
    const struct room_mark *mark = room_window_at(window, seq);
    if (is_hidden(d, seq)) {
        refuse(d, ERR_NOT_FOUND);
        return false;
    }
    if (mark && mark->kind == cht_entry_kind_message) {
        *ret_target = (struct target){.by = mark->by, .text = mark->text, .deleted = mark->deleted};
        return true;
    }
    if (mark || seq == 0 || seq > d->state->seq) {
        refuse(d, ERR_NOT_FOUND);
        return false;
    }
    if (!has_fact(d, ROOM_FACT_TARGET)) {
        need(d, ROOM_FACT_TARGET);
        return false;
    }
    if (!d->facts->target_found) {
        refuse(d, ERR_NOT_FOUND);
        return false;
    }
    /* The store may not have the newest entries yet: the window has the last word. */
    const struct room_mark *edit = room_window_edit(window, seq);
    *ret_target = (struct target){
        .by = d->facts->target_by,
        .text = edit ? edit->text : d->facts->target_text,
        .deleted = d->facts->target_deleted || room_window_deleted_by(window, seq) != 0,
        .reacted = d->facts->target_reacted,
        .other_keys = d->facts->target_other_keys,
    };
    return true;
}

static bool is_author(const struct deciding *d, const struct target *target)
{
    return cht_id_equal(&target->by, &d->command->author);
}

/* In a direct room: the other person has not blocked the caller. */
static bool is_welcome(struct deciding *d)
{
    bool matters = d->state->kind == cht_room_kind_direct &&
                   !cht_id_equal(&d->state->pair[0], &d->state->pair[1]);
    if (!matters) {
        return true;
    }
    if (!has_fact(d, ROOM_FACT_BLOCKS)) {
        need(d, ROOM_FACT_BLOCKS);
        return false;
    }
    if (d->facts->blocking_user >= 0) {
        refuse(d, ERR_FORBIDDEN);
        return false;
    }
    return true;
}

static bool can_be_mentioned(const struct deciding *d, const struct cht_id *user)
{
    if (d->state->seq == 0) {
        return cht_id_equal(user, &d->command->to) || cht_id_equal(user, &d->command->author);
    }
    return room_state_member(d->state, user) != NULL;
}

static struct cht_ids keep_mentions(struct deciding *d)
{
    struct cht_ids kept = {d->decision->mentions, 0};
    for (uint32_t i = 0; i < d->command->mentions.count && kept.count < ROOM_MENTIONS_MAX; i++) {
        const struct cht_id *user = &d->command->mentions.at[i];
        bool is_new = can_be_mentioned(d, user);
        for (uint32_t k = 0; k < kept.count && is_new; k++) {
            is_new = !cht_id_equal(&kept.at[k], user);
        }
        if (is_new) {
            kept.at[kept.count++] = *user;
        }
    }
    return kept;
}

/* A direct room that somebody hid comes back with the next message. */
static void unhide(struct deciding *d)
{
    if (d->state->seq == 0 || d->state->kind != cht_room_kind_direct) {
        return;
    }
    for (uint32_t i = 0; i < d->state->members.count; i++) {
        const struct room_seat *seat = &d->state->members.seats[i];
        if (seat->state != cht_member_state_joined) {
            add_member_entry(d, &seat->user, cht_member_state_joined, cht_role_member);
        }
    }
}

static void add_message(struct deciding *d)
{
    unhide(d);
    d->n++;
    struct cht_entry *entry = add_entry(d, cht_entry_kind_message, false);
    entry->text = d->command->text;
    entry->reply_to = d->command->reply_to;
    entry->mentions = keep_mentions(d);
    answer_with(d, entry);
    d->decision->n = entry->n;
    d->decision->created = true;
}

/* message.send to a user with whom there is no room yet. */
static void decide_first_send(struct deciding *d)
{
    if (d->command->reply_to) {
        refuse(d, ERR_NOT_FOUND);
        return;
    }
    if (users_are_willing(d) && author_has_room(d)) {
        add_direct_room(d, &d->command->to);
        add_message(d);
    }
}

void decide_send(struct deciding *d)
{
    struct target target;
    if (d->state->seq == 0 && !cht_id_is_none(&d->command->to) && !d->is_system) {
        decide_first_send(d);
        return;
    }
    if (!authorize(d) || !is_welcome(d)) {
        return;
    }
    if (d->command->reply_to && !find_target(d, d->command->reply_to, &target)) {
        return;
    }
    add_message(d);
}

void decide_edit(struct deciding *d)
{
    struct target target;
    if (!authorize(d) || !find_target(d, d->command->target, &target)) {
        return;
    }
    if (!is_author(d, &target)) {
        refuse(d, ERR_FORBIDDEN);
    } else if (target.deleted) {
        refuse(d, ERR_TARGET_DELETED);
    } else if (target.text == d->digests.text) {
        already(d);
    } else {
        struct cht_entry *entry = add_entry(d, cht_entry_kind_edited, false);
        entry->target = d->command->target;
        entry->text = d->command->text;
        answer_with(d, entry);
    }
}

static bool may_delete(const struct deciding *d, const struct target *target)
{
    enum cht_condition condition = (enum cht_condition)d->row->rights[d->state->kind].condition;
    bool admin_may = condition == cht_condition_author_or_admin;
    return is_author(d, target) || (admin_may && role_of_caller(d) >= cht_role_admin);
}

void decide_delete(struct deciding *d)
{
    struct target target;
    if (!authorize(d) || !find_target(d, d->command->target, &target)) {
        return;
    }
    if (!may_delete(d, &target)) {
        refuse(d, ERR_FORBIDDEN);
    } else if (target.deleted) {
        already(d);
    } else {
        struct cht_entry *entry = add_entry(d, cht_entry_kind_deleted, false);
        entry->target = d->command->target;
        answer_with(d, entry);
    }
}

/* One of those that are there, or not too many are. */
static bool has_place_for_key(const struct deciding *d, const struct target *target)
{
    uint32_t newer = room_window_other_keys(&d->state->window, d->command->target, d->digests.key);
    return newer < ROOM_REACTION_KEYS_MAX && target->other_keys < ROOM_REACTION_KEYS_MAX;
}

void decide_react(struct deciding *d)
{
    struct target target;
    if (!authorize(d) || !is_welcome(d) || !find_target(d, d->command->target, &target)) {
        return;
    }
    if (target.deleted) {
        refuse(d, ERR_TARGET_DELETED);
        return;
    }
    int newest = room_window_reaction(
        &d->state->window, &d->command->author, d->command->target, d->digests.key);
    bool is_on = newest >= 0 ? newest == 1 : target.reacted;
    if (is_on == d->command->on) {
        already(d);
        return;
    }
    if (d->command->on && !has_place_for_key(d, &target)) {
        refuse_field(d, ERR_CONFLICT, "key");
        return;
    }
    struct cht_entry *entry = add_entry(d, cht_entry_kind_reaction, false);
    entry->target = d->command->target;
    entry->key = d->command->key;
    entry->on = d->command->on;
    answer_with(d, entry);
}
