/* Commands over the WebSocket: forwarded, answered once, limited; and how connections end. */

#include "house.h"

#include <stdio.h>
#include <string.h>

#define ROOM "32070707-0707-0707-0707-070707070732"
#define SEND                                                                                       \
    "{\"type\":\"message.send\",\"ref\":\"r\",\"room\":\"" ROOM "\",\"cid\":\"c\",\"text\":"       \
    "\"hi\"}"

static void connect_one(struct house *house)
{
    house_connect(house, 0, 1);
    struct cht_room_place places[] = {
        {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group}};
    house_roster(house, 1, places, 1);
    house_heard(house, 0);
}

static void answer(struct house *house, const struct cht_command *command, struct cht_reply *reply)
{
    reply->node_ref = command->node_ref;
    house_mail(house, &cht_row_reply, reply);
}

static bool says(struct house *house, const char *part)
{
    return strstr(house_heard(house, 0), part) != NULL;
}

static void ready_is_the_first_frame(void **state)
{
    house_connect(*state, 0, 1);
    const char *heard = house_heard(*state, 0);
    assert_int_equal(strncmp(heard, "{\"type\":\"ready\",\"user\":\"01070707", 31), 0);
    assert_non_null(strstr(heard, "\"in_flight\":64"));
}

static void ready_tells_the_limits_that_hold(void **state)
{
    struct house *house = *state;
    house->settings.frame_bytes = 1024; /* waits for a restart */
    house->settings.watch = 7;
    socket_set(house->service, &house->settings);
    house_connect(house, 0, 1);
    const char *heard = house_heard(house, 0);
    assert_non_null(strstr(heard, "\"frame_bytes\":32768,\"text_bytes\":16384,"));
    assert_non_null(strstr(heard, "\"watch\":7"));
}

static void a_message_goes_to_its_shard_with_what_the_node_knows(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    struct cht_id author = house_id(1);
    assert_true(cht_id_equal(&command.author, &author));
    assert_int_equal(command.node, HOUSE_NODE);
    assert_int_equal(command.after, 0); /* only the sender knows when it was first tried */
    assert_int_equal(command.deadline, command.sent_at + 30000);
    struct cht_reply reply = {.room = house_id(50), .seq = 5, .n = 2, .ts = 7};
    answer(*state, &command, &reply);
    assert_string_equal(house_heard(*state, 0),
        "{\"type\":\"ok\",\"ref\":\"r\",\"room\":\"" ROOM "\",\"seq\":5,\"n\":2,\"ts\":7}\n");
}

static void the_owners_clock_moves_the_deadline(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    struct house *house = *state;
    struct cht_reply reply = {.seq = 5, .owner_now = house->now_ms + 500};
    answer(*state, &command, &reply);
    house_say(*state, 0, SEND);
    assert_true(house_posted(*state, &command));
    assert_int_equal(command.deadline, command.sent_at + 30500);
}

static void a_command_is_for_the_owner_that_the_node_has_heard_of(void **state)
{
    connect_one(*state);
    house_claim(*state, 4);
    house_say(*state, 0, SEND);
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    assert_int_equal(command.term, 4);
}

/* The claim was lost: the refusal tells of the owner, the rooms are subscribed with it, and the
 * repeat is for it. */
static void a_refusal_for_an_older_term_tells_of_the_owner_of_now(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    struct cht_reply reply = {.error = ERR_UNAVAILABLE, .term = 6, .owner = 77};
    answer(*state, &command, &reply);
    assert_true(says(*state, "\"code\":\"unavailable\""));
    struct cht_subscribe subscribe;
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    house_say(*state, 0, SEND);
    assert_true(house_posted(*state, &command));
    assert_int_equal(command.term, 6);
}

static void before_an_owner_is_heard_of_commands_are_unavailable(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    assert_true(says(*state, "\"code\":\"unavailable\""));
    struct cht_command command;
    assert_false(house_posted(*state, &command));
}

/* The log of its shard takes nothing, but what it took can be read. */
static void before_an_owner_is_heard_of_a_room_is_read_here(void **state)
{
    struct house *house = *state;
    connect_one(house);
    house_say(house, 0, "{\"type\":\"room.history\",\"ref\":\"h\",\"room\":\"" ROOM "\"}");
    assert_int_equal(house->mailed_to[house->mailed_count - 1], HOUSE_NODE);
    struct cht_command command;
    assert_true(house_mailed(house, &cht_row_command, &command));
    assert_int_equal(command.type, cht_command_type_room_history);
}

