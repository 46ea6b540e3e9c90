/* Presence: batches, the wait before offline, and who may see whom. */

#include "house.h"

#include <string.h>

#define BOB "02070707-0707-0707-0707-070707070702"
#define CLEO "03070707-0707-0707-0707-070707070703"
#define DAVE "04070707-0707-0707-0707-070707070704"
#define WATCH "{\"type\":\"presence.watch\",\"ref\":\"w\",\"users\":[\"" BOB "\"]}"

#define WATCH_THREE                                                                                \
    "{\"type\":\"presence.watch\",\"users\":[\"" CLEO "\",\"" BOB "\",\"" DAVE "\"]}"

static void connect_ann(struct house *house, uint64_t kind)
{
    house_connect(house, 0, 1);
    struct cht_room_place places[] = {{.room = house_id(50), .seq = 4, .kind = kind}};
    house_roster(house, 1, places, 1);
    house_heard(house, 0);
    house->online_state = cht_presence_state_away;
}

static void connect_bob(struct house *house, uint8_t room, uint64_t kind)
{
    struct cht_room_place place = {.room = house_id(room), .seq = 4, .kind = kind};
    house_connect(house, 1, 2);
    house_roster(house, 2, &place, 1);
}

/* He is in that group, or in none. */
static void answer_for_bob(struct house *house, uint8_t room)
{
    struct cht_id id = house_id(room);
    struct cht_circle circle = {.user = house_id(2), .rooms = {&id, room ? 1 : 0}};
    house_circles(house, &circle, 1);
}

static void tell_of_bob(struct house *house, enum cht_presence_state presence)
{
    struct cht_user_presence change = {.user = house_id(2), .state = presence, .last_seen = 5};
    struct cht_presences batch = {.node = 9, .users = {&change, 1}};
    house->online_state = presence;
    house_cast(house, &cht_row_presences, &batch);
}

/* Users whom the newest question names. */
static uint32_t count_asked(struct house *house)
{
    struct cht_circles_query query;
    return house_mailed(house, &cht_row_circles_query, &query) ? query.users.count : 0;
}

static void a_user_who_came_is_told_in_a_batch(void **state)
{
    house_connect(*state, 0, 1);
    house_pass(*state, 400);
    struct cht_presences presences;
    assert_true(house_casted(*state, &cht_row_presences, &presences));
    assert_int_equal(presences.users.count, 1);
    const struct cht_user_presence *users = presences.users.at;
    assert_int_equal(users[0].state, cht_presence_state_online);
}

static void a_reload_is_not_seen(void **state)
{
    struct cht_presences presences;
    house_connect(*state, 0, 1);
    house_pass(*state, 400);
    house_leave(*state, 0);
    house_casted(*state, &cht_row_presences, &presences);
    house_pass(*state, 4000);
    assert_false(house_casted(*state, &cht_row_presences, &presences));
    house_pass(*state, 2000);
    assert_true(house_casted(*state, &cht_row_presences, &presences));
    const struct cht_user_presence *users = presences.users.at;
    assert_int_equal(users[0].state, cht_presence_state_offline);
}

static void who_goes_again_is_offline_by_the_last_time(void **state)
{
    struct cht_presences presences;
    for (int i = 0; i < 2; i++) {
        house_connect(*state, 0, 1);
        house_pass(*state, 400);
        assert_true(house_casted(*state, &cht_row_presences, &presences));
        house_leave(*state, 0);
        house_pass(*state, 3000);
        assert_false(house_casted(*state, &cht_row_presences, &presences));
    }
    house_pass(*state, 1500);
    assert_false(house_casted(*state, &cht_row_presences, &presences));
    house_pass(*state, 1000);
    assert_true(house_casted(*state, &cht_row_presences, &presences));
    const struct cht_user_presence *users = presences.users.at;
    assert_int_equal(users[0].state, cht_presence_state_offline);
    house_pass(*state, 5000);
    assert_false(house_casted(*state, &cht_row_presences, &presences));
}

