/* How a worker comes to own a shard, and that nobody decides on what is not known. */

#include "house.h"

#include <string.h>

#define SHARD 1

static struct cht_id room_in_shard(void)
{
    struct cht_id room = house_id(50);
    while (house_shard_of(&room) != SHARD) {
        room.bytes[3]++;
    }
    return room;
}

/* A record of an earlier owner: the room with user 1 in it, or a message. */
static void put_room(struct house *house, uint64_t term, uint64_t index)
{
    struct cht_entry entries[] = {{.kind = cht_entry_kind_created,
                                      .seq = 1,
                                      .ts = 1,
                                      .by = house_id(1),
                                      .room_kind = cht_room_kind_group},
        {.kind = cht_entry_kind_member,
            .seq = 2,
            .ts = 1,
            .by = house_id(1),
            .user = house_id(1),
            .role = cht_role_owner,
            .state = cht_member_state_joined}};
    struct cht_record record = {
        .term = term, .index = index, .room = room_in_shard(), .entries = {entries, 2}};
    house_put_record(house, SHARD, &record);
}

static void put_message(struct house *house, uint64_t term, uint64_t index, uint64_t seq)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .seq = seq,
        .n = seq - 2,
        .ts = 1,
        .by = house_id(1),
        .text = house_str("text")};
    struct cht_record record = {
        .term = term, .index = index, .room = room_in_shard(), .entries = {&entry, 1}};
    house_put_record(house, SHARD, &record);
}

static void put_claim(struct house *house, uint64_t term, uint64_t index, uint64_t owner)
{
    struct cht_record record = {.term = term, .index = index, .owner = owner};
    house_put_record(house, SHARD, &record);
}

/* The log of two earlier owners; the worker has not claimed yet. */
static int set_up(void **state)
{
    house_setup_unowned(state);
    struct house *house = *state;
    house->shard[SHARD].term = 2;
    put_claim(house, 1, 1, 99);
    put_room(house, 1, 2);
    put_claim(house, 2, 3, 98);
    put_message(house, 2, 4, 3);
    return 0;
}

static void send(struct house *house, const char *text)
{
    struct cht_id room = room_in_shard();
    house_send(house, &room, 1, text);
}

static void is_not_owned(struct house *house)
{
    assert_string_equal(house_heard(house), "");
    assert_int_equal(chat_counters(house->service).shards_owned, 0);
    assert_int_equal(house->shard[SHARD].released, 1);
    assert_null(house->shard[SHARD].writers);
}

static void an_owner_appends_its_claim_first_and_tells_everybody(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    assert_string_equal(house_heard(house), "* claimed 1 term=3\n");
    struct cht_record record;
    house_newest_record(house, SHARD, &record);
    assert_int_equal(record.term, 3);
    assert_int_equal(record.index, 5);
    assert_int_equal(record.owner, HOUSE_OWNER);
    assert_true(cht_id_is_none(&record.room));
}

static void what_the_store_does_not_have_is_read_from_the_log(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    house_heard(house);
    send(house, "one");
    assert_string_equal(house_heard(house), "7 ok #1 seq=4 n=2 created\n");
    struct cht_record record;
    house_newest_record(house, SHARD, &record);
    assert_int_equal(record.index, 6);
    assert_int_equal(record.term, 3);
}

static void what_the_store_does_not_have_is_hurried_by_a_new_owner(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    assert_int_equal(house->wanted_index, 5);
}

static void what_the_store_has_is_not_read_again(void **state)
{
    struct house *house = *state;
    house->stored_index = 4;
    house->shard[SHARD].trimmed = 4; /* it could not be read either */
    house_gain(house, SHARD);
    assert_string_equal(house_heard(house), "* claimed 1 term=3\n");
    assert_int_equal(house->wanted_index, 0);
}

static void a_store_that_is_far_behind_refuses_commands_until_it_has_caught_up(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    house_heard(house);
    for (int i = 5; i <= 1024; i++) {
        send(house, "one of as many as may wait");
        assert_non_null(strstr(house_heard(house), " ok "));
    }
    send(house, "one too many");
    assert_string_equal(house_heard(house), "7 error #1021 overloaded\n");
    house->stored_index = 1025;
    test_loop_advance(&house->loop, 1000);
    send(house, "the same later");
    assert_string_equal(house_heard(house), "7 ok #1022 seq=1024 n=1022 created\n");
}

static void nothing_is_decided_before_the_claim_is_durable(void **state)
{
    struct house *house = *state;
    house->appends_wait = true;
    house_gain(house, SHARD);
    send(house, "early");
    assert_string_equal(house_heard(house), "");
    house->appends_wait = false;
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "* claimed 1 term=3\n7 ok #1 seq=4 n=2 created\n");
}

