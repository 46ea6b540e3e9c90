/* id - ids as text, and ids that are made from names.
 *
 * Happy path: 16 bytes to 36 characters and back; a command names its room, or what that is made
 * of. How it fails: a text that is not exactly an id is refused. */

#include <string.h>

#include "chattifier/events.h"
#include "field.h"
#include "sha1.h"

/* The name space of rooms. It never changes: the ids of all rooms hang on it. */
static const struct cht_id room_space = {{0x6f, 0x0d, 0x3a, 0x52, 0xc8, 0x1b, 0x4e, 0x97, 0x9a,
    0x44, 0x2d, 0xe7, 0x50, 0xb9, 0x13, 0x8c}};

/* Two digits for each byte. */
static const char digit_pairs[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
    "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

CHT_INLINED void text_of_bytes(const uint8_t *bytes, unsigned count, char *ret_text)
{
    for (unsigned i = 0; i < count; i++) {
        memcpy(ret_text + 2 * i, digit_pairs + (size_t)2 * bytes[i], 2);
    }
}

void cht_id_to_text(const struct cht_id *id, char *ret_text)
{
    text_of_bytes(id->bytes, 4, ret_text);
    ret_text[8] = '-';
    text_of_bytes(id->bytes + 4, 2, ret_text + 9);
    ret_text[13] = '-';
    text_of_bytes(id->bytes + 6, 2, ret_text + 14);
    ret_text[18] = '-';
    text_of_bytes(id->bytes + 8, 2, ret_text + 19);
    ret_text[23] = '-';
    text_of_bytes(id->bytes + 10, 6, ret_text + 24);
}

/* The values of digits, marked beside the byte that two of them make; 0 for what is none. */
#define DIGIT 0x1000u
#define BOTH_DIGITS (DIGIT << 4 | DIGIT)
static const uint16_t digits[256] = {
    ['0'] = DIGIT | 0,
    ['1'] = DIGIT | 1,
    ['2'] = DIGIT | 2,
    ['3'] = DIGIT | 3,
    ['4'] = DIGIT | 4,
    ['5'] = DIGIT | 5,
    ['6'] = DIGIT | 6,
    ['7'] = DIGIT | 7,
    ['8'] = DIGIT | 8,
    ['9'] = DIGIT | 9,
    ['a'] = DIGIT | 10,
    ['b'] = DIGIT | 11,
    ['c'] = DIGIT | 12,
    ['d'] = DIGIT | 13,
    ['e'] = DIGIT | 14,
    ['f'] = DIGIT | 15,
};

/* What it answers has all bits of BOTH_DIGITS if all were digits. */
CHT_INLINED unsigned bytes_of_text(const char *text, unsigned count, uint8_t *ret_bytes)
{
    unsigned marks = BOTH_DIGITS;
    for (unsigned i = 0; i < count; i++) {
        unsigned high = digits[(uint8_t)text[2 * i]];
        unsigned low = digits[(uint8_t)text[2 * i + 1]];
        unsigned both = high << 4 | low;
        ret_bytes[i] = (uint8_t)both;
        marks &= both;
    }
    return marks;
}

bool cht_id_from_text(struct cht_str text, struct cht_id *ret_id)
{
    const char *at = text.at;
    if (text.size != CHT_ID_TEXT_SIZE || at[8] != '-' || at[13] != '-' || at[18] != '-' ||
        at[23] != '-') {
        return false;
    }
    unsigned marks = bytes_of_text(at, 4, ret_id->bytes);
    marks &= bytes_of_text(at + 9, 2, ret_id->bytes + 4);
    marks &= bytes_of_text(at + 14, 2, ret_id->bytes + 6);
    marks &= bytes_of_text(at + 19, 2, ret_id->bytes + 8);
    marks &= bytes_of_text(at + 24, 6, ret_id->bytes + 10);
    return marks == BOTH_DIGITS;
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
