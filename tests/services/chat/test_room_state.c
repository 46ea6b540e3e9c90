/* What entries make of a room. */

#include "test.h"

#include <string.h>
#include <time.h>

#include "chat/room_state.h"

static const uint64_t secret[2] = {7, 8};
static struct room_state room;

static struct cht_id user(uint8_t number)
{
    return (struct cht_id){{number, 1}};
}

static int set_up(void **state)
{
    (void)state;
    struct cht_id id = user(99);
    room_state_init(&room, &id, secret);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    room_state_deinit(&room);
    return 0;
}

static void apply(struct cht_entry entry)
{
    entry.seq = room.seq + 1;
    entry.ts = 1000 + entry.seq;
    entry.by = user(1);
    room_state_apply(&room, &entry, entry.seq * 10, NULL);
}

static void create(enum cht_room_kind kind)
{
    apply((struct cht_entry){.kind = cht_entry_kind_created,
        .room_kind = kind,
        .user = user(2),
        .name = str("name"),
        .topic = str("topic"),
        .visibility = cht_visibility_private,
        .posting = cht_who_members,
        .adding = cht_who_members,
        .history = cht_history_from_all});
}

static void member(uint8_t number, enum cht_member_state state, enum cht_role role)
{
    apply((struct cht_entry){
        .kind = cht_entry_kind_member, .user = user(number), .state = state, .role = role});
}

static const struct room_seat *seat_of(uint8_t number)
{
    struct cht_id id = user(number);
    return room_state_member(&room, &id);
}

static void a_room_without_entries_does_not_exist(void **state)
{
    (void)state;
    assert_false(room_state_exists(&room));
    assert_null(seat_of(1));
    create(cht_room_kind_group);
    assert_true(room_state_exists(&room));
    assert_int_equal(room.index, 10);
}

static void an_update_changes_what_it_carries_and_nothing_else(void **state)
{
    (void)state;
    create(cht_room_kind_channel);
    apply((struct cht_entry){.kind = cht_entry_kind_updated, .posting = cht_who_admins});
    assert_int_equal(room.posting, cht_who_admins);
    assert_int_equal(room.adding, cht_who_members);
    assert_true(cht_str_equal(room.name, str("name")));
    assert_true(cht_str_equal(room.topic, str("topic")));
    apply((struct cht_entry){.kind = cht_entry_kind_updated, .has = CHT_BIT(entry, topic)});
    assert_int_equal(room.topic.size, 0);
    assert_true(cht_str_equal(room.name, str("name")));
}

static void a_member_keeps_the_moment_of_joining_until_leaving(void **state)
{
    (void)state;
    create(cht_room_kind_group);
    member(1, cht_member_state_joined, cht_role_member);
    member(1, cht_member_state_joined, cht_role_admin);
    assert_int_equal(seat_of(1)->joined_seq, 2);
    assert_int_equal(seat_of(1)->role, cht_role_admin);
    member(1, cht_member_state_left, cht_role_none);
    assert_null(seat_of(1));
    member(1, cht_member_state_joined, cht_role_member);
    assert_int_equal(seat_of(1)->joined_seq, 5);
}

static void whoever_is_banned_has_a_seat_and_is_no_member(void **state)
{
    (void)state;
    struct cht_id one = user(1);
    create(cht_room_kind_group);
    member(1, cht_member_state_joined, cht_role_member);
    member(1, cht_member_state_banned, cht_role_none);
    assert_null(seat_of(1));
    assert_int_equal(room_members_find(&room.members, &one)->state, cht_member_state_banned);
    member(1, cht_member_state_unbanned, cht_role_none);
    assert_null(room_members_find(&room.members, &one));
}

static void whoever_hid_a_direct_room_is_still_of_it(void **state)
{
    (void)state;
    create(cht_room_kind_direct);
    member(1, cht_member_state_joined, cht_role_member);
    member(2, cht_member_state_joined, cht_role_member);
    member(2, cht_member_state_left, cht_role_none);
    assert_int_equal(seat_of(2)->state, cht_member_state_left);
    assert_int_equal(room.members.joined, 1);
}

static void only_messages_count_and_only_loud_entries_are_loud(void **state)
{
    (void)state;
    create(cht_room_kind_group);
    apply((struct cht_entry){.kind = cht_entry_kind_message, .n = 1, .text = str("one")});
    apply((struct cht_entry){.kind = cht_entry_kind_member, .user = user(3), .quiet = true});
    assert_int_equal(room.n, 1);
    assert_int_equal(room.seq, 3);
    assert_int_equal(room.loud_seq, 2);
    assert_int_equal(room.ts, 1003);
}

static void a_deleted_room_has_nobody(void **state)
{
    (void)state;
    create(cht_room_kind_group);
    member(1, cht_member_state_joined, cht_role_owner);
    apply((struct cht_entry){.kind = cht_entry_kind_room_deleted});
    assert_false(room_state_exists(&room));
    assert_null(seat_of(1));
    assert_int_equal(room.members.joined, 0);
}

