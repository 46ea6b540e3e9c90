/* What a node is told of the rooms that it follows, and told again when it missed some. */

#include "house.h"

#include "chat/chat_inner.h"

#include <string.h>

#define NODE 9

static uint32_t lines(const char *heard)
{
    uint32_t count = 0;
    for (; *heard; heard++) {
        count += *heard == '\n';
    }
    return count;
}

static void erase(struct house *house, const struct cht_id *room, uint64_t target)
{
    struct cht_command command =
        house_about(house, room, 1, cht_command_type_message_delete, target);
    house_do(house, &command);
}

static void edit(struct house *house, const struct cht_id *room, uint64_t target, const char *text)
{
    struct cht_command command = house_about(house, room, 1, cht_command_type_message_edit, target);
    command.text = house_str(text);
    house_do(house, &command);
}

static void react(
    struct house *house, const struct cht_id *room, uint64_t target, const char *key, bool on)
{
    struct cht_command command =
        house_about(house, room, 2, cht_command_type_message_react, target);
    command.key = house_str(key);
    command.on = on;
    command.has |= CHT_BIT(command, on);
    house_do(house, &command);
}

static void a_node_that_subscribes_is_told_the_head_and_then_each_entry(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    assert_string_equal(house_heard(house), "9 subscribed head=3\n");
    house_send(house, &room, 1, "one");
    const char *heard = house_heard(house);
    assert_non_null(strstr(heard, "7 ok #2 seq=4 n=1 created\n9 4 {\"type\":\"message\""));
    assert_non_null(strstr(heard, "\"text\":\"one\""));
}

static void a_room_has_as_many_followers_as_are_allowed(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    for (uint64_t node = 100; node < 100 + house->settings.nodes_max; node++) {
        house_subscribe(house, &room, node);
    }
    house_heard(house);
    house_subscribe(house, &room, NODE);
    assert_string_equal(house_heard(house), "");
    house_subscribe(house, &room, 100); /* again, and one that goes */
    struct cht_subscribe off = {.room = room, .node = 101, .boot = 1, .off = true};
    house_work(house, &cht_row_subscribe, &off);
    house_subscribe(house, &room, NODE);
    assert_string_equal(house_heard(house), "100 subscribed head=3\n9 subscribed head=3\n");
}

static void a_node_that_unsubscribes_hears_nothing_more(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    struct cht_subscribe off = {.room = room, .node = NODE, .boot = 1, .off = true};
    house_work(house, &cht_row_subscribe, &off);
    house_heard(house);
    house_send(house, &room, 1, "one");
    assert_null(strstr(house_heard(house), "9 "));
}

static void a_node_that_does_not_subscribe_again_is_forgotten(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    house_pass(house, house->settings.subscription_ms + 1);
    house_heard(house);
    house_send(house, &room, 1, "one");
    assert_null(strstr(house_heard(house), "9 "));
}

static void what_a_node_missed_comes_from_the_newest_frames_in_order(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house_send(house, &room, 2, "two");
    house_heard(house);
    house_resend(house, &room, NODE, 3);
    const char *heard = house_heard(house);
    assert_int_equal(lines(heard), 2);
    assert_ptr_equal(strstr(heard, "9 4 "), heard);
    assert_non_null(strstr(heard, "\n9 5 "));
    house_resend(house, &room, NODE, 5);
    assert_string_equal(house_heard(house), "");
}

static void what_is_older_than_the_frames_comes_from_the_store(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    for (int i = 0; i < 40; i++) {
        house_send(house, &room, 1, "text");
    }
    house_store_entries(house, &room);
    house_heard(house);
    house_resend(house, &room, NODE, 0);
    const char *heard = house_heard(house);
    assert_int_equal(lines(heard), 43);
    assert_ptr_equal(strstr(heard, "9 1 {\"type\":\"room.created\""), heard);
}

