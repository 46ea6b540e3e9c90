/* Whose nodes are told of a room that they are in now, and of its head. */

#include "house.h"

#include <string.h>

static uint32_t times(const char *heard, const char *what)
{
    uint32_t count = 0;
    for (const char *at = heard; (at = strstr(at, what)); at++) {
        count++;
    }
    return count;
}

static void set_online(struct house *house, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        house->online_nodes[i] = 20 + i;
    }
    house->online_count = count;
}

static void the_nodes_of_a_new_member_are_told_after_the_answer(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    set_online(house, 2);
    struct cht_command command = house_add(house, &room, 5);
    house_do(house, &command);
    assert_string_equal(house_heard(house),
        "7 ok #2 seq=4 n=0\n20 joined seq=4 users=1\n21 joined seq=4 users=1\n");
}

static void a_node_with_several_new_members_is_told_once(void **state)
{
    struct house *house = *state;
    set_online(house, 2);
    struct cht_command command = house_command(house, cht_command_type_room_create, 1);
    struct cht_id others[] = {house_id(2), house_id(3)};
    command.kind = cht_room_kind_group;
    command.name = house_str("a group");
    command.members = (struct cht_ids){others, 2};
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #1 seq=1 n=0 created\n"
                                            "20 joined seq=1 users=3\n21 joined seq=1 users=3\n");
}

/* Hidden is not joined: the node gave the room up when it was hidden. */
static void who_hid_a_direct_room_is_told_when_it_comes_back(void **state)
{
    struct house *house = *state;
    struct cht_command first = house_command(house, cht_command_type_message_send, 1);
    first.to = house_id(2);
    first.text = house_str("one");
    house_do(house, &first);
    struct cht_command hide = house_command(house, cht_command_type_room_leave, 2);
    cht_id_of_direct_room(&first.author, &first.to, &hide.room);
    house_do(house, &hide);
    house_pass(house, 10000);
    house_heard(house);
    set_online(house, 1);
    house_send(house, &hide.room, 1, "two");
    assert_non_null(strstr(house_heard(house), "20 joined seq=6 users=1\n"));
}

static void who_was_a_member_before_is_not_told(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    set_online(house, 1);
    struct cht_command role = house_command(house, cht_command_type_room_role, 1);
    role.room = room;
    role.user = house_id(2);
    role.role = cht_role_admin;
    house_do(house, &role);
    assert_null(strstr(house_heard(house), "joined"));
}

static void nodes_that_do_not_subscribe_are_told_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_pass(house, 10000);
    set_online(house, 2);
    struct cht_command command = house_add(house, &room, 5);
    house_do(house, &command);
    house_subscribe(house, &room, 20);
    house_heard(house);
    house_pass(house, 2000);
    const char *heard = house_heard(house);
    assert_int_equal(times(heard, "20 joined"), 0);
    assert_int_equal(times(heard, "21 joined seq=4 users=1\n"), 1);
    house_pass(house, 3000);
    assert_int_equal(times(house_heard(house), "21 joined"), 1);
    house_pass(house, 60000);
    assert_int_equal(times(house_heard(house), "joined"), 0);
}

static void who_has_left_is_not_told_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_pass(house, 10000);
    set_online(house, 1);
    struct cht_command add = house_add(house, &room, 5);
    house_do(house, &add);
    struct cht_command leave = house_command(house, cht_command_type_room_leave, 5);
    leave.room = room;
    house_do(house, &leave);
    house_heard(house);
    house_pass(house, 10000);
    assert_int_equal(times(house_heard(house), "joined"), 0);
}

/* Sessions did not know the user yet, or did not answer. */
static void nodes_that_sessions_learn_of_late_are_told(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_pass(house, 10000);
    house->online_err = ERR_UNAVAILABLE;
    struct cht_command command = house_add(house, &room, 5);
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=0\n");
    house->online_err = OK;
    set_online(house, 1);
    house_pass(house, 2000);
    assert_int_equal(times(house_heard(house), "20 joined"), 1);
}

static void everybody_is_told_of_who_is_on_more_nodes_than_are_known(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    set_online(house, 16);
    house->online_everywhere = true;
    struct cht_command command = house_add(house, &room, 5);
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=0\n* joined seq=4 users=1\n");
}

static void nobody_is_told_of_what_did_not_become_durable(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    set_online(house, 1);
    house_pass(house, 10000);
    house_heard(house);
    house->appends_wait = true;
    struct cht_command command = house_add(house, &room, 5);
    house_do(house, &command);
    house_answer(house, ERR_UNKNOWN);
    house_pass(house, 10000);
    assert_string_equal(house_heard(house), "");
}

/* ---- heads */
static void heads_are_told_twice_and_then_no_more(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, 20);
    house_pass(house, 10000);
    house_send(house, &room, 1, "one");
    house_heard(house);
    house_pass(house, 1000);
    assert_string_equal(house_heard(house), "20 heads 4\n");
    house_pass(house, 1000);
    assert_string_equal(house_heard(house), "20 heads 4\n");
    house_pass(house, 10000);
    assert_string_equal(house_heard(house), "");
}

static void each_node_is_told_of_the_rooms_that_it_follows(void **state)
{
    struct house *house = *state;
    struct cht_id one = house_group(house, 2), two = house_group(house, 2);
    while (house_shard_of(&one) != house_shard_of(&two)) {
        two = house_group(house, 2);
    }
    house_subscribe(house, &one, 20);
    house_subscribe(house, &one, 21);
    house_subscribe(house, &two, 20);
    house_pass(house, 10000);
    house_send(house, &one, 1, "one");
    house_send(house, &two, 1, "one");
    house_send(house, &two, 1, "two");
    house_heard(house);
    house_pass(house, 1000);
    assert_string_equal(house_heard(house), "20 heads 4 5\n21 heads 4\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_nodes_of_a_new_member_are_told_after_the_answer),
        TEST(a_node_with_several_new_members_is_told_once),
        TEST(who_hid_a_direct_room_is_told_when_it_comes_back),
        TEST(who_was_a_member_before_is_not_told),
        TEST(nodes_that_do_not_subscribe_are_told_again),
        TEST(who_has_left_is_not_told_again),
        TEST(nodes_that_sessions_learn_of_late_are_told),
        TEST(everybody_is_told_of_who_is_on_more_nodes_than_are_known),
        TEST(nobody_is_told_of_what_did_not_become_durable),
        TEST(heads_are_told_twice_and_then_no_more),
        TEST(each_node_is_told_of_the_rooms_that_it_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
