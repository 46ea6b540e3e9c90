/* The message service on the SQLite engines: what was appended to the log is found by queries, by
 * those who may see it. */

#include "house.h"

#include <string.h>

static void a_member_reads_what_was_said(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    house_say("two");
    house_ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, OK);
    assert_has("\"text\":\"one\"");
    assert_has("\"text\":\"two\"");
    assert_has("\"head\":5,\"more\":false");
    house_ask_room(cht_command_type_room_events, bob);
    assert_has("{\"type\":\"room.created\"");
    assert_has("{\"type\":\"message\"");
}

static void others_find_nothing_as_for_a_room_that_is_not_there(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    static const enum cht_command_type types[] = {cht_command_type_room_get,
        cht_command_type_room_history, cht_command_type_room_events, cht_command_type_room_members};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_ask_room(types[i], eve);
        assert_int_equal(answer_error, ERR_NOT_FOUND);
        house_ask((struct cht_command){.type = types[i], .author = eve, .room = contract_id(99)});
        assert_int_equal(answer_error, ERR_NOT_FOUND);
    }
}

/* ---- what the store is asked */

static const struct rooms_ops *rooms_ops;
static const struct history_ops *history_ops;
static char calls[32];
static uint32_t call_count;

#define WATCH(port, name, op_type, letter)                                                         \
    static void watch_##name(struct port *port, struct op_type *op)                                \
    {                                                                                              \
        calls[call_count++ % sizeof(calls)] = (letter);                                            \
        port##_ops->name(port, op);                                                                \
    }

WATCH(rooms, load, rooms_load_op, 'L')
WATCH(rooms, door, rooms_door_op, 'd')
WATCH(rooms, one_of_user, rooms_one_of_user_op, 'o')
WATCH(rooms, members, rooms_members_op, 'm')
WATCH(history, messages, history_messages_op, 'h')
WATCH(history, entries, history_entries_op, 'e')
WATCH(history, search, history_search_op, 's')
#undef WATCH

/* What the store is asked when eve asks for a room that is not hers, "od". */
static const char *calls_for(enum cht_command_type type, struct cht_id room)
{
    memset(calls, 0, sizeof(calls));
    call_count = 0;
    house_ask(
        (struct cht_command){.type = type, .author = eve, .room = room, .q = contract_str("one")});
    assert_int_equal(answer_error, ERR_NOT_FOUND);
    return calls;
}

static void a_room_of_others_costs_what_one_costs_that_is_not_there(void **state)
{
    (void)state;
    static const enum cht_command_type types[] = {cht_command_type_room_get,
        cht_command_type_room_history, cht_command_type_room_events, cht_command_type_room_members,
        cht_command_type_search};
    house_create_room(cht_room_kind_direct, cht_visibility_private);
    house_say("one");
    house_hurry();
    rooms_ops = engine->rooms->ops;
    history_ops = engine->history->ops;
    struct rooms_ops rooms = *rooms_ops;
    struct history_ops history = *history_ops;
    rooms.load = watch_load;
    rooms.door = watch_door;
    rooms.one_of_user = watch_one_of_user;
    rooms.members = watch_members;
    history.messages = watch_messages;
    history.entries = watch_entries;
    history.search = watch_search;
    engine->rooms->ops = &rooms;
    engine->history->ops = &history;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char of_others[sizeof(calls)];
        memcpy(of_others, calls_for(types[i], room_id), sizeof(of_others));
        assert_string_equal(of_others, calls_for(types[i], contract_id(99)));
        assert_null(strchr(of_others, 'L'));
        assert_non_null(strchr(of_others, 'd'));
    }
    engine->rooms->ops = rooms_ops;
    engine->history->ops = history_ops;
}

static void who_was_removed_reads_no_more(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    house_change_member(bob, cht_member_state_removed, cht_role_none);
    house_ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
    house_ask((struct cht_command){.type = cht_command_type_room_list, .author = bob});
    assert_string_equal(answer, "\"rooms\":[],\"users\":{}");
}

