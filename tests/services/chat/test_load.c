/* What an owner knows of a room that it reads from the store. */

#include "house.h"

#include <string.h>

/* The store knows the direct room of users 1 and 2 with one message in it. */
static struct cht_id direct_room_of_the_store(struct house *house)
{
    struct cht_id pair[] = {house_id(1), house_id(2)};
    cht_id_of_direct_room(&pair[0], &pair[1], &house->meta.room);
    house->meta.kind = cht_room_kind_direct;
    memcpy(house->meta.pair, pair, sizeof(pair));
    house->head = (struct room_head){.seq = 5, .n = 1, .loud_seq = 4};
    for (uint32_t i = 0; i < 2; i++) {
        house->members[i] = (struct room_member){.user = pair[i],
            .role = cht_role_member,
            .state = cht_member_state_joined,
            .joined_seq = 2 + i};
    }
    house->member_count = 2;
    return house->meta.room;
}

static void a_direct_room_that_is_hidden_comes_back_with_the_next_message(void **state)
{
    struct house *house = *state;
    struct cht_id room = direct_room_of_the_store(house);
    house->hider = house_id(2);
    house_send(house, &room, 1, "two");
    struct cht_record record;
    house_newest_record(house, house_shard_of(&room), &record);
    const struct cht_entry *entries = record.entries.at;
    assert_int_equal(record.entries.count, 2);
    assert_int_equal(entries[0].kind, cht_entry_kind_member);
    assert_true(cht_id_equal(&entries[0].user, &house->hider));
    assert_int_equal(entries[1].kind, cht_entry_kind_message);
}

static void a_direct_room_that_is_hidden_can_not_be_hidden_again(void **state)
{
    struct house *house = *state;
    struct cht_command hide = house_command(house, cht_command_type_room_leave, 2);
    hide.room = direct_room_of_the_store(house);
    house->hider = house_id(2);
    house_do(house, &hide);
    assert_non_null(strstr(house_heard(house), " dup"));
}

static void a_direct_room_that_nobody_hides_needs_nothing_to_come_back(void **state)
{
    struct house *house = *state;
    struct cht_id room = direct_room_of_the_store(house);
    house_send(house, &room, 1, "two");
    struct cht_record record;
    house_newest_record(house, house_shard_of(&room), &record);
    assert_int_equal(record.entries.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_direct_room_that_is_hidden_comes_back_with_the_next_message),
        TEST(a_direct_room_that_is_hidden_can_not_be_hidden_again),
        TEST(a_direct_room_that_nobody_hides_needs_nothing_to_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
