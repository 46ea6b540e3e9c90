/* The contract of the port rooms. What it reads is written through history. */

#include "contract.h"

#include <string.h>

#include "chattifier/events.h"

enum { ANNA = 1, BERT = 2 };

static void write_one(struct contract_engine *engine, struct history_change change)
{
    static uint64_t index;
    struct history_write_op op = {
        .progress = {.shard = 0, .term = 1, .index = ++index}, .changes = &change, .count = 1};
    assert_int_equal(ASK(engine, history_write, engine->history, &op), OK);
}

static void put_room(struct contract_engine *engine, uint32_t room, uint64_t seq,
    enum cht_room_kind kind, const char *name)
{
    struct room_meta meta = {.room = contract_id(room),
        .kind = kind,
        .visibility = cht_visibility_public,
        .posting = cht_who_members,
        .adding = cht_who_admins,
        .history = cht_history_from_all,
        .name = contract_str(name),
        .topic = contract_str("a topic"),
        .creator = contract_id(ANNA),
        .pair = {contract_id(ANNA), contract_id(BERT)},
        .created = 99};
    write_one(
        engine, (struct history_change){
                    .kind = CHANGE_ROOM, .room = contract_id(room), .seq = seq, .meta = &meta});
}

static void put_member(struct contract_engine *engine, uint32_t room, uint32_t user, uint64_t seq,
    enum cht_member_state state)
{
    struct room_member member = {.user = contract_id(user), .state = state};
    member.role = state == cht_member_state_joined ? cht_role_admin : cht_role_none;
    member.joined_seq = seq;
    member.changed_seq = seq;
    write_one(engine, (struct history_change){.kind = CHANGE_MEMBER,
                          .room = contract_id(room),
                          .seq = seq,
                          .read_n = 5,
                          .member = &member});
}

static enum err one_of_user(
    struct contract_engine *engine, uint32_t user, uint32_t room, struct rooms_one_of_user_op *op)
{
    op->user = contract_id(user);
    op->room = contract_id(room);
    return ASK(engine, rooms_one_of_user, engine->rooms, op);
}

static void write_message(
    struct contract_engine *engine, uint64_t seq, const struct cht_entry *entry)
{
    struct history_change change = {
        .kind = CHANGE_ENTRY, .room = contract_id(30), .seq = seq, .entry = entry};
    write_one(engine, change);
    change.kind = CHANGE_MESSAGE;
    write_one(engine, change);
}

static void a_room_is_loaded_as_it_was_written(void **state)
{
    struct contract_engine *engine = *state;
    struct cht_entry entry = {
        .kind = cht_entry_kind_message, .seq = 4, .n = 1, .ts = 10, .content = 7};
    struct room_head head = {.seq = 4, .n = 1, .ts = 10, .members = 2, .last_seq = 4};
    entry.by = contract_id(BERT);
    entry.cid = contract_str("abc");
    head.cause.bytes[15] = 3;
    head.last_text = contract_str("hey");
    put_room(engine, 30, 1, cht_room_kind_channel, "Lounge");
    write_message(engine, 4, &entry);
    write_one(engine, (struct history_change){
                          .kind = CHANGE_HEAD, .room = contract_id(30), .seq = 4, .head = &head});
    engine->close(engine);
    engine->open(engine, false);
    struct rooms_load_op op = {.room = contract_id(30)};
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &op), OK);
    assert_int_equal(op.meta.kind, cht_room_kind_channel);
    assert_int_equal(op.meta.adding, cht_who_admins);
    assert_true(cht_str_equal(op.meta.name, contract_str("Lounge")));
    assert_int_equal(op.head.seq, 4);
    assert_int_equal(op.head.cause.bytes[15], 3);
    assert_true(cht_str_equal(op.head.last_text, contract_str("hey")));
    assert_int_equal(op.cid_count, 1);
    assert_true(cht_str_equal(op.cids[0].cid, contract_str("abc")));
    assert_int_equal(op.cids[0].content, 7);
    op.room = contract_id(31);
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &op), ERR_NOT_FOUND);
    arena_deinit(&op.arena);
}

