/* id - ids as text, and ids that are made from names.
 *
 * Happy path: 16 bytes to 36 characters and back; a command names its room, or what that is made
 * of. How it fails: a text that is not exactly an id is refused. */

#include <string.h>

#include "chattifier/events.h"
#include "sha1.h"

/* The name space of rooms. It never changes: the ids of all rooms hang on it. */
static const struct cht_id room_space = {{0x6f, 0x0d, 0x3a, 0x52, 0xc8, 0x1b, 0x4e, 0x97, 0x9a,
    0x44, 0x2d, 0xe7, 0x50, 0xb9, 0x13, 0x8c}};

static bool dash_follows(unsigned byte)
{
    return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

void cht_id_to_text(const struct cht_id *id, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    char *at = ret_text;
    for (unsigned i = 0; i < sizeof(id->bytes); i++) {
        *at++ = digits[id->bytes[i] >> 4];
        *at++ = digits[id->bytes[i] & 15];
        if (dash_follows(i)) {
            *at++ = '-';
        }
    }
}

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    return digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a' + 10) : 16;
}

bool cht_id_from_text(struct cht_str text, struct cht_id *ret_id)
{
    const char *at = text.at;
    unsigned bad = 0;
    if (text.size != CHT_ID_TEXT_SIZE) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(ret_id->bytes); i++) {
        unsigned high = digit_value(at[0]);
        unsigned low = digit_value(at[1]);
        bad |= (high | low) & 16;
        ret_id->bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
        if (dash_follows(i) && *at++ != '-') {
            return false;
        }
    }
    return bad == 0;
}

static void name_to_id(struct cht_sha1 *sha1, struct cht_id *ret_id)
{
    uint8_t digest[CHT_SHA1_BYTES];
    cht_sha1_end(sha1, digest);
    memcpy(ret_id->bytes, digest, sizeof(ret_id->bytes));
    ret_id->bytes[6] = (uint8_t)((ret_id->bytes[6] & 0x0f) | 0x50);
    ret_id->bytes[8] = (uint8_t)((ret_id->bytes[8] & 0x3f) | 0x80);
}

void cht_id_from_name(const struct cht_id *space, struct cht_str name, struct cht_id *ret_id)
{
    struct cht_sha1 sha1;
    cht_sha1_init(&sha1);
    cht_sha1_add(&sha1, space->bytes, sizeof(space->bytes));
    cht_sha1_add(&sha1, name.at, name.size);
    name_to_id(&sha1, ret_id);
}

void cht_id_of_direct_room(
    const struct cht_id *one, const struct cht_id *other, struct cht_id *ret_room)
{
    bool in_order = memcmp(one, other, sizeof(*one)) <= 0;
    struct cht_id both[2] = {in_order ? *one : *other, in_order ? *other : *one};
    struct cht_str name = {(const char *)both, sizeof(both)};
    cht_id_from_name(&room_space, name, ret_room);
}

void cht_id_of_new_room(const struct cht_id *creator, struct cht_str cid, struct cht_id *ret_room)
{
    struct cht_sha1 sha1;
    cht_sha1_init(&sha1);
    cht_sha1_add(&sha1, room_space.bytes, sizeof(room_space.bytes));
    cht_sha1_add(&sha1, creator->bytes, sizeof(creator->bytes));
    cht_sha1_add(&sha1, cid.at, cid.size);
    name_to_id(&sha1, ret_room);
}

bool cht_room_of_command(const struct cht_command *command, struct cht_id *ret_room)
{
    if (command->type == cht_command_type_room_create) {
        if (command->kind == cht_room_kind_direct && command->members.count == 1) {
            cht_id_of_direct_room(&command->author, &command->members.at[0], ret_room);
        } else {
            cht_id_of_new_room(&command->author, command->cid, ret_room);
        }
        return true;
    }
    if (!cht_id_is_none(&command->room)) {
        *ret_room = command->room;
        return true;
    }
    if (command->type == cht_command_type_message_send && !cht_id_is_none(&command->to)) {
        cht_id_of_direct_room(&command->author, &command->to, ret_room);
        return true;
    }
    return false;
}