static void ok_comes_before_the_senders_own_echo(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    struct cht_delivery echo = house_entry(50, 5);
    house_deliver(*state, &echo);
    struct cht_reply reply = {.seq = 5};
    answer(*state, &command, &reply);
    assert_string_equal(house_heard(*state, 0),
        "{\"type\":\"ok\",\"ref\":\"r\",\"seq\":5}\n{\"room\":50,\"seq\":5}\n");
}

static void a_second_answer_is_dropped(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    struct cht_reply reply = {.seq = 5};
    answer(*state, &command, &reply);
    house_heard(*state, 0);
    answer(*state, &command, &reply);
    assert_string_equal(house_heard(*state, 0), "");
}

static void nobody_answers_and_the_node_says_timeout(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    house_pass(*state, 9900);
    assert_string_equal(house_heard(*state, 0), "");
    house_pass(*state, 300);
    assert_true(says(*state, "\"ref\":\"r\",\"code\":\"timeout\""));
}

static void a_full_shard_is_unavailable_at_once(void **state)
{
    connect_one(*state);
    struct house *house = *state;
    house->shards_full = true;
    house_say(*state, 0, SEND);
    assert_true(says(*state, "\"code\":\"unavailable\""));
}

static void what_passes_by_itself_says_how_long_to_wait(void **state)
{
    connect_one(*state);
    struct house *house = *state;
    house->shards_full = true;
    house_say(*state, 0, SEND);
    assert_true(says(*state, "\"retry\":true,\"retry_after_ms\":200"));
}

static void a_ref_in_flight_is_not_taken_again(void **state)
{
    connect_one(*state);
    house_say(*state, 0, SEND);
    house_say(*state, 0, SEND);
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, "\"code\":\"bad_field\""));
    assert_non_null(strstr(heard, "\"field\":\"ref\""));
    assert_null(strstr(heard, "\"ref\":\"r\""));
}

static void without_ref_success_is_silent(void **state)
{
    connect_one(*state);
    house_say(*state, 0,
        "{\"type\":\"message.send\",\"room\":\"" ROOM "\",\"cid\":\"c\",\"text\":\"hi\"}");
    struct cht_command command;
    assert_true(house_posted(*state, &command));
    struct cht_reply reply = {.seq = 5};
    answer(*state, &command, &reply);
    assert_string_equal(house_heard(*state, 0), "");
}

static void a_query_of_a_room_goes_to_its_owner_with_what_was_seen(void **state)
{
    connect_one(*state);
    house_say(*state, 0, "{\"type\":\"room.history\",\"ref\":\"h\",\"room\":\"" ROOM "\"}");
    struct house *house = *state;
    assert_int_equal(house->mailed_to[house->mailed_count - 1], HOUSE_OWNER);
    struct cht_command command;
    assert_true(house_mailed(*state, &cht_row_command, &command));
    assert_int_equal(command.at_least, 4);
    struct cht_reply reply = {.body = {"\"messages\":[],\"head\":4,\"more\":false", 35}};
    answer(*state, &command, &reply);
    assert_string_equal(house_heard(*state, 0),
        "{\"type\":\"ok\",\"ref\":\"h\",\"messages\":[],\"head\":4,\"more\":false}\n");
}

/* It is answered behind the list, or the client would read what its node does not follow yet. */
static void a_query_while_the_list_of_rooms_is_on_its_way_goes_where_the_list_is_read(void **state)
{
    static const char history[] = "{\"type\":\"room.history\",\"room\":\"" ROOM "\"}";
    struct cht_room_place places[] = {{.room = house_id(50), .seq = 4}};
    struct house *house = *state;
    house_claim(house, 1);
    house_connect(house, 0, 1);
    house_say(house, 0, history);
    assert_int_equal(house->mailed_to[house->mailed_count - 1], HOUSE_NODE);
    house_roster(house, 1, places, 1);
    house_say(house, 0, history);
    assert_int_equal(house->mailed_to[house->mailed_count - 1], HOUSE_OWNER);
}

static void a_query_of_the_user_stays_on_the_node(void **state)
{
    connect_one(*state);
    house_say(*state, 0, "{\"type\":\"room.list\",\"ref\":\"l\"}");
    struct house *house = *state;
    assert_int_equal(house->mailed_to[house->mailed_count - 1], HOUSE_NODE);
}

