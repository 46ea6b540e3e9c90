/* The rules by which a node follows rooms: order, repairs, membership, terms, gaps. */

#include "house.h"

#include <string.h>

enum { ANN = 1, BOB = 2, CLEO = 3, ROOM = 50, OTHER = 51 };

static struct cht_room_place place(uint8_t room, uint64_t seq)
{
    return (struct cht_room_place){.room = house_id(room), .seq = seq, .kind = cht_room_kind_group};
}

/* The user on that slot is in ROOM, which is stored up to `seq`. */
static void enter(struct house *house, uint32_t slot, uint8_t user, uint64_t seq)
{
    house_connect(house, slot, user);
    struct cht_room_place places[] = {place(ROOM, seq)};
    house_roster(house, user, places, 1);
    house_heard(house, slot);
}

/* The list that was asked for again. */
static void enter_again(struct house *house, uint32_t slot, uint8_t user, uint64_t seq)
{
    struct cht_room_place places[] = {place(ROOM, seq)};
    house_roster(house, user, places, 1);
    house_heard(house, slot);
}

/* The answer to that question, of one room. */
static void answer_list(struct house *house, const struct cht_roster_query *query, uint8_t user,
    struct cht_room_place *only)
{
    struct cht_roster roster = {
        .node_ref = query->node_ref, .user = house_id(user), .rooms = {only, 1}};
    house_mail(house, &cht_row_roster, &roster);
}

static void subscribed(struct house *house, uint64_t term, uint64_t head)
{
    struct cht_subscribed event = {.room = house_id(ROOM), .term = term, .head = head};
    house_mail(house, &cht_row_subscribed, &event);
}

static void entry(struct house *house, uint64_t seq)
{
    struct cht_delivery delivery = house_entry(ROOM, seq);
    house_deliver(house, &delivery);
}

static void a_member_gets_entries_in_order_and_once(void **state)
{
    enter(*state, 0, ANN, 4);
    entry(*state, 5);
    entry(*state, 5);
    entry(*state, 4);
    entry(*state, 6);
    assert_string_equal(
        house_heard(*state, 0), "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n");
}

static void a_room_is_subscribed_from_where_the_membership_was_read(void **state)
{
    house_connect(*state, 0, ANN);
    struct cht_room_place places[] = {place(ROOM, 4)};
    house_roster(*state, ANN, places, 1);
    struct cht_subscribe subscribe;
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    assert_int_equal(subscribe.from, 4);
    assert_false(subscribe.off);
}

static void a_hole_stops_the_room_until_it_is_filled(void **state)
{
    enter(*state, 0, ANN, 4);
    subscribed(*state, 1, 4);
    entry(*state, 6);
    entry(*state, 7);
    assert_string_equal(house_heard(*state, 0), "");
    struct cht_resend resend;
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    assert_int_equal(resend.after, 4);
    entry(*state, 5);
    entry(*state, 6);
    entry(*state, 7);
    assert_string_equal(house_heard(*state, 0),
        "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n{\"room\":50,\"seq\":7}\n");
    house_pass(*state, 2000);
    assert_false(house_mailed(*state, &cht_row_resend, &resend));
}

static void a_lost_resend_is_asked_for_again(void **state)
{
    enter(*state, 0, ANN, 4);
    subscribed(*state, 1, 4);
    entry(*state, 9);
    struct cht_resend resend;
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    house_pass(*state, 700);
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    assert_int_equal(resend.after, 4);
}

static void a_lost_subscribe_is_said_again(void **state)
{
    enter(*state, 0, ANN, 4);
    struct cht_subscribe subscribe;
    house_mailed(*state, &cht_row_subscribe, &subscribe);
    house_pass(*state, 700);
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    subscribed(*state, 1, 4);
    house_pass(*state, 2000);
    assert_false(house_mailed(*state, &cht_row_subscribe, &subscribe));
}