static void one_who_changes_often_is_told_once(void **state)
{
    struct house *house = *state;
    struct cht_presences presences;
    house_connect(house, 0, 1);
    house_pass(house, 400);
    house_casted(house, &cht_row_presences, &presences);
    for (int i = 0; i < 3; i++) {
        house_say(house, 0, "{\"type\":\"presence.set\",\"state\":\"online\"}");
        house_say(house, 0, "{\"type\":\"presence.set\",\"state\":\"away\"}");
    }
    house_pass(house, 400);
    assert_int_equal(house->casted_count, 1);
    assert_true(house_casted(house, &cht_row_presences, &presences));
    assert_int_equal(presences.users.count, 1);
    const struct cht_user_presence *users = presences.users.at;
    assert_int_equal(users[0].state, cht_presence_state_away);
}

/* How many of those who were told next are the next users. */
static uint32_t count_told(struct house *house, uint32_t told)
{
    struct cht_presences presences = {0};
    bool any = house_casted(house, &cht_row_presences, &presences);
    const struct cht_user_presence *users = presences.users.at;
    for (uint32_t i = 0; any && i < presences.users.count; i++) {
        struct cht_id next = house_id((uint8_t)(told + 1));
        assert_int_equal(users[i].state, cht_presence_state_offline);
        told += cht_id_equal(&users[i].user, &next);
    }
    return told;
}

/* More of them than the queue begins with, and it wraps. */
static void everybody_who_goes_is_told_in_turn(void **state)
{
    struct house *house = *state;
    uint32_t told = 0;
    for (uint8_t user = 1; user <= 200; user++) {
        house_connect(house, 0, user);
        house_heard(house, 0);
        house_leave(house, 0);
        house_pass(house, 40);
        told = count_told(house, told);
    }
    for (int i = 0; i < 60; i++) {
        house_pass(house, 100);
        told = count_told(house, told);
    }
    assert_int_equal(told, 200);
}

static void who_shares_a_group_is_seen(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    answer_for_bob(*state, 50);
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, "{\"type\":\"ok\",\"ref\":\"w\"}"));
    assert_non_null(
        strstr(heard, "{\"type\":\"presence\",\"user\":\"" BOB "\",\"state\":\"away\""));
    struct cht_user_presence change = {
        .user = house_id(2), .state = cht_presence_state_online, .last_seen = 5};
    struct cht_presences batch = {.node = 9, .users = {&change, 1}};
    house_cast(*state, &cht_row_presences, &batch);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"online\",\"last_seen\":5"));
}

static void who_does_not_read_is_told_the_newest_when_it_does(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    house_slow(*state, 0);
    answer_for_bob(*state, 50);
    house_pass(*state, 200);
    struct cht_user_presence change = {
        .user = house_id(2), .state = cht_presence_state_online, .last_seen = 5};
    struct cht_presences batch = {.node = 9, .users = {&change, 1}};
    house_cast(*state, &cht_row_presences, &batch);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
    house_drained(*state, 0);
    house_pass(*state, 200);
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, "\"state\":\"online\",\"last_seen\":5"));
    assert_null(strstr(heard, "away"));
    house_pass(*state, 200);
    assert_string_equal(house_heard(*state, 0), "");
}

static void who_goes_on_one_node_and_stays_on_another_is_still_seen(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    ((struct house *)*state)->online_state = cht_presence_state_online;
    house_say(*state, 0, WATCH);
    answer_for_bob(*state, 50);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"online\""));
    struct cht_user_presence change = {.user = house_id(2), .state = cht_presence_state_offline};
    struct cht_presences batch = {.node = 9, .users = {&change, 1}};
    house_cast(*state, &cht_row_presences, &batch);
    assert_string_equal(house_heard(*state, 0), "");
    ((struct house *)*state)->online_state = cht_presence_state_offline;
    house_cast(*state, &cht_row_presences, &batch);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"offline\""));
}

