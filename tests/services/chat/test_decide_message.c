/* Saying, editing, deleting and reacting, also where two people talk. */

#include "decide_house.h"

#include <stdio.h>

/* ---- messages */
static void a_message_gets_the_next_seq_and_n_and_a_time_that_never_goes_back(void **state)
{
    (void)state;
    facts.now = START_MS - 1;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    is_accepted(1);
    assert_int_equal(decision.entries[0].n, room.n + 1);
    assert_int_equal(decision.entries[0].ts, START_MS);
    assert_true(decision.created);
}

static void an_edit_or_delete_of_what_is_no_message_is_not_found(void **state)
{
    (void)state;
    static const uint64_t types[] = {cht_command_type_message_edit, cht_command_type_message_delete,
        cht_command_type_message_react};
    for (size_t i = 0; i < 3; i++) {
        struct cht_command command = filled(types[i], MEMBER, "");
        command.target = 1;
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
        command = filled(types[i], MEMBER, "");
        command.target = room.seq + 1;
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
    }
    struct cht_command reply = filled(cht_command_type_message_send, MEMBER, "");
    reply.reply_to = 1;
    decide(&reply);
    is_refused(ERR_NOT_FOUND, NULL);
}

static void what_was_said_before_one_joined_is_not_found_where_history_begins_there(void **state)
{
    (void)state;
    static const uint64_t types[] = {
        cht_command_type_message_delete, cht_command_type_message_react};
    uint64_t target = room.seq;
    room.history = cht_history_from_joined;
    seat(STRANGER, cht_role_admin, cht_member_state_joined);
    for (size_t i = 0; i < 2; i++) {
        struct cht_command command = filled(types[i], STRANGER, "");
        command.target = target;
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
        command = filled(types[i], ADMIN, "");
        command.target = target;
        decide(&command);
        is_accepted(1);
    }
    struct cht_command reply = filled(cht_command_type_message_send, STRANGER, "");
    reply.reply_to = target;
    decide(&reply);
    is_refused(ERR_NOT_FOUND, NULL);
}

static struct cht_command reaction(uint16_t by, uint64_t target, const char *key)
{
    struct cht_command command = filled(cht_command_type_message_react, by, "");
    command.target = target;
    command.key = str(key);
    return command;
}

static void a_message_takes_so_many_different_reactions_from_all_together(void **state)
{
    (void)state;
    uint64_t target = room.seq;
    char key[8];
    for (int i = 0; i < ROOM_REACTION_KEYS_MAX; i++) {
        assert_true(snprintf(key, sizeof(key), "k%d", i) > 0);
        struct cht_command command = reaction(i % 2 ? MEMBER : PLAIN, target, key);
        decide(&command);
        is_accepted(1);
        apply();
    }
    struct cht_command command = reaction(ADMIN, target, "one more");
    decide(&command);
    is_refused(ERR_CONFLICT, "key");
    command = reaction(ADMIN, target, "k0");
    decide(&command);
    is_accepted(1);
    command = reaction(PLAIN, target, "k0");
    command.on = false;
    decide(&command);
    is_accepted(1);
}

static void an_old_message_takes_no_more_different_reactions_than_the_store_says(void **state)
{
    (void)state;
    make_old_room(START_MS);
    facts.target_found = true;
    struct cht_command command = reaction(MEMBER, 5, "new");
    facts.target_other_keys = ROOM_REACTION_KEYS_MAX - 1;
    decide(&command);
    is_accepted(1);
    facts.target_other_keys = ROOM_REACTION_KEYS_MAX;
    decide(&command);
    is_refused(ERR_CONFLICT, "key");
}

static void what_is_already_so_makes_no_entry(void **state)
{
    (void)state;
    uint64_t target = room.seq;
    struct cht_command command = filled(cht_command_type_message_edit, MEMBER, "");
    command.text = str("text");
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
    assert_int_equal(decision.seq, room.seq);
    command = filled(cht_command_type_message_react, MEMBER, "");
    command.on = false;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
    command = filled(cht_command_type_message_delete, MEMBER, "");
    decide(&command);
    apply();
    command = filled(cht_command_type_message_delete, OWNER, "");
    command.target = target;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void a_deleted_message_takes_no_edit_and_no_reaction(void **state)
{
    (void)state;
    uint64_t target = room.seq;
    struct cht_command command = filled(cht_command_type_message_delete, MEMBER, "");
    decide(&command);
    apply();
    command = filled(cht_command_type_message_edit, MEMBER, "");
    command.target = target;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
    command = filled(cht_command_type_message_react, MEMBER, "");
    command.target = target;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
    command = filled(cht_command_type_message_send, MEMBER, "");
    command.reply_to = target;
    decide(&command);
    is_accepted(1);
}

static void a_message_that_is_not_in_memory_is_asked_of_the_store(void **state)
{
    (void)state;
    make_old_room(START_MS - ROOM_WINDOW_MS);
    struct cht_command command = filled(cht_command_type_message_edit, MEMBER, "");
    command.target = 50;
    facts.have = 0;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_NEEDS);
    assert_int_equal(decision.needs, ROOM_FACT_TARGET);
    facts.have = ROOM_FACT_TARGET;
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    facts.target_found = true;
    facts.target_by = user(MEMBER);
    decide(&command);
    is_accepted(1);
    facts.target_deleted = true;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
}

