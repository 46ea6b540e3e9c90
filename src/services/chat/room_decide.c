/* room_decide - the questions that every command is asked, in their order.
 *
 * Happy path: not decided before, the room is visible, the table allows it, then the command's own
 * rules. How it fails: the first question with another answer ends it. */

#include "room_decide.h"

#include <string.h>

#include "base/check.h"
#include "decide_inner.h"

void refuse(struct deciding *d, enum err err)
{
    d->decision->outcome = ROOM_REFUSED;
    d->decision->err = err;
    d->decision->count = 0;
}

void refuse_field(struct deciding *d, enum err err, const char *field)
{
    refuse(d, err);
    d->decision->field = field;
}

void need(struct deciding *d, enum room_fact fact)
{
    if (BUG(has_fact(d, fact))) {
        refuse(d, ERR_INTERNAL);
        return;
    }
    d->decision->outcome = ROOM_NEEDS;
    d->decision->needs |= (uint32_t)fact;
    d->decision->count = 0;
}

void already(struct deciding *d)
{
    d->decision->outcome = ROOM_DUP;
    d->decision->seq = d->state->seq;
    d->decision->ts = d->state->ts;
}

/* ---- what a command is about */
static const struct cht_id *other_of_pair(
    const struct room_state *state, const struct cht_id *author)
{
    return cht_id_equal(&state->pair[0], author) ? &state->pair[1] : &state->pair[0];
}

uint32_t room_users_of_command(
    const struct room_state *state, const struct cht_command *command, struct cht_id *ret_users)
{
    if (command->type == cht_command_type_room_create) {
        uint32_t count = command->members.count < ROOM_FACT_USERS_MAX ? command->members.count
                                                                      : ROOM_FACT_USERS_MAX;
        if (count) {
            memcpy(ret_users, command->members.at, count * sizeof(*ret_users));
        }
        return count;
    }
    if (command->type == cht_command_type_room_add || command->type == cht_command_type_room_ban) {
        ret_users[0] = command->user;
    } else if (room_state_exists(state) && state->kind == cht_room_kind_direct) {
        ret_users[0] = *other_of_pair(state, &command->author);
    } else {
        ret_users[0] = command->to;
    }
    return cht_id_is_none(&ret_users[0]) ? 0 : 1;
}

struct cht_str room_name_of_command(
    const struct room_state *state, const struct cht_command *command)
{
    return command->name.size ? command->name : state->name;
}

/* ---- repeats */
static struct room_digests digests_of_command(const struct cht_command *command)
{
    return (struct room_digests){
        .cid = room_digest_str(command->cid),
        .text = room_digest_str(command->text),
        .key = room_digest_str(command->key),
    };
}

static uint64_t digest_ids(struct cht_ids ids)
{
    return ids.count ? room_digest(ids.at, ids.count * sizeof(*ids.at)) : 0;
}

static uint64_t digest_id(const struct cht_id *id)
{
    return cht_id_is_none(id) ? 0 : room_digest(id, sizeof(*id));
}

/* What makes two commands the same besides their cid. The room is the scope, so it is not part of
 * it. Of most commands nearly all is 0, so that which words are not goes in front of those. */
static uint64_t content_digest(const struct cht_command *c, const struct room_digests *digests)
{
    const uint64_t words[] = {c->type, digests->text, c->reply_to, digest_ids(c->mentions),
        c->target, digests->key, c->on, c->kind, room_digest_str(c->name),
        room_digest_str(c->topic), c->visibility, digest_ids(c->members), c->posting, c->adding,
        c->history, digest_id(&c->user), c->role, c->until, c->cleared};
    uint64_t said[1 + sizeof(words) / sizeof(words[0])] = {0};
    uint32_t count = 1;
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i]) {
            said[0] |= UINT64_C(1) << i;
            said[count++] = words[i];
        }
    }
    return room_digest(said, count * sizeof(said[0]));
}

static void repeat(struct deciding *d, const struct room_mark *mark)
{
    if (mark->content != d->content) {
        refuse_field(d, ERR_CONFLICT, "cid");
        return;
    }
    d->decision->outcome = ROOM_DUP;
    d->decision->seq = mark->seq;
    d->decision->n = d->command->type == cht_command_type_message_send ? mark->n : 0;
    d->decision->ts = mark->ts;
}

/* Might the command be older than the window knows? */
static bool may_be_below(const struct deciding *d)
{
    const struct room_window *window = &d->state->window;
    if (window->floor == 0) {
        return false;
    }
    if (CHT_HAS(d->command, command, after) || d->command->after > 0) {
        return d->command->after < window->floor;
    }
    /* Nobody knows when it was first tried: 10 minutes are promised. */
    return window->floor_ts + ROOM_WINDOW_MS > d->facts->now;
}

