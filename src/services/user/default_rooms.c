/* default_rooms - makes and joins the channels of everybody.
 *
 * Happy path: room.create of the system and room.join of the user go to the room's shard one behind
 * the other, the reply to the join ends the op. How it fails: no reply in 2 s is TIMEOUT; the user
 * signs in all the same, and the next sign-in tries again. */

#include "user/default_rooms.h"

#include <stdio.h>

#include "base/comma_list.h"
#include "user/user.h"

#define NAME_IN_CID_MAX 40

/* "default:general"; names that no cid can hold go in by digest. */
static void name_cid(const struct user_service_deps *deps, struct default_room *room)
{
    uint8_t digest[32];
    if (room->name.size <= NAME_IN_CID_MAX && cht_is_token(room->name)) {
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
    if (name.size == 0 || rooms->count == DEFAULT_ROOMS_MAX) {
        return;
    }
    struct default_room *room = &rooms->rooms[rooms->count++];
    room->name = name;
    name_cid(rooms->deps, room);
    cht_id_of_new_room(&nobody, cht_str_of(room->cid), &room->room);
}

static bool tell_create(struct default_rooms *rooms, const struct default_room *room)
{
    struct cht_command command = {.type = cht_command_type_room_create,
        .room = room->room,
        .cid = cht_str_of(room->cid),
        .kind = cht_room_kind_channel,
        .visibility = cht_visibility_public,
        .name = room->name};
    return room_tell(rooms->asks, &command);
}

void default_rooms_init(
    struct default_rooms *rooms, const struct user_service_deps *deps, struct room_asks *asks)
{
    rooms->deps = deps;
    rooms->asks = asks;
    const char *names = deps->settings->rooms_default;
    while (names && *names) {
        add_room(rooms, comma_list_take(&names));
    }
}

void default_rooms_join(struct default_rooms *rooms, struct asker *asker,
    const struct default_room *room, const struct cht_id *user, struct room_ask_op *op)
{
    char cid[64] = "default:";
    cht_id_to_text(user, cid + 8);
    struct cht_command command = {.type = cht_command_type_room_join,
        .author = *user,
        .room = room->room,
        .cid = {cid, 8 + CHT_ID_TEXT_SIZE}};
    if (!tell_create(rooms, room)) {
        op_ask(&op->op, asker);
        op_answer_later(&op->op, rooms->deps->world->loop, ERR_NOT_SENT);
        return;
    }
    room_ask(rooms->asks, asker, op, &command);
}