/* A room of 1,000 commands, one a second. */
static void put_commands(struct contract_engine *engine)
{
    struct room_head head = {.seq = 1000, .n = 1000, .ts = 1000000, .members = 2};
    put_room(engine, 30, 1, cht_room_kind_group, "");
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        struct cht_entry entry = {
            .kind = cht_entry_kind_message, .seq = seq, .n = seq, .ts = seq * 1000};
        entry.by = contract_id(BERT);
        entry.cid = contract_str("abc");
        write_message(engine, seq, &entry);
    }
    write_one(
        engine, (struct history_change){
                    .kind = CHANGE_HEAD, .room = contract_id(30), .seq = 1000, .head = &head});
}

static void a_room_is_loaded_with_its_newest_commands(void **state)
{
    struct contract_engine *engine = *state;
    put_commands(engine);
    struct rooms_load_op op = {.room = contract_id(30)};
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &op), OK);
    assert_int_equal(op.cid_count, ROOMS_CIDS_MIN);
    assert_int_equal(op.cids_above, 1000 - ROOMS_CIDS_MIN);
    op.since_ts = 400 * 1000;
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &op), OK);
    assert_int_equal(op.cid_count, 601);
    assert_int_equal(op.cids[600].seq, 400);
    assert_int_equal(op.cids_above, 399);
    assert_int_equal(op.cids_above_ts, 399 * 1000);
    op.since_ts = 990 * 1000;
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &op), OK);
    assert_int_equal(op.cid_count, ROOMS_CIDS_MIN);
    assert_int_equal(op.cids_above, 1000 - ROOMS_CIDS_MIN);
    op.since_ts = 1;
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &op), OK);
    assert_int_equal(op.cid_count, 1000);
    assert_int_equal(op.cids_above, 0);
    arena_deinit(&op.arena);
}

static void members_come_in_pages(void **state)
{
    struct contract_engine *engine = *state;
    put_room(engine, 30, 1, cht_room_kind_group, "");
    for (uint32_t user = 1; user <= 5; user++) {
        put_member(engine, 30, user, user + 1, cht_member_state_joined);
    }
    put_member(engine, 30, 3, 20, cht_member_state_banned);
    struct rooms_cursor_op read = {.room = contract_id(30), .user = contract_id(2), .read_n = 7};
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &read), OK);
    struct rooms_members_op op = {.room = contract_id(30), .limit = 3, .joined_only = true};
    assert_int_equal(ASK(engine, rooms_members, engine->rooms, &op), OK);
    assert_true(op.members[0].read_n < read.read_n);
    assert_int_equal(op.members[1].read_n, read.read_n);
    assert_int_equal(op.count, 3);
    assert_true(op.more);
    op.after = op.members[2].user;
    assert_int_equal(ASK(engine, rooms_members, engine->rooms, &op), OK);
    assert_int_equal(op.count, 1);
    assert_false(op.more);
    op.after = (struct cht_id){{0}};
    op.limit = 10;
    op.joined_only = false;
    assert_int_equal(ASK(engine, rooms_members, engine->rooms, &op), OK);
    assert_int_equal(op.count, 5);
    arena_deinit(&op.arena);
    struct rooms_member_op one = {.room = contract_id(30), .user = contract_id(3)};
    assert_int_equal(ASK(engine, rooms_member, engine->rooms, &one), OK);
    assert_int_equal(one.member.state, cht_member_state_banned);
    assert_int_equal(one.member.role, cht_role_none);
    one.user = contract_id(9);
    assert_int_equal(ASK(engine, rooms_member, engine->rooms, &one), ERR_NOT_FOUND);
}

