/* truth - see the header.
 *
 * Happy path: the next index of a shard, the next seq of a room, an author with the right. How it
 * fails: the scene is told which promise broke. */

#include "truth.h"

#include <string.h>

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "heap.h"

void truth_init(
    struct truth *truth, struct scene *scene, const struct people *people, bool clocks_agree)
{
    *truth = (struct truth){
        .scene = scene, .people = people, .clocks_agree = clocks_agree, .blocks_us = UINT64_MAX};
}

void truth_deinit(struct truth *truth)
{
    for (uint32_t i = 0; i < truth->room_count; i++) {
        mem_free(truth->rooms[i]->entries);
        mem_free(truth->rooms[i]);
    }
}

struct truth_room *truth_room(const struct truth *truth, const struct cht_id *room)
{
    for (uint32_t i = 0; i < truth->room_count; i++) {
        if (cht_id_equal(&truth->rooms[i]->id, room)) {
            return truth->rooms[i];
        }
    }
    return NULL;
}

const struct truth_entry *truth_entry(const struct truth_room *room, uint64_t seq)
{
    return room && seq >= 1 && seq <= room->head ? &room->entries[seq - 1] : NULL;
}

const struct truth_entry *truth_by_cid(
    const struct truth_room *room, uint32_t by, struct cht_str cid)
{
    for (uint64_t i = 0; room && i < room->head; i++) {
        const struct truth_entry *entry = &room->entries[i];
        if (entry->by == by && strlen(entry->cid) == cid.size &&
            memcmp(entry->cid, cid.at, cid.size) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* The newest of the entries about it come first: the first of each sort that counts decides. */
struct truth_message truth_message_at(const struct truth_room *room, uint64_t seq, uint64_t head)
{
    const struct truth_entry *entry = truth_entry(room, seq);
    struct truth_message message = {.n = entry->n, .text = entry->text};
    uint64_t decided = 0;
    for (const struct truth_entry *at = truth_entry(room, entry->about); at;
         at = truth_entry(room, at->older_about)) {
        uint64_t by = UINT64_C(1) << at->by;
        if (at->seq > head) {
            continue;
        }
        if (at->kind == cht_entry_kind_deleted) {
            message.deleted = true;
        } else if (at->kind == cht_entry_kind_edited && !message.edited_seq) {
            message.edited_seq = at->seq;
            message.text = at->text;
        } else if (at->kind == cht_entry_kind_reaction && !(decided & by)) {
            decided |= by;
            message.reactions |= at->on ? by : 0;
        }
    }
    return message;
}

bool truth_is_member(const struct truth_room *room, uint32_t user)
{
    return room && room->members[user].state == cht_member_state_joined;
}

bool truth_sees(const struct truth_room *room, uint32_t user, uint64_t seq)
{
    const struct truth_entry *entry = truth_entry(room, seq);
    const struct truth_entry *before = truth_entry(room, seq - 1);
    uint64_t bit = UINT64_C(1) << user;
    if (!entry) {
        return false;
    }
    return (entry->members & bit) || (before && (before->members & bit)) ||
           truth_is_of_pair(room, user); /* a connection may begin while it is hidden */
}

bool truth_is_of_pair(const struct truth_room *room, uint32_t user)
{
    return room && user && (room->pair[0] == user || room->pair[1] == user);
}

/* ---- rights, by the state before */

static bool belongs(const struct truth_room *room, uint32_t user)
{
    return room->members[user].state == cht_member_state_joined || truth_is_of_pair(room, user);
}

static bool is_admin(const struct truth_member *member)
{
    return member->role >= cht_role_admin;
}

/* A direct room is hidden by one of the two, and comes back with the next message of either. */
static bool may_hide_or_show(const struct truth_room *room, const struct truth_entry *entry)
{
    bool shown = room->members[entry->user].state == cht_member_state_joined;
    if (!truth_is_of_pair(room, entry->by) || !truth_is_of_pair(room, entry->user)) {
        return false;
    }
    return entry->state == cht_member_state_joined
               ? !shown
               : entry->state == cht_member_state_left && entry->by == entry->user && shown;
}

/* The account was deleted so long ago that every owner has to know of it. */
static bool is_long_gone(const struct truth *truth, uint32_t user)
{
    uint64_t deleted_us = truth->people->deleted_us[user];
    return deleted_us && truth->scene->now_us - deleted_us > truth->blocks_us;
}

static bool may_member_entry(const struct truth *truth, const struct truth_room *room,
    const struct truth_entry *entry, bool makes_room)
{
    const struct truth_member *by = &room->members[entry->by];
    const struct truth_member *of = &room->members[entry->user];
    bool self = entry->by == entry->user;
    bool member = by->state == cht_member_state_joined;
    if (makes_room || !entry->first) {
        return true; /* follows from the first entry of its record */
    }
    if (room->kind == cht_room_kind_direct) {
        return may_hide_or_show(room, entry);
    }
    switch (entry->state) {
    case cht_member_state_joined:
        if (of->state == cht_member_state_joined) {
            return member && is_admin(by);
        }
        if (is_long_gone(truth, entry->user)) {
            return false;
        }
        if (self) {
            return room->visibility == cht_visibility_public &&
                   of->state != cht_member_state_banned;
        }
        return member && of->state != cht_member_state_banned;
    case cht_member_state_left:
        return self && member;
    default:
        return member && is_admin(by) &&
               (of->state != cht_member_state_joined || by->role > of->role);
    }
}

/* For so long that every owner has to know of it. */
static bool is_blocked(
    const struct truth *truth, const struct truth_room *room, const struct truth_entry *entry)
{
    if (room->kind != cht_room_kind_direct || room->pair[0] == room->pair[1]) {
        return false;
    }
    uint32_t other = room->pair[room->pair[0] == entry->by];
    uint64_t since_us = truth->people->blocked_us[other][entry->by];
    return since_us && truth->scene->now_us - since_us > truth->blocks_us;
}

static bool may(const struct truth *truth, const struct truth_room *room,
    const struct truth_entry *entry, bool makes_room)
{
    const struct truth_member *by = &room->members[entry->by];
    bool member = belongs(room, entry->by);
    const struct truth_entry *target = truth_entry(room, entry->target);
    bool of_message = target && target->kind == cht_entry_kind_message;
    switch (entry->kind) {
    case cht_entry_kind_created:
        return room->head == 0;
    case cht_entry_kind_message:
        return member && (by->muted_until <= entry->ts || !truth->clocks_agree) &&
               !is_blocked(truth, room, entry);
    case cht_entry_kind_edited:
        return member && of_message && target->by == entry->by && !target->deleted_seq;
    case cht_entry_kind_deleted:
        return member && of_message && !target->deleted_seq &&
               (target->by == entry->by || is_admin(by));
    case cht_entry_kind_reaction:
        return member && of_message && !target->deleted_seq;
    case cht_entry_kind_member:
        return may_member_entry(truth, room, entry, makes_room);
    case cht_entry_kind_updated:
        return member && is_admin(by);
    case cht_entry_kind_room_deleted:
        /* the last one out archives the room, in the record of leaving */
        return !entry->first || (member && by->role == cht_role_owner);
    case cht_entry_kind_none:
    case cht_entry_kind_count:
        break;
    }
    return false;
}

/* ---- folding */

static void fold_member(struct truth_room *room, const struct cht_entry *entry, uint32_t user)
{
    struct truth_member *member = &room->members[user];
    bool was = member->state == cht_member_state_joined;
    member->state = entry->state;
    member->role = entry->state == cht_member_state_joined ? entry->role : cht_role_none;
    member->muted_until = entry->muted_until;
    if (entry->state == cht_member_state_joined && !was) {
        member->joined_seq = entry->seq;
    }
}

static void fold_target(struct truth_room *room, struct truth_entry *entry)
{
    if (entry->target < 1 || entry->target > room->head) {
        return;
    }
    struct truth_entry *target = &room->entries[entry->target - 1];
    entry->older_about = target->about;
    target->about = entry->seq;
    if (entry->kind == cht_entry_kind_deleted) {
        target->deleted_seq = entry->seq;
    }
}

static uint64_t member_bits(struct truth_room *room)
{
    uint64_t bits = 0;
    for (uint32_t user = 1; user < PEOPLE_MAX; user++) {
        bits |= room->members[user].state == cht_member_state_joined && !room->gone
                    ? UINT64_C(1) << user
                    : 0;
    }
    room->ever |= bits;
    return bits;
}

static struct truth_room *need_room(struct truth *truth, const struct cht_id *id)
{
    struct truth_room *room = truth_room(truth, id);
    if (!room) {
        CHECK(truth->room_count < TRUTH_ROOMS_MAX);
        room = mem_new(sizeof(*room));
        room->id = *id;
        truth->rooms[truth->room_count++] = room;
    }
    return room;
}

static struct truth_entry entry_of(struct truth *truth, const struct cht_entry *from, bool first)
{
    struct truth_entry entry = {.seq = from->seq,
        .n = from->n,
        .ts = from->ts,
        .target = from->target,
        .landed_us = truth->scene->now_us,
        .kind = (enum cht_entry_kind)from->kind,
        .by = people_number(&from->by),
        .user = people_number(&from->user),
        .state = from->state,
        .role = from->role,
        .muted_until = from->muted_until,
        .text = from->text.size ? digest_bytes(from->text.at, from->text.size) : 0,
        .on = from->on,
        .first = first};
    if (from->cid.size) {
        memcpy(entry.cid, from->cid.at, from->cid.size);
    }
    return entry;
}

static bool is_hidden(const struct truth_room *room)
{
    return room->kind == cht_room_kind_direct &&
           (!truth_is_member(room, room->pair[0]) || !truth_is_member(room, room->pair[1]));
}

/* Whoever is muted stays so, leaving and coming back. */
static bool unmutes_itself(const struct truth_room *room, const struct truth_entry *entry)
{
    uint64_t before = room->members[entry->user].muted_until;
    return entry->kind == cht_entry_kind_member && entry->by == entry->user && before > entry->ts &&
           entry->muted_until != before;
}

/* Somebody has to have the say where anybody is. */
static bool lacks_owner(const struct truth_room *room)
{
    bool anybody = false;
    for (uint32_t user = 1; user < PEOPLE_MAX; user++) {
        anybody |= truth_is_member(room, user);
        if (truth_is_member(room, user) && room->members[user].role == cht_role_owner) {
            return false;
        }
    }
    return anybody && room->kind != cht_room_kind_direct && !room->gone;
}

static void judge(struct truth *truth, const struct truth_room *room,
    const struct truth_entry *entry, bool makes_room)
{
    unsigned long long seq = entry->seq;
    struct cht_str cid = cht_str_of(entry->cid);
    if (entry->seq != room->head + 1) {
        scene_fail(
            truth->scene, "I5", "entry %llu follows %llu", seq, (unsigned long long)room->head);
    }
    const struct truth_entry *same = cid.size ? truth_by_cid(room, entry->by, cid) : NULL;
    if (same) {
        scene_fail(truth->scene, "I2", "entries %llu and %llu have the same cid %s",
            (unsigned long long)same->seq, seq, entry->cid);
    }
    if (!may(truth, room, entry, makes_room)) {
        scene_fail(truth->scene, entry->target ? "I17" : "I13",
            "user %u may not have made entry %llu of kind %d (target %llu, user %u, state %llu)",
            entry->by, seq, (int)entry->kind, (unsigned long long)entry->target, entry->user,
            (unsigned long long)entry->state);
    }
    if (truth->clocks_agree && unmutes_itself(room, entry)) {
        scene_fail(
            truth->scene, "I13", "user %u has ended its own mute by entry %llu", entry->by, seq);
    }
    if (entry->kind == cht_entry_kind_message && is_hidden(room)) {
        scene_fail(
            truth->scene, "I8", "message %llu was said into a room that one of two hides", seq);
    }
    const struct truth_entry *last = truth_entry(room, room->head);
    if (last && entry->ts < last->ts) {
        scene_fail(truth->scene, "I5", "entry %llu is older than the one before it", seq);
    }
}

static void fold(struct truth *truth, struct truth_room *room, const struct cht_entry *from,
    bool first, bool makes_room)
{
    struct truth_entry entry = entry_of(truth, from, first);
    judge(truth, room, &entry, makes_room);
    if (room->head == room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 64;
        room->entries = mem_resize(room->entries, room->capacity * sizeof(*room->entries));
    }
    if (from->kind == cht_entry_kind_created) {
        room->kind = from->room_kind;
        room->visibility = from->visibility;
        room->history = from->history;
        room->pair[0] = from->room_kind == cht_room_kind_direct ? entry.by : 0;
        room->pair[1] = from->room_kind == cht_room_kind_direct ? entry.user : 0;
    } else if (from->kind == cht_entry_kind_updated && from->visibility) {
        room->visibility = from->visibility;
    } else if (from->kind == cht_entry_kind_member) {
        fold_member(room, from, entry.user);
    } else if (from->kind == cht_entry_kind_room_deleted) {
        room->gone = true;
    }
    fold_target(room, &entry);
    entry.members = member_bits(room);
    room->entries[room->head++] = entry;
    truth->entries++;
}

/* The rules of every reader: a repeat and a leftover of an older term are skipped, a hole is none.
 */
static bool takes(struct truth *truth, uint32_t number, const struct log_item *item)
{
    struct truth_shard *shard = &truth->shards[number];
    if (item->index <= shard->index) {
        shard->repeats++;
        return false;
    }
    if (item->term < shard->term) {
        shard->old_terms++;
        return false;
    }
    if (item->index != shard->index + 1) {
        scene_fail(truth->scene, "I5", "shard %u: record %llu follows %llu", number,
            (unsigned long long)item->index, (unsigned long long)shard->index);
    }
    shard->index = item->index;
    shard->term = item->term;
    shard->records++;
    return true;
}

const struct truth_room *truth_on_record(
    struct truth *truth, uint32_t shard, const struct log_item *item)
{
    static uint8_t memory[4 << 20];
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    struct cht_record record;
    struct cht_str bytes = event_buf_bytes(item->record);
    CHECK(cht_decode(&cht_row_record, bytes, &scratch, &record));
    if (!takes(truth, shard, item) || record.entries.count == 0) {
        return NULL;
    }
    struct truth_room *room = need_room(truth, &record.room);
    const struct cht_entry *entries = record.entries.at;
    bool makes_room = entries[0].kind == cht_entry_kind_created;
    for (uint32_t i = 0; i < record.entries.count; i++) {
        fold(truth, room, &entries[i], i == 0, makes_room);
    }
    for (uint64_t i = 0; makes_room && i < room->head; i++) {
        room->entries[i].members = room->entries[room->head - 1].members; /* from the first on */
    }
    if (lacks_owner(room)) {
        scene_fail(truth->scene, "I13", "nobody owns a room after entry %llu",
            (unsigned long long)room->head);
    }
    return room;
}