static void what_is_left_of_a_hole_is_asked_for_with_each_page(void **state)
{
    enter(*state, 0, ANN, 4);
    subscribed(*state, 1, 9);
    entry(*state, 5);
    struct cht_resend resend;
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    assert_int_equal(resend.after, 4);
    subscribed(*state, 1, 9);
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    assert_int_equal(resend.after, 5);
}

/* Its owner forgets who does not subscribe again, and does not know who is there at that time. */
static void a_room_that_is_left_and_entered_all_the_time_is_subscribed_again(void **state)
{
    struct house *house = *state;
    uint32_t away_ms = (uint32_t)house->settings.room_idle_ms - 1000;
    struct cht_subscribe subscribe;
    enter(house, 0, ANN, 4);
    subscribed(house, 1, 4);
    (void)house_mailed(house, &cht_row_subscribe, &subscribe);
    bool again = false;
    for (uint64_t passed = 0; passed < 2 * house->settings.rotation_ms; passed += away_ms + 1000) {
        house_leave(house, 0);
        house_pass(house, away_ms);
        again |= house_mailed(house, &cht_row_subscribe, &subscribe);
        enter(house, 0, ANN, 4);
        house_pass(house, 1000);
    }
    assert_true(again);
    assert_false(subscribe.off);
}

static void a_head_beyond_the_last_entry_finds_a_lost_delivery(void **state)
{
    enter(*state, 0, ANN, 4);
    subscribed(*state, 1, 4);
    struct cht_room_seq heads[] = {{.room = house_id(ROOM), .seq = 5}};
    struct cht_heads event = {.term = 1, .rooms = {heads, 1}};
    house_mail(*state, &cht_row_heads, &event);
    struct cht_resend resend;
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    assert_int_equal(resend.after, 4);
}

static void a_new_owner_is_subscribed_with(void **state)
{
    enter(*state, 0, ANN, 4);
    subscribed(*state, 1, 4);
    entry(*state, 5);
    struct cht_subscribe subscribe;
    house_mailed(*state, &cht_row_subscribe, &subscribe);
    house_claim(*state, 2);
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    assert_int_equal(subscribe.from, 5);
    subscribed(*state, 2, 7);
    struct cht_resend resend;
    assert_true(house_mailed(*state, &cht_row_resend, &resend));
    assert_int_equal(resend.after, 5);
}

static void an_entry_of_an_older_term_is_dropped(void **state)
{
    enter(*state, 0, ANN, 4);
    subscribed(*state, 2, 4);
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 0), "");
}

static void who_is_removed_hears_the_removal_and_nothing_after(void **state)
{
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 4);
    entry(*state, 5);
    house_deliver_member(*state, ROOM, 6, BOB, cht_member_state_removed);
    entry(*state, 7);
    assert_string_equal(
        house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n");
    assert_string_equal(house_heard(*state, 0),
        "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n{\"room\":50,\"seq\":7}\n");
}

/* Its last output leaves at the end of the turn, and nobody else of that user is here. */
static void who_goes_in_a_turn_hears_nothing_of_its_rest(void **state)
{
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 4);
    entry(*state, 5);
    house_leave_at_once(*state, 1);
    house_deliver_member(*state, ROOM, 6, BOB, cht_member_state_removed);
    entry(*state, 7);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
    assert_non_null(strstr(house_heard(*state, 0), "\"seq\":7"));
}

static void who_is_removed_hears_no_typing_of_the_same_turn(void **state)
{
    enter(*state, 0, ANN, 4);
    house_deliver_member(*state, ROOM, 5, ANN, cht_member_state_left);
    struct cht_delivery frame = house_entry(ROOM, 99);
    struct cht_ephemeral typing = {
        .room = house_id(ROOM), .user = house_id(BOB), .frame = frame.frame};
    house_mail(*state, &cht_row_ephemeral, &typing);
    typing.to_self = true;
    typing.user = house_id(ANN);
    house_mail(*state, &cht_row_ephemeral, &typing);
    assert_string_equal(house_heard(*state, 0), "{\"room\":50,\"seq\":5}\n");
}