static void the_rooms_of_a_user_are_listed(void **state)
{
    struct contract_engine *engine = *state;
    for (uint32_t room = 40; room < 44; room++) {
        put_room(engine, room, 1, cht_room_kind_group, "");
        put_member(engine, room, ANNA, 2, cht_member_state_joined);
    }
    put_member(engine, 41, ANNA, 3, cht_member_state_left);
    put_member(engine, 41, ANNA, 2, cht_member_state_joined); /* late: changes nothing */
    struct rooms_of_user_op op = {.user = contract_id(ANNA), .limit = 2};
    assert_int_equal(ASK(engine, rooms_of_user, engine->rooms, &op), OK);
    assert_int_equal(op.count, 2);
    assert_true(op.more);
    assert_int_equal(op.rooms[0].role, cht_role_admin);
    assert_int_equal(op.rooms[0].read_n, 5);
    op.after = op.rooms[1].meta.room;
    op.brief = true;
    assert_int_equal(ASK(engine, rooms_of_user, engine->rooms, &op), OK);
    assert_int_equal(op.count, 1);
    assert_false(op.more);
    assert_int_equal(op.rooms[0].joined_seq, 2);
    arena_deinit(&op.arena);
}

static uint64_t stamp_of(struct contract_engine *engine, uint32_t user)
{
    struct cht_id id = contract_id(user);
    return rooms_stamp(engine->rooms, &id);
}

/* True if Anna's stamp is newer than `*now`, which is then the time; Bert's never is. */
static bool has_changed(struct contract_engine *engine, uint64_t *now)
{
    bool changed = stamp_of(engine, ANNA) > *now;
    assert_true(stamp_of(engine, BERT) <= *now);
    *now = history_now(engine->history);
    assert_true(stamp_of(engine, ANNA) <= *now);
    return changed;
}

static void a_stamp_is_when_somebodys_rooms_last_changed(void **state)
{
    struct contract_engine *engine = *state;
    uint64_t now = history_now(engine->history);
    put_room(engine, 30, 1, cht_room_kind_group, "");
    assert_false(has_changed(engine, &now));
    put_member(engine, 30, ANNA, 2, cht_member_state_joined);
    assert_true(has_changed(engine, &now));
    struct rooms_cursor_op read = {.room = contract_id(30), .user = contract_id(ANNA), .read_n = 9};
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &read), OK);
    assert_true(has_changed(engine, &now));
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &read), OK);
    assert_false(has_changed(engine, &now));
    put_member(engine, 30, ANNA, 3, cht_member_state_left);
    assert_true(has_changed(engine, &now));
}

static void a_cursor_only_rises(void **state)
{
    struct contract_engine *engine = *state;
    put_room(engine, 30, 1, cht_room_kind_group, "");
    put_member(engine, 30, ANNA, 2, cht_member_state_joined);
    struct rooms_cursor_op op = {.room = contract_id(30), .user = contract_id(ANNA), .read_n = 9};
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &op), OK);
    assert_int_equal(op.read_n, 9);
    assert_true(op.rose);
    struct rooms_cursor_op nobody = {
        .room = contract_id(30), .user = contract_id(BERT), .read_n = 9};
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &nobody), ERR_NOT_FOUND);
    assert_int_equal(nobody.read_n, 9);
    for (op.read_n = 3; op.read_n != 9;) {
        assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &op), OK);
        assert_int_equal(op.read_n, 9);
        assert_false(op.rose);
    }
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &op), OK);
    assert_false(op.rose);
    write_one(engine, (struct history_change){.kind = CHANGE_MENTION,
                          .room = contract_id(30),
                          .seq = 8,
                          .user = contract_id(ANNA),
                          .n = 12});
    write_one(engine, (struct history_change){.kind = CHANGE_SENT,
                          .room = contract_id(30),
                          .seq = 9,
                          .user = contract_id(ANNA),
                          .read_n = 13});
    struct rooms_one_of_user_op one = {0};
    assert_int_equal(one_of_user(engine, ANNA, 30, &one), OK);
    assert_int_equal(one.one.read_n, 13);
    assert_int_equal(one.one.last_mention_n, 12);
    assert_int_equal(one_of_user(engine, BERT, 30, &one), ERR_NOT_FOUND);
    arena_deinit(&one.arena);
}