/* The store has the message; the room knows that it was deleted since. */
static void the_window_has_the_last_word_about_an_old_message(void **state)
{
    (void)state;
    make_old_room(START_MS - ROOM_WINDOW_MS);
    facts.target_found = true;
    facts.target_by = user(MEMBER);
    struct cht_command command = filled(cht_command_type_message_delete, MEMBER, "");
    command.target = 50;
    decide(&command);
    apply();
    command = filled(cht_command_type_message_edit, MEMBER, "");
    command.target = 50;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
}

static void only_members_are_mentioned_each_once(void **state)
{
    (void)state;
    struct cht_id some[] = {user(OWNER), user(STRANGER), user(OWNER), user(BANNED), user(PLAIN)};
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    command.mentions = (struct cht_ids){some, 5};
    decide(&command);
    is_accepted(1);
    assert_int_equal(decision.entries[0].mentions.count, 2);
}

/* ---- direct rooms */
static void the_first_message_to_somebody_makes_the_room(void **state)
{
    (void)state;
    forget_room();
    struct cht_command command = filled(cht_command_type_message_send, OWNER, "");
    command.room = (struct cht_id){{0}};
    command.to = user(ADMIN);
    facts.have = 0;
    decide(&command);
    assert_int_equal(decision.needs, ROOM_FACT_USERS | ROOM_FACT_BLOCKS);
    facts.have = ROOM_FACT_USERS | ROOM_FACT_BLOCKS;
    decide(&command);
    assert_int_equal(decision.needs, ROOM_FACT_CROWDED);
    facts.have |= ROOM_FACT_CROWDED;
    decide(&command);
    is_accepted(4);
    assert_int_equal(decision.seq, 4);
    assert_int_equal(decision.n, 1);
    facts.missing_user = 0;
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    facts.missing_user = -1;
    facts.blocking_user = 0;
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void whoever_is_blocked_may_not_send_nor_react(void **state)
{
    (void)state;
    make_direct();
    facts.blocking_user = 0;
    struct cht_command command = filled(cht_command_type_message_send, OWNER, "");
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
    command = filled(cht_command_type_message_react, OWNER, "");
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void a_hidden_room_comes_back_with_the_next_message(void **state)
{
    (void)state;
    make_direct();
    struct cht_command command = filled(cht_command_type_room_leave, ADMIN, "");
    decide(&command);
    is_accepted(1);
    assert_true(decision.entries[0].quiet);
    apply();
    decide(&(struct cht_command){.type = cht_command_type_room_leave,
        .author = user(ADMIN),
        .room = user(999),
        .cid = str("again")});
    assert_int_equal(decision.outcome, ROOM_DUP);
    command = filled(cht_command_type_message_send, OWNER, "");
    decide(&command);
    is_accepted(2);
    assert_int_equal(decision.entries[0].kind, cht_entry_kind_member);
    assert_int_equal(decision.seq, decision.entries[1].seq);
    /* who sees the quiet entry not is told where the last loud one was */
    assert_int_equal(decision.entries[1].prev, room.loud_seq);
}

static void notes_to_oneself_ask_nobody(void **state)
{
    (void)state;
    make_empty(cht_room_kind_direct, cht_visibility_private);
    room.pair[1] = user(OWNER);
    seat(OWNER, cht_role_member, cht_member_state_joined);
    facts.have = 0;
    struct cht_command command = filled(cht_command_type_message_send, OWNER, "");
    decide(&command);
    is_accepted(1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_gets_the_next_seq_and_n_and_a_time_that_never_goes_back),
        TEST(an_edit_or_delete_of_what_is_no_message_is_not_found),
        TEST(what_was_said_before_one_joined_is_not_found_where_history_begins_there),
        TEST(a_message_takes_so_many_different_reactions_from_all_together),
        TEST(an_old_message_takes_no_more_different_reactions_than_the_store_says),
        TEST(what_is_already_so_makes_no_entry),
        TEST(a_deleted_message_takes_no_edit_and_no_reaction),
        TEST(a_message_that_is_not_in_memory_is_asked_of_the_store),
        TEST(the_window_has_the_last_word_about_an_old_message),
        TEST(only_members_are_mentioned_each_once),
        TEST(the_first_message_to_somebody_makes_the_room),
        TEST(whoever_is_blocked_may_not_send_nor_react),
        TEST(a_hidden_room_comes_back_with_the_next_message),
        TEST(notes_to_oneself_ask_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