static void a_public_channel_may_be_looked_at_but_not_read(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_channel, cht_visibility_public);
    house_say("secret");
    house_ask_room(cht_command_type_room_get, eve);
    assert_int_equal(answer_error, OK);
    assert_has("\"name\":\"tea\"");
    assert_has("\"members\":2");
    assert_has_not("secret");
    house_ask_room(cht_command_type_room_history, eve);
    assert_int_equal(answer_error, ERR_NOT_MEMBER);
    house_ask((struct cht_command){
        .type = cht_command_type_room_public, .author = eve, .prefix = contract_str("TE")});
    assert_has("\"name\":\"tea\"");
    assert_has("\"users\":{");
    assert_has_not("secret");
}

static void unread_counts_from_the_moment_of_joining(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    house_change_member(eve, cht_member_state_joined, cht_role_member);
    house_say("two");
    house_ask_room(cht_command_type_room_get, eve);
    assert_has("\"n\":2,\"read_n\":1,\"unread\":1");
    house_change_member(eve, cht_member_state_joined, cht_role_admin);
    house_ask_room(cht_command_type_room_get, eve);
    assert_has("\"role\":\"admin\"");
    assert_has("\"n\":2,\"read_n\":1,\"unread\":1");
    house_ask_room(cht_command_type_room_get, ann);
    assert_has("\"n\":2,\"read_n\":2,\"unread\":0");
}

static void deleted_content_is_nowhere(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("secretword");
    struct cht_entry edit = {.kind = cht_entry_kind_edited,
        .by = ann,
        .target = 4,
        .text = contract_str("secretword again")};
    house_append(&edit, 1);
    struct cht_entry gone = {.kind = cht_entry_kind_deleted, .by = ann, .target = 4};
    house_append(&gone, 1);
    static const enum cht_command_type types[] = {cht_command_type_room_get,
        cht_command_type_room_history, cht_command_type_room_events, cht_command_type_room_list,
        cht_command_type_sync, cht_command_type_search};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_ask((struct cht_command){.type = types[i],
            .author = ann,
            .room = room_id,
            .events = 20,
            .q = contract_str("secretword")});
        assert_int_equal(answer_error, OK);
        assert_has_not("secretword");
    }
    house_ask_room(cht_command_type_room_history, ann);
    assert_has("\"deleted\":true");
}

static void sync_tells_what_moved_and_what_is_gone(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    struct cht_room_seq known[2] = {
        {.room = contract_id(50), .seq = 3}, {.room = room_id, .seq = 3}};
    house_ask((struct cht_command){
        .type = cht_command_type_sync, .author = bob, .rooms = {known, 2}, .events = 20});
    assert_int_equal(answer_error, OK);
    assert_has("\"events\":[{\"type\":\"message\"");
    assert_has("\"gone\":[\"c0");
    known[1].seq = 4;
    house_ask(
        (struct cht_command){.type = cht_command_type_sync, .author = bob, .rooms = {known, 2}});
    assert_has("\"rooms\":[],");
}

static void copy_next(char *ret_next)
{
    const char *at = strstr(answer, "\"next\":\"");
    assert_non_null(at);
    at += 8;
    size_t size = strcspn(at, "\"");
    memcpy(ret_next, at, size);
    ret_next[size] = '\0';
}

static void a_cursor_goes_on_for_its_user_alone(void **state)
{
    (void)state;
    char next[600];
    house_create_room(cht_room_kind_group, cht_visibility_private);
    struct cht_command command = {
        .type = cht_command_type_room_members, .author = ann, .room = room_id, .limit = 1};
    house_ask(command);
    copy_next(next);
    command.cursor = contract_str(next);
    house_ask(command);
    assert_int_equal(answer_error, OK);
    assert_has("000000000003");
    assert_has_not("\"next\"");
    command.author = bob;
    house_ask(command);
    assert_int_equal(answer_error, ERR_BAD_FIELD);
    command.author = ann;
    next[3] = next[3] == 'A' ? 'B' : 'A';
    house_ask(command);
    assert_int_equal(answer_error, ERR_BAD_FIELD);
}