/* True: it is a repeat (or can not be told), and the decision says so. */
static bool was_decided(struct deciding *d)
{
    if (d->command->cid.size == 0 || d->state->seq == 0) {
        return false;
    }
    const struct room_mark *mark =
        room_window_find_cid(&d->state->window, &d->command->author, d->digests.cid);
    if (mark) {
        repeat(d, mark);
        return true;
    }
    if (!may_be_below(d)) {
        return false;
    }
    if (!has_fact(d, ROOM_FACT_CID)) {
        need(d, ROOM_FACT_CID);
        return true;
    }
    if (d->facts->cid_err == OK) {
        repeat(d, &d->facts->cid);
        return true;
    }
    bool was_asked_too_far = d->facts->cid_err == ERR_CONFLICT &&
                             (CHT_HAS(d->command, command, after) || d->command->after > 0);
    if (was_asked_too_far) {
        refuse_field(d, ERR_CONFLICT, "after");
        return true;
    }
    return false;
}

/* ---- rights */
uint8_t role_of_caller(const struct deciding *d)
{
    if (d->is_system) {
        return cht_role_owner;
    }
    return d->seat ? d->seat->role : cht_role_none;
}

static bool is_muted(struct deciding *d)
{
    if (!d->seat || d->seat->muted_until <= d->at) {
        return false;
    }
    refuse(d, ERR_MUTED);
    d->decision->retry_after_ms = d->seat->muted_until - d->at;
    return true;
}

/* The conditions that need nothing but the room and the caller; the others belong to the commands.
 */
static bool meets_condition(struct deciding *d, enum cht_condition condition)
{
    bool is_admin = role_of_caller(d) >= cht_role_admin;
    if ((condition == cht_condition_posting || condition == cht_condition_unmuted) && is_muted(d)) {
        return false;
    }
    bool lacks_role =
        (condition == cht_condition_posting && d->state->posting == cht_who_admins && !is_admin) ||
        (condition == cht_condition_adding && d->state->adding == cht_who_admins && !is_admin);
    if (lacks_role) {
        refuse(d, ERR_FORBIDDEN);
        return false;
    }
    return true;
}

static enum err outsider_may(
    const struct room_state *state, const struct cht_right *right, uint64_t type)
{
    bool is_visible = room_state_exists(state) && state->kind == cht_room_kind_channel &&
                      state->visibility == cht_visibility_public;
    if (!is_visible || type == cht_command_type_room_leave) {
        return ERR_NOT_FOUND;
    }
    if (!right->allowed) {
        return ERR_FORBIDDEN;
    }
    return right->least_role == CHT_ROLE_ANYONE ? OK : ERR_NOT_MEMBER;
}

static enum err insider_may(const struct cht_right *right, uint8_t role)
{
    return right->allowed && role >= right->least_role ? OK : ERR_FORBIDDEN;
}

static uint8_t role_in(const struct room_state *state, const struct room_seat *seat)
{
    return state->kind == cht_room_kind_direct ? (uint8_t)cht_role_member : seat->role;
}

/* `seat`: the caller's, NULL for an outsider. */
static enum err seat_may(
    const struct room_state *state, const struct room_seat *seat, uint64_t command_type)
{
    const struct cht_command_row *row = cht_command_row(command_type);
    if (!room_state_exists(state) || !row) {
        return ERR_NOT_FOUND;
    }
    const struct cht_right *right = &row->rights[state->kind];
    return seat ? insider_may(right, role_in(state, seat))
                : outsider_may(state, right, command_type);
}

enum err room_may(const struct room_state *state, const struct cht_id *user, uint64_t command_type)
{
    return seat_may(state, room_state_member(state, user), command_type);
}

static bool system_may(const struct deciding *d)
{
    switch (d->command->type) {
    case cht_command_type_message_send:
    case cht_command_type_message_edit:
    case cht_command_type_message_react:
    case cht_command_type_room_join:
    case cht_command_type_room_leave:
        return false;
    default:
        return true;
    }
}

bool authorize(struct deciding *d)
{
    enum err err;
    if (d->is_system) {
        err = !room_state_exists(d->state) ? ERR_NOT_FOUND : system_may(d) ? OK : ERR_FORBIDDEN;
    } else {
        err = seat_may(d->state, d->seat, d->command->type);
    }
    if (err != OK) {
        refuse(d, err);
        return false;
    }
    return meets_condition(d, (enum cht_condition)d->row->rights[d->state->kind].condition);
}

bool users_are_willing(struct deciding *d)
{
    if (!has_fact(d, ROOM_FACT_USERS)) {
        need(d, ROOM_FACT_USERS);
    }
    if (!d->is_system && !has_fact(d, ROOM_FACT_BLOCKS)) {
        need(d, ROOM_FACT_BLOCKS);
    }
    if (d->decision->needs) {
        return false;
    }
    if (d->facts->missing_user >= 0) {
        refuse(d, ERR_NOT_FOUND);
        return false;
    }
    if (!d->is_system && d->facts->blocking_user >= 0) {
        refuse(d, ERR_FORBIDDEN);
        return false;
    }
    return true;
}

static bool knows_crowded(struct deciding *d)
{
    if (!has_fact(d, ROOM_FACT_CROWDED)) {
        need(d, ROOM_FACT_CROWDED);
        return false;
    }
    return true;
}

/* The system's own rooms count for nobody's limit: who signs up did not ask for them. */
bool author_has_room(struct deciding *d)
{
    if (d->is_system) {
        return true;
    }
    if (!knows_crowded(d)) {
        return false;
    }
    if (d->facts->author_crowded) {
        refuse(d, ERR_RATE_LIMITED);
        return false;
    }
    return true;
}