static void hide(struct contract_engine *engine, uint32_t room, uint32_t user, uint64_t seq)
{
    struct room_member left = {
        .user = contract_id(user), .state = cht_member_state_left, .changed_seq = seq};
    write_one(engine, (struct history_change){.kind = CHANGE_MEMBER,
                          .room = contract_id(room),
                          .seq = seq,
                          .hidden = true,
                          .member = &left});
}

static void a_left_direct_room_is_hidden_until_the_next_message(void **state)
{
    struct contract_engine *engine = *state;
    struct history_change sent = {
        .kind = CHANGE_SENT, .room = contract_id(30), .seq = 2, .read_n = 1, .hidden = true};
    struct rooms_one_of_user_op one = {0};
    sent.user = contract_id(BERT);
    put_room(engine, 30, 1, cht_room_kind_direct, "");
    put_member(engine, 30, ANNA, 1, cht_member_state_joined);
    put_member(engine, 30, BERT, 1, cht_member_state_joined);
    hide(engine, 30, ANNA, 3);
    write_one(engine, sent); /* older than the hiding */
    assert_int_equal(one_of_user(engine, ANNA, 30, &one), OK);
    assert_true(one.one.hidden);
    sent.seq = 4;
    write_one(engine, sent);
    hide(engine, 30, ANNA, 3); /* a repeat */
    assert_int_equal(one_of_user(engine, ANNA, 30, &one), OK);
    assert_false(one.one.hidden);
    arena_deinit(&one.arena);
}

static void who_is_in_many_rooms_is_crowded(void **state)
{
    struct contract_engine *engine = *state;
    put_room(engine, 30, 1, cht_room_kind_group, "");
    put_room(engine, 31, 1, cht_room_kind_group, "");
    put_member(engine, 30, ANNA, 2, cht_member_state_joined);
    put_member(engine, 31, ANNA, 2, cht_member_state_joined);
    put_member(engine, 30, BERT, 3, cht_member_state_joined);
    put_member(engine, 31, BERT, 3, cht_member_state_left);
    put_room(engine, 32, 1, cht_room_kind_direct, "");
    put_member(engine, 32, BERT, 1, cht_member_state_joined);
    hide(engine, 32, BERT, 3);
    struct cht_id users[] = {contract_id(BERT), contract_id(ANNA), contract_id(99)};
    struct rooms_crowded_op op = {.users = users, .user_count = 3, .most = 2};
    assert_int_equal(ASK(engine, rooms_crowded, engine->rooms, &op), OK);
    assert_false(op.crowded[0]);
    assert_true(op.crowded[1]);
    assert_false(op.crowded[2]);
    op.most = 1;
    assert_int_equal(ASK(engine, rooms_crowded, engine->rooms, &op), OK);
    assert_true(op.crowded[0]);
    assert_false(op.crowded[2]);
}

/* The rooms of Anna and Bert, in the order of their ids. */
static void put_circles(struct contract_engine *engine)
{
    static const enum cht_room_kind kinds[] = {
        cht_room_kind_direct, cht_room_kind_group, cht_room_kind_channel, cht_room_kind_group};
    for (uint32_t i = 0; i < 4; i++) {
        put_room(engine, 30 + i, 1, kinds[i], "");
        put_member(engine, 30 + i, ANNA, 2, cht_member_state_joined);
    }
    put_member(engine, 31, BERT, 3, cht_member_state_joined);
    put_member(engine, 33, BERT, 3, cht_member_state_removed);
}