/* Each is delivered as it comes, but entries of a turn share a block: one that comes after a frame
 * of another kind must not be put in front of it. */
static void typing_between_two_entries_of_a_turn_stays_between_them(void **state)
{
    enter(*state, 0, ANN, 4);
    entry(*state, 5);
    struct cht_delivery frame = house_entry(ROOM, 99);
    struct cht_ephemeral typing = {
        .room = house_id(ROOM), .user = house_id(BOB), .to_others = true, .frame = frame.frame};
    house_mail(*state, &cht_row_ephemeral, &typing);
    house_deliver_member(*state, ROOM, 6, ANN, cht_member_state_removed);
    assert_string_equal(house_heard(*state, 0),
        "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":99}\n{\"room\":50,\"seq\":6}\n");
}

static void who_joins_hears_the_joining_and_what_follows_but_nothing_before(void **state)
{
    enter(*state, 0, ANN, 4);
    house_connect(*state, 1, BOB);
    house_roster(*state, BOB, NULL, 0);
    house_heard(*state, 1);
    entry(*state, 5);
    house_deliver_member(*state, ROOM, 6, BOB, cht_member_state_joined);
    entry(*state, 7);
    assert_string_equal(
        house_heard(*state, 1), "{\"room\":50,\"seq\":6}\n{\"room\":50,\"seq\":7}\n");
}

static void a_join_elsewhere_makes_the_room_here(void **state)
{
    house_connect(*state, 0, ANN);
    house_roster(*state, ANN, NULL, 0);
    house_heard(*state, 0);
    struct cht_id users[] = {house_id(ANN)};
    struct cht_joined joined = {.room = house_id(ROOM), .seq = 8, .users = {users, 1}};
    house_mail(*state, &cht_row_joined, &joined);
    struct cht_subscribe subscribe;
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    assert_int_equal(subscribe.from, 7);
    house_deliver_member(*state, ROOM, 8, ANN, cht_member_state_joined);
    entry(*state, 9);
    assert_string_equal(
        house_heard(*state, 0), "{\"room\":50,\"seq\":8}\n{\"room\":50,\"seq\":9}\n");
}

static void a_join_that_everybody_is_told_makes_the_room_where_the_user_is(void **state)
{
    house_connect(*state, 0, ANN);
    house_roster(*state, ANN, NULL, 0);
    house_heard(*state, 0);
    struct cht_id strangers[] = {house_id(BOB)}, users[] = {house_id(BOB), house_id(ANN)};
    struct cht_joined joined = {.room = house_id(ROOM), .seq = 8, .users = {strangers, 1}};
    struct cht_subscribe subscribe;
    house_cast(*state, &cht_row_joined, &joined);
    assert_false(house_mailed(*state, &cht_row_subscribe, &subscribe));
    joined.users = (struct cht_ids){users, 2};
    house_cast(*state, &cht_row_joined, &joined);
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    assert_int_equal(subscribe.from, 7);
}

static void an_owner_that_does_not_answer_is_looked_for_again(void **state)
{
    struct house *house = *state;
    enter(house, 0, ANN, 4);
    subscribed(house, 1, 4);
    struct cht_hello hello;
    (void)house_casted(house, &cht_row_hello, &hello); /* of the start */
    house_pass(house, 8000);
    assert_false(house_casted(house, &cht_row_hello, &hello));
    house_pass(house, (uint32_t)house->settings.rotation_ms + 6000);
    assert_true(house_casted(house, &cht_row_hello, &hello));
    assert_int_equal(hello.node, HOUSE_NODE);
    struct cht_subscribe subscribe;
    assert_true(house_mailed(house, &cht_row_subscribe, &subscribe));
    subscribed(house, 1, 4);
    house_pass(house, 6000);
    (void)house_casted(house, &cht_row_hello, &hello);
    house_pass(house, 6000);
    assert_false(house_casted(house, &cht_row_hello, &hello));
}

