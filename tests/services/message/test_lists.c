/* test_lists - lists of rooms and the newest entries beside them, out of memory: they are what the
 * store answers, after every kind of change and for everybody, and read once for all who ask. */

#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports/history.h"
#include "ports/rooms.h"
#include "ports/users.h"

static char first[1 << 20];

/* ---- asking */

static struct cht_command sync_of(struct cht_id user, uint64_t known, uint64_t events)
{
    static struct cht_room_seq rooms[1];
    rooms[0] = (struct cht_room_seq){.room = room_id, .seq = known};
    return (struct cht_command){.has = CHT_BIT(command, rooms) | CHT_BIT(command, events),
        .type = cht_command_type_sync,
        .author = user,
        .rooms = {rooms, 1},
        .events = events};
}

static void ask_sync(struct cht_id user, uint64_t known, uint64_t events)
{
    house_ask(sync_of(user, known, events));
    assert_int_equal(answer_error, OK);
}

static void ask_list(struct cht_id user)
{
    house_ask((struct cht_command){.type = cht_command_type_room_list, .author = user});
    assert_int_equal(answer_error, OK);
}

/* How many lists and tails the next sync reads from the store. */
static uint64_t reads_of_sync(struct cht_id user, uint64_t known)
{
    uint64_t before = house_shared_reads();
    ask_sync(user, known, 20);
    return house_shared_reads() - before;
}

static void set_read(struct cht_id user, uint64_t n)
{
    struct rooms_cursor_op op = {.room = room_id, .user = user, .read_n = n};
    enum err err = ASK(engine, rooms_set_cursor, engine->rooms, &op);
    assert_true(err == OK || err == ERR_NOT_FOUND);
}

static void make_room(void)
{
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("hello");
}

/* ---- what is in memory */

static void what_was_read_is_in_memory_for_all_who_may_have_it(void **state)
{
    (void)state;
    make_room();
    assert_int_equal(reads_of_sync(bob, 0), 2);
    assert_has("\"text\":\"hello\"");
    assert_int_equal(reads_of_sync(bob, 0), 0);
    assert_has("\"text\":\"hello\"");
    assert_int_equal(reads_of_sync(ann, 2), 1);
    assert_has("\"text\":\"hello\"");
    uint64_t before = house_shared_reads();
    ask_list(bob);
    assert_has("\"text\":\"hello\"");
    assert_int_equal(house_shared_reads(), before);
}

static void who_asks_at_the_same_time_shares_one_read(void **state)
{
    (void)state;
    make_room();
    house_hurry();
    uint32_t before = answers;
    uint64_t reads = house_shared_reads();
    for (int i = 0; i < 6; i++) {
        house_post_question(sync_of(i % 2 ? ann : bob, 1, 20));
    }
    house_wait_answers(before + 5);
    assert_has("\"text\":\"hello\"");
    assert_int_equal(house_shared_reads() - reads, 3);
}

static void everybody_gets_the_end_that_they_have_not_seen(void **state)
{
    (void)state;
    make_room();
    uint64_t hello = next_seq;
    house_say("and");
    house_say("goodbye");
    ask_sync(bob, 0, 20);
    assert_has("\"state\":\"joined\"");
    assert_has("\"text\":\"hello\"");
    ask_sync(bob, hello, 20);
    assert_has_not("\"text\":\"hello\"");
    assert_has("\"text\":\"and\"");
    ask_sync(bob, hello, 1);
    assert_has_not("\"text\":\"and\"");
    assert_has("\"events\":[{\"type\":\"message\"");
    ask_sync(bob, next_seq, 20);
    assert_has("\"rooms\":[]");
    ask_sync(bob, hello, 0);
    assert_has_not("\"events\"");
}

/* ---- what changes */

static void what_is_acknowledged_is_in_the_next_list(void **state)
{
    (void)state;
    make_room();
    ask_sync(bob, 0, 20);
    house_say("and this");
    ask_sync(bob, 0, 20);
    assert_has("\"unread\":2");
    assert_has("\"text\":\"and this\"}]");
}

