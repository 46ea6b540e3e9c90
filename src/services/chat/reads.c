/* reads - how far somebody has read, and that somebody types: what the owner passes on without
 * logging it.
 *
 * Happy path: rights and head are those of the moment when the command comes; then it waits in the
 * outbox until they are durable. A cursor is cut to the head and is never below a message of one's
 * own, which the store may learn of later; the answer says what is unread. If
 * it rose it is stored, told to the reader's other connections (read), and shown to all of the
 * reader's and, in small rooms, to everybody (receipt). Typing is shown to the others, of a few at
 * a time (typists). In a direct room where one has blocked the other, neither is shown what the
 * other types or has read; who asked is not told. How it fails: no rights: the refusal of room_may;
 * a membership that the store does not have yet is hurried and waited for; no store, or the term
 * ends: unavailable. */

#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"
#include "flow/pause.h"

#define TYPING_MS 6000
#define PAUSE_MS 20
#define PAUSES_MAX 100

struct reading {
    struct flow flow;
    struct outbox_turn turn;
    struct chat_service *chat;
    struct room_id room;
    uint32_t shard;
    uint64_t node, node_ref;
    bool is_typing, on;
    enum err may;
    struct rooms_cursor_op cursor;
    struct blocks_look blocks;
    uint64_t index;  /* of the room's newest record when it was asked */
    uint64_t sent_n; /* the reader's own newest message, if the store does not have it yet */
    bool asked;
    uint32_t pauses;
    struct pause_op pause;
};

static void send_reply(struct chat_service *chat, uint64_t node, struct cht_reply *reply)
{
    struct buf *buf = chat_encode_reply(chat, node, reply);
    if (buf) {
        mail_send(chat->deps.mail, MAIL_LIVE, node, buf);
        buf_unref(buf);
    }
}

static void answer(struct chat_service *chat, uint64_t node, uint64_t node_ref, enum err err)
{
    struct cht_reply reply = {.node_ref = node_ref};
    reply.error = err == OK ? 0 : (uint64_t)err_for_client(err);
    send_reply(chat, node, &reply);
}

void reads_refuse(struct chat_service *chat, const struct buf *event, enum err err)
{
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_command command;
    if (cht_event_number_of(event_buf_bytes(event)) == CHT_EVENT_command &&
        cht_decode(&cht_row_command, event_buf_bytes(event), &scratch, &command)) {
        answer(chat, command.node, command.node_ref, err);
    }
}

static void end(struct reading *reading)
{
    struct room *room = rooms_by_id(reading->chat, reading->room);
    if (room) {
        room->visitors--;
    }
    reading->chat->flows--;
    mem_free(reading);
}

static enum err may_still(const struct reading *reading)
{
    const struct room *room = rooms_by_id(reading->chat, reading->room);
    return room ? room_may(&room->state, &reading->cursor.user, cht_command_type_read)
                : ERR_UNAVAILABLE;
}

/* The member is known here from the log; the store may be a moment behind it, or ahead: the
 * membership has ended since. */
static void set_cursor(struct flow *flow)
{
    struct reading *reading = (struct reading *)flow;
    if (!reading->asked) {
        reading->asked = true;
        rooms_set_cursor(reading->chat->deps.rooms, flow_tolerate(flow), &reading->cursor);
        flow_again(flow);
    } else if (reading->cursor.op.err == ERR_NOT_FOUND && reading->pauses < PAUSES_MAX) {
        reading->may = may_still(reading);
        if (reading->may != OK) {
            flow_fail(flow, reading->may);
            return;
        }
        reading->asked = false;
        reading->pauses++;
        owner_want_stored(reading->chat, reading->shard, reading->index);
        pause_ask(reading->chat->loop, &flow->asker, &reading->pause, PAUSE_MS);
        flow_again(flow);
    } else if (reading->cursor.op.err != OK) {
        flow_fail(flow, reading->cursor.op.err);
    }
}

static void look_at_blocks(struct flow *flow)
{
    struct reading *reading = (struct reading *)flow;
    struct room *room = rooms_by_id(reading->chat, reading->room);
    if (room) {
        blocks_look(reading->chat, flow, room, &reading->blocks);
    }
}

static void say(struct chat_service *chat, struct room *room, struct cht_ephemeral *event,
    const struct cht_event_row *row, const void *frame)
{
    struct buf *buf = deliver_ephemeral(event, row, frame);
    subscribers_ephemeral(chat, room, buf);
    buf_unref(buf);
}

/* Before the reply: the node finds the connection that asked by the command that still waits. */
static void show(struct reading *reading, struct room *room, uint64_t unread)
{
    struct chat_service *chat = reading->chat;
    const struct rooms_cursor_op *cursor = &reading->cursor;
    bool is_large = room->state.members.joined > chat->settings.receipts_members_max;
    bool to_self = blocks_seen(chat, room, &reading->blocks) || is_large;
    struct cht_f_receipt receipt = {
        .room = cursor->room, .user = cursor->user, .read_n = cursor->read_n};
    struct cht_ephemeral shown = {.room = cursor->room, .user = cursor->user, .to_self = to_self};
    say(chat, room, &shown, &cht_row_f_receipt, &receipt);
    struct cht_f_read read = {.room = cursor->room, .read_n = cursor->read_n, .unread = unread};
    struct cht_ephemeral moved = {
        .room = cursor->room,
        .user = cursor->user,
        .to_self = true,
        .node = reading->node,
        .node_ref = reading->node_ref,
    };
    say(chat, room, &moved, &cht_row_f_read, &read);
}

