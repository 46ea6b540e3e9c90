/* Who comes into a room, goes, and gets which role. */

#include "decide_house.h"

static void when_the_last_owner_leaves_somebody_follows(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_leave, OWNER, "");
    decide(&command);
    is_accepted(2);
    assert_int_equal(decision.entries[1].role, cht_role_owner);
    struct cht_id heir = user(ADMIN);
    assert_true(cht_id_equal(&decision.entries[1].user, &heir));
}

static void whoever_goes_is_told_with_the_role_they_had(void **state)
{
    (void)state;
    static const uint64_t ways[] = {cht_command_type_room_remove, cht_command_type_room_ban};
    for (uint32_t i = 0; i < 2; i++) {
        struct cht_command command = filled(ways[i], OWNER, "");
        command.user = user(ADMIN);
        decide(&command);
        is_accepted(1);
        assert_int_equal(decision.entries[0].role, cht_role_admin);
    }
    struct cht_command leave = filled(cht_command_type_room_leave, OWNER, "");
    decide(&leave);
    is_accepted(2);
    assert_int_equal(decision.entries[0].role, cht_role_owner);
    struct cht_command unban = filled(cht_command_type_room_unban, OWNER, "");
    unban.user = user(BANNED);
    decide(&unban);
    is_accepted(1);
    assert_int_equal(decision.entries[0].role, cht_role_member);
}

static void a_role_is_over_with_the_membership(void **state)
{
    (void)state;
    struct cht_command ban = filled(cht_command_type_room_ban, OWNER, "");
    ban.user = user(ADMIN);
    decide(&ban);
    apply();
    struct cht_id admin = user(ADMIN);
    assert_int_equal(room_members_find(&room.members, &admin)->role, cht_role_none);
}

static void when_the_last_one_leaves_the_room_is_over(void **state)
{
    (void)state;
    make_empty(cht_room_kind_group, cht_visibility_private);
    seat(OWNER, cht_role_owner, cht_member_state_joined);
    struct cht_command command = filled(cht_command_type_room_leave, OWNER, "");
    decide(&command);
    is_accepted(2);
    assert_int_equal(decision.entries[1].kind, cht_entry_kind_room_deleted);
    apply();
    assert_false(room_state_exists(&room));
}

static void a_room_keeps_one_owner(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_role, OWNER, "");
    command.user = user(OWNER);
    decide(&command);
    is_refused(ERR_CONFLICT, "role");
    command.role = cht_role_owner;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void whoever_is_banned_is_not_added_until_unbanned(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    command.user = user(BANNED);
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
    struct cht_command unban = filled(cht_command_type_room_unban, OWNER, "");
    decide(&unban);
    apply();
    decide(&command);
    is_accepted(1);
    decide(&unban);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void somebody_unknown_is_not_added_nor_banned(void **state)
{
    (void)state;
    facts.missing_user = 0;
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    command = filled(cht_command_type_room_ban, OWNER, "");
    command.user = user(STRANGER);
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
}

static void only_an_owner_adds_somebody_as_more_than_a_member(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_add, ADMIN, "");
    command.role = cht_role_admin;
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
    command.author = user(OWNER);
    decide(&command);
    is_accepted(1);
}

static void a_group_takes_a_thousand(void **state)
{
    (void)state;
    for (uint16_t i = 1000; room.members.joined < ROOM_GROUP_MEMBERS_MAX; i++) {
        seat(i, cht_role_member, cht_member_state_joined);
    }
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    decide(&command);
    is_refused(ERR_CONFLICT, "user");
}

static void who_is_in_too_many_rooms_joins_no_further_one(void **state)
{
    (void)state;
    make_room(PUBLIC);
    struct cht_command join = filled(cht_command_type_room_join, STRANGER, "");
    facts.author_crowded = true;
    decide(&join);
    is_refused(ERR_RATE_LIMITED, NULL);
    struct cht_command add = filled(cht_command_type_room_add, OWNER, "");
    add.user = user(STRANGER);
    facts.crowded_user = 0;
    decide(&add);
    is_refused(ERR_CONFLICT, "user");
    facts.crowded_user = -1; /* the author is in too many, but does not come into this one */
    decide(&add);
    is_accepted(1);
}

