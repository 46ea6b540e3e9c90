/* How often the store is asked who is blocked, and that a block holds at once. */

#include "house.h"

#include <string.h>

#include "chat/typists.h"

/* Users 1 and 2 have talked; user 1 is known not to be blocked. */
static struct cht_id talk(struct house *house)
{
    struct cht_command first = house_command(house, cht_command_type_message_send, 1);
    struct cht_id room;
    first.to = house_id(2);
    first.text = house_str("one");
    house_do(house, &first);
    cht_id_of_direct_room(&first.author, &first.to, &room);
    house_send(house, &room, 1, "two");
    house_heard(house);
    house->facts = 0;
    return room;
}

static void is_refused(struct house *house, bool refused)
{
    assert_true((strstr(house_heard(house), " forbidden\n") != NULL) == refused);
}

static void who_talks_on_is_looked_up_once(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk(house);
    for (int i = 0; i < 10; i++) {
        house_send(house, &room, 1, "more");
    }
    assert_int_equal(house->facts, 0);
    is_refused(house, false);
}

static void each_of_the_two_is_looked_up(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk(house);
    house->blocker = house_id(1);
    house_send(house, &room, 2, "answer");
    is_refused(house, true);
    house_send(house, &room, 2, "answer");
    is_refused(house, true);
    assert_int_equal(house->facts, 1);
    house_send(house, &room, 1, "more");
    is_refused(house, false);
}

static void what_is_remembered_ends_by_its_age(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk(house);
    house->blocker = house_id(2);
    house_pass(house, house->settings.blocks_ms - 1);
    house_send(house, &room, 1, "more");
    is_refused(house, false);
    house_pass(house, 1);
    house_send(house, &room, 1, "more");
    is_refused(house, true);
}

static void a_block_that_is_heard_of_holds_at_once(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk(house);
    house->blocker = house_id(2);
    house_blocked(house, 2, 1);
    house_send(house, &room, 1, "more");
    is_refused(house, true);
    house->blocker = house_id(99);
    house_blocked(house, 2, 1);
    house_send(house, &room, 1, "more");
    is_refused(house, false);
}

static void blocks_of_others_change_nothing(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk(house);
    house_blocked(house, 3, 1);
    house_send(house, &room, 1, "more");
    assert_int_equal(house->facts, 0);
}

/* The store answered before the block was there; the block is heard of before the answer. */
static void a_block_during_the_look_up_is_not_missed_afterwards(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk(house);
    house_pass(house, house->settings.blocks_ms);
    house->blocks_wait = true;
    house_send(house, &room, 1, "more");
    house->blocker = house_id(2);
    house_blocked(house, 2, 1);
    house->blocks_wait = false;
    house_answer(house, OK);
    is_refused(house, false);
    house_send(house, &room, 1, "more");
    is_refused(house, true);
}

static void a_group_is_not_asked_for_blocks(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house->facts = 0;
    house_send(house, &room, 1, "one");
    assert_int_equal(house->facts, 0);
}

/* What is told to the node of what user 1 does: all of it in one line, ephemerals of both kinds. */
static const char *type_and_read(struct house *house, const struct cht_id *room)
{
    struct cht_command typing = house_command(house, cht_command_type_typing, 1);
    typing.room = *room;
    typing.on = true;
    house_work(house, &cht_row_command, &typing);
    struct cht_command read = house_command(house, cht_command_type_read, 1);
    read.room = *room;
    read.n = 3;
    house_work(house, &cht_row_command, &read);
    return house_heard(house);
}

/* User 2 has said a third message, which user 1 has not read. */
static struct cht_id talk_and_answer(struct house *house)
{
    struct cht_id room = talk(house);
    house_send(house, &room, 2, "three");
    house_subscribe(house, &room, HOUSE_NODE);
    house_heard(house);
    house->cursor = 0;
    return room;
}

static void is_shown(struct house *house, const struct cht_id *room, bool shown)
{
    house_pass(house, TYPISTS_AGAIN_MS);
    house->cursor = 0;
    const char *heard = type_and_read(house, room);
    assert_true((strstr(heard, "\"type\":\"typing\"") != NULL) == shown);
    assert_true((strstr(heard, "ephemeral {\"type\":\"receipt\"") != NULL) == shown);
    assert_true((strstr(heard, "ephemeral to_self {\"type\":\"receipt\"") != NULL) == !shown);
    assert_non_null(strstr(heard, "\"type\":\"read\""));
    assert_null(strstr(heard, "error"));
}

static void who_is_blocked_types_and_reads_unseen_at_once(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk_and_answer(house);
    is_shown(house, &room, true);
    house->blocker = house_id(2);
    house_blocked(house, 2, 1);
    is_shown(house, &room, false);
    house->blocker = house_id(99);
    house_blocked(house, 2, 1);
    is_shown(house, &room, true);
}

static void who_blocks_types_and_reads_unseen_at_once(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk_and_answer(house);
    is_shown(house, &room, true);
    house->blocker = house_id(1);
    house_blocked(house, 1, 2);
    is_shown(house, &room, false);
}

static void who_types_and_reads_is_looked_up_once(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk_and_answer(house);
    is_shown(house, &room, true);
    house->facts = 0;
    is_shown(house, &room, true);
    assert_int_equal(house->facts, 0);
}

/* The least is shown. */
static void nothing_is_shown_if_the_store_does_not_say(void **state)
{
    struct house *house = *state;
    struct cht_id room = talk_and_answer(house);
    house_pass(house, house->settings.blocks_ms);
    house->blocks_wait = true;
    struct cht_command typing = house_command(house, cht_command_type_typing, 1);
    typing.room = room;
    typing.on = true;
    house_work(house, &cht_row_command, &typing);
    house_answer(house, ERR_UNAVAILABLE);
    house_answer(house, ERR_UNAVAILABLE);
    const char *heard = house_heard(house);
    assert_null(strstr(heard, "typing"));
    assert_non_null(strstr(heard, " ok "));
    house->blocks_wait = false;
    is_shown(house, &room, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_talks_on_is_looked_up_once),
        TEST(each_of_the_two_is_looked_up),
        TEST(what_is_remembered_ends_by_its_age),
        TEST(a_block_that_is_heard_of_holds_at_once),
        TEST(blocks_of_others_change_nothing),
        TEST(a_block_during_the_look_up_is_not_missed_afterwards),
        TEST(a_group_is_not_asked_for_blocks),
        TEST(who_is_blocked_types_and_reads_unseen_at_once),
        TEST(who_blocks_types_and_reads_unseen_at_once),
        TEST(who_types_and_reads_is_looked_up_once),
        TEST(nothing_is_shown_if_the_store_does_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