static void small_rooms_tell_how_far_each_member_has_read(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    house_say("two");
    house_ask_room(cht_command_type_room_get, bob); /* when it is answered, the store has it */
    struct rooms_cursor_op read = {.room = room_id, .user = bob, .read_n = 1};
    assert_int_equal(ASK(engine, rooms_set_cursor, engine->rooms, &read), OK);
    house_ask_room(cht_command_type_room_members, ann);
    assert_has("000000000002\",\"role\":\"owner\",\"joined_seq\":2,\"read_n\":2");
    assert_has("000000000003\",\"role\":\"member\",\"joined_seq\":3,\"read_n\":1");
    for (uint32_t i = 5; i < 7; i++) {
        struct cht_entry entry = {.kind = cht_entry_kind_member,
            .user = contract_id(i),
            .role = cht_role_member,
            .state = cht_member_state_joined,
            .members = i - 2};
        house_append(&entry, 1);
    }
    house_ask_room(cht_command_type_room_members, ann);
    assert_has_not("read_n");
}

static void two_bounds_are_refused(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_ask(
        (struct cht_command){.has = CHT_BIT(command, before_seq) | CHT_BIT(command, after_seq),
            .type = cht_command_type_room_history,
            .author = ann,
            .room = room_id,
            .before_seq = 3,
            .after_seq = 1});
    assert_int_equal(answer_error, ERR_BAD_FIELD);
}

static void a_node_learns_the_rooms_of_a_user(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    uint32_t before = answers;
    struct cht_roster_query question = {.user = bob, .node = 5, .node_ref = 77};
    house_post(&cht_row_roster_query, &question);
    house_wait_answers(before);
    assert_string_equal(answer, "rooms=1 apart=0");
}

static void block(struct cht_id user, struct cht_id other, bool on)
{
    struct users_block_op op = {.user = user, .other = other, .on = on, .blocks_max = 9, .at = 5};
    assert_int_equal(ASK(engine, users_block, engine->users, &op), OK);
}

static void a_node_learns_whom_blocks_keep_apart_from_a_user(void **state)
{
    (void)state;
    struct cht_roster_query question = {.user = bob, .node = 5, .node_ref = 77};
    block(bob, ann, true);
    block(eve, bob, true);
    uint32_t before = answers;
    house_post(&cht_row_roster_query, &question);
    house_wait_answers(before);
    assert_string_equal(answer, "rooms=0 apart=2");
}

static void say_as(struct cht_id user)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_message, .by = user, .text = contract_str("hello")};
    house_append(&entry, 1);
}

static void assert_circle(const char *rooms)
{
    uint32_t before = answers;
    struct cht_circles_query question = {.users = {&bob, 1}, .node = 5, .node_ref = 77};
    house_post(&cht_row_circles_query, &question);
    house_wait_answers(before);
    assert_string_equal(answer, rooms);
}

static void a_direct_room_is_in_the_circle_of_who_does_not_hide_it(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_direct, cht_visibility_private);
    assert_circle("1");
    house_change_member(bob, cht_member_state_left, cht_role_none);
    assert_circle("0");
    house_change_member(bob, cht_member_state_joined, cht_role_member);
    assert_circle("1");
}

static void assert_sees_how_far_the_other_has_read(struct cht_id user, bool sees)
{
    house_ask_room(cht_command_type_room_members, user);
    const char *own = strstr(answer, "\"read_n\":");
    assert_non_null(own);
    assert_true((strstr(own + 1, "\"read_n\":") != NULL) == sees);
}

static void who_is_blocked_does_not_see_how_far_the_other_has_read(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_direct, cht_visibility_private);
    say_as(ann);
    assert_sees_how_far_the_other_has_read(ann, true);
    block(bob, ann, true);
    assert_sees_how_far_the_other_has_read(ann, false);
    assert_sees_how_far_the_other_has_read(bob, false);
    block(bob, ann, false);
    assert_sees_how_far_the_other_has_read(ann, true);
}