static void a_mute_lasts_over_leaving_and_coming_back(void **state)
{
    (void)state;
    make_room(PUBLIC);
    static const uint64_t types[] = {cht_command_type_room_leave, cht_command_type_room_join};
    for (size_t i = 0; i < 2; i++) {
        struct cht_command command = command_of(types[i], MUTED);
        decide(&command);
        is_accepted(1);
        assert_int_equal(decision.entries[0].muted_until, START_MS + 5000);
        apply();
    }
    struct cht_command command = filled(cht_command_type_message_send, MUTED, "");
    decide(&command);
    is_refused(ERR_MUTED, NULL);
}

static void a_ban_ends_a_mute(void **state)
{
    (void)state;
    make_room(PUBLIC);
    static const uint64_t types[] = {cht_command_type_room_ban, cht_command_type_room_unban};
    for (size_t i = 0; i < 2; i++) {
        struct cht_command command = command_of(types[i], OWNER);
        command.user = user(MUTED);
        decide(&command);
        is_accepted(1);
        assert_int_equal(decision.entries[0].muted_until, 0);
        apply();
    }
}

static void joins_and_leaves_of_a_large_room_are_quiet(void **state)
{
    (void)state;
    make_room(PUBLIC);
    struct cht_command join = filled(cht_command_type_room_join, STRANGER, "");
    decide(&join);
    assert_false(decision.entries[0].quiet);
    for (uint16_t i = 1000; room.members.joined <= ROOM_QUIET_MEMBERS; i++) {
        seat(i, cht_role_member, cht_member_state_joined);
    }
    join = filled(cht_command_type_room_join, STRANGER, "");
    decide(&join);
    assert_true(decision.entries[0].quiet);
    struct cht_command removal = filled(cht_command_type_room_remove, OWNER, "");
    decide(&removal);
    assert_false(decision.entries[0].quiet);
}

static void the_system_may_add_and_not_speak(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    command.author = (struct cht_id){{0}};
    decide(&command);
    is_accepted(1);
    command = filled(cht_command_type_message_send, OWNER, "");
    command.author = (struct cht_id){{0}};
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void reading_and_typing_are_for_members(void **state)
{
    (void)state;
    struct cht_id owner = user(OWNER), stranger = user(STRANGER), banned = user(BANNED);
    assert_int_equal(room_may(&room, &owner, cht_command_type_read), OK);
    assert_int_equal(room_may(&room, &stranger, cht_command_type_read), ERR_NOT_FOUND);
    assert_int_equal(room_may(&room, &owner, 12345), ERR_NOT_FOUND);
    make_room(PUBLIC);
    assert_int_equal(room_may(&room, &banned, cht_command_type_typing), ERR_NOT_MEMBER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Whatever else is missing from a room's state, nobody gains by it. */
static void a_seat_without_a_role_may_nothing(void **state)
{
    (void)state;
    seat(PLAIN, cht_role_none, cht_member_state_joined);
    struct cht_id plain = user(PLAIN);
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        const struct cht_right *right = &cht_command_row(type)->rights[cht_room_kind_group];
        if (right->least_role != CHT_ROLE_ANYONE) {
            assert_int_equal(room_may(&room, &plain, type), ERR_FORBIDDEN);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_seat_without_a_role_may_nothing),
        TEST(when_the_last_owner_leaves_somebody_follows),
        TEST(whoever_goes_is_told_with_the_role_they_had),
        TEST(a_role_is_over_with_the_membership),
        TEST(when_the_last_one_leaves_the_room_is_over),
        TEST(a_room_keeps_one_owner),
        TEST(whoever_is_banned_is_not_added_until_unbanned),
        TEST(somebody_unknown_is_not_added_nor_banned),
        TEST(only_an_owner_adds_somebody_as_more_than_a_member),
        TEST(a_group_takes_a_thousand),
        TEST(who_is_in_too_many_rooms_joins_no_further_one),
        TEST(a_mute_lasts_over_leaving_and_coming_back),
        TEST(a_ban_ends_a_mute),
        TEST(joins_and_leaves_of_a_large_room_are_quiet),
        TEST(the_system_may_add_and_not_speak),
        TEST(reading_and_typing_are_for_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
