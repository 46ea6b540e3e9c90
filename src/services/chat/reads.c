/* reads - how far somebody has read, and that somebody types: what the owner passes on without
 * logging it.
 *
 * Happy path: a cursor is cut to the room's head, stored if it rose, answered with what is unread,
 * and shown to the reader's other connections and, in small rooms, to everybody. Typing is shown to
 * the others. How it fails: no rights: the refusal of room_may; no store: unavailable. */

#include "base/mem.h"
#include "chat_inner.h"

#define TYPING_MS 6000

struct reading {
    struct flow flow;
    struct chat_service *chat;
    struct room_id room;
    uint64_t node, node_ref;
    struct rooms_cursor_op cursor;
};

static void send_reply(struct chat_service *chat, uint64_t node, struct cht_reply *reply)
{
    if (node == 0 || reply->node_ref == 0) {
        return;
    }
    reply->owner_now = loop_wall_ms(chat->loop);
    struct buf *buf = chat_encode(&cht_row_reply, reply);
    mail_send(chat->deps.mail, MAIL_LIVE, node, buf);
    buf_unref(buf);
}

static void refuse(struct chat_service *chat, const struct cht_command *command, enum err err)
{
    struct cht_reply reply = {
        .node_ref = command->node_ref, .error = (uint64_t)err_for_client(err)};
    send_reply(chat, command->node, &reply);
}

static void set_cursor(struct flow *flow)
{
    struct reading *reading = (struct reading *)flow;
    rooms_set_cursor(reading->chat->deps.rooms, &flow->asker, &reading->cursor);
}

static void show(struct reading *reading, struct room *room, uint64_t unread)
{
    struct chat_service *chat = reading->chat;
    const struct cht_id *user = &reading->cursor.user;
    struct cht_f_receipt receipt = {
        .room = room->state.room, .user = *user, .read_n = reading->cursor.read_n};
    bool everybody = room->state.members.joined <= chat->settings.receipts_members_max;
    struct buf *event = deliver_ephemeral(
        &room->state.room, user, everybody, !everybody, &cht_row_f_receipt, &receipt);
    subscribers_ephemeral(chat, room, event);
    buf_unref(event);
    struct cht_f_read read = {
        .room = room->state.room, .read_n = reading->cursor.read_n, .unread = unread};
    event = deliver_ephemeral(&room->state.room, user, false, true, &cht_row_f_read, &read);
    subscribers_ephemeral(chat, room, event);
    buf_unref(event);
}

static void finish(struct flow *flow)
{
    struct reading *reading = (struct reading *)flow;
    struct chat_service *chat = reading->chat;
    struct room *room = rooms_by_id(chat, reading->room);
    struct cht_reply reply = {.node_ref = reading->node_ref};
    char text[80];
    if (flow->err != OK || !room) {
        reply.error = (uint64_t)ERR_UNAVAILABLE;
    } else {
        uint64_t n = room->state.n;
        uint64_t unread = n > reading->cursor.read_n ? n - reading->cursor.read_n : 0;
        struct cht_json json = {.at = text, .size = sizeof(text)};
        cht_json_key(&json, "read_n");
        cht_json_u64(&json, reading->cursor.read_n);
        cht_json_key(&json, "unread");
        cht_json_u64(&json, unread);
        reply.body = (struct cht_str){text, (uint32_t)json.used};
        show(reading, room, unread);
    }
    send_reply(chat, reading->node, &reply);
    mem_free(reading);
    chat->flows--;
}

static const struct flow_step read_steps[] = {
    {"read.set_cursor", set_cursor},
    {"read.finish", finish},
};

void reads_on_read(struct chat_service *chat, struct room *room, const struct cht_command *command)
{
    enum err err = room_may(&room->state, &command->author, command->type);
    if (err != OK) {
        refuse(chat, command, err);
        return;
    }
    struct reading *reading = mem_new(sizeof(*reading));
    reading->chat = chat;
    reading->room = id_of_room(room);
    reading->node = command->node;
    reading->node_ref = command->node_ref;
    reading->cursor.room = room->state.room;
    reading->cursor.user = command->author;
    reading->cursor.read_n = command->n < room->state.n ? command->n : room->state.n;
    chat->flows++;
    flow_start(&reading->flow, chat->loop, read_steps, FLOW_STEPS(read_steps));
}

void reads_on_typing(
    struct chat_service *chat, struct room *room, const struct cht_command *command)
{
    enum err err = room_may(&room->state, &command->author, command->type);
    if (err != OK) {
        refuse(chat, command, err);
        return;
    }
    struct cht_f_typing typing = {
        .room = room->state.room, .user = command->author, .for_ms = command->on ? TYPING_MS : 0};
    struct buf *event = deliver_ephemeral(
        &room->state.room, &command->author, true, false, &cht_row_f_typing, &typing);
    subscribers_ephemeral(chat, room, event);
    buf_unref(event);
    struct cht_reply reply = {.node_ref = command->node_ref};
    send_reply(chat, command->node, &reply);
}