static void a_follower_is_told_the_head_behind_a_page_and_so_asks_for_the_next(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_store_entries(house, &room);
    for (int i = 0; i < 40; i++) {
        house_send(house, &room, 1, "text");
    }
    house_subscribe(house, &room, NODE);
    house_heard(house);
    house_resend(house, &room, NODE, 2);
    const char *behind = strstr(house_heard(house), "\n9 subscribed ");
    assert_string_equal(behind, "\n9 subscribed head=43\n");
    house_resend(house, &room, NODE, 3); /* the store has no more: it would ask without end */
    assert_string_equal(house_heard(house), "");
}

static void a_store_that_is_behind_gives_what_it_has_and_is_hurried(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_store_entries(house, &room);
    for (int i = 0; i < 40; i++) {
        house_send(house, &room, 1, "text");
    }
    house_heard(house);
    house_resend(house, &room, NODE, 2);
    assert_string_equal(strchr(house_heard(house), '\n'), "\n");
    assert_int_equal(
        house->wanted_index, house->shard[cht_shard_of_room(&room, HOUSE_SHARDS)].count);
}

static void fill(struct house *house, const struct cht_id *room)
{
    static char text[3001];
    memset(text, 'x', sizeof(text) - 1);
    for (uint32_t i = 0; i < house->settings.resend_frames; i++) {
        house_send(house, room, 1, text);
        assert_in_range(house->service->frame_bytes, 1, house->settings.resend_bytes_max);
    }
    house_heard(house);
}

static void frames_of_all_rooms_are_bounded_and_the_idlest_give_theirs_up(void **state)
{
    struct house *house = *state;
    struct cht_id first = house_group(house, 2);
    fill(house, &first);
    house_resend(house, &first, NODE, 18);
    assert_int_equal(lines(house_heard(house)), 1);
    struct cht_id second = house_group(house, 3);
    house_pass(house, 10);
    fill(house, &second);
    house_resend(house, &second, NODE, 19);
    assert_int_equal(lines(house_heard(house)), 1);
    house_resend(house, &first, NODE, 18); /* from the store, which has nothing yet */
    assert_string_equal(house_heard(house), "");
    assert_int_equal(
        house->wanted_index, house->shard[cht_shard_of_room(&first, HOUSE_SHARDS)].count);
    fill(house, &first);
    house_resend(house, &first, NODE, 34);
    assert_int_equal(lines(house_heard(house)), 1);
}

static void a_deleted_text_is_not_among_the_frames_that_are_sent_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "secret one");
    edit(house, &room, 4, "secret two");
    house_send(house, &room, 2, "another");
    edit(house, &room, 4, "secret three");
    erase(house, &room, 4);
    house_heard(house);
    house_resend(house, &room, NODE, 3);
    const char *heard = house_heard(house);
    assert_null(strstr(heard, "secret"));
    assert_non_null(strstr(heard, "another"));
    assert_int_equal(lines(heard), 5);
    assert_non_null(strstr(heard, "\"deleted\":true"));
    assert_non_null(strstr(heard, "9 5 {\"type\":\"message.edited\""));
    assert_non_null(strstr(heard, "\"type\":\"message.deleted\""));
}

static void a_key_on_a_deleted_message_is_not_among_the_frames_that_are_sent_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "gone");
    house_send(house, &room, 1, "stays");
    react(house, &room, 4, "secret", true);
    react(house, &room, 4, "secret", false);
    react(house, &room, 5, "kept", true);
    erase(house, &room, 4);
    house_heard(house);
    house_resend(house, &room, NODE, 5);
    const char *heard = house_heard(house);
    assert_int_equal(lines(heard), 4);
    assert_null(strstr(heard, "secret"));
    assert_non_null(strstr(heard, "\"key\":\"kept\""));
    const char *put = strstr(heard, "9 6 {\"type\":\"reaction\"");
    const char *back = strstr(heard, "9 7 {\"type\":\"reaction\"");
    assert_non_null(put);
    assert_non_null(back);
    assert_true(strstr(put, "\"on\":true") < back);
    assert_true(strstr(back, "\"on\":false") < strstr(heard, "9 8 "));
}

