/* default_rooms - makes and joins the channels of everybody.
 *
 * Happy path: room.create of the system and room.join of the user go to the room's shard one behind
 * the other, the reply to the join ends the op. How it fails: no reply in 2 s is TIMEOUT; the user
 * signs in all the same, and the next sign-in tries again. */

#include "user/default_rooms.h"

#include <stdio.h>
#include <string.h>

#include "user/user.h"

#define WAIT_MS 2000

static bool is_token(struct cht_str name)
{
    static const char *const allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    for (uint32_t i = 0; i < name.size; i++) {
        if (!name.at[i] || !strchr(allowed, name.at[i])) {
            return false;
        }
    }
    return name.size <= 40;
}

/* "default:general"; names that no cid can hold go in by digest. */
static void name_cid(const struct user_service_deps *deps, struct default_room *room)
{
    uint8_t digest[32];
    if (is_token(room->name)) {
        snprintf(room->cid, sizeof(room->cid), "default:%.*s", (int)room->name.size, room->name.at);
        return;
    }
    secrets_digest(deps->secrets, room->name, digest);
    snprintf(room->cid, sizeof(room->cid), "default:%02x%02x%02x%02x%02x%02x%02x%02x", digest[0],
        digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
}

static void add_room(struct default_rooms *rooms, struct cht_str name)
{
    static const struct cht_id nobody;
    while (name.size > 0 && name.at[0] == ' ') {
        name = (struct cht_str){name.at + 1, name.size - 1};
    }
    while (name.size > 0 && name.at[name.size - 1] == ' ') {
        name.size--;
    }
    if (name.size == 0 || rooms->count == DEFAULT_ROOMS_MAX) {
        return;
    }
    struct default_room *room = &rooms->rooms[rooms->count++];
    room->name = name;
    name_cid(rooms->deps, room);
    cht_id_of_new_room(
        &nobody, (struct cht_str){room->cid, (uint32_t)strlen(room->cid)}, &room->room);
}

static void post(struct default_rooms *rooms, const struct cht_command *command, bool *ret_sent)
{
    struct buf *bytes = buf_create(cht_encoded_size(&cht_row_command, command));
    bytes->size = bytes->capacity;
    cht_encode(&cht_row_command, command, bytes->bytes);
    uint32_t shard = cht_shard_of_room(&command->room, rooms->deps->shards->count);
    *ret_sent = shards_try_post(rooms->deps->shards, shard, bytes);
    buf_unref(bytes);
}

static bool post_create(struct default_rooms *rooms, const struct default_room *room)
{
    uint64_t now_ms = loop_wall_ms(rooms->deps->world->loop);
    bool sent = false;
    struct cht_command command = {.type = cht_command_type_room_create,
        .room = room->room,
        .cid = {room->cid, (uint32_t)strlen(room->cid)},
        .kind = cht_room_kind_channel,
        .visibility = cht_visibility_public,
        .name = room->name,
        .sent_at = now_ms,
        .deadline = now_ms + 60000};
    post(rooms, &command, &sent);
    return sent;
}

static bool post_join(struct join_op *op)
{
    struct default_rooms *rooms = op->rooms;
    uint64_t now_ms = loop_wall_ms(rooms->deps->world->loop);
    char cid[64] = "default:";
    bool sent = false;
    cht_id_to_text(&op->user, cid + 8);
    struct cht_command command = {.type = cht_command_type_room_join,
        .author = op->user,
        .room = rooms->rooms[op->room].room,
        .cid = {cid, 8 + CHT_ID_TEXT_SIZE},
        .node = rooms->deps->mail->node,
        .node_ref = op->ref,
        .sent_at = now_ms,
        .deadline = now_ms + 60000};
    post(rooms, &command, &sent);
    return sent;
}

static void finish(struct join_op *op, enum err err)
{
    struct join_op **at = &op->rooms->waiting;
    while (*at != op) {
        at = &(*at)->next;
    }
    *at = op->next;
    timer_stop(&op->timer);
    op_answer(&op->op, err);
}

static void on_late(struct timer *timer)
{
    finish(container_of(timer, struct join_op, timer), ERR_TIMEOUT);
}

/* The handle is the first field of a reply: others' replies are told apart without decoding them.
 */
static uint64_t peek_ref(const struct buf *event)
{
    uint64_t ref = 0;
    if (event->size < 3 || event->bytes[0] != CHT_EVENT_reply || event->bytes[1] != 0x08) {
        return 0;
    }
    for (uint32_t i = 2, shift = 0; i < event->size && shift < 63; i++, shift += 7) {
        ref |= (uint64_t)(event->bytes[i] & 0x7f) << shift;
        if (!(event->bytes[i] & 0x80)) {
            return ref;
        }
    }
    return 0;
}

static enum err error_of(const struct buf *event)
{
    struct cht_reply reply;
    uint64_t memory[64];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_str bytes = {(const char *)event->bytes, event->size};
    if (!cht_decode(&cht_row_reply, bytes, &scratch, &reply) || reply.error >= ERR_COUNT) {
        return ERR_CORRUPT;
    }
    return (enum err)reply.error;
}

static void on_live(struct mail_handler *handler, struct buf *event)
{
    struct default_rooms *rooms = container_of(handler, struct default_rooms, on_live);
    if (!rooms->waiting) {
        return;
    }
    uint64_t ref = peek_ref(event);
    if (!(ref & DEFAULT_ROOMS_REF)) {
        return;
    }
    for (struct join_op *op = rooms->waiting; op; op = op->next) {
        if (op->ref == ref) {
            finish(op, error_of(event));
            return;
        }
    }
}

void default_rooms_init(struct default_rooms *rooms, const struct user_service_deps *deps)
{
    rooms->deps = deps;
    rooms->on_live.on_mail = on_live;
    const char *at = deps->settings->rooms_default;
    while (at && *at) {
        size_t size = strcspn(at, ",");
        add_room(rooms, (struct cht_str){at, (uint32_t)size});
        at += size + (at[size] ? 1 : 0);
    }
    if (rooms->count > 0) {
        mail_open(deps->mail, MAIL_LIVE, &rooms->on_live, 1024);
    }
}

void default_rooms_join(struct default_rooms *rooms, struct asker *asker, struct join_op *op)
{
    op_ask(&op->op, asker);
    op->rooms = rooms;
    op->ref = DEFAULT_ROOMS_REF | (++rooms->refs & (DEFAULT_ROOMS_REF - 1));
    if (!post_create(rooms, &rooms->rooms[op->room]) || !post_join(op)) {
        op_answer_later(&op->op, rooms->deps->world->loop, ERR_NOT_SENT);
        return;
    }
    op->next = rooms->waiting;
    rooms->waiting = op;
    timer_start(rooms->deps->world->loop, &op->timer, WAIT_MS, on_late);
}