static void who_shares_only_a_channel_is_not_seen(void **state)
{
    connect_ann(*state, cht_room_kind_channel);
    house_say(*state, 0, WATCH);
    answer_for_bob(*state, 0);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
}

static void who_left_the_group_is_seen_no_more(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    answer_for_bob(*state, 50);
    house_deliver_member(*state, 50, 5, 2, cht_member_state_left);
    house_pass(*state, 200);
    answer_for_bob(*state, 0);
    house_heard(*state, 0);
    tell_of_bob(*state, cht_presence_state_offline);
    assert_string_equal(house_heard(*state, 0), "");
}

static void who_may_have_left_is_not_seen_until_it_is_known(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    answer_for_bob(*state, 50);
    house_deliver_member(*state, 50, 5, 2, cht_member_state_joined);
    house_pass(*state, 200);
    house_heard(*state, 0);
    tell_of_bob(*state, cht_presence_state_online);
    assert_string_equal(house_heard(*state, 0), "");
    answer_for_bob(*state, 50);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"online\""));
}

/* The answer is of a time before he left. */
static void an_answer_says_nothing_of_what_changed_after_the_question(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    house_deliver_member(*state, 50, 5, 2, cht_member_state_left);
    answer_for_bob(*state, 50);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
    house_pass(*state, 200);
    answer_for_bob(*state, 0);
    assert_string_equal(house_heard(*state, 0), "");
}

static void who_is_in_the_same_group_here_is_seen_without_a_question(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    connect_bob(*state, 50, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"away\""));
    assert_int_equal(count_asked(*state), 0);
}

static void who_is_in_the_same_channel_here_is_not(void **state)
{
    connect_ann(*state, cht_room_kind_channel);
    connect_bob(*state, 50, cht_room_kind_channel);
    house_say(*state, 0, WATCH);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
    assert_int_equal(count_asked(*state), 1);
}

static void who_came_into_a_new_group_together_is_seen_without_a_question(void **state)
{
    connect_ann(*state, cht_room_kind_channel);
    connect_bob(*state, 50, cht_room_kind_channel);
    struct cht_id both[] = {house_id(1), house_id(2)};
    struct cht_joined joined = {
        .room = house_id(51), .seq = 1, .users = {both, 2}, .kind = cht_room_kind_group};
    house_mail(*state, &cht_row_joined, &joined);
    house_say(*state, 0, WATCH);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"away\""));
    assert_int_equal(count_asked(*state), 0);
}

static void who_comes_into_the_group_later_is_seen_then(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    connect_bob(*state, 60, cht_room_kind_channel);
    house_say(*state, 0, WATCH);
    answer_for_bob(*state, 0);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
    house_deliver_member(*state, 50, 5, 2, cht_member_state_joined);
    house_pass(*state, 200);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"away\""));
    assert_int_equal(count_asked(*state), 0);
}

static void nobody_of_a_deleted_group_is_seen(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    connect_bob(*state, 50, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    house_heard(*state, 0);
    struct cht_delivery end = house_entry(50, 5);
    end.kind = cht_entry_kind_room_deleted;
    house_deliver(*state, &end);
    house_pass(*state, 200);
    answer_for_bob(*state, 0);
    house_heard(*state, 0);
    tell_of_bob(*state, cht_presence_state_online);
    assert_string_equal(house_heard(*state, 0), "");
}

static void one_question_names_everybody_who_is_watched(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH_THREE);
    struct cht_id room = house_id(50);
    struct cht_circle circles[] = {{.user = house_id(3)},
        {.user = house_id(2), .rooms = {&room, 1}}, {.user = house_id(4), .rooms = {&room, 1}}};
    house_circles(*state, circles, 3);
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, BOB));
    assert_null(strstr(heard, CLEO));
    assert_non_null(strstr(heard, DAVE));
}

