/* decide_room - making, changing and ending rooms.
 *
 * Happy path: a new room is one record: created, then its members. A repeat finds the room, because
 * its id is made of the creator and the cid. How it fails: a public name that another room has is a
 * conflict; a name is claimed in the store before it is decided. */

#include "decide_inner.h"

static bool is_public(const struct deciding *d, uint64_t visibility)
{
    return d->command->kind == cht_room_kind_channel && visibility == cht_visibility_public;
}

/* True: the public name is this room's. */
static bool owns_name(struct deciding *d)
{
    if (!has_fact(d, ROOM_FACT_NAME)) {
        need(d, ROOM_FACT_NAME);
        return false;
    }
    if (d->facts->name_taken) {
        refuse_field(d, ERR_CONFLICT, "name");
        return false;
    }
    return true;
}

static struct cht_entry *add_created(struct deciding *d, enum cht_room_kind kind)
{
    struct cht_entry *entry = add_entry(d, cht_entry_kind_created, false);
    entry->room_kind = kind;
    entry->visibility = cht_visibility_private;
    entry->posting = cht_who_members;
    entry->adding = cht_who_members;
    entry->history = cht_history_from_all;
    return entry;
}

void add_direct_room(struct deciding *d, const struct cht_id *other)
{
    struct cht_entry *created = add_created(d, cht_room_kind_direct);
    created->user = *other;
    add_member_entry(d, &d->command->author, cht_member_state_joined, cht_role_member);
    if (!cht_id_equal(other, &d->command->author)) {
        add_member_entry(d, other, cht_member_state_joined, cht_role_member);
    }
}

static bool comes_again(const struct cht_ids *ids, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++) {
        if (cht_id_equal(&ids->at[k], &ids->at[i])) {
            return true;
        }
    }
    return false;
}

static void add_members(struct deciding *d)
{
    const struct cht_ids *ids = &d->command->members;
    if (!d->is_system) {
        add_member_entry(d, &d->command->author, cht_member_state_joined, cht_role_owner);
    }
    for (uint32_t i = 0; i < ids->count; i++) {
        if (!cht_id_equal(&ids->at[i], &d->command->author) && !comes_again(ids, i)) {
            add_member_entry(d, &ids->at[i], cht_member_state_joined, cht_role_member);
        }
    }
}

static void add_room(struct deciding *d)
{
    const struct cht_command *command = d->command;
    struct cht_entry *created = add_created(d, (enum cht_room_kind)command->kind);
    created->name = command->name;
    created->topic = command->topic;
    created->visibility = command->visibility ? command->visibility : created->visibility;
    created->posting = command->posting ? command->posting : created->posting;
    created->adding = command->adding ? command->adding : created->adding;
    created->history = command->history ? command->history : created->history;
    answer_with(d, created);
    add_members(d);
    d->decision->created = true;
}

static void create_direct(struct deciding *d)
{
    if (d->is_system || d->command->members.count != 1) {
        refuse_field(d, ERR_BAD_FIELD, "members");
        return;
    }
    if (users_are_willing(d) && author_has_room(d)) {
        add_direct_room(d, &d->command->members.at[0]);
        answer_with(d, &d->decision->entries[0]);
        d->decision->created = true;
    }
}

/* The id says that it is the same command, or the same pair. */
static void create_again(struct deciding *d)
{
    if (d->state->deleted) {
        refuse(d, ERR_NOT_FOUND);
        return;
    }
    d->decision->outcome = ROOM_DUP;
    d->decision->seq = 1;
}

void decide_create(struct deciding *d)
{
    if (d->state->seq > 0) {
        create_again(d);
        return;
    }
    if (d->command->kind == cht_room_kind_direct) {
        create_direct(d);
        return;
    }
    bool names_others = d->command->members.count > 0;
    if (names_others && !users_are_willing(d)) {
        return;
    }
    if (!author_has_room(d) || (names_others && !users_have_room(d, "members"))) {
        return;
    }
    if (is_public(d, d->command->visibility) && !owns_name(d)) {
        return;
    }
    add_room(d);
}