static void assert_circle(const struct cht_circle *circle, uint32_t user, const char *rooms)
{
    struct cht_id id = contract_id(user);
    assert_true(cht_id_equal(&circle->user, &id));
    assert_int_equal(circle->rooms.count, strlen(rooms));
    for (uint32_t i = 0; i < circle->rooms.count; i++) {
        id = contract_id(30 + (uint32_t)(rooms[i] - '0'));
        assert_true(cht_id_equal(&circle->rooms.at[i], &id));
    }
}

static void the_direct_and_group_rooms_of_many_are_told_together(void **state)
{
    struct contract_engine *engine = *state;
    put_circles(engine);
    struct cht_id users[] = {contract_id(BERT), contract_id(99), contract_id(ANNA)};
    struct rooms_circles_op op = {.users = users, .user_count = 3, .limit = 4};
    assert_int_equal(ASK(engine, rooms_circles, engine->rooms, &op), OK);
    assert_int_equal(op.at, 3);
    assert_int_equal(op.count, 3);
    assert_circle(&op.circles[0], BERT, "1");
    assert_circle(&op.circles[1], 99, "");
    assert_circle(&op.circles[2], ANNA, "013");
    assert_false(op.circles[2].more);
    arena_deinit(&op.arena);
}

static void what_does_not_fit_of_them_comes_in_the_next_answer(void **state)
{
    struct contract_engine *engine = *state;
    put_circles(engine);
    struct cht_id users[] = {contract_id(ANNA), contract_id(BERT)};
    struct rooms_circles_op op = {.users = users, .user_count = 2, .limit = 2};
    assert_int_equal(ASK(engine, rooms_circles, engine->rooms, &op), OK);
    assert_int_equal(op.count, 1);
    assert_circle(&op.circles[0], ANNA, "01");
    assert_true(op.circles[0].more);
    assert_int_equal(ASK(engine, rooms_circles, engine->rooms, &op), OK);
    assert_int_equal(op.count, 2);
    assert_circle(&op.circles[0], ANNA, "3");
    assert_false(op.circles[0].more);
    assert_circle(&op.circles[1], BERT, "1");
    assert_int_equal(op.at, 2);
    arena_deinit(&op.arena);
}

static void assert_in_circles(struct contract_engine *engine, const char *anna, const char *bert)
{
    struct cht_id users[] = {contract_id(ANNA), contract_id(BERT)};
    struct rooms_circles_op op = {.users = users, .user_count = 2, .limit = 4};
    assert_int_equal(ASK(engine, rooms_circles, engine->rooms, &op), OK);
    assert_circle(&op.circles[0], ANNA, anna);
    assert_circle(&op.circles[1], BERT, bert);
    arena_deinit(&op.arena);
}

static void a_direct_room_that_somebody_has_hidden_is_not_in_their_circle(void **state)
{
    struct contract_engine *engine = *state;
    put_room(engine, 30, 1, cht_room_kind_direct, "");
    put_member(engine, 30, ANNA, 2, cht_member_state_joined);
    put_member(engine, 30, BERT, 3, cht_member_state_joined);
    assert_in_circles(engine, "0", "0");
    hide(engine, 30, BERT, 4);
    assert_in_circles(engine, "0", "");
    put_member(engine, 30, BERT, 5, cht_member_state_joined);
    assert_in_circles(engine, "0", "0");
}

