/* Presence: batches, the wait before offline, and who may see whom. */

#include "house.h"

#include <stdio.h>
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

/* Sessions are elsewhere: what they answer may be from before. */
static void who_came_online_is_not_made_away_by_an_answer_from_before(void **state)
{
    struct house *house = *state;
    connect_ann(house, cht_room_kind_group);
    house->online_state = cht_presence_state_online;
    house_say(house, 0, WATCH);
    answer_for_bob(house, 50);
    house_heard(house, 0);
    house->onlines_wait = true;
    tell_of_bob(house, cht_presence_state_away);
    tell_of_bob(house, cht_presence_state_online);
    house_let_see(house);
    assert_null(strstr(house_heard(house, 0), "away"));
    tell_of_bob(house, cht_presence_state_away);
    house_let_see(house);
    assert_non_null(strstr(house_heard(house, 0), "\"state\":\"away\""));
}

static void who_is_better_than_a_node_told_is_asked_for_again_after_a_second(void **state)
{
    struct house *house = *state;
    connect_ann(house, cht_room_kind_group);
    house->online_state = cht_presence_state_online;
    house_say(house, 0, WATCH);
    answer_for_bob(house, 50);
    house_heard(house, 0);
    house->onlines_wait = true;
    tell_of_bob(house, cht_presence_state_away);
    house->looking->online[0].state = cht_presence_state_online; /* a second late */
    house_let_see(house);
    assert_null(strstr(house_heard(house, 0), "away"));
    house->onlines_wait = false;
    house_pass(house, 1000);
    assert_null(strstr(house_heard(house, 0), "away"));
    house_pass(house, 500);
    assert_non_null(strstr(house_heard(house, 0), "\"state\":\"away\""));
    house->online_state = cht_presence_state_offline;
    house_pass(house, 3000);
    assert_null(strstr(house_heard(house, 0), "offline")); /* once is enough */
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
    assert_non_null(strstr(house_heard(*state, 0), "\"state\":\"away\""));
    house_deliver_member(*state, 50, 5, 2, cht_member_state_left);
    house_pass(*state, 200);
    answer_for_bob(*state, 0);
    assert_non_null(strstr(house_heard(*state, 0), BOB "\",\"state\":\"offline\"}"));
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

/* ---- direct rooms: house_id can not name them */

static struct cht_id direct_room(void)
{
    struct cht_id ann = house_id(1), bob = house_id(2), room;
    cht_id_of_direct_room(&ann, &bob, &room);
    return room;
}

static struct cht_room_place direct_place(void)
{
    return (struct cht_room_place){.room = direct_room(), .seq = 4, .kind = cht_room_kind_direct};
}

static void connect_to(
    struct house *house, uint32_t slot, uint8_t user, const struct cht_room_place *at)
{
    struct cht_room_place place = *at;
    house_connect(house, slot, user);
    house_roster(house, user, &place, 1);
    house_heard(house, slot);
    house->online_state = cht_presence_state_away;
}

static void change_in_direct_room(
    struct house *house, uint64_t seq, uint8_t subject, enum cht_member_state member)
{
    struct cht_delivery change = house_entry(50, seq);
    change.room = direct_room();
    change.shard = cht_shard_of_room(&change.room, HOUSE_SHARDS);
    change.kind = cht_entry_kind_member;
    change.subject = house_id(subject);
    change.state = member;
    house_deliver(house, &change);
    house_pass(house, 200);
}

static void answer_with_direct_room(struct house *house, bool is_in)
{
    struct cht_id id = direct_room();
    struct cht_circle circle = {.user = house_id(2), .rooms = {&id, is_in ? 1 : 0}};
    house_circles(house, &circle, 1);
}

/* Both are here, but whether he hides the room is known to the store alone. */
static void who_hides_a_direct_room_is_not_seen_by_it(void **state)
{
    struct house *house = *state;
    struct cht_room_place place = direct_place();
    connect_to(house, 0, 1, &place);
    place.hidden = true;
    connect_to(house, 1, 2, &place);
    house_say(house, 0, WATCH);
    assert_int_equal(count_asked(house), 1);
    answer_with_direct_room(house, false);
    tell_of_bob(house, cht_presence_state_online);
    assert_null(strstr(house_heard(house, 0), "presence\""));
}

static void who_leaves_a_direct_room_is_seen_again_when_it_is_shown_again(void **state)
{
    struct house *house = *state;
    struct cht_room_place place = direct_place();
    connect_to(house, 0, 1, &place);
    connect_to(house, 1, 2, &place);
    house_say(house, 0, WATCH);
    answer_with_direct_room(house, true);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"away\""));
    change_in_direct_room(house, 5, 2, cht_member_state_left);
    answer_with_direct_room(house, false);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"offline\""));
    change_in_direct_room(house, 6, 2, cht_member_state_joined);
    answer_with_direct_room(house, true);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"away\""));
}

