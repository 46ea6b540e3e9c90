/* Presence: batches, the wait before offline, and who may see whom. */

#include "house.h"

#include <string.h>

#define BOB "02070707-0707-0707-0707-070707070702"
#define WATCH "{\"type\":\"presence.watch\",\"ref\":\"w\",\"users\":[\"" BOB "\"]}"

static void connect_ann(struct house *house, uint64_t kind)
{
    house_connect(house, 0, 1);
    struct cht_room_place places[] = {{.room = house_id(50), .seq = 4, .kind = kind}};
    house_roster(house, 1, places, 1);
    house_heard(house, 0);
    house->online_state = cht_presence_state_away;
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
    struct cht_room_place places[] = {
        {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group}};
    house_roster(*state, 2, places, 1);
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
    struct cht_room_place places[] = {
        {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group}};
    house_slow(*state, 0);
    house_roster(*state, 2, places, 1);
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
    struct cht_room_place places[] = {
        {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group}};
    house_roster(*state, 2, places, 1);
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
    struct cht_room_place places[] = {
        {.room = house_id(50), .seq = 4, .kind = cht_room_kind_channel}};
    house_roster(*state, 2, places, 1);
    assert_null(strstr(house_heard(*state, 0), "presence\""));
}

static void who_left_the_group_is_seen_no_more(void **state)
{
    connect_ann(*state, cht_room_kind_group);
    house_say(*state, 0, WATCH);
    struct cht_room_place places[] = {
        {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group}};
    house_roster(*state, 2, places, 1);
    house_deliver_member(*state, 50, 5, 2, cht_member_state_left);
    house_pass(*state, 200);
    house_roster(*state, 2, NULL, 0);
    house_heard(*state, 0);
    struct cht_user_presence change = {.user = house_id(2), .state = cht_presence_state_offline};
    struct cht_presences batch = {.node = 9, .users = {&change, 1}};
    house_cast(*state, &cht_row_presences, &batch);
    assert_string_equal(house_heard(*state, 0), "");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