static void the_end_of_a_room_ends_memberships_and_frees_its_name(void **state)
{
    struct contract_engine *engine = *state;
    struct rooms_one_of_user_op one = {0};
    put_room(engine, 30, 1, cht_room_kind_channel, "Lounge");
    put_member(engine, 30, ANNA, 2, cht_member_state_joined);
    write_one(engine,
        (struct history_change){.kind = CHANGE_ROOM_GONE, .room = contract_id(30), .seq = 5});
    put_member(engine, 30, ANNA, 2, cht_member_state_joined); /* a repeat */
    assert_int_equal(one_of_user(engine, ANNA, 30, &one), ERR_NOT_FOUND);
    struct rooms_name_op name = {.name = contract_str("LOUNGE"), .room = contract_id(31)};
    assert_int_equal(ASK(engine, rooms_claim_name, engine->rooms, &name), OK);
    struct rooms_load_op load = {.room = contract_id(30)};
    assert_int_equal(ASK(engine, rooms_load, engine->rooms, &load), OK);
    assert_true(load.meta.deleted);
    arena_deinit(&one.arena);
    arena_deinit(&load.arena);
}

static enum err claim(struct contract_engine *engine, uint32_t room, const char *name)
{
    struct rooms_name_op op = {.name = contract_str(name), .room = contract_id(room)};
    return ASK(engine, rooms_claim_name, engine->rooms, &op);
}

static void a_public_name_belongs_to_one_room(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(claim(engine, 30, "Größe"), OK);
    assert_int_equal(claim(engine, 30, "größe"), OK);
    assert_int_equal(claim(engine, 31, "GRÖßE"), ERR_TAKEN);
    test_loop_advance(&engine->loop, 10 * 60 * 1000 + 1);
    assert_int_equal(claim(engine, 31, "Größe"), OK);
    test_loop_advance(&engine->loop, 10 * 60 * 1000 + 1);
    assert_int_equal(claim(engine, 32, "größe"), OK);
    put_room(engine, 32, 1, cht_room_kind_channel, "Größe");
    test_loop_advance(&engine->loop, 10 * 60 * 1000 + 1);
    assert_int_equal(claim(engine, 33, "größe"), ERR_TAKEN);
    struct rooms_name_op taken = {.name = contract_str("Größe"), .room = contract_id(33)};
    struct cht_id holder = contract_id(32);
    assert_int_equal(ASK(engine, rooms_claim_name, engine->rooms, &taken), ERR_TAKEN);
    assert_true(cht_id_equal(&taken.holder, &holder));
    assert_int_equal(claim(engine, 32, "größe"), OK);
}

/* With a word joiner, a no-break space, two of them, blanks at the ends, a byte order mark. */
static void names_that_look_alike_are_one_public_name(void **state)
{
    static const char *const alike[] = {
        "the lo\u2060unge", "the\u00a0lounge", "The  Lounge", " the lounge ", "the lounge\ufeff"};
    struct contract_engine *engine = *state;
    put_room(engine, 30, 1, cht_room_kind_channel, "the lounge");
    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        assert_int_equal(claim(engine, 31, alike[i]), ERR_TAKEN);
    }
    assert_int_equal(claim(engine, 31, "thelounge"), OK);
    put_room(engine, 31, 1, cht_room_kind_channel, "theatre");
    struct rooms_public_op op = {.prefix = contract_str("The\u2003"), .limit = 2};
    assert_int_equal(ASK(engine, rooms_find_public, engine->rooms, &op), OK);
    assert_int_equal(op.count, 1);
    assert_true(cht_str_equal(op.rooms[0].meta.name, contract_str("the lounge")));
    arena_deinit(&op.arena);
}

static void public_rooms_are_found_in_the_order_of_their_names(void **state)
{
    struct contract_engine *engine = *state;
    put_room(engine, 30, 1, cht_room_kind_channel, "beta");
    put_room(engine, 31, 1, cht_room_kind_channel, "Alpha");
    put_room(engine, 32, 1, cht_room_kind_channel, "alps");
    put_room(engine, 32, 2, cht_room_kind_channel, "ALPINE");
    struct rooms_public_op op = {.prefix = contract_str("AL"), .limit = 1};
    assert_int_equal(ASK(engine, rooms_find_public, engine->rooms, &op), OK);
    assert_int_equal(op.count, 1);
    assert_true(op.more);
    assert_true(cht_str_equal(op.rooms[0].meta.name, contract_str("Alpha")));
    op.after = contract_str("alpha");
    assert_int_equal(ASK(engine, rooms_find_public, engine->rooms, &op), OK);
    assert_int_equal(op.count, 1);
    assert_false(op.more);
    assert_true(cht_str_equal(op.rooms[0].meta.name, contract_str("ALPINE")));
    arena_deinit(&op.arena);
}

