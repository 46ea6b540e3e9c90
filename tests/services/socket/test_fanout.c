/* What many hear waits for what is being made durable. */

#include "house.h"

#include <stdio.h>
#include <string.h>

enum { ANN = 1, BOB = 2, CLEO = 3, ROOM = 50 };

static void enter(struct house *house, uint32_t slot, uint8_t user)
{
    house_connect(house, slot, user);
    struct cht_room_place places[] = {
        {.room = house_id(ROOM), .seq = 4, .kind = cht_room_kind_group}};
    house_roster(house, user, places, 1);
    house_heard(house, slot);
}

/* Ann and Bob are in a room that is large enough from `merge` connections on. */
static void have_room(struct house *house, uint64_t merge)
{
    house->settings.merge_connections = merge;
    socket_set(house->service, &house->settings);
    enter(house, 0, ANN);
    enter(house, 1, BOB);
}

static struct cht_command send(struct house *house, const char *ref)
{
    char text[200];
    struct cht_command command;
    snprintf(text, sizeof(text),
        "{\"type\":\"message.send\",\"ref\":\"%s\",\"cid\":\"%s\",\"text\":\"hi\","
        "\"room\":\"32070707-0707-0707-0707-070707070732\"}",
        ref, ref);
    house_say(house, 0, text);
    assert_true(house_posted(house, &command));
    return command;
}

static void answer(struct house *house, const struct cht_command *command)
{
    struct cht_reply reply = {.node_ref = command->node_ref, .seq = 5};
    house_mail(house, &cht_row_reply, &reply);
}

static void entry(struct house *house, uint64_t seq)
{
    struct cht_delivery delivery = house_entry(ROOM, seq);
    house_deliver(house, &delivery);
}

static void what_many_hear_leaves_with_the_message_that_is_under_way(void **state)
{
    have_room(*state, 2);
    struct cht_command command = send(*state, "r");
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 1), "");
    answer(*state, &command);
    entry(*state, 6);
    assert_string_equal(
        house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n");
    assert_non_null(strstr(house_heard(*state, 0), "{\"type\":\"ok\",\"ref\":\"r\""));
}

static void it_waits_only_as_long_as_its_sends_would_take(void **state)
{
    have_room(*state, 2);
    send(*state, "r");
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 1), "");
    house_pass(*state, 1);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
}

static void it_does_not_wait_a_second_time(void **state)
{
    have_room(*state, 2);
    struct cht_command command = send(*state, "r");
    send(*state, "s");
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 1), "");
    answer(*state, &command);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
}

static void what_few_hear_waits_for_nothing(void **state)
{
    have_room(*state, 3);
    send(*state, "r");
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
}

static void nothing_waits_when_no_message_is_under_way(void **state)
{
    have_room(*state, 2);
    struct cht_command command = send(*state, "r");
    answer(*state, &command);
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
}

static void a_message_whose_sender_has_gone_is_not_waited_for(void **state)
{
    have_room(*state, 2);
    enter(*state, 2, CLEO);
    send(*state, "r");
    house_leave(*state, 0);
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
}

static void large_output_does_not_wait(void **state)
{
    have_room(*state, 2);
    send(*state, "r");
    for (uint64_t seq = 5; seq < 1005; seq++) {
        entry(*state, seq);
    }
    assert_non_null(strstr(house_heard(*state, 1), "{\"room\":50,\"seq\":1004}\n"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_many_hear_leaves_with_the_message_that_is_under_way),
        T(it_waits_only_as_long_as_its_sends_would_take),
        T(it_does_not_wait_a_second_time),
        T(what_few_hear_waits_for_nothing),
        T(nothing_waits_when_no_message_is_under_way),
        T(a_message_whose_sender_has_gone_is_not_waited_for),
        T(large_output_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