static void a_node_learns_the_circles_of_many_users_at_once(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    uint32_t before = answers;
    struct cht_id users[] = {bob, eve, ann};
    struct cht_circles_query question = {.users = {users, 3}, .node = 5, .node_ref = 77};
    house_post(&cht_row_circles_query, &question);
    house_wait_answers(before);
    assert_string_equal(answer, "1,0,1");
}

static void who_shares_a_channel_is_in_no_circle(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_channel, cht_visibility_private);
    uint32_t before = answers;
    struct cht_circles_query question = {.users = {&bob, 1}, .node = 5, .node_ref = 77};
    house_post(&cht_row_circles_query, &question);
    house_wait_answers(before);
    assert_string_equal(answer, "0");
}

static void what_a_client_reads_is_not_older_than_the_list_of_its_rooms(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    house_say("one");
    answers = 0;
    struct cht_roster_query question = {.user = bob, .node = 5, .node_ref = 77};
    house_post(&cht_row_roster_query, &question);
    house_post_question((struct cht_command){
        .type = cht_command_type_room_history, .author = bob, .room = room_id});
    house_post_question((struct cht_command){.type = cht_command_type_sync, .author = bob});
    house_wait_answers(2);
    assert_memory_equal(kinds, "lrr", 3);
}

/* The question is there before he is removed, and waits for what he has seen after he came back. */
static void a_page_that_waited_shows_nothing_from_before_the_membership_of_now(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    struct cht_entry from_joined = {
        .kind = cht_entry_kind_updated, .by = ann, .history = cht_history_from_joined};
    house_append(&from_joined, 1);
    static const enum cht_command_type types[] = {
        cht_command_type_room_history, cht_command_type_room_events};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_post_question((struct cht_command){
            .type = types[i], .author = bob, .room = room_id, .at_least = next_seq + 3});
        uint32_t before = answers;
        house_hurry(); /* meanwhile his right has been looked at */
        house_change_member(bob, cht_member_state_left, cht_role_none);
        house_say("while he was out");
        house_change_member(bob, cht_member_state_joined, cht_role_member);
        house_hurry();
        house_pass(1000, 1, before + 1);
        house_wait_answers(before);
        assert_int_equal(answers, before + 1);
        assert_int_equal(answer_error, OK);
        assert_has("\"head\":");
        assert_has_not("while he was out");
    }
}

static void cursors_and_typing_in_the_same_box_are_left_to_their_service(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    static const enum cht_command_type types[] = {
        cht_command_type_read, cht_command_type_typing, cht_command_type_room_history};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        house_post_question((struct cht_command){.type = types[i], .author = bob, .room = room_id});
    }
    house_wait_answers(0);
    assert_int_equal(answers, 1);
    assert_has("\"messages\":[");
}

/* ---- places */

static void post_list(struct cht_id author)
{
    house_post_question((struct cht_command){.type = cht_command_type_room_list, .author = author});
}

static void one_user_does_not_take_all_places(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    for (uint32_t i = 0; i < HOUSE_QUERIES_OF_USER; i++) {
        post_list(bob);
    }
    assert_int_equal(answers, 0);
    post_list(bob);
    assert_int_equal(answers, 1);
    assert_int_equal(answer_error, ERR_OVERLOADED);
    post_list(ann);
    house_wait_answers(1 + HOUSE_QUERIES_OF_USER);
    assert_int_equal(answers, 2 + HOUSE_QUERIES_OF_USER);
    assert_int_equal(answer_error, OK);
    house_ask((struct cht_command){.type = cht_command_type_room_list, .author = bob});
    assert_int_equal(answer_error, OK);
}

static void take_all_places(void)
{
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    for (uint32_t i = 0; i < HOUSE_QUERIES; i++) {
        post_list(contract_id(100 + i));
    }
    assert_int_equal(answers, 0);
}

static void more_questions_than_places_are_overloaded(void **state)
{
    (void)state;
    take_all_places();
    post_list(bob);
    assert_int_equal(answers, 1);
    assert_int_equal(answer_error, ERR_OVERLOADED);
    house_wait_answers(HOUSE_QUERIES);
    assert_int_equal(answer_error, OK);
}

