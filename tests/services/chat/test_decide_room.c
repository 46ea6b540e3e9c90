/* How rooms are made and changed. */

#include "decide_house.h"

static struct cht_command create(uint64_t kind, uint16_t others)
{
    static struct cht_id members[100];
    struct cht_command command = command_of(cht_command_type_room_create, OWNER);
    command.room = (struct cht_id){{0}};
    command.kind = kind;
    command.name = str("new");
    for (uint16_t i = 0; i < others; i++) {
        members[i] = user((uint16_t)(i + 2));
    }
    command.members = (struct cht_ids){members, others};
    forget_room();
    return command;
}

static void a_new_room_has_its_creator_as_owner_and_the_others_as_members(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_group, 100);
    decide(&command);
    is_accepted(102);
    assert_true(decision.created);
    assert_int_equal(decision.seq, 1);
    apply();
    assert_int_equal(room.members.joined, 101);
    assert_int_equal(room.members.owners, 1);
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void members_of_a_new_room_must_exist_and_be_willing(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_group, 2);
    facts.missing_user = 1;
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    facts.missing_user = -1;
    facts.blocking_user = 1;
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void who_is_in_too_many_rooms_gets_no_further_one(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_group, 2);
    facts.crowded_user = 1;
    decide(&command);
    is_refused(ERR_CONFLICT, "members");
    facts.crowded_user = -1;
    facts.author_crowded = true;
    decide(&command);
    is_refused(ERR_RATE_LIMITED, NULL);
    command = create(cht_room_kind_direct, 1);
    decide(&command);
    is_refused(ERR_RATE_LIMITED, NULL);
}

static void a_direct_room_reaches_who_is_in_too_many(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_direct, 1);
    facts.crowded_user = 0;
    decide(&command);
    is_accepted(3);
}

static void a_public_name_has_one_room(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_channel, 0);
    command.visibility = cht_visibility_public;
    facts.name_taken = true;
    decide(&command);
    is_refused(ERR_CONFLICT, "name");
    command.visibility = cht_visibility_private;
    decide(&command);
    is_accepted(2);
}

static void a_direct_room_has_one_other(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_direct, 2);
    decide(&command);
    is_refused(ERR_BAD_FIELD, "members");
    command = create(cht_room_kind_direct, 1);
    decide(&command);
    is_accepted(3);
}

static void only_a_channel_is_public(void **state)
{
    (void)state;
    struct cht_command command = command_of(cht_command_type_room_update, OWNER);
    command.visibility = cht_visibility_public;
    decide(&command);
    is_refused(ERR_BAD_FIELD, "visibility");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_room_has_its_creator_as_owner_and_the_others_as_members),
        TEST(members_of_a_new_room_must_exist_and_be_willing),
        TEST(who_is_in_too_many_rooms_gets_no_further_one),
        TEST(a_direct_room_reaches_who_is_in_too_many),
        TEST(a_public_name_has_one_room),
        TEST(a_direct_room_has_one_other),
        TEST(only_a_channel_is_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