static void too_many_in_flight_stop_the_reading(void **state)
{
    struct house *house = *state;
    house->settings.in_flight = 2;
    socket_set(house->service, &house->settings);
    connect_one(house);
    house_say(house, 0, SEND);
    assert_false(house_paused(house, 0));
    house_say(house, 0, "{\"type\":\"room.list\",\"ref\":\"l\"}");
    assert_true(house_paused(house, 0));
    struct cht_command command;
    assert_true(house_posted(house, &command));
    struct cht_reply reply = {.seq = 5};
    answer(house, &command, &reply);
    assert_false(house_paused(house, 0));
}

static void too_many_messages_are_refused_with_the_wait(void **state)
{
    connect_one(*state);
    char text[200];
    for (int i = 0; i < 41; i++) {
        snprintf(text, sizeof(text),
            "{\"type\":\"message.send\",\"ref\":\"%d\",\"room\":\"" ROOM
            "\",\"cid\":\"c%d\",\"text\":\"hi\"}",
            i, i);
        house_say(*state, 0, text);
    }
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, "\"ref\":\"40\",\"code\":\"rate_limited\""));
    assert_non_null(strstr(heard, "\"retry_after_ms\":50"));
    assert_null(strstr(heard, "\"ref\":\"39\""));
}

#define SAY "\"type\":\"message.send\",\"text\":\"hi\""
#define REACT "\"type\":\"message.react\",\"target\":2,\"key\":\"x\",\"on\":true"

/* Says it with another ref and cid each time. */
static void say_often(struct house *house, uint32_t slot, int count, const char *rest)
{
    static int number;
    char text[300];
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "{\"ref\":\"%d\",\"cid\":\"c%d\",\"room\":\"" ROOM "\",%s}",
            number, number, rest);
        number++;
        house_say(house, slot, text);
    }
}

static void what_is_no_message_is_bounded_as_a_command(void **state)
{
    struct house *house = *state;
    connect_one(house);
    say_often(house, 0, 40, SAY);
    say_often(house, 0, 1, SAY);
    assert_true(says(house, "rate_limited"));
    say_often(house, 0, 59, REACT);
    assert_null(strstr(house_heard(house, 0), "rate_limited"));
    say_often(house, 0, 1, REACT);
    assert_true(says(house, "rate_limited"));
}

static void a_user_has_one_rate_over_all_connections(void **state)
{
    struct house *house = *state;
    connect_one(house);
    house_connect(house, 1, 1);
    house_connect(house, 2, 2);
    house_heard(house, 1);
    house_heard(house, 2);
    say_often(house, 0, 20, SAY);
    say_often(house, 1, 20, SAY);
    assert_null(strstr(house_heard(house, 0), "rate_limited"));
    assert_null(strstr(house_heard(house, 1), "rate_limited"));
    say_often(house, 1, 1, SAY);
    assert_non_null(strstr(house_heard(house, 1), "rate_limited"));
    say_often(house, 0, 1, SAY);
    assert_true(says(house, "rate_limited"));
    say_often(house, 2, 1, SAY);
    assert_null(strstr(house_heard(house, 2), "rate_limited"));
}

static void who_comes_back_has_not_more_to_say(void **state)
{
    struct house *house = *state;
    connect_one(house);
    say_often(house, 0, 40, SAY);
    house_leave(house, 0);
    house_turn(house);
    house_connect(house, 1, 1);
    house_heard(house, 1);
    say_often(house, 1, 1, SAY);
    assert_non_null(strstr(house_heard(house, 1), "rate_limited"));
}

static void without_somebody_who_counts_nobody_is_limited(void **state)
{
    struct house *house = *state;
    house->uncounted = true;
    connect_one(house);
    say_often(house, 0, 45, SAY);
    assert_null(strstr(house_heard(house, 0), "rate_limited"));
}

static void the_tenth_bad_frame_closes(void **state)
{
    connect_one(*state);
    for (int i = 0; i < 9; i++) {
        house_say(*state, 0, "{");
    }
    assert_int_equal(house_close_code(*state, 0), 0);
    house_say(*state, 0, "{");
    assert_int_equal(house_close_code(*state, 0), 1002);
}

static void a_hundred_refused_commands_close(void **state)
{
    connect_one(*state);
    for (int i = 0; i < 99; i++) {
        house_say(*state, 0, "{\"type\":\"no.such\"}");
    }
    assert_int_equal(house_close_code(*state, 0), 0);
    house_say(*state, 0, "{\"type\":\"no.such\"}");
    assert_int_equal(house_close_code(*state, 0), 4006);
}