/* ---- update */
static bool changes_name(const struct deciding *d)
{
    return d->command->name.size > 0 && !cht_str_equal(d->command->name, d->state->name);
}

static bool changes_topic(const struct deciding *d)
{
    bool said = CHT_HAS(d->command, command, topic) || d->command->topic.size > 0 ||
                (d->command->cleared & CHT_BIT(command, topic)) != 0;
    return said && !cht_str_equal(d->command->topic, d->state->topic);
}

/* null takes a setting back to what a new room has. */
static uint64_t wanted(const struct deciding *d, uint64_t bit, uint64_t given, uint64_t plain)
{
    return given ? given : (d->command->cleared & bit) != 0 ? plain : 0;
}

struct wishes {
    uint64_t visibility, posting, adding, history; /* 0: unchanged */
};

static uint64_t unless_same(uint64_t wish, uint64_t is)
{
    return wish == is ? 0 : wish;
}

static struct wishes wishes_of(const struct deciding *d)
{
    const struct cht_command *c = d->command;
    const struct room_state *s = d->state;
    return (struct wishes){
        .visibility = unless_same(
            wanted(d, CHT_BIT(command, visibility), c->visibility, cht_visibility_private),
            s->visibility),
        .posting = unless_same(
            wanted(d, CHT_BIT(command, posting), c->posting, cht_who_members), s->posting),
        .adding =
            unless_same(wanted(d, CHT_BIT(command, adding), c->adding, cht_who_members), s->adding),
        .history = unless_same(
            wanted(d, CHT_BIT(command, history), c->history, cht_history_from_all), s->history),
    };
}

static bool asks_for_settings(const struct cht_command *c)
{
    const uint64_t bits = CHT_BIT(command, visibility) | CHT_BIT(command, posting) |
                          CHT_BIT(command, adding) | CHT_BIT(command, history);
    return c->visibility || c->posting || c->adding || c->history || (c->cleared & bits) != 0;
}

/* Visibility and settings stand in one row with deleting the room. */
static bool may_set(const struct deciding *d)
{
    const struct cht_command_row *row = cht_command_row(cht_command_type_room_delete);
    return role_of_caller(d) >= row->rights[d->state->kind].least_role;
}

static bool name_must_be_free(const struct deciding *d, const struct wishes *wishes)
{
    uint64_t visibility = wishes->visibility ? wishes->visibility : d->state->visibility;
    return d->state->kind == cht_room_kind_channel && visibility == cht_visibility_public &&
           (changes_name(d) || wishes->visibility);
}

static void add_updated(struct deciding *d, const struct wishes *wishes)
{
    struct cht_entry *entry = add_entry(d, cht_entry_kind_updated, false);
    if (changes_name(d)) {
        entry->name = d->command->name;
    }
    if (changes_topic(d)) {
        entry->topic = d->command->topic;
        entry->has |= CHT_BIT(entry, topic);
    }
    entry->visibility = wishes->visibility;
    entry->posting = wishes->posting;
    entry->adding = wishes->adding;
    entry->history = wishes->history;
    answer_with(d, entry);
}

void decide_update(struct deciding *d)
{
    if (!authorize(d)) {
        return;
    }
    struct wishes wishes = wishes_of(d);
    if (asks_for_settings(d->command) && !may_set(d)) {
        refuse(d, ERR_FORBIDDEN);
    } else if (wishes.visibility == cht_visibility_public &&
               d->state->kind != cht_room_kind_channel) {
        refuse_field(d, ERR_BAD_FIELD, "visibility");
    } else if (!changes_name(d) && !changes_topic(d) && !wishes.visibility && !wishes.posting &&
               !wishes.adding && !wishes.history) {
        already(d);
    } else if (!name_must_be_free(d, &wishes) || owns_name(d)) {
        add_updated(d, &wishes);
    }
}

void decide_room_delete(struct deciding *d)
{
    if (authorize(d)) {
        d->members = 0;
        answer_with(d, add_entry(d, cht_entry_kind_room_deleted, false));
    }
}