static void a_claim_that_fails_gives_the_shard_back(void **state)
{
    struct house *house = *state;
    house->append_err = ERR_FENCED;
    house_gain(house, SHARD);
    is_not_owned(house);
    house->append_err = OK;
    house->progress_err = ERR_UNAVAILABLE;
    house->shard[SHARD].released = 0;
    house_gain(house, SHARD);
    is_not_owned(house);
}

static void a_shard_that_is_lost_while_it_is_claimed_is_not_owned(void **state)
{
    struct house *house = *state;
    house->appends_wait = true;
    house_gain(house, SHARD);
    send(house, "early");
    house_lose(house, SHARD);
    house->appends_wait = false;
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "");
    assert_int_equal(chat_counters(house->service).shards_owned, 0);
    assert_null(house->shard[SHARD].writers);
}

/* Lost and given again before the first attempt came to its end. */
static void of_two_attempts_only_the_newer_one_counts(void **state)
{
    struct house *house = *state;
    house->appends_wait = true;
    house_gain(house, SHARD);
    house_lose(house, SHARD);
    house->appends_wait = false;
    house_gain(house, SHARD);
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "* claimed 1 term=4\n");
    assert_int_equal(chat_counters(house->service).shards_owned, 1);
}

/* Another worker claimed: what this one appends is refused by the log. */
static void an_owner_that_was_fenced_says_nothing_more(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    house_heard(house);
    house->shard[SHARD].term++;
    send(house, "too late");
    assert_string_equal(house_heard(house), "");
    assert_int_equal(house->shard[SHARD].released, 1);
    struct cht_record record;
    house_newest_record(house, SHARD, &record);
    assert_true(cht_id_is_none(&record.room)); /* the claim is still the newest */
    house->shard[SHARD].term = 3;
}

/* It need not try to append to learn that. */
static void an_owner_that_meets_a_command_of_a_newer_term_gives_up(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    house_heard(house);
    struct cht_command command = house_command(house, cht_command_type_message_send, 9);
    command.room = room_in_shard();
    command.text = house_str("a stranger here, perhaps a member there");
    command.term = 3;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 error #1 not_found\n");
    command.term = 4;
    uint32_t done = house->shard[SHARD].done;
    house_do(house, &command);
    is_not_owned(house);
    assert_int_equal(house->shard[SHARD].done, done);
}

static void commands_of_a_newer_term_that_came_early_are_left_to_that_owner(void **state)
{
    struct house *house = *state;
    house->appends_wait = true;
    house_gain(house, SHARD);
    struct cht_command command = house_command(house, cht_command_type_message_send, 1);
    command.room = room_in_shard();
    command.text = house_str("early");
    command.term = 4;
    house_do(house, &command);
    send(house, "behind it");
    house->appends_wait = false;
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "* claimed 1 term=3\n");
    is_not_owned(house);
    assert_int_equal(house->shard[SHARD].done, 0);
}

static void a_room_of_a_lost_term_is_loaded_again(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    send(house, "one");
    house_lose(house, SHARD);
    assert_int_equal(chat_counters(house->service).rooms, 0);
    put_message(house, 3, 7, 5); /* the last append of this worker was answered to nobody */
    house_gain(house, SHARD);
    house_heard(house);
    send(house, "two");
    assert_string_equal(house_heard(house), "7 ok #2 seq=6 n=4 created\n");
}

/* ---- what is wrong with a log */
static void an_append_that_lands_between_fence_and_claim_is_not_passed_over(void **state)
{
    struct house *house = *state;
    house->appends_wait = true;
    house_gain(house, SHARD);
    /* the old owner's record has the place of the claim and stands in front of it */
    struct house_shard *shard = &house->shard[SHARD];
    struct log_item claim = shard->items[--shard->count];
    put_message(house, 2, 5, 4);
    shard->items[shard->count++] = claim;
    house->appends_wait = false;
    house_answer(house, OK);
    is_not_owned(house);
    house_gain(house, SHARD);
    house_heard(house);
    send(house, "one");
    assert_string_equal(house_heard(house), "7 ok #1 seq=5 n=3 created\n");
}

static void a_log_that_ends_before_its_tail_is_not_decided_on(void **state)
{
    struct house *house = *state;
    house->appends_wait = true;
    house_gain(house, SHARD);
    buf_unref(house->shard[SHARD].items[--house->shard[SHARD].count].record);
    house->appends_wait = false;
    house_answer(house, OK);
    is_not_owned(house);
}