static void ping_is_answered(void **state)
{
    connect_one(*state);
    house_say(*state, 0, "{\"type\":\"ping\",\"ref\":\"p\",\"ts\":3}");
    assert_true(says(*state, "{\"type\":\"pong\",\"ref\":\"p\",\"ts\":3,\"server_time\":"));
}

static void typing_is_limited_per_room(void **state)
{
    connect_one(*state);
    house_say(*state, 0, "{\"type\":\"typing\",\"room\":\"" ROOM "\",\"on\":true}");
    house_say(*state, 0, "{\"type\":\"typing\",\"room\":\"" ROOM "\",\"on\":true}");
    assert_true(says(*state, "rate_limited"));
    house_say(*state, 0, "{\"type\":\"typing\",\"room\":\"" ROOM "\",\"on\":false}");
    assert_string_equal(house_heard(*state, 0), "");
}

static void a_token_that_ends_is_warned_of_and_then_closes(void **state)
{
    connect_one(*state);
    house_pass(*state, 830000);
    assert_string_equal(house_heard(*state, 0), "");
    house_pass(*state, 12000);
    assert_true(says(*state, "auth.expiring"));
    house_pass(*state, 60000);
    assert_int_equal(house_close_code(*state, 0), 4001);
}

static void a_newer_token_keeps_the_connection(void **state)
{
    connect_one(*state);
    struct house *house = *state;
    house->token = (struct identity){.user = house_id(1),
        .device = house_id(100),
        .token_version = 1,
        .expires_at = house->now_ms + 1800000};
    house_say(house, 0, "{\"type\":\"auth\",\"ref\":\"a\",\"token\":\"good\"}");
    assert_true(says(house, "{\"type\":\"ok\",\"ref\":\"a\",\"expires_at\":2800000}"));
    house_pass(house, 1000000);
    assert_int_equal(house_close_code(house, 0), 0);
}

static void a_token_of_somebody_else_is_refused(void **state)
{
    connect_one(*state);
    struct house *house = *state;
    house->token = (struct identity){.user = house_id(2),
        .device = house_id(100),
        .token_version = 1,
        .expires_at = house->now_ms + 1800000};
    house_say(house, 0, "{\"type\":\"auth\",\"ref\":\"a\",\"token\":\"good\"}");
    assert_true(says(house, "unauthorized"));
}

static void a_revoked_user_is_closed(void **state)
{
    connect_one(*state);
    house_connect(*state, 1, 1);
    house_connect(*state, 2, 2);
    struct house *house = *state;
    struct revocation revocation = {.user = house_id(1), .version = 2};
    house->revocations->on_revoked(house->revocations, &revocation);
    assert_int_equal(house_close_code(*state, 0), 4002);
    assert_int_equal(house_close_code(*state, 1), 4002);
    assert_int_equal(house_close_code(*state, 2), 0);
}

static void whether_there_are_too_many_connections_is_asked_of_all_nodes(void **state)
{
    struct house *house = *state;
    house->settings.connections_per_user = 7;
    house->settings.connections_per_device = 3;
    socket_set(house->service, &house->settings);
    connect_one(house);
    assert_int_equal(house->entered.user_max, 7);
    assert_int_equal(house->entered.device_max, 3);
    house->enter_err = ERR_RATE_LIMITED;
    house_connect(house, 1, 1);
    assert_int_equal(house_close_code(house, 1), 4005);
    assert_string_equal(house_heard(house, 1), "");
    assert_int_equal(house_close_code(house, 0), 0);
    assert_int_equal(house->sessions_removed, 0);
}

static void a_client_that_went_before_it_was_let_in_is_forgotten(void **state)
{
    struct house *house = *state;
    house_upgrade_lost(house);
    house_connect(house, 0, 1);
    assert_int_equal(house->sessions_added, 1);
    assert_int_equal(house->sessions_removed, 1);
    assert_int_equal(socket_counters(house->service).connections, 0);
}

static void the_id_of_ready_is_the_one_that_sessions_know(void **state)
{
    struct house *house = *state;
    house_connect(house, 0, 1);
    char text[CHT_ID_TEXT_SIZE + 1] = "";
    cht_id_to_text(&house->entered.session.id, text);
    assert_true(says(house, text));
}

#define SESSION "4d070707-0707-0707-0707-07070707074d" /* id 77 */