static void a_room_whose_joining_was_never_told_is_found_with_a_gap(void **state)
{
    struct house *house = *state;
    house_connect(house, 0, ANN);
    house_roster(house, ANN, NULL, 0);
    house_heard(house, 0);
    house_pass(house, (uint32_t)house->settings.roster_rotation_ms + 1000);
    struct cht_room_place places[] = {place(ROOM, 8)};
    house_roster(house, ANN, places, 1);
    const char *heard = house_heard(house, 0);
    assert_non_null(strstr(heard, "\"type\":\"room.gap\""));
    assert_non_null(strstr(heard, "\"from\":1,\"to\":8"));
    entry(house, 9);
    assert_string_equal(house_heard(house, 0), "{\"room\":50,\"seq\":9}\n");
}

static void who_comes_to_a_room_that_went_on_is_told_what_was_missed(void **state)
{
    enter(*state, 0, ANN, 4);
    house_connect(*state, 1, BOB);
    entry(*state, 5);
    entry(*state, 6);
    struct cht_room_place places[] = {place(ROOM, 4)};
    house_roster(*state, BOB, places, 1);
    const char *heard = house_heard(*state, 1);
    assert_non_null(strstr(heard, "\"type\":\"room.gap\""));
    assert_non_null(strstr(heard, "\"from\":5,\"to\":6"));
    entry(*state, 7);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":7}\n");
}

static void a_room_list_that_comes_late_tells_of_what_may_have_been_missed(void **state)
{
    struct house *house = *state;
    house_connect(house, 0, ANN);
    house_heard(house, 0);
    house_pass(house, 1200);
    struct cht_room_place places[] = {place(ROOM, 4), place(OTHER, 9)};
    house_roster(house, ANN, places, 2);
    const char *heard = house_heard(house, 0);
    assert_non_null(strstr(heard, "\"from\":1,\"to\":4"));
    assert_non_null(strstr(heard, "\"from\":1,\"to\":9"));
    entry(house, 5);
    assert_string_equal(house_heard(house, 0), "{\"room\":50,\"seq\":5}\n");
}

static void a_room_list_that_is_read_again_changes_nothing_for_members(void **state)
{
    struct house *house = *state;
    enter(house, 0, ANN, 4);
    house_pass(house, (uint32_t)house->settings.roster_rotation_ms + 1000);
    entry(house, 5);
    struct cht_room_place places[] = {place(ROOM, 4)};
    house_roster(house, ANN, places, 1);
    entry(house, 6);
    assert_string_equal(
        house_heard(house, 0), "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n");
    struct cht_roster_query query;
    house_pass(house, 2000);
    assert_false(house_mailed(house, &cht_row_roster_query, &query));
}

static void a_deleted_room_is_silent_for_everybody(void **state)
{
    enter(*state, 0, ANN, 4);
    struct cht_delivery last = house_entry(ROOM, 5);
    last.kind = cht_entry_kind_room_deleted;
    house_deliver(*state, &last);
    entry(*state, 6);
    assert_string_equal(house_heard(*state, 0), "{\"room\":50,\"seq\":5}\n");
}

static void a_quiet_entry_reaches_only_its_subject_and_keeps_the_order(void **state)
{
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 4);
    entry(*state, 5);
    struct cht_delivery quiet = house_entry(ROOM, 6);
    quiet.kind = cht_entry_kind_member;
    quiet.subject = house_id(BOB);
    quiet.state = cht_member_state_joined;
    quiet.quiet = true;
    house_deliver(*state, &quiet);
    entry(*state, 7);
    assert_string_equal(
        house_heard(*state, 0), "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":7}\n");
    assert_string_equal(house_heard(*state, 1),
        "{\"room\":50,\"seq\":5}\n{\"room\":50,\"seq\":6}\n{\"room\":50,\"seq\":7}\n");
}

