/* room_state - folding entries into what is.
 *
 * Happy path: each kind of entry changes its part and every entry moves the head. How it fails: an
 * entry out of order is a broken program; the callers check what comes from the log. */

#include "room_state.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

static void set_text(struct cht_str *text, struct cht_str to)
{
    char *copy = to.size ? mem_copy(to.at, to.size) : NULL;
    mem_free((void *)(uintptr_t)text->at);
    *text = (struct cht_str){copy, to.size};
}

void room_state_init(struct room_state *state, const struct cht_id *room, const uint64_t secret[2])
{
    *state = (struct room_state){.room = *room};
    room_members_init(&state->members, secret);
    room_window_init(&state->window, secret[1]);
}

void room_state_deinit(struct room_state *state)
{
    room_members_deinit(&state->members);
    room_window_deinit(&state->window);
    set_text(&state->name, (struct cht_str){0});
    set_text(&state->topic, (struct cht_str){0});
}

void room_state_load(struct room_state *state, const struct rooms_load_op *loaded)
{
    const struct room_meta *meta = &loaded->meta;
    const struct room_head *head = &loaded->head;
    state->kind = meta->kind;
    state->visibility = meta->visibility;
    state->posting = meta->posting;
    state->adding = meta->adding;
    state->history = meta->history;
    state->creator = meta->creator;
    memcpy(state->pair, meta->pair, sizeof(state->pair));
    state->deleted = meta->deleted;
    set_text(&state->name, meta->name);
    set_text(&state->topic, meta->topic);
    state->seq = head->seq;
    state->n = head->n;
    state->ts = head->ts;
    state->loud_seq = head->loud_seq;
    state->cause = head->cause;
    room_window_load(&state->window, loaded);
}

/* Whoever is neither a member nor banned has no seat, except the two of a direct room and those
 * whose mute goes on. */
static void seat_user(struct room_state *state, const struct room_seat *seat)
{
    bool stays = seat->state == cht_member_state_joined || seat->state == cht_member_state_banned ||
                 state->kind == cht_room_kind_direct || seat->muted_until > 0;
    if (stays) {
        room_members_put(&state->members, seat);
    } else {
        room_members_drop(&state->members, &seat->user);
    }
}

void room_state_load_member(struct room_state *state, const struct room_member *member)
{
    struct room_seat seat = {
        .user = member->user,
        .joined_seq = member->joined_seq,
        .muted_until = member->muted_until,
        .role = (uint8_t)member->role,
        .state = (uint8_t)member->state,
    };
    seat_user(state, &seat);
}

void room_state_load_hidden(struct room_state *state, const struct cht_id *user)
{
    const struct room_seat *found = room_members_find(&state->members, user);
    if (found) {
        struct room_seat seat = *found;
        seat.state = cht_member_state_left;
        room_members_put(&state->members, &seat);
    }
}

static void apply_member(struct room_state *state, const struct cht_entry *entry)
{
    const struct room_seat *old = room_members_find(&state->members, &entry->user);
    bool was_joined = old && old->state == cht_member_state_joined;
    bool keeps_role =
        entry->state == cht_member_state_joined || state->kind == cht_room_kind_direct;
    struct room_seat seat = {
        .user = entry->user,
        .joined_seq = was_joined ? old->joined_seq : entry->seq,
        .muted_until = entry->muted_until,
        .sent_seq = old ? old->sent_seq : 0,
        .role = (uint8_t)(keeps_role ? entry->role : cht_role_none),
        .state = (uint8_t)entry->state,
    };
    seat_user(state, &seat);
}

static void apply_settings(struct room_state *state, const struct cht_entry *entry)
{
    if (CHT_HAS(entry, entry, name) || entry->name.size) {
        set_text(&state->name, entry->name);
    }
    if (CHT_HAS(entry, entry, topic) || entry->topic.size) {
        set_text(&state->topic, entry->topic);
    }
    state->visibility =
        entry->visibility ? (enum cht_visibility)entry->visibility : state->visibility;
    state->posting = entry->posting ? (enum cht_who)entry->posting : state->posting;
    state->adding = entry->adding ? (enum cht_who)entry->adding : state->adding;
    state->history = entry->history ? (enum cht_history_from)entry->history : state->history;
}

static void apply_created(struct room_state *state, const struct cht_entry *entry)
{
    state->kind = (enum cht_room_kind)entry->room_kind;
    state->creator = entry->by;
    if (state->kind == cht_room_kind_direct) {
        state->pair[0] = entry->by;
        state->pair[1] = entry->user;
    }
    apply_settings(state, entry);
}

void room_state_apply(struct room_state *state, const struct cht_entry *entry, uint64_t index,
    const struct room_known *known)
{
    CHECK(entry->seq == state->seq + 1);
    state->seq = entry->seq;
    state->n = entry->kind == cht_entry_kind_message ? entry->n : state->n;
    state->ts = entry->ts;
    state->loud_seq = entry->quiet ? state->loud_seq : entry->seq;
    state->index = index;
    switch ((enum cht_entry_kind)entry->kind) {
    case cht_entry_kind_created:
        apply_created(state, entry);
        break;
    case cht_entry_kind_updated:
        apply_settings(state, entry);
        break;
    case cht_entry_kind_member:
        apply_member(state, entry);
        break;
    case cht_entry_kind_room_deleted:
        state->deleted = true;
        room_members_clear(&state->members);
        break;
    case cht_entry_kind_message:
        room_members_said(
            &state->members, &entry->by, known ? known->place : ROOM_PLACE_NONE, entry->seq);
        break;
    case cht_entry_kind_edited:
    case cht_entry_kind_deleted:
    case cht_entry_kind_reaction:
    case cht_entry_kind_none:
    case cht_entry_kind_count:
        break;
    }
    struct room_digests digests = known ? known->digests : room_digests_of_entry(entry);
    room_window_add(&state->window, entry, index, &digests);
}

void room_state_apply_record(struct room_state *state, const struct cht_record *record)
{
    const struct cht_entry *entries = record->entries.at;
    bool moved = false;
    for (uint32_t i = 0; i < record->entries.count; i++) {
        if (entries[i].seq == state->seq + 1) {
            room_state_apply(state, &entries[i], record->index, NULL);
            moved = true;
        }
    }
    if (moved && record->cause.size == sizeof(state->cause.bytes)) {
        memcpy(state->cause.bytes, record->cause.at, sizeof(state->cause.bytes));
    }
}

uint64_t room_state_sent_n(
    const struct room_state *state, const struct cht_id *user, uint64_t confirmed_index)
{
    const struct room_seat *seat = room_members_find(&state->members, user);
    const struct room_mark *sent = seat ? room_window_at(&state->window, seat->sent_seq) : NULL;
    return sent && sent->index > confirmed_index ? sent->n : 0;
}

const struct room_seat *room_state_member(const struct room_state *state, const struct cht_id *user)
{
    if (!room_state_exists(state)) {
        return NULL;
    }
    const struct room_seat *seat = room_members_find(&state->members, user);
    bool is_member =
        seat && (seat->state == cht_member_state_joined || state->kind == cht_room_kind_direct);
    return is_member ? seat : NULL;
}