/* He left it, and the list of his rooms, which has it still, is read again. */
static void a_list_of_rooms_with_a_hidden_one_shows_nobody(void **state)
{
    struct house *house = *state;
    struct cht_room_place place = direct_place();
    connect_to(house, 0, 1, &place);
    connect_to(house, 1, 2, &place);
    house_say(house, 0, WATCH);
    answer_with_direct_room(house, true);
    change_in_direct_room(house, 5, 2, cht_member_state_left);
    answer_with_direct_room(house, false);
    struct cht_blocked changed = {.user = house_id(2), .other = house_id(3)};
    house_cast(house, &cht_row_blocked, &changed); /* a reason to read the list */
    place.seq = 5;
    place.hidden = true;
    house_roster(house, 2, &place, 1);
    house_heard(house, 0);
    change_in_direct_room(house, 6, 1, cht_member_state_joined);
    assert_int_equal(count_asked(house), 1);
    answer_with_direct_room(house, false);
    tell_of_bob(house, cht_presence_state_online);
    assert_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"online\""));
}

/* ---- blocks */

static void cast_block(struct house *house, uint8_t user, uint8_t other, bool on)
{
    struct cht_blocked blocked = {.user = house_id(user), .other = house_id(other), .on = on};
    house_cast(house, &cht_row_blocked, &blocked);
}

static const uint8_t nobody[3], bob_alone[3] = {2}, cleo_and_bob[3] = {3, 2};

static void read_list_again(struct house *house, const uint8_t apart[3])
{
    struct cht_room_place place = {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group};
    house_roster_apart(house, 1, &place, apart, house->now_ms);
}

/* Ann is in a group with Bob and sees that he is there. */
static void see_bob(struct house *house)
{
    connect_ann(house, cht_room_kind_group);
    house->online_state = cht_presence_state_online;
    house_say(house, 0, WATCH);
    answer_for_bob(house, 50);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"online\""));
}

static void who_is_blocked_sees_the_other_go_at_once_and_nothing_more(void **state)
{
    struct house *house = *state;
    see_bob(house);
    cast_block(house, 2, 1, true);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"offline\""));
    tell_of_bob(house, cht_presence_state_away);
    tell_of_bob(house, cht_presence_state_online);
    tell_of_bob(house, cht_presence_state_offline);
    tell_of_bob(house, cht_presence_state_online);
    assert_string_equal(house_heard(house, 0), "");
}

/* Whether they still share a group is being asked. */
static void a_block_is_told_in_doubt_too(void **state)
{
    struct house *house = *state;
    see_bob(house);
    house_deliver_member(house, 50, 5, 2, cht_member_state_joined);
    house_heard(house, 0);
    cast_block(house, 2, 1, true);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"offline\""));
}

static void who_blocks_does_not_see_the_other_either(void **state)
{
    struct house *house = *state;
    see_bob(house);
    cast_block(house, 1, 2, true);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"offline\""));
}

static void a_block_that_ends_shows_the_other_as_he_is_then(void **state)
{
    struct house *house = *state;
    see_bob(house);
    cast_block(house, 2, 1, true);
    read_list_again(house, bob_alone);
    tell_of_bob(house, cht_presence_state_away);
    house_heard(house, 0);
    cast_block(house, 2, 1, false);
    assert_string_equal(house_heard(house, 0), "");
    read_list_again(house, nobody);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"away\""));
}

/* He took his back, she did not. */
static void a_block_of_the_other_stays(void **state)
{
    struct house *house = *state;
    see_bob(house);
    cast_block(house, 1, 2, true);
    read_list_again(house, bob_alone);
    cast_block(house, 2, 1, false);
    read_list_again(house, bob_alone);
    house_heard(house, 0);
    tell_of_bob(house, cht_presence_state_away);
    assert_string_equal(house_heard(house, 0), "");
}

static void a_list_that_may_be_older_than_a_block_is_read_again(void **state)
{
    struct house *house = *state;
    see_bob(house);
    cast_block(house, 2, 1, true);
    cast_block(house, 2, 1, false);
    cast_block(house, 2, 1, true);
    house_heard(house, 0);
    read_list_again(house, nobody);
    assert_string_equal(house_heard(house, 0), "");
    house_pass(house, 400);
    read_list_again(house, bob_alone);
    assert_string_equal(house_heard(house, 0), "");
}