/* The message itself is out of the frames already, its edit is not. */
static void an_edit_whose_message_is_old_is_not_sent_again_after_the_delete(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "secret one");
    for (int i = 0; i < 20; i++) {
        house_send(house, &room, 2, "filler");
    }
    edit(house, &room, 4, "secret two");
    erase(house, &room, 4);
    house_heard(house);
    house_resend(house, &room, NODE, 20);
    const char *heard = house_heard(house);
    assert_int_equal(lines(heard), 6);
    assert_null(strstr(heard, "secret"));
}

static void a_blanked_frame_says_the_rest_as_before(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 2, "secret");
    erase(house, &room, 4);
    house_heard(house);
    house_resend(house, &room, NODE, 3);
    const char *heard = house_heard(house);
    assert_non_null(
        strstr(heard, "\"seq\":4,\"n\":1,\"from\":\"02070707-0707-0707-0707-070707070702\","
                      "\"ts\":1700000001000,\"deleted\":true}"));
}

/* The store is behind: it has the message and the edit, not yet the delete. */
static void a_deleted_text_does_not_come_from_a_store_that_is_behind(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "secret one");
    edit(house, &room, 4, "secret two");
    react(house, &room, 4, "secret three", true);
    house_store_entries(house, &room);
    erase(house, &room, 4);
    for (int i = 0; i < 20; i++) {
        house_send(house, &room, 2, "filler");
    }
    house_heard(house);
    house_resend(house, &room, NODE, 3);
    const char *heard = house_heard(house);
    assert_int_equal(lines(heard), 3);
    assert_non_null(strstr(heard, "\"type\":\"reaction\""));
    assert_null(strstr(heard, "secret"));
    assert_non_null(strstr(heard, "\"deleted\":true"));
}

/* What is decided and not durable is not said, also not by leaving something out. */
static void a_delete_that_is_not_durable_yet_blanks_nothing(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "still there");
    house->appends_wait = true;
    erase(house, &room, 4);
    house_heard(house);
    house_resend(house, &room, NODE, 3);
    assert_non_null(strstr(house_heard(house), "still there"));
}

static void heads_of_rooms_that_moved_are_told_to_their_nodes(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    house_send(house, &room, 1, "one");
    house_heard(house);
    house_pass(house, house->settings.heads_ms);
    assert_string_equal(house_heard(house), "9 heads 4\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_that_subscribes_is_told_the_head_and_then_each_entry),
        TEST(a_room_has_as_many_followers_as_are_allowed),
        TEST(a_node_that_unsubscribes_hears_nothing_more),
        TEST(a_node_that_does_not_subscribe_again_is_forgotten),
        TEST(what_a_node_missed_comes_from_the_newest_frames_in_order),
        TEST(what_is_older_than_the_frames_comes_from_the_store),
        TEST(a_follower_is_told_the_head_behind_a_page_and_so_asks_for_the_next),
        TEST(a_store_that_is_behind_gives_what_it_has_and_is_hurried),
        TEST(frames_of_all_rooms_are_bounded_and_the_idlest_give_theirs_up),
        TEST(a_deleted_text_is_not_among_the_frames_that_are_sent_again),
        TEST(a_key_on_a_deleted_message_is_not_among_the_frames_that_are_sent_again),
        TEST(an_edit_whose_message_is_old_is_not_sent_again_after_the_delete),
        TEST(a_blanked_frame_says_the_rest_as_before),
        TEST(a_deleted_text_does_not_come_from_a_store_that_is_behind),
        TEST(a_delete_that_is_not_durable_yet_blanks_nothing),
        TEST(heads_of_rooms_that_moved_are_told_to_their_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