static void a_replaced_connection_is_closed_by_its_node(void **state)
{
    struct house *house = *state;
    connect_one(house);
    house->replaced = house->entered.session; /* it is here */
    house_connect_with(house, 1, 1, "session=" SESSION);
    struct cht_id named = house_id(77);
    assert_true(cht_id_equal(&house->entered.replaces, &named));
    assert_int_equal(house_close_code(house, 0), 4004);
    assert_int_equal(house_close_code(house, 1), 0);
    house->replaced = (struct session){.user = house_id(1), .id = named, .node = HOUSE_OWNER};
    house_connect_with(house, 2, 1, "session=" SESSION);
    assert_int_equal(house->mailed_to[house->mailed_count - 1], HOUSE_OWNER);
    assert_int_equal(house->mailed_box, MAIL_LIVE);
    struct cht_replaced told;
    assert_true(house_mailed(house, &cht_row_replaced, &told));
    assert_true(cht_id_equal(&told.session, &named));
    assert_int_equal(house_close_code(house, 1), 0);
}

static void a_node_closes_the_one_that_another_node_says_is_replaced(void **state)
{
    struct house *house = *state;
    connect_one(house);
    struct cht_replaced told = {.user = house_id(1), .session = house->entered.session.id};
    house_connect(house, 1, 1);
    house_mail(house, &cht_row_replaced, &told);
    assert_int_equal(house_close_code(house, 0), 4004);
    assert_int_equal(house_close_code(house, 1), 0);
    house_mail(house, &cht_row_replaced, &told); /* again: it is gone */
    assert_int_equal(house_close_code(house, 1), 0);
}

static void a_draining_node_tells_and_closes_all(void **state)
{
    connect_one(*state);
    struct house *house = *state;
    socket_drain(house->service, 1000);
    assert_true(says(house, "{\"type\":\"draining\",\"reconnect_after_ms\":1000}"));
    house_pass(house, 1200);
    assert_int_equal(house_close_code(house, 0), 1012);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ready_is_the_first_frame),
        T(ready_tells_the_limits_that_hold),
        T(a_message_goes_to_its_shard_with_what_the_node_knows),
        T(the_owners_clock_moves_the_deadline),
        T(a_command_is_for_the_owner_that_the_node_has_heard_of),
        T(a_refusal_for_an_older_term_tells_of_the_owner_of_now),
        cmocka_unit_test_setup_teardown(before_an_owner_is_heard_of_commands_are_unavailable,
            house_setup_unowned, house_teardown),
        cmocka_unit_test_setup_teardown(
            before_an_owner_is_heard_of_a_room_is_read_here, house_setup_unowned, house_teardown),
        T(ok_comes_before_the_senders_own_echo),
        T(a_second_answer_is_dropped),
        T(nobody_answers_and_the_node_says_timeout),
        T(a_full_shard_is_unavailable_at_once),
        T(what_passes_by_itself_says_how_long_to_wait),
        T(a_ref_in_flight_is_not_taken_again),
        T(without_ref_success_is_silent),
        T(a_query_of_a_room_goes_to_its_owner_with_what_was_seen),
        T(a_query_while_the_list_of_rooms_is_on_its_way_goes_where_the_list_is_read),
        T(a_query_of_the_user_stays_on_the_node),
        T(too_many_in_flight_stop_the_reading),
        T(too_many_messages_are_refused_with_the_wait),
        T(what_is_no_message_is_bounded_as_a_command),
        T(a_user_has_one_rate_over_all_connections),
        T(who_comes_back_has_not_more_to_say),
        T(without_somebody_who_counts_nobody_is_limited),
        T(the_tenth_bad_frame_closes),
        T(a_hundred_refused_commands_close),
        T(ping_is_answered),
        T(typing_is_limited_per_room),
        T(a_token_that_ends_is_warned_of_and_then_closes),
        T(a_newer_token_keeps_the_connection),
        T(a_token_of_somebody_else_is_refused),
        T(a_revoked_user_is_closed),
        T(whether_there_are_too_many_connections_is_asked_of_all_nodes),
        T(a_client_that_went_before_it_was_let_in_is_forgotten),
        T(the_id_of_ready_is_the_one_that_sessions_know),
        T(a_replaced_connection_is_closed_by_its_node),
        T(a_node_closes_the_one_that_another_node_says_is_replaced),
        T(a_draining_node_tells_and_closes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
