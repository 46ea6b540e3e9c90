/* project - see project.h.
 *
 * Happy path: each entry appends its log row and what it changes, then moves the head. How it
 * fails: it does not; what an owner wrote was decided before, and an entry of a kind that is not
 * known here moves the head alone. */

#include "project.h"

#include <string.h>

#include "base/mem.h"

struct projection {
    struct project_room *room;
    const struct cht_record *record;
    const struct cht_entry *entry;
    struct arena *arena;
    struct project_changes *changes;
};

struct cht_str project_cut(struct cht_str text, uint32_t bytes_max)
{
    if (text.size <= bytes_max) {
        return text;
    }
    uint32_t size = bytes_max;
    while (size > 0 && ((uint8_t)text.at[size] & 0xc0) == 0x80) {
        size--;
    }
    return (struct cht_str){size > 0 ? text.at : NULL, size};
}

/* Copies a text into the room's own memory. */
static struct cht_str keep(char *memory, uint32_t size, struct cht_str text)
{
    struct cht_str cut = project_cut(text, size);
    if (cut.size == 0) {
        return (struct cht_str){NULL, 0};
    }
    memmove(memory, cut.at, cut.size);
    return (struct cht_str){memory, cut.size};
}

void project_room_set(
    struct project_room *room, const struct room_meta *meta, const struct room_head *head)
{
    room->meta = *meta;
    room->head = *head;
    room->meta.name = keep(room->name, sizeof(room->name), meta->name);
    room->meta.topic = keep(room->topic, sizeof(room->topic), meta->topic);
    room->head.last_text = keep(room->last, sizeof(room->last), head->last_text);
}

void project_room_clear(struct project_room *room, const struct cht_id *id)
{
    memset(room, 0, sizeof(*room));
    room->meta.room = *id;
}

static struct history_change *add(
    struct project_changes *changes, enum history_change_kind kind, const struct cht_id *room)
{
    if (changes->count == changes->capacity) {
        changes->capacity = changes->capacity > 0 ? changes->capacity * 2 : 64;
        changes->at = mem_resize(changes->at, changes->capacity * sizeof(*changes->at));
    }
    struct history_change *change = &changes->at[changes->count++];
    *change = (struct history_change){.kind = kind, .room = *room};
    return change;
}

static struct history_change *change_of(const struct projection *p, enum history_change_kind kind)
{
    struct history_change *change = add(p->changes, kind, &p->room->meta.room);
    change->seq = p->entry->seq;
    change->n = p->entry->n;
    change->target = p->entry->target;
    change->entry = p->entry;
    return change;
}

static void set_last_text(struct project_room *room, struct cht_str text)
{
    room->head.last_text = keep(room->last, sizeof(room->last), text);
}

/* The last of what a sender sent one after the other counts, so it takes the place of the one
 * before, unless a membership changed in between. */
static void add_sent(const struct projection *p)
{
    struct project_changes *changes = p->changes;
    struct project_room *room = p->room;
    const struct cht_entry *entry = p->entry;
    struct history_change *sent =
        room->sent_at < changes->count ? &changes->at[room->sent_at] : NULL;
    bool again = sent && sent->kind == CHANGE_SENT && cht_id_equal(&sent->room, &room->meta.room) &&
                 cht_id_equal(&sent->user, &entry->by);
    if (!again) {
        room->sent_at = changes->count;
        sent = change_of(p, CHANGE_SENT);
        sent->hidden = room->meta.kind == cht_room_kind_direct && !room->shown;
        room->shown = true;
    }
    sent->seq = entry->seq;
    sent->n = entry->n;
    sent->entry = entry;
    sent->user = entry->by;
    sent->read_n = entry->n;
}

static void project_message(const struct projection *p)
{
    const struct cht_entry *entry = p->entry;
    change_of(p, CHANGE_MESSAGE);
    add_sent(p);
    for (uint32_t i = 0; i < entry->mentions.count; i++) {
        change_of(p, CHANGE_MENTION)->user = entry->mentions.at[i];
    }
    struct room_head *head = &p->room->head;
    head->last_seq = entry->seq;
    head->last_from = entry->by;
    head->last_ts = entry->ts;
    head->last_deleted = false;
    set_last_text(p->room, entry->text);
}

static void project_edit(const struct projection *p)
{
    change_of(p, CHANGE_EDIT)->text = p->entry->text;
    if (p->room->head.last_seq == p->entry->target && !p->room->head.last_deleted) {
        set_last_text(p->room, p->entry->text);
    }
}

static void project_delete(const struct projection *p)
{
    change_of(p, CHANGE_DELETE);
    if (p->room->head.last_seq == p->entry->target) {
        p->room->head.last_deleted = true;
        set_last_text(p->room, (struct cht_str){NULL, 0});
    }
}

static void project_reaction(const struct projection *p)
{
    struct history_change *change = change_of(p, CHANGE_REACTION);
    change->user = p->entry->by;
    change->key = p->entry->key;
    change->on = p->entry->on;
}

static void add_meta(const struct projection *p)
{
    struct room_meta *copy = arena_copy(p->arena, &p->room->meta, sizeof(*copy));
    copy->name = arena_str(p->arena, copy->name);
    copy->topic = arena_str(p->arena, copy->topic);
    change_of(p, CHANGE_ROOM)->meta = copy;
}

/* The two people of a direct room are those whom its first record makes members; one alone keeps
 * notes. */
