/* joined - tells the nodes of new members that these are in a room now.
 *
 * Happy path: when the entry is durable, the nodes where the users are connected are looked up and
 * each gets one mail; it subscribes. How it fails: a mail may be lost, and what sessions answer may
 * be a second old. So after one second and after three it is done again for nodes that did not
 * subscribe meanwhile, if the user is still a member. Users who are on more nodes than sessions
 * tell: everybody hears of it. Over JOINED_NOTES_MAX the oldest is not repeated; a reconnect reads
 * the rooms of the user anew. */

#include <stdlib.h>

#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"

#define JOINED_NOTES_MAX 4096
#define ROUNDS 3
#define NODES_OF_USER_MAX 16

/* In the list while it waits for its next round; out of it while sessions are asked. */
struct joined_note {
    struct joined_note *next;
    struct asker asker;
    struct sessions_online_op online;
    struct chat_service *chat;
    struct room_id room;
    struct cht_id room_id;
    uint32_t shard;
    uint64_t life; /* of the shard */
    uint64_t seq;
    uint32_t round;
    uint64_t again_ms;
    uint32_t count;
    struct cht_id users[]; /* who became a member */
};

static void free_note(struct joined_note *note)
{
    arena_deinit(&note->online.arena);
    mem_free(note);
}

static int compare_nodes(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

/* Every node once; false: there are some that are not named. */
static bool collect_nodes(const struct joined_note *note, uint64_t *ret_nodes, uint32_t *ret_count)
{
    uint32_t count = 0;
    bool all = true;
    for (uint32_t i = 0; i < note->count; i++) {
        const struct online_user *online = &note->online.online[i];
        all = all && !online->everywhere;
        for (uint32_t k = 0; k < online->node_count && k < NODES_OF_USER_MAX; k++) {
            ret_nodes[count++] = online->nodes[k];
        }
    }
    qsort(ret_nodes, count, sizeof(*ret_nodes), compare_nodes);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || ret_nodes[kept - 1] != ret_nodes[i]) {
            ret_nodes[kept++] = ret_nodes[i];
        }
    }
    *ret_count = kept;
    return all;
}

static void tell(struct joined_note *note, const struct room *room)
{
    static _Thread_local uint64_t nodes[ROOM_ENTRIES_MAX * NODES_OF_USER_MAX];
    struct chat_service *chat = note->chat;
    struct cht_joined event = {
        .room = note->room_id,
        .seq = note->seq,
        .shard = note->shard,
        .users = {note->users, note->count},
        .kind = room->state.kind,
    };
    struct buf *buf = event_buf_encode(&cht_row_joined, &event);
    uint32_t count = 0;
    if (!collect_nodes(note, nodes, &count)) {
        cast_send(chat->deps.cast, buf);
        count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!subscribers_has(room, nodes[i])) {
            mail_send(chat->deps.mail, MAIL_LIVE, nodes[i], buf);
        }
    }
    buf_unref(buf);
}

static struct room *room_of(const struct joined_note *note)
{
    bool over = note->chat->shards[note->shard].life != note->life;
    return over ? NULL : rooms_by_id(note->chat, note->room);
}

static void wait_for_next_round(struct joined_note *note)
{
    struct chat_service *chat = note->chat;
    note->again_ms = loop_now_ms(chat->loop) + (note->round++ == 0 ? 1000 : 2000);
    note->next = NULL;
    if (chat->joined_first) {
        chat->joined_last->next = note;
    } else {
        chat->joined_first = note;
    }
    chat->joined_last = note;
    chat->joined_count++;
}

static struct joined_note *take_first(struct chat_service *chat)
{
    struct joined_note *note = chat->joined_first;
    chat->joined_first = note->next;
    chat->joined_count--;
    return note;
}

static void on_online(struct asker *asker, struct op *op)
{
    struct joined_note *note = container_of(asker, struct joined_note, asker);
    struct chat_service *chat = note->chat;
    chat->flows--;
    const struct room *room = room_of(note);
    if (room && op->err == OK) {
        tell(note, room);
    }
    if (!room || note->round + 1 >= ROUNDS) {
        free_note(note);
        return;
    }
    wait_for_next_round(note);
    if (chat->joined_count > JOINED_NOTES_MAX) {
        free_note(take_first(chat));
    }
}

static void look(struct joined_note *note)
{
    note->chat->flows++;
    note->asker.on_answer = on_online;
    note->online.users = note->users;
    note->online.count = note->count;
    arena_reset(&note->online.arena);
    sessions_online(note->chat->deps.sessions, &note->asker, &note->online);
}

/* Joined after this entry and not before. */
static bool makes_member(const struct room *room, const struct cht_entry *entry)
{
    if (entry->kind != cht_entry_kind_member || entry->state != cht_member_state_joined) {
        return false;
    }
    const struct room_seat *seat = room_members_find(&room->state.members, &entry->user);
    return !seat || seat->state != cht_member_state_joined;
}

static uint32_t count_new_members(const struct room *room, const struct room_decision *decision)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < decision->count; i++) {
        count += makes_member(room, &decision->entries[i]);
    }
    return count;
}

struct joined_note *joined_note_make(
    struct chat_service *chat, const struct room *room, const struct room_decision *decision)
{
    uint32_t count = count_new_members(room, decision);
    if (count == 0) {
        return NULL;
    }
    struct joined_note *note = mem_new(sizeof(*note) + count * sizeof(*note->users));
    note->chat = chat;
    note->room = id_of_room(room);
    note->room_id = room->state.room;
    note->shard = room->shard;
    note->life = chat->shards[room->shard].life;
    note->seq = decision->entries[0].seq;
    for (uint32_t i = 0; i < decision->count; i++) {
        if (makes_member(room, &decision->entries[i])) {
            note->users[note->count++] = decision->entries[i].user;
        }
    }
    return note;
}

void joined_tell(struct joined_note *note_take)
{
    look(note_take);
}

void joined_drop(struct joined_note *note_take)
{
    if (note_take) {
        free_note(note_take);
    }
}

/* Takes out who has left meanwhile, and would only be told what it had no part in any more; false:
 * nobody is left. */
static bool keep_members(struct joined_note *note, const struct room *room)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < note->count; i++) {
        const struct room_seat *seat = room_members_find(&room->state.members, &note->users[i]);
        if (seat && seat->state == cht_member_state_joined) {
            note->users[kept++] = note->users[i];
        }
    }
    note->count = kept;
    return kept > 0;
}

/* Notes wait in the order of their rounds, not exactly of their times: the first that is too early
 * holds up the others for a second at most. */
void joined_repeat(struct chat_service *chat)
{
    uint64_t now = loop_now_ms(chat->loop);
    while (chat->joined_first && chat->joined_first->again_ms <= now) {
        struct joined_note *note = take_first(chat);
        const struct room *room = room_of(note);
        if (room && keep_members(note, room)) {
            look(note);
        } else {
            free_note(note);
        }
    }
}

void joined_drop_all(struct chat_service *chat)
{
    while (chat->joined_first) {
        free_note(take_first(chat));
    }
}
