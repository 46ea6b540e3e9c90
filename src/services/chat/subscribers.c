/* subscribers - which nodes follow a room, and what they missed.
 *
 * Happy path: a node subscribes, is told the newest seq that was said, and gets each delivery from
 * then on. A node that misses some asks for them: they come from the ring of the newest frames, or
 * are made again from the store. How it fails: all of this may be lost; nodes subscribe again in
 * turns, and those that do not are forgotten. */

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"

#define PAGE_ENTRIES 100
#define PAGE_BYTES (256u << 10)

static struct room_node *find_node(struct room *room, uint64_t node)
{
    for (uint32_t i = 0; i < room->node_count; i++) {
        if (room->nodes[i].node == node) {
            return &room->nodes[i];
        }
    }
    return NULL;
}

bool subscribers_has(const struct room *room, uint64_t node)
{
    return find_node((struct room *)(uintptr_t)room, node) != NULL;
}

static void drop_node(struct room *room, struct room_node *node)
{
    *node = room->nodes[--room->node_count];
}

/* False: as many as may follow it do. */
static bool add_node(
    struct chat_service *chat, struct room *room, const struct cht_subscribe *subscribe)
{
    struct room_node *node = find_node(room, subscribe->node);
    if (!node && room->node_count >= chat->settings.nodes_max) {
        return false;
    }
    if (!node) {
        room->nodes = mem_resize(room->nodes, (room->node_count + 1) * sizeof(*room->nodes));
        node = &room->nodes[room->node_count++];
    }
    *node = (struct room_node){
        subscribe->node, loop_now_ms(chat->loop) + chat->settings.subscription_ms};
    return true;
}

static void say_head(struct chat_service *chat, const struct room *room, uint64_t node)
{
    const struct shard *shard = &chat->shards[room->shard];
    struct cht_subscribed event = {
        .room = room->state.room,
        .shard = shard->number,
        .term = shard->term,
        .head = room->said_seq,
        .owner_now = loop_wall_ms(chat->loop),
    };
    struct buf *buf = event_buf_encode(&cht_row_subscribed, &event);
    mail_send(chat->deps.mail, MAIL_LIVE, node, buf);
    buf_unref(buf);
}

void subscribers_on_subscribe(
    struct chat_service *chat, struct room *room, const struct cht_subscribe *subscribe)
{
    struct room_node *known = find_node(room, subscribe->node);
    if (subscribe->off) {
        if (known) {
            drop_node(room, known);
        }
        return;
    }
    if (add_node(chat, room, subscribe)) {
        say_head(chat, room, subscribe->node);
    }
}

/* The message whose text an entry has, or on which it puts a key: 0 if there is none. */
static uint64_t shown_of(uint64_t kind, uint64_t seq, uint64_t target)
{
    if (kind == cht_entry_kind_message) {
        return seq;
    }
    return kind == cht_entry_kind_edited || kind == cht_entry_kind_reaction ? target : 0;
}

/* The message was deleted: what is kept of it, of its edits and of reactions to it loses its words.
 */
static void blank(struct shard *shard, struct frames *frames, uint64_t target)
{
    uint64_t oldest = frames_oldest(frames);
    for (uint64_t seq = target > oldest ? target : oldest; seq <= frames->newest; seq++) {
        const struct frame *frame = frames_at(frames, seq);
        if (shown_of(frame->kind, frame->seq, frame->target) == target) {
            frames_replace(frames, seq, deliver_blank(shard, frame));
        }
    }
}

void subscribers_say(struct chat_service *chat, struct room *room, const struct frame *frame)
{
    CHECK(frame->seq == room->said_seq + 1);
    room->said_seq = frame->seq;
    room->said_n = frame->n;
    heads_note_move(chat, room);
    uint64_t before = room->frames.bytes;
    frames_add(&room->frames, frame, (uint32_t)chat->settings.resend_frames);
    if (frame->kind == cht_entry_kind_deleted) {
        blank(&chat->shards[room->shard], &room->frames, frame->target);
    }
    chat->frame_bytes += room->frames.bytes - before;
    rooms_bound_frames(chat, room);
    uint64_t now = loop_now_ms(chat->loop);
    for (uint32_t i = 0; i < room->node_count;) {
        if (room->nodes[i].until_ms < now) {
            drop_node(room, &room->nodes[i]);
            continue;
        }
        mail_send(chat->deps.mail, MAIL_LIVE, room->nodes[i].node, frame->delivery);
        i++;
    }
}