static void a_log_with_a_hole_is_not_decided_on(void **state)
{
    struct house *house = *state;
    put_message(house, 2, 6, 5);
    house_gain(house, SHARD);
    is_not_owned(house);
}

static void a_record_that_can_not_be_read_is_not_passed_over(void **state)
{
    struct house *house = *state;
    house->shard[SHARD].items[1].record->bytes[1] ^= 0xff;
    house_gain(house, SHARD);
    is_not_owned(house);
}

static void a_store_that_is_ahead_of_the_log_stops_the_shard(void **state)
{
    struct house *house = *state;
    house->progress_index = 40;
    house_gain(house, SHARD);
    is_not_owned(house);
    house->progress_index = 0;
}

static void a_store_that_is_quick_to_have_the_claim_stops_nothing(void **state)
{
    struct house *house = *state;
    house->stored_index = UINT64_MAX; /* whatever is in the log when it is asked */
    house_gain(house, SHARD);
    assert_string_equal(house_heard(house), "* claimed 1 term=3\n");
}

static void a_record_that_comes_twice_counts_once(void **state)
{
    struct house *house = *state;
    put_message(house, 2, 5, 4);
    put_message(house, 2, 5, 4);
    house_gain(house, SHARD);
    house_heard(house);
    send(house, "one");
    assert_string_equal(house_heard(house), "7 ok #1 seq=5 n=3 created\n");
}

/* Fenced by the second claim, and there all the same. */
static void a_record_of_an_older_term_behind_a_claim_does_not_count(void **state)
{
    struct house *house = *state;
    put_message(house, 1, 5, 4);
    put_message(house, 2, 5, 4);
    house_gain(house, SHARD);
    house_heard(house);
    send(house, "one");
    assert_string_equal(house_heard(house), "7 ok #1 seq=5 n=3 created\n");
}

static void a_long_overlay_is_read_in_pieces(void **state)
{
    struct house *house = *state;
    for (uint64_t i = 0; i < 300; i++) {
        put_message(house, 2, 5 + i, 4 + i);
    }
    house_gain(house, SHARD);
    house_heard(house);
    send(house, "one");
    assert_string_equal(house_heard(house), "7 ok #1 seq=304 n=302 created\n");
}

static void too_much_that_is_not_stored_waits_for_the_store(void **state)
{
    struct house *house = *state;
    for (uint64_t i = 0; i < 1200; i++) {
        put_message(house, 2, 5 + i, 4 + i);
    }
    house_gain(house, SHARD);
    is_not_owned(house);
    house->stored_index = 1100;
    house_gain(house, SHARD);
    assert_string_equal(house_heard(house), "* claimed 1 term=4\n");
}

static void a_node_that_asks_is_told_what_is_owned(void **state)
{
    struct house *house = *state;
    house_gain(house, SHARD);
    house_heard(house);
    house_hello(house);
    assert_string_equal(house_heard(house), "* claimed 1 term=3\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_owner_appends_its_claim_first_and_tells_everybody),
        TEST(what_the_store_does_not_have_is_read_from_the_log),
        TEST(what_the_store_does_not_have_is_hurried_by_a_new_owner),
        TEST(what_the_store_has_is_not_read_again),
        TEST(a_store_that_is_far_behind_refuses_commands_until_it_has_caught_up),
        TEST(nothing_is_decided_before_the_claim_is_durable),
        TEST(a_claim_that_fails_gives_the_shard_back),
        TEST(a_shard_that_is_lost_while_it_is_claimed_is_not_owned),
        TEST(of_two_attempts_only_the_newer_one_counts),
        TEST(an_owner_that_was_fenced_says_nothing_more),
        TEST(an_owner_that_meets_a_command_of_a_newer_term_gives_up),
        TEST(commands_of_a_newer_term_that_came_early_are_left_to_that_owner),
        TEST(a_room_of_a_lost_term_is_loaded_again),
        TEST(an_append_that_lands_between_fence_and_claim_is_not_passed_over),
        TEST(a_log_that_ends_before_its_tail_is_not_decided_on),
        TEST(a_log_with_a_hole_is_not_decided_on),
        TEST(a_record_that_can_not_be_read_is_not_passed_over),
        TEST(a_store_that_is_ahead_of_the_log_stops_the_shard),
        TEST(a_store_that_is_quick_to_have_the_claim_stops_nothing),
        TEST(a_record_that_comes_twice_counts_once),
        TEST(a_record_of_an_older_term_behind_a_claim_does_not_count),
        TEST(a_long_overlay_is_read_in_pieces),
        TEST(too_much_that_is_not_stored_waits_for_the_store),
        TEST(a_node_that_asks_is_told_what_is_owned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
