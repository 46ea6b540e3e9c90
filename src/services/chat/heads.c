/* heads - tells nodes how far the rooms that moved have come.
 *
 * Happy path: a room that says something is put on the list of those that moved; once a second each
 * node that follows some of them is told their newest seqs, so that a lost last delivery is found.
 * How it fails: a lost mail of heads is repaired by the next one: each move is told in two turns.
 * However many rooms moved, they are told in pieces. */

#include <stdlib.h>

#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"

#define TURNS 2
#define HEADS_MAX 1024 /* rooms of one event */
#define NOTES_MAX 4096 /* of one piece */

struct head_note {
    uint64_t node;
    uint32_t shard;
    struct cht_id room;
    uint64_t seq;
};

struct notes {
    uint32_t count;
    struct head_note at[NOTES_MAX];
};

void heads_note_move(struct chat_service *chat, struct room *room)
{
    if (room->moved == 0) {
        if (chat->moved_count == chat->moved_capacity) {
            chat->moved_capacity = chat->moved_capacity ? chat->moved_capacity * 2 : 64;
            chat->moved = mem_resize(chat->moved, chat->moved_capacity * sizeof(*chat->moved));
        }
        chat->moved[chat->moved_count++] = id_of_room(room);
    }
    room->moved = TURNS;
}

static int compare_notes(const void *one, const void *other)
{
    const struct head_note *a = one, *b = other;
    if (a->shard != b->shard) {
        return a->shard < b->shard ? -1 : 1;
    }
    return a->node < b->node ? -1 : a->node > b->node;
}

static void tell_node(struct chat_service *chat, const struct head_note *notes, uint32_t count)
{
    static _Thread_local struct cht_room_seq heads[HEADS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        heads[i] = (struct cht_room_seq){.room = notes[i].room, .seq = notes[i].seq};
    }
    struct cht_heads event = {
        .shard = notes->shard,
        .term = chat->shards[notes->shard].term,
        .rooms = {heads, count},
        .owner_now = loop_wall_ms(chat->loop),
    };
    struct buf *buf = event_buf_encode(&cht_row_heads, &event);
    mail_send(chat->deps.mail, MAIL_LIVE, notes->node, buf);
    buf_unref(buf);
}

static void tell_all(struct chat_service *chat, struct notes *notes)
{
    qsort(notes->at, notes->count, sizeof(*notes->at), compare_notes);
    for (uint32_t from = 0; from < notes->count;) {
        uint32_t to = from + 1;
        while (to < notes->count && to - from < HEADS_MAX &&
               compare_notes(&notes->at[from], &notes->at[to]) == 0) {
            to++;
        }
        tell_node(chat, &notes->at[from], to - from);
        from = to;
    }
    notes->count = 0;
}

static void note_room(struct chat_service *chat, const struct room *room, struct notes *notes)
{
    for (uint32_t i = 0; i < room->node_count; i++) {
        if (notes->count == NOTES_MAX) {
            tell_all(chat, notes);
        }
        notes->at[notes->count++] =
            (struct head_note){room->nodes[i].node, room->shard, room->state.room, room->said_seq};
    }
}

void heads_tell(struct chat_service *chat)
{
    static _Thread_local struct notes notes;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < chat->moved_count; i++) {
        struct room *room = rooms_by_id(chat, chat->moved[i]);
        if (!room) {
            continue;
        }
        note_room(chat, room, &notes);
        if (--room->moved > 0) {
            chat->moved[kept++] = chat->moved[i];
        }
    }
    chat->moved_count = kept;
    tell_all(chat, &notes);
}