static void a_deleted_text_is_never_given_again(void **state)
{
    (void)state;
    make_room();
    uint64_t target = next_seq;
    ask_sync(bob, 0, 20);
    assert_has("hello");
    house_change_message(cht_entry_kind_deleted, target, "");
    ask_sync(bob, 0, 20);
    assert_has_not("hello");
    ask_sync(ann, 0, 20);
    assert_has_not("hello");
}

static void who_is_removed_is_told_so_and_nothing_else(void **state)
{
    (void)state;
    make_room();
    ask_sync(bob, 0, 20);
    house_change_member(bob, cht_member_state_banned, cht_role_none);
    house_say("without bob");
    for (int i = 0; i < 2; i++) {
        ask_sync(bob, 0, 20);
        assert_has("\"rooms\":[]");
        assert_has("\"gone\":[\"");
    }
}

static void who_joins_has_the_room_in_the_next_list(void **state)
{
    (void)state;
    make_room();
    ask_list(eve);
    assert_has("\"rooms\":[]");
    house_change_member(eve, cht_member_state_joined, cht_role_member);
    ask_list(eve);
    assert_has("\"name\":\"tea\"");
}

static void who_joins_late_sees_nothing_of_before(void **state)
{
    (void)state;
    make_room();
    house_set_history(cht_history_from_joined);
    house_change_member(eve, cht_member_state_joined, cht_role_member);
    house_say("welcome");
    ask_sync(bob, 0, 20);
    assert_has("hello");
    ask_sync(eve, 0, 20);
    assert_has_not("hello");
    assert_has("welcome");
}

static void what_was_read_is_in_the_next_list(void **state)
{
    (void)state;
    make_room();
    ask_list(bob);
    assert_has("\"unread\":1");
    set_read(bob, 1);
    ask_list(bob);
    assert_has("\"unread\":0");
}

/* ---- a read that is under way */

static const struct history_ops *ops_of_store;
static struct history_entries_op *held;

static void hold_entries(struct history *history, struct history_entries_op *op)
{
    (void)history;
    held = op;
}

static bool is_held(void *context)
{
    (void)context;
    return held != NULL;
}

/* Entries stay unread until `let_go`. */
static void hold_reads(void)
{
    static struct history_ops holding;
    ops_of_store = engine->history->ops;
    holding = *ops_of_store;
    holding.entries = hold_entries;
    held = NULL;
    engine->history->ops = &holding;
}

static void let_go(void)
{
    engine->history->ops = ops_of_store;
    ops_of_store->entries(engine->history, held);
}

static void who_is_removed_while_entries_are_read_gets_none_of_after(void **state)
{
    (void)state;
    make_room();
    hold_reads();
    uint32_t before = answers;
    house_post_question(sync_of(bob, 1, 20));
    assert_true(test_loop_run_until(&engine->loop, is_held, NULL));
    house_change_member(bob, cht_member_state_banned, cht_role_none);
    house_say("without bob");
    house_hurry();
    let_go();
    house_wait_answers(before);
    assert_has("\"text\":\"hello\"");
    assert_has_not("without bob");
    assert_has_not("banned");
}

static void a_question_does_not_join_a_read_that_began_before_what_it_must_see(void **state)
{
    (void)state;
    make_room();
    hold_reads();
    uint32_t before = answers;
    house_post_question(sync_of(bob, 1, 20));
    assert_true(test_loop_run_until(&engine->loop, is_held, NULL));
    struct history_entries_op *older = held;
    held = NULL;
    house_say("later");
    house_post_question(sync_of(ann, 1, 20));
    assert_true(test_loop_run_until(&engine->loop, is_held, NULL));
    assert_ptr_not_equal(held, older);
    ops_of_store->entries(engine->history, older);
    house_wait_answers(before);
    let_go();
    house_wait_answers(before + 1);
    assert_has("\"text\":\"later\"}]");
}

static void a_read_that_failed_is_made_again(void **state)
{
    (void)state;
    make_room();
    hold_reads();
    uint32_t before = answers;
    house_post_question(sync_of(bob, 1, 20));
    assert_true(test_loop_run_until(&engine->loop, is_held, NULL));
    engine->history->ops = ops_of_store;
    op_answer_later(&held->op, engine->loop.world.loop, ERR_UNAVAILABLE);
    house_wait_answers(before);
    assert_int_equal(answer_error, ERR_UNAVAILABLE);
    ask_sync(bob, 1, 20);
    assert_has("\"text\":\"hello\"");
}