bool users_have_room(struct deciding *d, const char *field)
{
    if (!knows_crowded(d)) {
        return false;
    }
    if (d->facts->crowded_user >= 0) {
        refuse_field(d, ERR_CONFLICT, field);
        return false;
    }
    return true;
}

/* ---- entries */
struct cht_entry *add_entry(struct deciding *d, enum cht_entry_kind kind, bool quiet)
{
    CHECK(d->decision->count < ROOM_ENTRIES_MAX);
    struct cht_entry *entry = &d->decision->entries[d->decision->count++];
    uint64_t seq = ++d->seq;
    uint64_t ts = d->facts->now > d->state->ts ? d->facts->now : d->state->ts;
    *entry =
        (struct cht_entry){.kind = kind, .seq = seq, .n = d->n, .ts = ts, .by = d->command->author};
    entry->quiet = quiet;
    entry->prev = d->loud_seq + 1 == seq ? 0 : d->loud_seq;
    entry->members = d->members;
    if (!quiet) {
        d->loud_seq = seq;
    }
    d->decision->outcome = ROOM_ENTRIES;
    return entry;
}

void answer_with(struct deciding *d, struct cht_entry *entry)
{
    entry->cid = d->command->cid;
    entry->content = d->content;
    d->decision->seq = entry->seq;
    d->decision->ts = entry->ts;
}

/* A mute lasts: nobody speaks again by leaving and coming back. Whoever is banned can not. */
static uint64_t mute_after(
    const struct deciding *d, const struct room_seat *old, enum cht_member_state state)
{
    bool ends = state == cht_member_state_banned || state == cht_member_state_unbanned;
    return old && !ends && old->muted_until > d->at ? old->muted_until : 0;
}

struct cht_entry *add_member_entry(
    struct deciding *d, const struct cht_id *user, enum cht_member_state state, enum cht_role role)
{
    const struct room_seat *old = room_members_find(&d->state->members, user);
    bool was_in = old && old->state == cht_member_state_joined;
    bool is_in = state == cht_member_state_joined;
    uint64_t had = was_in ? old->role : (uint64_t)cht_role_member;
    d->members += is_in && !was_in ? 1 : 0;
    d->members -= was_in && !is_in && d->members > 0 ? 1 : 0;
    bool is_direct = d->state->kind == cht_room_kind_direct;
    bool comes_or_goes = state == cht_member_state_left || (is_in && !was_in);
    bool quiet = comes_or_goes && d->state->seq > 0 &&
                 (is_direct || d->state->members.joined > ROOM_QUIET_MEMBERS);
    struct cht_entry *entry = add_entry(d, cht_entry_kind_member, quiet);
    entry->user = *user;
    entry->state = state;
    entry->role = is_in ? role : had;
    entry->muted_until = mute_after(d, old, state);
    return entry;
}

/* ---- the whole */
static void (*decider_of(uint64_t type))(struct deciding *)
{
    static void (*const deciders[cht_command_type_count])(struct deciding *) = {
        [cht_command_type_message_send] = decide_send,
        [cht_command_type_message_edit] = decide_edit,
        [cht_command_type_message_delete] = decide_delete,
        [cht_command_type_message_react] = decide_react,
        [cht_command_type_room_create] = decide_create,
        [cht_command_type_room_update] = decide_update,
        [cht_command_type_room_delete] = decide_room_delete,
        [cht_command_type_room_join] = decide_join,
        [cht_command_type_room_leave] = decide_leave,
        [cht_command_type_room_add] = decide_add,
        [cht_command_type_room_remove] = decide_remove,
        [cht_command_type_room_ban] = decide_ban,
        [cht_command_type_room_unban] = decide_unban,
        [cht_command_type_room_role] = decide_role,
        [cht_command_type_room_mute] = decide_mute,
    };
    return type < cht_command_type_count ? deciders[type] : NULL;
}

void room_decide(const struct room_state *state, const struct cht_command *command,
    const struct room_facts *facts, struct room_decision *ret_decision)
{
    struct room_digests digests = digests_of_command(command);
    struct deciding d = {
        .state = state,
        .command = command,
        .facts = facts,
        .decision = ret_decision,
        .row = cht_command_row(command->type),
        .seat = room_state_member(state, &command->author),
        .is_system = cht_id_is_none(&command->author),
        .at = command->sent_at ? command->sent_at : facts->now,
        .digests = digests,
        .content = content_digest(command, &digests),
        .seq = state->seq,
        .n = state->n,
        .members = state->members.joined,
        .loud_seq = state->loud_seq,
    };
    memset(ret_decision, 0, offsetof(struct room_decision, entries));
    ret_decision->known = (struct room_known){
        .digests = digests, .place = room_members_place(&state->members, d.seat)};
    void (*decide)(struct deciding *) = decider_of(command->type);
    if (!decide || !d.row) {
        refuse(&d, ERR_UNKNOWN_TYPE);
    } else if (!was_decided(&d)) {
        decide(&d);
    }
}