static void a_block_whose_cast_was_lost_is_in_the_next_list(void **state)
{
    struct house *house = *state;
    see_bob(house);
    house_pass(house, (uint32_t)house->settings.roster_rotation_ms + 1000);
    house_heard(house, 0);
    read_list_again(house, bob_alone);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"offline\""));
}

static void blocks_of_others_change_nothing(void **state)
{
    struct house *house = *state;
    see_bob(house);
    cast_block(house, 2, 3, true);
    cast_block(house, 3, 1, true);
    assert_string_equal(house_heard(house, 0), "");
    tell_of_bob(house, cht_presence_state_away);
    assert_non_null(strstr(house_heard(house, 0), BOB "\",\"state\":\"away\""));
}

/* Somebody with a block since then watches anew; what is told of him is what `seen` says. */
static void watch_with_block(struct house *house, uint64_t since, const char *seen)
{
    struct cht_room_place place = {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group};
    house_connect(house, 0, 1);
    house_roster_apart(house, 1, &place, cleo_and_bob, since);
    house_heard(house, 0);
    house_say(house, 0, WATCH);
    answer_for_bob(house, 50);
    assert_non_null(strstr(house_heard(house, 0), seen));
    house_leave(house, 0);
}

static void with_a_block_somebody_has_gone_as_it_seems(void **state)
{
    struct house *house = *state;
    char seen[96];
    house->online_state = cht_presence_state_online;
    house_pass(house, 5000);
    snprintf(seen, sizeof(seen), BOB "\",\"state\":\"offline\",\"last_seen\":%llu}",
        (unsigned long long)house->now_ms - 1000);
    watch_with_block(house, house->now_ms - 1000, seen);
    watch_with_block(house, 7, BOB "\",\"state\":\"offline\"}"); /* before the node began */
    watch_with_block(house, 0, BOB "\",\"state\":\"offline\"}");
    house->online_state = cht_presence_state_offline;
    watch_with_block(house, house->now_ms, BOB "\",\"state\":\"offline\"}"); /* never seen */
}

/* A stranger who has blocked her is silent like any other. */
static void a_block_of_a_stranger_tells_nothing(void **state)
{
    struct house *house = *state;
    struct cht_room_place place = {.room = house_id(50), .seq = 4, .kind = cht_room_kind_group};
    house_connect(house, 0, 1);
    house_roster_apart(house, 1, &place, bob_alone, house->now_ms);
    house_heard(house, 0);
    house_say(house, 0, WATCH);
    answer_for_bob(house, 0);
    cast_block(house, 2, 1, true);
    assert_null(strstr(house_heard(house, 0), "presence\""));
}

/* Where more blocks are than a list holds, the least is shown. */
static void who_has_too_many_blocks_sees_nobody(void **state)
{
    struct house *house = *state;
    see_bob(house);
    for (uint32_t i = 0; i < 2001; i++) {
        struct cht_blocked blocked = {.user = house_id(1), .other = house_id(9), .on = true};
        memcpy(blocked.other.bytes, &i, sizeof(i));
        house_cast(house, &cht_row_blocked, &blocked);
        assert_true((strstr(house_heard(house, 0), BOB) != NULL) == (i == 2000));
    }
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
        T(who_came_online_is_not_made_away_by_an_answer_from_before),
        T(who_is_better_than_a_node_told_is_asked_for_again_after_a_second),
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
        T(who_hides_a_direct_room_is_not_seen_by_it),
        T(who_leaves_a_direct_room_is_seen_again_when_it_is_shown_again),
        T(a_list_of_rooms_with_a_hidden_one_shows_nobody),
        T(who_is_blocked_sees_the_other_go_at_once_and_nothing_more),
        T(a_block_is_told_in_doubt_too),
        T(who_blocks_does_not_see_the_other_either),
        T(a_block_that_ends_shows_the_other_as_he_is_then),
        T(a_block_of_the_other_stays),
        T(a_list_that_may_be_older_than_a_block_is_read_again),
        T(a_block_whose_cast_was_lost_is_in_the_next_list),
        T(blocks_of_others_change_nothing),
        T(with_a_block_somebody_has_gone_as_it_seems),
        T(a_block_of_a_stranger_tells_nothing),
        T(who_has_too_many_blocks_sees_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