static void all_connections_of_a_user_hear_and_one_may_go(void **state)
{
    enter(*state, 0, ANN, 4);
    house_connect(*state, 1, ANN);
    house_connect(*state, 2, ANN);
    house_heard(*state, 1);
    house_heard(*state, 2);
    entry(*state, 5);
    assert_string_equal(house_heard(*state, 0), "{\"room\":50,\"seq\":5}\n");
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":5}\n");
    house_leave(*state, 0);
    house_heard(*state, 2);
    entry(*state, 6);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":6}\n");
    assert_string_equal(house_heard(*state, 2), "{\"room\":50,\"seq\":6}\n");
    house_deliver_member(*state, ROOM, 7, ANN, cht_member_state_removed);
    entry(*state, 8);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":7}\n");
    assert_string_equal(house_heard(*state, 2), "{\"room\":50,\"seq\":7}\n");
}

static void leaving_one_of_several_rooms_keeps_the_others(void **state)
{
    for (uint8_t user = 0; user < 3; user++) {
        house_connect(*state, user, (uint8_t)(ANN + user));
        struct cht_room_place places[] = {
            place(ROOM, 1), place(OTHER, 1), place(52, 1), place(53, 1)};
        house_roster(*state, (uint8_t)(ANN + user), places, 4);
        house_heard(*state, user);
    }
    house_deliver_member(*state, OTHER, 2, ANN, cht_member_state_left);
    house_deliver_member(*state, 53, 2, ANN + 2, cht_member_state_left);
    house_turn(*state);
    house_leave(*state, 1);
    for (uint32_t slot = 0; slot < 3; slot++) {
        house_heard(*state, slot);
    }
    const uint8_t rooms[] = {ROOM, OTHER, 52, 53};
    const uint64_t seqs[] = {2, 3, 2, 3};
    for (uint32_t i = 0; i < 4; i++) {
        struct cht_delivery delivery = house_entry(rooms[i], seqs[i]);
        house_deliver(*state, &delivery);
    }
    assert_string_equal(house_heard(*state, 0),
        "{\"room\":50,\"seq\":2}\n{\"room\":52,\"seq\":2}\n{\"room\":53,\"seq\":3}\n");
    assert_string_equal(house_heard(*state, 2),
        "{\"room\":50,\"seq\":2}\n{\"room\":51,\"seq\":3}\n{\"room\":52,\"seq\":2}\n");
}

static void a_membership_read_ahead_of_the_room_waits_for_it(void **state)
{
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 6);
    entry(*state, 5);
    entry(*state, 6);
    assert_string_equal(house_heard(*state, 1), "");
    entry(*state, 7);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":7}\n");
}

static void who_waits_for_a_room_waits_for_their_own_place_in_it(void **state)
{
    enum { DAN = 4 };
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 7);
    enter(*state, 2, CLEO, 6);
    enter(*state, 3, DAN, 6);
    house_leave(*state, 3);
    entry(*state, 5);
    entry(*state, 6);
    entry(*state, 7);
    entry(*state, 8);
    assert_string_equal(house_heard(*state, 1), "{\"room\":50,\"seq\":8}\n");
    assert_string_equal(
        house_heard(*state, 2), "{\"room\":50,\"seq\":7}\n{\"room\":50,\"seq\":8}\n");
}

static void a_membership_that_was_read_twice_waits_once(void **state)
{
    struct house *house = *state;
    struct cht_room_place place = {.room = house_id(ROOM), .seq = 6};
    struct cht_room_place later = {.room = house_id(ROOM), .seq = 7};
    enter(house, 0, ANN, 4);
    house_connect(house, 1, BOB);
    house_roster_page(house, BOB, &place);
    house_roster(house, BOB, &later, 1);
    house_heard(house, 1);
    entry(house, 5);
    entry(house, 6);
    entry(house, 7);
    assert_string_equal(house_heard(house, 1), "");
    entry(house, 8);
    assert_string_equal(house_heard(house, 1), "{\"room\":50,\"seq\":8}\n");
}