static enum err door(struct contract_engine *engine, uint32_t room, struct rooms_door_op *op)
{
    op->room = contract_id(room);
    return ASK(engine, rooms_door, engine->rooms, op);
}

static void who_is_no_member_sees_the_door_of_a_public_channel_alone(void **state)
{
    struct contract_engine *engine = *state;
    struct rooms_door_op op = {0};
    put_room(engine, 30, 1, cht_room_kind_channel, "Lounge");
    put_room(engine, 31, 1, cht_room_kind_group, "Group");
    put_room(engine, 32, 1, cht_room_kind_direct, "");
    struct room_head head = {.seq = 7, .n = 3, .members = 2};
    write_one(engine, (struct history_change){
                          .kind = CHANGE_HEAD, .room = contract_id(30), .seq = 7, .head = &head});
    assert_int_equal(door(engine, 30, &op), OK);
    assert_true(cht_id_equal(&op.meta.room, &op.room));
    assert_true(cht_str_equal(op.meta.name, contract_str("Lounge")));
    assert_int_equal(op.head.seq, 7);
    assert_int_equal(op.head.members, 2);
    for (uint32_t room = 31; room < 34; room++) {
        assert_int_equal(door(engine, room, &op), ERR_NOT_FOUND);
    }
    arena_deinit(&op.arena);
}

static void a_channel_that_ended_or_is_private_now_has_no_door(void **state)
{
    struct contract_engine *engine = *state;
    struct rooms_door_op op = {0};
    put_room(engine, 30, 1, cht_room_kind_channel, "Lounge");
    put_room(engine, 31, 1, cht_room_kind_channel, "Bar");
    assert_int_equal(door(engine, 31, &op), OK);
    write_one(engine,
        (struct history_change){.kind = CHANGE_ROOM_GONE, .room = contract_id(30), .seq = 2});
    assert_int_equal(door(engine, 30, &op), ERR_NOT_FOUND);
    struct room_meta meta = {.room = contract_id(31),
        .kind = cht_room_kind_channel,
        .visibility = cht_visibility_private,
        .name = contract_str("Bar")};
    write_one(engine, (struct history_change){
                          .kind = CHANGE_ROOM, .room = contract_id(31), .seq = 2, .meta = &meta});
    assert_int_equal(door(engine, 31, &op), ERR_NOT_FOUND);
    arena_deinit(&op.arena);
}

int rooms_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(a_room_is_loaded_as_it_was_written),
        TEST(a_room_is_loaded_with_its_newest_commands),
        TEST(members_come_in_pages),
        TEST(the_rooms_of_a_user_are_listed),
        TEST(a_stamp_is_when_somebodys_rooms_last_changed),
        TEST(a_cursor_only_rises),
        TEST(a_left_direct_room_is_hidden_until_the_next_message),
        TEST(who_is_in_many_rooms_is_crowded),
        TEST(the_direct_and_group_rooms_of_many_are_told_together),
        TEST(what_does_not_fit_of_them_comes_in_the_next_answer),
        TEST(a_direct_room_that_somebody_has_hidden_is_not_in_their_circle),
        TEST(the_end_of_a_room_ends_memberships_and_frees_its_name),
        TEST(a_public_name_belongs_to_one_room),
        TEST(names_that_look_alike_are_one_public_name),
        TEST(public_rooms_are_found_in_the_order_of_their_names),
        TEST(who_is_no_member_sees_the_door_of_a_public_channel_alone),
        TEST(a_channel_that_ended_or_is_private_now_has_no_door),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