static void finish(struct flow *flow)
{
    struct reading *reading = (struct reading *)flow;
    struct chat_service *chat = reading->chat;
    struct room *room = rooms_by_id(chat, reading->room);
    struct cht_reply reply = {.node_ref = reading->node_ref};
    char text[80];
    if (flow->err != OK || !room) {
        enum err err = reading->may == OK ? ERR_UNAVAILABLE : reading->may;
        reply.error = (uint64_t)err_for_client(err);
    } else {
        uint64_t n = room->said_n;
        uint64_t unread = n > reading->cursor.read_n ? n - reading->cursor.read_n : 0;
        struct cht_json json = {.at = text, .size = sizeof(text)};
        cht_json_key(&json, "read_n");
        cht_json_u64(&json, reading->cursor.read_n);
        cht_json_key(&json, "unread");
        cht_json_u64(&json, unread);
        reply.body = (struct cht_str){text, (uint32_t)json.used};
        if (reading->cursor.rose && reading->cursor.read_n > reading->sent_n) {
            show(reading, room, unread);
        }
    }
    send_reply(chat, reading->node, &reply);
    end(reading);
}

static const struct flow_step read_steps[] = {
    {"read.set_cursor", set_cursor},
    {"read.look_at_blocks", look_at_blocks},
    {"read.finish", finish},
};

static void show_typing(struct reading *reading)
{
    struct chat_service *chat = reading->chat;
    struct room *room = rooms_by_id(chat, reading->room);
    if (!room || blocks_seen(chat, room, &reading->blocks)) {
        return;
    }
    const struct rooms_cursor_op *cursor = &reading->cursor;
    uint64_t now_ms = loop_now_ms(chat->loop);
    uint64_t until_ms = reading->on ? now_ms + TYPING_MS : 0;
    if (!typists_note(&room->typists, &cursor->user, until_ms, now_ms)) {
        return;
    }
    struct cht_f_typing typing = {
        .room = cursor->room, .user = cursor->user, .for_ms = reading->on ? TYPING_MS : 0};
    struct cht_ephemeral shown = {.room = cursor->room, .user = cursor->user, .to_others = true};
    say(chat, room, &shown, &cht_row_f_typing, &typing);
}

static void finish_typing(struct flow *flow)
{
    struct reading *reading = (struct reading *)flow;
    show_typing(reading);
    answer(reading->chat, reading->node, reading->node_ref, OK);
    end(reading);
}

static const struct flow_step typing_steps[] = {
    {"typing.look_at_blocks", look_at_blocks},
    {"typing.finish", finish_typing},
};

static void on_turn(struct outbox_turn *turn, bool said)
{
    struct reading *reading = container_of(turn, struct reading, turn);
    struct loop *loop = reading->chat->loop;
    enum err err = said ? reading->may : ERR_UNAVAILABLE;
    if (err != OK) {
        answer(reading->chat, reading->node, reading->node_ref, err);
        end(reading);
    } else if (reading->is_typing) {
        flow_start(&reading->flow, loop, typing_steps, FLOW_STEPS(typing_steps));
    } else {
        flow_start(&reading->flow, loop, read_steps, FLOW_STEPS(read_steps));
    }
}

static struct reading *make(
    struct chat_service *chat, struct room *room, const struct cht_command *command)
{
    struct reading *reading = mem_new(sizeof(*reading));
    reading->turn.on_turn = on_turn;
    reading->chat = chat;
    reading->room = id_of_room(room);
    reading->shard = room->shard;
    reading->index = room->state.index;
    reading->node = command->node;
    reading->node_ref = command->node_ref;
    reading->may = room_may(&room->state, &command->author, command->type);
    reading->cursor.room = room->state.room;
    reading->cursor.user = command->author;
    room->visitors++;
    chat->flows++;
    return reading;
}

void reads_on_read(struct chat_service *chat, struct room *room, const struct cht_command *command)
{
    struct reading *reading = make(chat, room, command);
    uint64_t n = command->n < room->state.n ? command->n : room->state.n;
    reading->sent_n =
        room_state_sent_n(&room->state, &command->author, chat->shards[room->shard].stored_index);
    reading->cursor.read_n = n > reading->sent_n ? n : reading->sent_n;
    outbox_wait(&chat->shards[room->shard], &reading->turn);
}

void reads_on_typing(
    struct chat_service *chat, struct room *room, const struct cht_command *command)
{
    struct reading *reading = make(chat, room, command);
    reading->is_typing = true;
    reading->on = command->on;
    outbox_wait(&chat->shards[room->shard], &reading->turn);
}