static void a_membership_that_may_be_over_is_read_again(void **state)
{
    enter(*state, 0, ANN, 4);
    house_deliver_member(*state, ROOM, 5, BOB, cht_member_state_removed);
    enter(*state, 1, BOB, 4);
    entry(*state, 6);
    assert_string_equal(house_heard(*state, 1), "");
    house_pass(*state, 300);
    house_roster(*state, BOB, NULL, 0);
    entry(*state, 7);
    assert_string_equal(house_heard(*state, 1), "");
}

/* A node remembers so many removals; of what it forgot it knows only up to where they were. */
static void a_removal_that_is_forgotten_may_have_been_anybodys(void **state)
{
    struct house *house = *state;
    struct cht_room_place places[] = {place(ROOM, 4), place(OTHER, 4)};
    house_connect(house, 0, ANN);
    house_roster(house, ANN, places, 2);
    house_deliver_member(house, ROOM, 5, CLEO, cht_member_state_removed);
    for (uint64_t seq = 5; seq < 5 + 1024; seq++) {
        house_deliver_member(house, OTHER, seq, CLEO, cht_member_state_removed);
    }
    enter(house, 1, BOB, 4);
    entry(house, 6);
    assert_string_equal(house_heard(house, 1), "");
    house_pass(house, 300);
    enter_again(house, 1, BOB, 6);
    entry(house, 7);
    assert_string_equal(house_heard(house, 1), "{\"room\":50,\"seq\":7}\n");
}

static void a_list_of_several_pages_is_read_to_its_end(void **state)
{
    struct house *house = *state;
    struct cht_room_place first = place(ROOM, 4), last = place(OTHER, 4);
    house_connect(house, 0, ANN);
    house_roster_page(house, ANN, &first);
    assert_true(house_paused(house, 0));
    struct cht_roster_query query;
    assert_true(house_mailed(house, &cht_row_roster_query, &query));
    assert_true(cht_id_equal(&query.after_room, &first.room));
    answer_list(house, &query, ANN, &last);
    assert_false(house_paused(house, 0));
    house_heard(house, 0);
    struct cht_delivery other = house_entry(OTHER, 5);
    house_deliver(house, &other);
    entry(house, 5);
    assert_string_equal(
        house_heard(house, 0), "{\"room\":51,\"seq\":5}\n{\"room\":50,\"seq\":5}\n");
}

static void a_list_that_nobody_waits_for_changes_nothing(void **state)
{
    struct house *house = *state;
    struct cht_room_place mine = place(ROOM, 4);
    struct cht_roster_query query;
    house_connect(house, 0, ANN);
    assert_true(house_mailed(house, &cht_row_roster_query, &query));
    struct cht_roster_query wrong = query;
    wrong.node_ref ^= UINT64_C(1) << 40;
    answer_list(house, &wrong, ANN, &mine);
    wrong.node_ref = query.node_ref ^ 0xfffff;
    answer_list(house, &wrong, ANN, &mine);
    answer_list(house, &query, BOB, &mine);
    assert_true(house_paused(house, 0));
    answer_list(house, &query, ANN, &mine);
    assert_false(house_paused(house, 0));
    house_leave(house, 0);
    answer_list(house, &query, ANN, &mine);
    assert_int_equal(socket_counters(house->service).bad_events, 0);
}

static void a_room_that_finds_no_place_leaves_the_others(void **state)
{
    struct house *house = *state;
    struct cht_room_place places[257];
    uint32_t most = (uint32_t)house->settings.rooms_max;
    assert_true(most < 257);
    for (uint32_t i = 0; i <= most; i++) {
        places[i] = place(OTHER, 4);
        places[i].room.bytes[14] = (uint8_t)(i >> 8);
        places[i].room.bytes[13] = (uint8_t)(i + 1);
    }
    places[0] = place(ROOM, 4);
    house_connect(house, 0, ANN);
    house_roster(house, ANN, places, most + 1);
    assert_false(house_paused(house, 0));
    house_heard(house, 0);
    assert_int_equal(socket_counters(house->service).rooms, most);
    entry(house, 5);
    assert_string_equal(house_heard(house, 0), "{\"room\":50,\"seq\":5}\n");
}

