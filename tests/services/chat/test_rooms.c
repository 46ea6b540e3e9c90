/* Which rooms stay in memory when there are too many. */

#include "house.h"

#include <string.h>

#define NODE 9

/* Everything is stored, and the owner has heard so. */
static void store_all(struct house *house)
{
    house->stored_index = UINT64_MAX;
    house_pass(house, 1000);
    house_heard(house);
}

/* Room by room the service is told by its clock that all is stored. */
static void make_groups(struct house *house, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        house_group(house, 2);
        house_pass(house, 1000);
    }
    house_heard(house);
}

/* The store knows the group as it was made, and so many messages. */
static void store_knows(struct house *house, const struct cht_id *room, uint64_t messages)
{
    house->meta = (struct room_meta){.room = *room, .kind = cht_room_kind_group};
    house->head = (struct room_head){.seq = 3 + messages, .n = messages, .loud_seq = 3 + messages};
    for (uint8_t i = 0; i < 2; i++) {
        house->members[i] = (struct room_member){.user = house_id((uint8_t)(i + 1)),
            .role = cht_role_member,
            .state = cht_member_state_joined,
            .joined_seq = 2};
    }
    house->member_count = 2;
}

static void send_to_unknown_rooms(struct house *house, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        struct cht_id unknown = house_id((uint8_t)(100 + i));
        house_send(house, &unknown, 1, "none");
    }
}

static void of_too_many_rooms_the_idlest_goes(void **state)
{
    struct house *house = *state;
    store_all(house);
    make_groups(house, 40);
    struct chat_counters counters = chat_counters(house->service);
    assert_int_equal(counters.rooms, 16);
    assert_int_equal(counters.rooms_resting, 0);
}

/* Whoever asks for rooms that are none does not drive out those that are. */
static void a_room_that_does_not_exist_goes_before_others(void **state)
{
    struct house *house = *state;
    store_all(house);
    struct cht_id room = house_group(house, 2);
    house_pass(house, 3000);
    send_to_unknown_rooms(house, 100);
    uint32_t loads = house->loads;
    house_heard(house);
    house_send(house, &room, 1, "one");
    assert_non_null(strstr(house_heard(house), " seq=4 n=1 created\n"));
    assert_int_equal(house->loads, loads);
}

static void a_room_that_is_not_stored_stays_and_others_are_refused(void **state)
{
    struct house *house = *state;
    make_groups(house, 16);
    struct cht_id unknown = house_id(77);
    house_send(house, &unknown, 1, "one");
    assert_non_null(strstr(house_heard(house), " overloaded\n"));
    assert_int_equal(chat_counters(house->service).rooms, 16);
}

static void a_room_that_nodes_follow_rests_and_they_go_on_hearing_of_it(void **state)
{
    struct house *house = *state;
    store_all(house);
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    house_pass(house, 3000);
    make_groups(house, 16);
    assert_int_equal(chat_counters(house->service).rooms_resting, 1);
    store_knows(house, &room, 0);
    house_send(house, &room, 1, "one");
    assert_non_null(strstr(house_heard(house), "\n9 4 {\"type\":\"message\""));
    assert_int_equal(chat_counters(house->service).rooms_resting, 0);
    assert_int_equal(chat_counters(house->service).rooms, 16);
}

static void a_resting_room_is_subscribed_without_being_loaded(void **state)
{
    struct house *house = *state;
    store_all(house);
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house_subscribe(house, &room, NODE);
    house_pass(house, 3000);
    make_groups(house, 16);
    uint32_t loads = house->loads;
    house_subscribe(house, &room, NODE + 1);
    assert_string_equal(house_heard(house), "10 subscribed head=4\n");
    assert_int_equal(house->loads, loads);
}

static void a_resting_room_is_loaded_for_whoever_missed_something(void **state)
{
    struct house *house = *state;
    store_all(house);
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house_subscribe(house, &room, NODE);
    house_store_entries(house, &room);
    house_pass(house, 3000);
    make_groups(house, 16);
    store_knows(house, &room, 1);
    house_resend(house, &room, NODE, 3);
    assert_non_null(strstr(house_heard(house), "9 4 {\"type\":\"message\""));
}

static void a_resting_room_that_can_not_be_loaded_rests_on(void **state)
{
    struct house *house = *state;
    store_all(house);
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    house_pass(house, 3000);
    make_groups(house, 16);
    house->load_err = ERR_UNAVAILABLE;
    house_send(house, &room, 1, "one");
    assert_non_null(strstr(house_heard(house), " unavailable\n"));
    assert_int_equal(chat_counters(house->service).rooms_resting, 1);
    house->load_err = OK;
    store_knows(house, &room, 0);
    house_send(house, &room, 1, "two");
    assert_non_null(strstr(house_heard(house), "\n9 4 {\"type\":\"message\""));
}

static void of_too_many_resting_rooms_the_idlest_is_forgotten(void **state)
{
    struct house *house = *state;
    store_all(house);
    for (int i = 0; i < 40; i++) {
        struct cht_id room = house_group(house, 2);
        house_subscribe(house, &room, NODE);
        house_pass(house, 3000);
    }
    struct chat_counters counters = chat_counters(house->service);
    assert_int_equal(counters.rooms, 16);
    assert_int_equal(counters.rooms_resting, 8);
}

/* It is said to rest only when nothing of it is under way. */
static void a_room_whose_entries_are_not_durable_does_not_rest(void **state)
{
    struct house *house = *state;
    store_all(house);
    struct cht_id room = house_group(house, 2);
    house_pass(house, 1000);
    make_groups(house, 15);
    house->appends_wait = true;
    house_send(house, &room, 1, "one");
    send_to_unknown_rooms(house, 15);
    house_answer_all(house);
    assert_non_null(strstr(house_heard(house), " seq=4 n=1 created\n"));
}

static void a_lost_shard_takes_its_resting_rooms_along(void **state)
{
    struct house *house = *state;
    store_all(house);
    for (int i = 0; i < 20; i++) {
        struct cht_id room = house_group(house, 2);
        house_subscribe(house, &room, NODE);
        house_pass(house, 3000);
    }
    for (uint32_t shard = 0; shard < HOUSE_SHARDS; shard++) {
        house_lose(house, shard);
    }
    assert_int_equal(chat_counters(house->service).rooms, 0);
    assert_int_equal(chat_counters(house->service).rooms_resting, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup_small, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_too_many_rooms_the_idlest_goes),
        TEST(a_room_that_does_not_exist_goes_before_others),
        TEST(a_room_that_is_not_stored_stays_and_others_are_refused),
        TEST(a_room_that_nodes_follow_rests_and_they_go_on_hearing_of_it),
        TEST(a_resting_room_is_subscribed_without_being_loaded),
        TEST(a_resting_room_is_loaded_for_whoever_missed_something),
        TEST(a_resting_room_that_can_not_be_loaded_rests_on),
        TEST(of_too_many_resting_rooms_the_idlest_is_forgotten),
        TEST(a_room_whose_entries_are_not_durable_does_not_rest),
        TEST(a_lost_shard_takes_its_resting_rooms_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