/* ---- names */

static const struct users_ops *ops_of_users;
static uint32_t gets;

static void count_gets(struct users *users, struct users_get_op *op)
{
    gets++;
    ops_of_users->get(users, op);
}

static void make_user(struct cht_id id, const char *username)
{
    struct users_create_op made = {.user = {.id = id,
                                       .username = contract_str(username),
                                       .display_name = contract_str(username),
                                       .password_hash = contract_str("h"),
                                       .token_version = 1,
                                       .row_version = 1}};
    assert_int_equal(ASK(engine, users_create, engine->users, &made), OK);
}

static void who_is_named_is_asked_for_once_for_all(void **state)
{
    (void)state;
    static struct users_ops counting;
    make_user(ann, "ann");
    make_user(bob, "bob");
    make_room();
    house_hurry();
    ops_of_users = engine->users->ops;
    counting = *ops_of_users;
    counting.get = count_gets;
    engine->users->ops = &counting;
    gets = 0;
    uint32_t before = answers;
    for (int i = 0; i < 6; i++) {
        house_post_question(sync_of(i % 2 ? ann : bob, 1, 20));
    }
    house_wait_answers(before + 5);
    engine->users->ops = ops_of_users;
    assert_has("\"username\":\"ann\"");
    assert_has("\"username\":\"bob\"");
    assert_int_equal(gets, 1);
}

/* ---- every change, at random */

static void change_something(unsigned *dice)
{
    char text[32];
    uint64_t target = 1 + (uint64_t)rand_r(dice) % next_seq;
    struct cht_id user = house_person(rand_r(dice) % 3);
    snprintf(text, sizeof(text), "text %llu", (unsigned long long)next_seq);
    switch (rand_r(dice) % 7) {
    case 0:
        house_say(text);
        break;
    case 1:
        house_change_message(cht_entry_kind_edited, target, text);
        break;
    case 2:
        house_change_message(cht_entry_kind_deleted, target, "");
        break;
    case 3:
        house_set_history(rand_r(dice) % 2 ? cht_history_from_joined : cht_history_from_all);
        break;
    case 4:
        set_read(user, (uint64_t)rand_r(dice) % 10);
        break;
    default:
        house_change_member(user,
            rand_r(dice) % 2 ? cht_member_state_joined : cht_member_state_left, cht_role_member);
        break;
    }
}

static void after_any_change_a_list_is_what_the_store_answers(void **state)
{
    (void)state;
    make_room();
    unsigned dice = 11;
    for (int i = 0; i < 60; i++) {
        struct cht_id user = house_person(rand_r(&dice) % 3);
        uint64_t known = (uint64_t)rand_r(&dice) % (next_seq + 1);
        ask_sync(ann, 0, 20);
        ask_sync(user, known, 20);
        change_something(&dice);
        ask_sync(user, known, 20);
        strcpy(first, answer);
        house_restart();
        ask_sync(user, known, 20);
        assert_string_equal(answer, first);
    }
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(what_was_read_is_in_memory_for_all_who_may_have_it),
        IN_HOUSE(who_asks_at_the_same_time_shares_one_read),
        IN_HOUSE(everybody_gets_the_end_that_they_have_not_seen),
        IN_HOUSE(what_is_acknowledged_is_in_the_next_list),
        IN_HOUSE(a_deleted_text_is_never_given_again),
        IN_HOUSE(who_is_removed_is_told_so_and_nothing_else),
        IN_HOUSE(who_joins_has_the_room_in_the_next_list),
        IN_HOUSE(who_joins_late_sees_nothing_of_before),
        IN_HOUSE(what_was_read_is_in_the_next_list),
        IN_HOUSE(who_is_removed_while_entries_are_read_gets_none_of_after),
        IN_HOUSE(a_question_does_not_join_a_read_that_began_before_what_it_must_see),
        IN_HOUSE(a_read_that_failed_is_made_again),
        IN_HOUSE(who_is_named_is_asked_for_once_for_all),
        IN_HOUSE(after_any_change_a_list_is_what_the_store_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