static void a_roster_that_does_not_come_is_asked_for_again(void **state)
{
    struct cht_roster_query query;
    house_connect(*state, 0, ANN);
    assert_true(house_mailed(*state, &cht_row_roster_query, &query));
    house_pass(*state, 1200);
    assert_true(house_mailed(*state, &cht_row_roster_query, &query));
}

/* What it sends then comes back as an event, too. */
static void a_client_is_not_read_before_its_rooms_are_known(void **state)
{
    struct house *house = *state;
    house_connect(house, 0, ANN);
    house_connect(house, 1, ANN);
    assert_true(house_paused(house, 0));
    assert_true(house_paused(house, 1));
    house_roster(house, ANN, NULL, 0);
    assert_false(house_paused(house, 0));
    assert_false(house_paused(house, 1));
    house_connect(house, 2, ANN);
    assert_false(house_paused(house, 2));
    house_connect(house, 3, BOB);
    assert_true(house_paused(house, 3));
}

static void a_client_whose_rooms_are_not_known_in_time_is_read_all_the_same(void **state)
{
    struct house *house = *state;
    house_connect(house, 0, ANN);
    house_pass(house, 1200);
    assert_false(house_paused(house, 0));
    house_connect(house, 1, ANN);
    assert_false(house_paused(house, 1));
}

static void a_room_without_local_members_is_given_up(void **state)
{
    enter(*state, 0, ANN, 4);
    house_leave(*state, 0);
    struct cht_subscribe subscribe;
    house_mailed(*state, &cht_row_subscribe, &subscribe);
    house_pass(*state, 130000);
    assert_true(house_mailed(*state, &cht_row_subscribe, &subscribe));
    assert_true(subscribe.off);
    struct house *house = *state;
    assert_int_equal(socket_counters(house->service).rooms, 0);
}

static void a_slow_client_is_told_of_its_gap_and_goes_on(void **state)
{
    enter(*state, 0, ANN, 4);
    entry(*state, 5);
    house_heard(*state, 0);
    house_slow(*state, 0);
    entry(*state, 6);
    house_turn(*state);
    entry(*state, 7);
    house_turn(*state);
    house_drained(*state, 0);
    entry(*state, 8);
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, "\"type\":\"room.gap\""));
    assert_non_null(strstr(heard, "\"from\":6,\"to\":7"));
    assert_non_null(strstr(heard, "{\"room\":50,\"seq\":8}"));
}

static void the_gap_of_a_removed_slow_client_ends_with_the_removal(void **state)
{
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 4);
    house_slow(*state, 0);
    entry(*state, 5);
    house_deliver_member(*state, ROOM, 6, ANN, cht_member_state_removed);
    entry(*state, 7);
    house_turn(*state);
    house_drained(*state, 0);
    const char *heard = house_heard(*state, 0);
    assert_non_null(strstr(heard, "\"from\":5,\"to\":6"));
    assert_null(strstr(heard, "\"seq\":7"));
}

static void one_does_not_see_oneself_typing(void **state)
{
    enter(*state, 0, ANN, 4);
    enter(*state, 1, BOB, 4);
    struct cht_delivery frame = house_entry(ROOM, 99);
    struct cht_ephemeral typing = {
        .room = house_id(ROOM), .user = house_id(BOB), .to_others = true, .frame = frame.frame};
    house_mail(*state, &cht_row_ephemeral, &typing);
    assert_string_equal(house_heard(*state, 0), "{\"room\":50,\"seq\":99}\n");
    assert_string_equal(house_heard(*state, 1), "");
}

