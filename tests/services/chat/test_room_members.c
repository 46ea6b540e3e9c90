/* Who sits in a room. */

#include "test.h"

#include "chat/room_members.h"

static const uint64_t secret[2] = {1, 2};
static struct room_members members;

static int set_up(void **state)
{
    (void)state;
    room_members_init(&members, secret);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    room_members_deinit(&members);
    return 0;
}

static struct cht_id user(uint16_t number)
{
    return (struct cht_id){{(uint8_t)(number >> 8), (uint8_t)number, 1}};
}

static void put(uint16_t number, enum cht_role role, enum cht_member_state state, uint64_t joined)
{
    struct room_seat seat = {
        .user = user(number), .joined_seq = joined, .role = (uint8_t)role, .state = (uint8_t)state};
    room_members_put(&members, &seat);
}

static const struct room_seat *seat_of(uint16_t number)
{
    struct cht_id id = user(number);
    return room_members_find(&members, &id);
}

static void somebody_without_a_seat_is_not_found(void **state)
{
    (void)state;
    assert_null(seat_of(1));
    put(1, cht_role_member, cht_member_state_joined, 1);
    assert_null(seat_of(2));
    assert_int_equal(seat_of(1)->joined_seq, 1);
}

/* Nobody looks at all seats to know whether one is the last owner. */
static void owners_are_counted_as_they_come_and_go(void **state)
{
    (void)state;
    put(1, cht_role_owner, cht_member_state_joined, 1);
    put(2, cht_role_owner, cht_member_state_joined, 2);
    put(3, cht_role_admin, cht_member_state_joined, 3);
    assert_int_equal(members.owners, 2);
    put(3, cht_role_owner, cht_member_state_joined, 3);
    assert_int_equal(members.owners, 3);
    put(1, cht_role_member, cht_member_state_joined, 1);
    put(2, cht_role_owner, cht_member_state_banned, 2);
    assert_int_equal(members.owners, 1);
    struct cht_id third = user(3);
    room_members_drop(&members, &third);
    assert_int_equal(members.owners, 0);
    put(1, cht_role_owner, cht_member_state_joined, 1);
    room_members_clear(&members);
    assert_int_equal(members.owners, 0);
}

static void a_seat_that_is_put_again_is_replaced(void **state)
{
    (void)state;
    put(1, cht_role_member, cht_member_state_joined, 1);
    put(1, cht_role_owner, cht_member_state_joined, 1);
    assert_int_equal(members.count, 1);
    assert_int_equal(members.joined, 1);
    assert_int_equal(seat_of(1)->role, cht_role_owner);
}

static void only_the_joined_are_counted_as_joined(void **state)
{
    (void)state;
    put(1, cht_role_member, cht_member_state_joined, 1);
    put(2, cht_role_none, cht_member_state_banned, 2);
    assert_int_equal(members.joined, 1);
    put(1, cht_role_none, cht_member_state_left, 1);
    assert_int_equal(members.joined, 0);
    put(2, cht_role_member, cht_member_state_joined, 3);
    assert_int_equal(members.joined, 1);
    struct cht_id two = user(2);
    room_members_drop(&members, &two);
    assert_int_equal(members.joined, 0);
    assert_int_equal(members.count, 1);
}

static void whoever_goes_leaves_the_others_in_place(void **state)
{
    (void)state;
    for (uint16_t i = 1; i <= 300; i++) {
        put(i, cht_role_member, cht_member_state_joined, i);
    }
    for (uint16_t i = 1; i <= 300; i += 3) {
        struct cht_id gone = user(i);
        room_members_drop(&members, &gone);
        room_members_drop(&members, &gone);
    }
    assert_int_equal(members.count, 200);
    for (uint16_t i = 1; i <= 300; i++) {
        assert_true((seat_of(i) == NULL) == (i % 3 == 1));
        assert_true(!seat_of(i) || seat_of(i)->joined_seq == i);
    }
}

static void a_cleared_room_is_empty_and_can_be_filled_again(void **state)
{
    (void)state;
    put(1, cht_role_owner, cht_member_state_joined, 1);
    put(2, cht_role_none, cht_member_state_banned, 2);
    room_members_clear(&members);
    assert_null(seat_of(1));
    assert_null(seat_of(2));
    assert_int_equal(members.joined, 0);
    put(2, cht_role_member, cht_member_state_joined, 9);
    assert_int_equal(seat_of(2)->joined_seq, 9);
    assert_int_equal(members.joined, 1);
}

static void roles_are_counted_among_the_joined(void **state)
{
    (void)state;
    put(1, cht_role_owner, cht_member_state_joined, 1);
    put(2, cht_role_owner, cht_member_state_left, 2);
    put(3, cht_role_admin, cht_member_state_joined, 3);
    assert_int_equal(members.owners, 1);
}

static void heir_is(uint16_t leaver, uint16_t expected)
{
    struct cht_id gone = user(leaver), heir = user(expected);
    const struct room_seat *seat = room_members_successor(&members, &gone);
    assert_non_null(seat);
    assert_true(cht_id_equal(&seat->user, &heir));
}

static void the_oldest_admin_follows_the_owner_then_the_oldest_member(void **state)
{
    (void)state;
    put(1, cht_role_owner, cht_member_state_joined, 1);
    put(5, cht_role_member, cht_member_state_joined, 2);
    put(2, cht_role_admin, cht_member_state_joined, 9);
    put(3, cht_role_admin, cht_member_state_joined, 7);
    put(4, cht_role_none, cht_member_state_banned, 3);
    heir_is(1, 3);
    put(3, cht_role_none, cht_member_state_removed, 7);
    heir_is(1, 2);
    put(2, cht_role_none, cht_member_state_left, 9);
    heir_is(1, 5);
}

static void of_two_who_came_together_the_lower_id_follows(void **state)
{
    (void)state;
    put(1, cht_role_owner, cht_member_state_joined, 1);
    put(9, cht_role_member, cht_member_state_joined, 3);
    put(8, cht_role_member, cht_member_state_joined, 3);
    heir_is(1, 8);
}

static void nobody_follows_the_last_one(void **state)
{
    (void)state;
    put(1, cht_role_owner, cht_member_state_joined, 1);
    put(2, cht_role_none, cht_member_state_banned, 2);
    struct cht_id gone = user(1);
    assert_null(room_members_successor(&members, &gone));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(somebody_without_a_seat_is_not_found),
        TEST(a_seat_that_is_put_again_is_replaced),
        TEST(owners_are_counted_as_they_come_and_go),
        TEST(only_the_joined_are_counted_as_joined),
        TEST(whoever_goes_leaves_the_others_in_place),
        TEST(a_cleared_room_is_empty_and_can_be_filled_again),
        TEST(roles_are_counted_among_the_joined),
        TEST(the_oldest_admin_follows_the_owner_then_the_oldest_member),
        TEST(of_two_who_came_together_the_lower_id_follows),
        TEST(nobody_follows_the_last_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