/* What the store has of a record is skipped, the rest is applied. */
static void a_record_is_applied_from_where_the_room_is(void **state)
{
    (void)state;
    create(cht_room_kind_group);
    struct cht_entry entries[] = {{.kind = cht_entry_kind_created, .seq = 1, .by = user(1)},
        {.kind = cht_entry_kind_member,
            .seq = 2,
            .by = user(1),
            .user = user(1),
            .state = cht_member_state_joined,
            .role = cht_role_owner}};
    char cause[24] = "a place of 23 letters..";
    struct cht_record record = {
        .term = 1, .index = 77, .cause = {cause, sizeof(cause)}, .entries = {entries, 2}};
    room_state_apply_record(&room, &record);
    assert_int_equal(room.seq, 2);
    assert_int_equal(room.index, 77);
    assert_memory_equal(room.cause.bytes, cause, sizeof(cause));
    record.index = 78;
    record.cause.at = "another place, 24 bytes.";
    room_state_apply_record(&room, &record);
    assert_int_equal(room.index, 77);
    assert_memory_equal(room.cause.bytes, cause, sizeof(cause));
}

static void a_room_of_the_store_is_as_it_was(void **state)
{
    (void)state;
    struct rooms_load_op loaded = {.meta = {.kind = cht_room_kind_channel,
                                       .visibility = cht_visibility_public,
                                       .posting = cht_who_admins,
                                       .name = str("name"),
                                       .creator = user(1)},
        .head = {.seq = 40, .n = 30, .ts = 9, .loud_seq = 38}};
    room_state_load(&room, &loaded);
    struct room_member one = {.user = user(1),
        .role = cht_role_owner,
        .state = cht_member_state_joined,
        .joined_seq = 2,
        .muted_until = 5};
    struct room_member gone = {.user = user(2), .state = cht_member_state_left};
    room_state_load_member(&room, &one);
    room_state_load_member(&room, &gone);
    assert_int_equal(room.seq, 40);
    assert_int_equal(room.n, 30);
    assert_int_equal(room.loud_seq, 38);
    assert_int_equal(room.index, 0);
    assert_int_equal(room.visibility, cht_visibility_public);
    assert_int_equal(seat_of(1)->role, cht_role_owner);
    assert_int_equal(seat_of(1)->muted_until, 5);
    assert_int_equal(room.members.count, 1);
}

static uint64_t cpu_of_changes_us(uint32_t count)
{
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (uint32_t i = 0; i < count; i++) {
        bool joins = i / 250 % 2 == 0;
        member((uint8_t)(3 + i % 250), joins ? cht_member_state_joined : cht_member_state_left,
            cht_role_member);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (uint64_t)(after.tv_sec - before.tv_sec) * 1000000 + (uint64_t)(after.tv_nsec / 1000) -
           (uint64_t)(before.tv_nsec / 1000);
}

/* However long the past of a room is, the next entry costs the same. */
static void a_hundred_thousand_comings_and_goings_leave_no_trace(void **state)
{
    (void)state;
    create(cht_room_kind_group);
    uint64_t early_us = cpu_of_changes_us(10000);
    cpu_of_changes_us(80000);
    assert_true(cpu_of_changes_us(10000) < (early_us + 1000) * 10);
    assert_int_equal(room.members.count, 0);
}

static void say_at(uint8_t by, uint32_t place)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .seq = room.seq + 1,
        .n = room.n + 1,
        .by = user(by),
        .text = str("text")};
    struct room_known known = {.digests = room_digests_of_entry(&entry), .place = place};
    room_state_apply(&room, &entry, entry.seq * 10, &known);
}

static uint64_t sent_n(uint8_t number, uint64_t confirmed_index)
{
    struct cht_id id = user(number);
    return room_state_sent_n(&room, &id, confirmed_index);
}

static void the_newest_message_that_the_store_lacks_is_known_of_each_member(void **state)
{
    (void)state;
    create(cht_room_kind_group);
    member(1, cht_member_state_joined, cht_role_owner);
    member(2, cht_member_state_joined, cht_role_member);
    say_at(1, 0);               /* seq 4, index 40 */
    say_at(2, 0);               /* not where it was said to be */
    say_at(2, ROOM_PLACE_NONE); /* seq 6 */
    assert_int_equal(sent_n(1, 39), 1);
    assert_int_equal(sent_n(1, 40), 0);
    assert_int_equal(sent_n(2, 59), 3);
    assert_int_equal(sent_n(2, 60), 0);
    assert_int_equal(sent_n(3, 0), 0);
    member(2, cht_member_state_joined, cht_role_admin);
    assert_int_equal(sent_n(2, 59), 3);
    member(2, cht_member_state_left, cht_role_none);
    assert_int_equal(sent_n(2, 59), 0); /* whoever comes back has read all of that */
    say_at(2, 1);
    assert_int_equal(sent_n(2, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_room_without_entries_does_not_exist),
        TEST(an_update_changes_what_it_carries_and_nothing_else),
        TEST(a_member_keeps_the_moment_of_joining_until_leaving),
        TEST(whoever_is_banned_has_a_seat_and_is_no_member),
        TEST(whoever_hid_a_direct_room_is_still_of_it),
        TEST(only_messages_count_and_only_loud_entries_are_loud),
        TEST(a_deleted_room_has_nobody),
        TEST(a_record_is_applied_from_where_the_room_is),
        TEST(a_room_of_the_store_is_as_it_was),
        TEST(the_newest_message_that_the_store_lacks_is_known_of_each_member),
        TEST(a_hundred_thousand_comings_and_goings_leave_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