static void the_parts_of_an_answer_count_together(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    struct cht_id rooms[] = {house_id(50), house_id(60)};
    struct cht_circle circle = {.user = house_id(2), .rooms = {&rooms[0], 1}, .more = true};
    house_circles(*state, &circle, 1);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
    circle = (struct cht_circle){.user = house_id(2), .rooms = {&rooms[1], 1}};
    house_circles(*state, &circle, 1);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"away\""));
}

static void a_question_that_is_not_answered_is_asked_again(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    assert_int_equal(count_asked(*state), 1);
    house_pass(*state, 1500);
    assert_int_equal(count_asked(*state), 0);
    house_pass(*state, 1000);
    answer_for_bob(*state, 50);
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"away\""));
}

static void who_is_named_twice_is_watched_once(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, "{\"type\":\"presence.watch\",\"users\":[\"" BOB "\",\"" BOB "\"]}");
    answer_for_bob(*state, 50);
    const char *first = strstr(house_heard(*state, 0), "presence\"");
    assert_non_null(first);
    assert_null(strstr(first + 1, "presence\""));
}

static void who_watches_later_is_told_alone(void **state)
{
    struct house *house = *state;
    struct cht_room_place place = {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group};
    connect_ann(house, cht_room_kind_group);
    connect_bob(house, 50, cht_room_kind_group);
    house_say(house, 0, WATCH);
    assert_non_null(strstr(house_heard(house, 0), BOB));
    house_connect(house, 2, 3);
    house_roster(house, 3, &place, 1);
    house_say(house, 2, WATCH);
    assert_non_null(strstr(house_heard(house, 2), "\"state\":\"away\""));
    assert_string_equal(house_heard(house, 0), "");
}

/* The lists cross: each is the first of one and a later one of another. */
static void who_stays_goes_on_watching_when_others_stop(void **state)
{
    struct house *house = *state;
    connect_ann(house, cht_room_kind_group);
    for (uint8_t slot = 1; slot < 4; slot++) {
        struct cht_room_place place = {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group};
        house_connect(house, slot, (uint8_t)(slot + 1));
        house_roster(house, (uint8_t)(slot + 1), &place, 1);
        house_say(house, slot, WATCH_THREE);
    }
    house_say(house, 0, WATCH);
    house_leave(house, 1);
    house_say(house, 2, "{\"type\":\"presence.watch\",\"users\":[]}");
    for (uint32_t slot = 0; slot < 4; slot++) {
        house_heard(house, slot);
    }
    tell_of_bob(house, cht_presence_state_online);
    assert_non_null(strstr(house_heard(house, 0), BOB));
    assert_null(strstr(house_heard(house, 2), BOB));
    assert_non_null(strstr(house_heard(house, 3), BOB));
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_user_who_came_is_told_in_a_batch),
        T(a_reload_is_not_seen),
        T(who_goes_again_is_offline_by_the_last_time),
        T(one_who_changes_often_is_told_once),
        T(everybody_who_goes_is_told_in_turn),
        T(who_shares_a_group_is_seen),
        T(who_does_not_read_is_told_the_newest_when_it_does),
        T(who_goes_on_one_node_and_stays_on_another_is_still_seen),
        T(who_shares_only_a_channel_is_not_seen),
        T(who_left_the_group_is_seen_no_more),
        T(who_may_have_left_is_not_seen_until_it_is_known),
        T(an_answer_says_nothing_of_what_changed_after_the_question),
        T(who_is_in_the_same_group_here_is_seen_without_a_question),
        T(who_is_in_the_same_channel_here_is_not),
        T(who_came_into_a_new_group_together_is_seen_without_a_question),
        T(who_comes_into_the_group_later_is_seen_then),
        T(nobody_of_a_deleted_group_is_seen),
        T(one_question_names_everybody_who_is_watched),
        T(the_parts_of_an_answer_count_together),
        T(a_question_that_is_not_answered_is_asked_again),
        T(who_is_named_twice_is_watched_once),
        T(who_watches_later_is_told_alone),
        T(who_stays_goes_on_watching_when_others_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