void subscribers_ephemeral(struct chat_service *chat, struct room *room, struct buf *event)
{
    for (uint32_t i = 0; i < room->node_count; i++) {
        mail_send(chat->deps.mail, MAIL_LIVE, room->nodes[i].node, event);
    }
}

/* ---- resend from the store */
struct resend {
    struct flow flow;
    struct chat_service *chat;
    struct room_id room;
    uint64_t node, until;
    struct history_entries_op page;
};

static void ask_page(struct flow *flow)
{
    struct resend *resend = (struct resend *)flow;
    history_entries(resend->chat->deps.history, &flow->asker, &resend->page);
}

/* The store may be behind: it has the text of a message whose delete was said meanwhile. */
static bool was_deleted(const struct room *room, const struct cht_entry *entry)
{
    uint64_t target = shown_of(entry->kind, entry->seq, entry->target);
    uint64_t by = target ? room_window_deleted_by(&room->state.window, target) : 0;
    return by != 0 && by <= room->said_seq;
}

/* The head behind a page makes the node ask for the next one at once. What the store does not have
 * yet is in the ring or comes later: then the node asks again in its own time. */
static void send_page(struct flow *flow)
{
    struct resend *resend = (struct resend *)flow;
    struct room *room = rooms_by_id(resend->chat, resend->room);
    uint32_t sent = 0;
    for (; room && sent < resend->page.count; sent++) {
        struct cht_entry *entry = &resend->page.entries[sent];
        if (entry->seq > resend->until) {
            break;
        }
        if (was_deleted(room, entry)) {
            entry->text = (struct cht_str){0};
            entry->key = (struct cht_str){0};
        }
        struct buf *delivery =
            deliver_encode(&resend->chat->shards[room->shard], &room->state.room, entry);
        mail_send(resend->chat->deps.mail, MAIL_LIVE, resend->node, delivery);
        buf_unref(delivery);
    }
    if (sent > 0 && find_node(room, resend->node)) {
        say_head(resend->chat, room, resend->node);
    }
}

static void end_resend(struct flow *flow)
{
    struct resend *resend = (struct resend *)flow;
    struct room *room = rooms_by_id(resend->chat, resend->room);
    if (room) {
        room->visitors--;
    }
    resend->chat->flows--;
    arena_deinit(&resend->page.arena);
    mem_free(resend);
}

static const struct flow_step resend_steps[] = {
    {"resend.ask_page", ask_page},
    {"resend.send_page", send_page},
    {"resend.end", end_resend},
};

/* What the store does not have yet is hurried, for when the node asks again. */
static void resend_from_store(
    struct chat_service *chat, struct room *room, const struct cht_resend *asked, uint64_t until)
{
    if (room->state.index > chat->shards[room->shard].stored_index) {
        owner_want_stored(chat, room->shard, room->state.index);
    }
    struct resend *resend = mem_new(sizeof(*resend));
    resend->chat = chat;
    resend->room = id_of_room(room);
    resend->node = asked->node;
    resend->until = until;
    resend->page.room = room->state.room;
    resend->page.bound = HISTORY_AFTER;
    resend->page.seq = asked->after;
    resend->page.limit = PAGE_ENTRIES;
    resend->page.bytes_max = PAGE_BYTES;
    room->visitors++;
    chat->flows++;
    flow_start(&resend->flow, chat->loop, resend_steps, FLOW_STEPS(resend_steps));
}

void subscribers_on_resend(
    struct chat_service *chat, struct room *room, const struct cht_resend *resend)
{
    chat->counters.resends++;
    if (resend->after >= room->said_seq) {
        return;
    }
    if (resend->after + 1 < frames_oldest(&room->frames) || room->frames.count == 0) {
        resend_from_store(chat, room, resend, room->said_seq);
        return;
    }
    for (uint64_t seq = resend->after + 1; seq <= room->said_seq; seq++) {
        mail_send(
            chat->deps.mail, MAIL_LIVE, resend->node, frames_at(&room->frames, seq)->delivery);
    }
}