/* Of those who wait behind their list too. */
static void questions_that_are_held_have_their_places(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    struct cht_roster_query question = {.user = bob, .node = 5, .node_ref = 77};
    house_post(&cht_row_roster_query, &question);
    for (uint32_t i = 0; i < HOUSE_QUERIES_OF_USER; i++) {
        post_list(bob);
    }
    assert_int_equal(answers, 0);
    post_list(bob);
    assert_int_equal(answers, 1);
    assert_int_equal(answer_error, ERR_OVERLOADED);
    house_wait_answers(1 + HOUSE_QUERIES_OF_USER);
    assert_int_equal(answer_error, OK);
}

static void nodes_are_answered_when_clients_have_taken_all_places(void **state)
{
    (void)state;
    take_all_places();
    struct cht_roster_query roster = {.user = bob, .node = 5, .node_ref = 77};
    struct cht_circles_query circles = {.users = {&bob, 1}, .node = 5, .node_ref = 77};
    house_post(&cht_row_roster_query, &roster);
    house_post(&cht_row_circles_query, &circles);
    house_wait_answers(HOUSE_QUERIES + 1);
    uint32_t of_nodes = 0;
    for (size_t i = 0; i < answers; i++) {
        of_nodes += kinds[i] == 'l' || kinds[i] == 'c';
    }
    assert_int_equal(of_nodes, 2);
}

static void questions_of_nodes_are_bounded_and_take_no_place_of_a_client(void **state)
{
    (void)state;
    house_create_room(cht_room_kind_group, cht_visibility_private);
    answers = 0;
    struct cht_circles_query circles = {.users = {&bob, 1}, .node = 5, .node_ref = 77};
    for (uint32_t i = 0; i < HOUSE_QUERIES_OF_NODES + 1; i++) {
        house_post(&cht_row_circles_query, &circles);
    }
    post_list(bob);
    house_wait_answers(HOUSE_QUERIES_OF_NODES);
    test_loop_settle(&engine->loop);
    assert_int_equal(answers, HOUSE_QUERIES_OF_NODES + 1);
    house_post(&cht_row_circles_query, &circles);
    house_wait_answers(HOUSE_QUERIES_OF_NODES + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_member_reads_what_was_said),
        TEST(others_find_nothing_as_for_a_room_that_is_not_there),
        TEST(a_room_of_others_costs_what_one_costs_that_is_not_there),
        TEST(who_was_removed_reads_no_more),
        TEST(a_public_channel_may_be_looked_at_but_not_read),
        TEST(unread_counts_from_the_moment_of_joining),
        TEST(deleted_content_is_nowhere),
        TEST(sync_tells_what_moved_and_what_is_gone),
        TEST(a_cursor_goes_on_for_its_user_alone),
        TEST(small_rooms_tell_how_far_each_member_has_read),
        TEST(two_bounds_are_refused),
        TEST(a_node_learns_the_rooms_of_a_user),
        TEST(a_node_learns_whom_blocks_keep_apart_from_a_user),
        TEST(a_direct_room_is_in_the_circle_of_who_does_not_hide_it),
        TEST(who_is_blocked_does_not_see_how_far_the_other_has_read),
        TEST(a_node_learns_the_circles_of_many_users_at_once),
        TEST(who_shares_a_channel_is_in_no_circle),
        TEST(what_a_client_reads_is_not_older_than_the_list_of_its_rooms),
        TEST(a_page_that_waited_shows_nothing_from_before_the_membership_of_now),
        TEST(cursors_and_typing_in_the_same_box_are_left_to_their_service),
        TEST(one_user_does_not_take_all_places),
        TEST(more_questions_than_places_are_overloaded),
        TEST(questions_that_are_held_have_their_places),
        TEST(nodes_are_answered_when_clients_have_taken_all_places),
        TEST(questions_of_nodes_are_bounded_and_take_no_place_of_a_client),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
