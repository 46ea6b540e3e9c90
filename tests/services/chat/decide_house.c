/* decide_house - see the header. Happy path: rooms are made of entries, as their owner makes them.
 * How it fails: by an assertion. */

#include "decide_house.h"

#include <stdio.h>
#include <string.h>

static const uint64_t secret[2] = {3, 4};
struct room_state room;
struct room_decision decision;
struct room_facts facts;
static uint32_t cids;

struct cht_id user(uint16_t number)
{
    return (struct cht_id){{(uint8_t)number, (uint8_t)(number >> 8), 1}};
}

void forget_room(void)
{
    struct cht_id id = user(999);
    room_state_deinit(&room);
    room_state_init(&room, &id, secret);
}

struct cht_entry *next_entry(enum cht_entry_kind kind, uint16_t by)
{
    static struct cht_entry entry;
    entry = (struct cht_entry){
        .kind = kind, .seq = room.seq + 1, .n = room.n, .ts = START_MS, .by = user(by)};
    return &entry;
}

void seat(uint16_t number, enum cht_role role, enum cht_member_state state)
{
    struct cht_entry *entry = next_entry(cht_entry_kind_member, OWNER);
    entry->user = user(number);
    entry->role = role;
    entry->state = state;
    entry->muted_until = number == MUTED ? START_MS + 5000 : 0;
    room_state_apply(&room, entry, 1, NULL);
}

/* A message of that user; answers its seq. */
uint64_t message(uint16_t by, const char *text)
{
    struct cht_entry *entry = next_entry(cht_entry_kind_message, by);
    entry->n = room.n + 1;
    entry->text = str(text);
    room_state_apply(&room, entry, 1, NULL);
    return room.seq;
}

void make_empty(enum cht_room_kind kind, enum cht_visibility visibility)
{
    forget_room();
    struct cht_entry *entry = next_entry(cht_entry_kind_created, OWNER);
    entry->room_kind = kind;
    entry->visibility = visibility;
    entry->posting = cht_who_members;
    entry->adding = cht_who_members;
    entry->history = cht_history_from_all;
    entry->name = str("name");
    entry->user = user(ADMIN);
    room_state_apply(&room, entry, 1, NULL);
}

/* A room with everybody in it, and a message of MEMBER as its newest entry. */
void make_room(enum room_sort sort)
{
    make_empty(sort == GROUP ? cht_room_kind_group : cht_room_kind_channel,
        sort == PUBLIC ? cht_visibility_public : cht_visibility_private);
    seat(OWNER, cht_role_owner, cht_member_state_joined);
    seat(ADMIN, cht_role_admin, cht_member_state_joined);
    seat(MEMBER, cht_role_member, cht_member_state_joined);
    seat(MUTED, cht_role_member, cht_member_state_joined);
    seat(PLAIN, cht_role_member, cht_member_state_joined);
    seat(BANNED, cht_role_none, cht_member_state_banned);
    message(MEMBER, "text");
}

/* OWNER and ADMIN are the two people; a message of OWNER is the newest entry. */
void make_direct(void)
{
    make_empty(cht_room_kind_direct, cht_visibility_private);
    seat(OWNER, cht_role_member, cht_member_state_joined);
    seat(ADMIN, cht_role_member, cht_member_state_joined);
    message(OWNER, "text");
}

void set_posting(enum cht_who posting, enum cht_who adding)
{
    struct cht_entry *entry = next_entry(cht_entry_kind_updated, OWNER);
    entry->posting = posting;
    entry->adding = adding;
    room_state_apply(&room, entry, 1, NULL);
}

/* All facts are there, and nothing speaks against anything. */
int set_up(void **state)
{
    (void)state;
    facts = (struct room_facts){.have = 63,
        .now = START_MS + 1000,
        .cid_err = ERR_NOT_FOUND,
        .missing_user = -1,
        .blocking_user = -1,
        .crowded_user = -1};
    make_room(GROUP);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    room_state_deinit(&room);
    return 0;
}

struct cht_command command_of(uint64_t type, uint16_t author)
{
    static char texts[8][16];
    char *cid = texts[++cids % 8];
    snprintf(cid, sizeof(texts[0]), "cid-%u", cids);
    return (struct cht_command){.type = type,
        .author = user(author),
        .room = user(999),
        .cid = str(cid),
        .sent_at = START_MS + 1000};
}

void decide(const struct cht_command *command)
{
    room_decide(&room, command, &facts, &decision);
}

/* The decision becomes part of the room. */
void apply(void)
{
    assert_int_equal(decision.outcome, ROOM_ENTRIES);
    for (uint32_t i = 0; i < decision.count; i++) {
        room_state_apply(&room, &decision.entries[i], 2, NULL);
    }
}

void is_refused(enum err err, const char *field)
{
    assert_int_equal(decision.outcome, ROOM_REFUSED);
    assert_string_equal(err_name(decision.err), err_name(err));
    assert_int_equal(decision.count, 0);
    assert_string_equal(decision.field ? decision.field : "", field ? field : "");
}

void is_accepted(uint32_t entries)
{
    assert_int_equal(decision.outcome, ROOM_ENTRIES);
    assert_int_equal(decision.count, entries);
    for (uint32_t i = 0; i < entries; i++) {
        assert_int_equal(decision.entries[i].seq, room.seq + 1 + i);
    }
}

struct cht_command filled(uint64_t type, uint16_t author, const char *what)
{
    struct cht_command command = command_of(type, author);
    bool targets = type == cht_command_type_message_edit ||
                   type == cht_command_type_message_delete ||
                   type == cht_command_type_message_react;
    command.target = targets ? room.seq : 0;
    command.text = str("other text");
    command.key = str("+1");
    command.on = true;
    command.user = user(type == cht_command_type_room_add ? 9 : PLAIN);
    command.role = type == cht_command_type_room_role ? cht_role_admin : 0;
    command.until = START_MS + 9000;
    if (type == cht_command_type_room_unban) {
        command.user = user(BANNED);
    }
    if (type == cht_command_type_room_update && strcmp(what, "name") == 0) {
        command.name = str("another");
    } else if (type == cht_command_type_room_update) {
        command.posting = cht_who_admins;
    }
    return command;
}

/* The window begins above seq 100. */
void make_old_room(uint64_t floor_ts)
{
    forget_room();
    struct rooms_load_op loaded = {.meta = {.kind = cht_room_kind_group},
        .head = {.seq = 356, .n = 300, .ts = floor_ts},
        .cids_above = 100,
        .cids_above_ts = floor_ts};
    room_state_load(&room, &loaded);
    assert_int_equal(room.window.floor, 100);
    struct room_member member = {
        .user = user(MEMBER), .role = cht_role_member, .state = cht_member_state_joined};
    room_state_load_member(&room, &member);
}