/* Only the connection that asked knows it from its answer. */
static void a_cursor_that_moved_is_told_on_every_connection_but_the_one_that_moved_it(void **state)
{
    struct house *house = *state;
    house_claim(house, 1);
    enter(house, 0, ANN, 4);
    house_connect(house, 1, ANN);
    house_say(house, 0,
        "{\"type\":\"read\",\"ref\":\"r\",\"room\":\"32070707-0707-0707-0707-070707070732\",\"n\":"
        "1}");
    struct cht_command command;
    assert_true(house_mailed(house, &cht_row_command, &command));
    house_heard(house, 0);
    house_heard(house, 1);
    struct cht_delivery frame = house_entry(ROOM, 99);
    struct cht_ephemeral read = {.room = house_id(ROOM),
        .user = house_id(ANN),
        .to_self = true,
        .node = HOUSE_NODE,
        .node_ref = command.node_ref,
        .frame = frame.frame};
    house_mail(house, &cht_row_ephemeral, &read);
    assert_string_equal(house_heard(house, 0), "");
    assert_string_equal(house_heard(house, 1), "{\"room\":50,\"seq\":99}\n");
    read.node = HOUSE_OWNER; /* the same number of another node */
    house_mail(house, &cht_row_ephemeral, &read);
    assert_string_equal(house_heard(house, 0), "{\"room\":50,\"seq\":99}\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_member_gets_entries_in_order_and_once),
        T(a_room_is_subscribed_from_where_the_membership_was_read),
        T(a_hole_stops_the_room_until_it_is_filled),
        T(a_lost_resend_is_asked_for_again),
        T(a_lost_subscribe_is_said_again),
        T(what_is_left_of_a_hole_is_asked_for_with_each_page),
        T(a_room_that_is_left_and_entered_all_the_time_is_subscribed_again),
        T(a_head_beyond_the_last_entry_finds_a_lost_delivery),
        T(a_new_owner_is_subscribed_with),
        T(an_entry_of_an_older_term_is_dropped),
        T(who_is_removed_hears_the_removal_and_nothing_after),
        T(who_goes_in_a_turn_hears_nothing_of_its_rest),
        T(who_is_removed_hears_no_typing_of_the_same_turn),
        T(typing_between_two_entries_of_a_turn_stays_between_them),
        T(who_joins_hears_the_joining_and_what_follows_but_nothing_before),
        T(a_join_elsewhere_makes_the_room_here),
        T(a_join_that_everybody_is_told_makes_the_room_where_the_user_is),
        T(an_owner_that_does_not_answer_is_looked_for_again),
        T(a_room_whose_joining_was_never_told_is_found_with_a_gap),
        T(who_comes_to_a_room_that_went_on_is_told_what_was_missed),
        T(a_room_list_that_comes_late_tells_of_what_may_have_been_missed),
        T(a_room_list_that_is_read_again_changes_nothing_for_members),
        T(a_deleted_room_is_silent_for_everybody),
        T(a_quiet_entry_reaches_only_its_subject_and_keeps_the_order),
        T(all_connections_of_a_user_hear_and_one_may_go),
        T(leaving_one_of_several_rooms_keeps_the_others),
        T(a_membership_read_ahead_of_the_room_waits_for_it),
        T(who_waits_for_a_room_waits_for_their_own_place_in_it),
        T(a_membership_that_was_read_twice_waits_once),
        T(a_membership_that_may_be_over_is_read_again),
        T(a_removal_that_is_forgotten_may_have_been_anybodys),
        T(a_list_of_several_pages_is_read_to_its_end),
        T(a_list_that_nobody_waits_for_changes_nothing),
        T(a_room_that_finds_no_place_leaves_the_others),
        T(a_roster_that_does_not_come_is_asked_for_again),
        T(a_client_is_not_read_before_its_rooms_are_known),
        T(a_client_whose_rooms_are_not_known_in_time_is_read_all_the_same),
        T(a_room_without_local_members_is_given_up),
        T(a_slow_client_is_told_of_its_gap_and_goes_on),
        T(the_gap_of_a_removed_slow_client_ends_with_the_removal),
        T(one_does_not_see_oneself_typing),
        T(a_cursor_that_moved_is_told_on_every_connection_but_the_one_that_moved_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