static void set_pair(const struct projection *p)
{
    const struct cht_entry *entries = p->record->entries.at;
    struct cht_id *pair = p->room->meta.pair;
    uint32_t found = 0;
    for (uint32_t i = 0; i < p->record->entries.count && found < 2; i++) {
        if (entries[i].kind == cht_entry_kind_member &&
            entries[i].state == cht_member_state_joined) {
            pair[found++] = entries[i].user;
        }
    }
    if (found == 1) {
        pair[1] = pair[0];
    }
}

static void set_meta(const struct projection *p)
{
    const struct cht_entry *entry = p->entry;
    struct project_room *room = p->room;
    if (CHT_HAS(entry, entry, name) || entry->name.size > 0) {
        room->meta.name = keep(room->name, sizeof(room->name), entry->name);
    }
    if (CHT_HAS(entry, entry, topic) || entry->topic.size > 0) {
        room->meta.topic = keep(room->topic, sizeof(room->topic), entry->topic);
    }
    if (entry->visibility != 0) {
        room->meta.visibility = (enum cht_visibility)entry->visibility;
    }
    if (entry->posting != 0) {
        room->meta.posting = (enum cht_who)entry->posting;
    }
    if (entry->adding != 0) {
        room->meta.adding = (enum cht_who)entry->adding;
    }
    if (entry->history != 0) {
        room->meta.history = (enum cht_history_from)entry->history;
    }
}

static void project_created(const struct projection *p)
{
    struct room_meta *meta = &p->room->meta;
    meta->kind = (enum cht_room_kind)p->entry->room_kind;
    meta->creator = p->entry->by;
    meta->created = p->entry->ts;
    meta->visibility = cht_visibility_private;
    meta->posting = cht_who_members;
    meta->adding = cht_who_members;
    meta->history = cht_history_from_all;
    set_meta(p);
    if (meta->kind == cht_room_kind_direct) {
        set_pair(p);
    }
    add_meta(p);
}

static void project_updated(const struct projection *p)
{
    set_meta(p);
    add_meta(p);
}

static void project_room_deleted(const struct projection *p)
{
    p->room->sent_at = UINT32_MAX;
    p->room->meta.deleted = true;
    p->room->head.members = 0;
    change_of(p, CHANGE_ROOM_GONE);
}

/* Who leaves a direct room stays a member of it and does not see it until the next message. */
static void project_member(const struct projection *p)
{
    const struct cht_entry *entry = p->entry;
    bool hides =
        p->room->meta.kind == cht_room_kind_direct && entry->state == cht_member_state_left;
    bool joined = hides || entry->state == cht_member_state_joined;
    struct room_member member = {
        .user = entry->user,
        .role = joined ? (enum cht_role)entry->role : cht_role_none,
        .state = hides ? cht_member_state_joined : (enum cht_member_state)entry->state,
        .joined_seq = joined ? entry->seq : 0,
        .muted_until = entry->muted_until,
        .changed_seq = entry->seq,
    };
    if (hides && member.role == cht_role_none) {
        member.role = cht_role_member;
    }
    struct history_change *change = change_of(p, CHANGE_MEMBER);
    change->member = arena_copy(p->arena, &member, sizeof(member));
    change->user = entry->user;
    change->read_n = p->room->head.n;
    change->hidden = hides;
    p->room->sent_at = UINT32_MAX;
    p->room->shown = p->room->shown && !hides;
}

static void project_entry(const struct projection *p)
{
    static void (*const kinds[cht_entry_kind_count])(const struct projection *p) = {
        [cht_entry_kind_message] = project_message,
        [cht_entry_kind_edited] = project_edit,
        [cht_entry_kind_deleted] = project_delete,
        [cht_entry_kind_reaction] = project_reaction,
        [cht_entry_kind_created] = project_created,
        [cht_entry_kind_updated] = project_updated,
        [cht_entry_kind_room_deleted] = project_room_deleted,
        [cht_entry_kind_member] = project_member,
    };
    const struct cht_entry *entry = p->entry;
    struct room_head *head = &p->room->head;
    head->seq = entry->seq;
    head->n = entry->n > head->n ? entry->n : head->n;
    head->ts = entry->ts;
    if (!entry->quiet) {
        head->loud_seq = entry->seq;
    }
    if (CHT_HAS(entry, entry, members) || entry->members > 0) {
        head->members = entry->members;
    }
    change_of(p, CHANGE_ENTRY);
    if (entry->kind < cht_entry_kind_count && kinds[entry->kind] != NULL) {
        kinds[entry->kind](p);
    }
}

void project_record(struct project_room *room, const struct cht_record *record, struct arena *arena,
    struct project_changes *changes)
{
    const struct cht_entry *entries = record->entries.at;
    for (uint32_t i = 0; i < record->entries.count; i++) {
        struct projection p = {room, record, &entries[i], arena, changes};
        if (entries[i].seq > room->head.seq) {
            project_entry(&p);
        }
    }
    if (record->cause.size == sizeof(room->head.cause.bytes)) {
        memcpy(room->head.cause.bytes, record->cause.at, sizeof(room->head.cause.bytes));
    }
}

void project_head(
    const struct project_room *room, struct arena *arena, struct project_changes *changes)
{
    struct room_head *head = arena_copy(arena, &room->head, sizeof(*head));
    head->last_text = arena_str(arena, head->last_text);
    struct history_change *change = add(changes, CHANGE_HEAD, &room->meta.room);
    change->seq = head->seq;
    change->n = head->n;
    change->head = head;
}
