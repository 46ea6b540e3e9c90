/* What an owner says, in which order, and that it is true by then. */

#include "house.h"

#include <string.h>

#define NODE 9

static uint32_t shard_done(const struct house *house, const struct cht_id *room)
{
    return house->shard[house_shard_of(room)].done;
}

static void nothing_is_said_before_the_record_is_durable(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    house_heard(house);
    uint32_t done = shard_done(house, &room);
    house->appends_wait = true;
    house_send(house, &room, 1, "one");
    assert_string_equal(house_heard(house), "");
    assert_int_equal(shard_done(house, &room), done);
    house_answer(house, OK);
    const char *heard = house_heard(house);
    assert_ptr_equal(strstr(heard, "7 ok #2 seq=4 n=1 created\n9 4 {"), heard);
    assert_int_equal(shard_done(house, &room), done + 1);
}

static void answers_leave_in_the_order_of_the_decisions(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house->appends_wait = true;
    house_send(house, &room, 1, "one");
    struct cht_command refused = house_about(house, &room, 9, cht_command_type_message_delete, 4);
    house_do(house, &refused);
    house_send(house, &room, 2, "two");
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=1 created\n7 error #3 not_found\n");
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "7 ok #4 seq=5 n=2 created\n");
}

static void an_answer_without_a_record_waits_for_nothing_when_nothing_is_under_way(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house->appends_wait = true;
    struct cht_command refused = house_about(house, &room, 9, cht_command_type_message_delete, 4);
    house_do(house, &refused);
    assert_string_equal(house_heard(house), "7 error #2 not_found\n");
}

static void a_repeat_is_answered_only_when_the_first_is_durable(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = house_message(house, &room, 1, "one");
    house->appends_wait = true;
    house_do(house, &command);
    command.node_ref = ++house->node_ref;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "");
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=1 created\n7 ok #3 seq=4 n=1 dup\n");
}

static void a_repeat_of_a_send_without_after_makes_no_second_message(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = house_message(house, &room, 1, "one");
    house_do(house, &command);
    for (int i = 0; i < 300; i++) {
        house_send(house, &room, 2, "filler");
    }
    house_heard(house);
    command.node_ref = 1000;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #1000 seq=4 n=1 dup\n");
}

/* The room was loaded again, so the command is only in the store. */
static void a_repeat_that_only_the_store_knows_makes_no_second_message(void **state)
{
    struct house *house = *state;
    house->meta = (struct room_meta){.room = house_id(50), .kind = cht_room_kind_group};
    house->head = (struct room_head){
        .seq = 400, .n = 390, .ts = loop_wall_ms(&house->loop.loop) - 1000, .loud_seq = 400};
    house->members[0] = (struct room_member){.user = house_id(1),
        .role = cht_role_member,
        .state = cht_member_state_joined,
        .joined_seq = 2};
    house->member_count = 1;
    struct cht_command command = house_command(house, cht_command_type_message_send, 1);
    command.room = house_id(50);
    command.text = house_str("one");
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #1 seq=401 n=391 created\n");
    struct cht_record record;
    house_newest_record(house, house_shard_of(&command.room), &record);
    house->found = (struct room_cid){.user = house_id(1),
        .seq = 30,
        .n = 29,
        .ts = 5,
        .cid = house_str("cid-x"),
        .content = ((struct cht_entry *)record.entries.at)[0].content};
    command.cid = house_str("cid-x");
    command.node_ref = 2;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #2 seq=30 n=29 dup\n");
}

static void an_append_that_fails_ends_the_term_and_nothing_is_said(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    uint32_t shard = house_shard_of(&room);
    house->appends_wait = true;
    house_send(house, &room, 1, "one");
    house_send(house, &room, 2, "two");
    house_answer(house, ERR_UNKNOWN);
    house_answer(house, ERR_FENCED);
    assert_string_equal(house_heard(house), "");
    assert_int_equal(house->shard[shard].released, 1);
    assert_null(house->shard[shard].writers);
    assert_int_equal(chat_counters(house->service).lost_terms, 1);
    house_send(house, &room, 1, "three"); /* nobody decides it here */
    assert_string_equal(house_heard(house), "");
}

static void other_shards_go_on_when_one_is_lost(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_id other = room;
    while (house_shard_of(&other) == house_shard_of(&room)) {
        other = house_group(house, 2);
    }
    house_lose(house, house_shard_of(&room));
    house_heard(house);
    house_send(house, &other, 1, "one");
    assert_non_null(strstr(house_heard(house), " seq=4 n=1 created\n"));
}

/* ---- the same command again */
static void a_command_at_a_place_below_the_rooms_cause_was_decided(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = house_message(house, &room, 1, "one");
    house_do(house, &command);
    uint64_t place = house->shard[house_shard_of(&room)].place;
    house_send(house, &room, 2, "two");
    house_heard(house);
    uint32_t done = shard_done(house, &room);
    house_do_at(house, &command, place);
    assert_string_equal(house_heard(house), "");
    assert_int_equal(shard_done(house, &room), done + 1);
    assert_int_equal(chat_counters(house->service).replayed, 1);
}

static void a_command_after_its_deadline_is_not_decided_and_its_sender_is_told_so(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = house_message(house, &room, 1, "one");
    house_pass(house, 30001);
    house_heard(house);
    uint32_t done = shard_done(house, &room);
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 error #2 timeout\n");
    assert_int_equal(shard_done(house, &room), done + 1);
    assert_int_equal(chat_counters(house->service).late, 1);
    assert_int_equal(chat_counters(house->service).records, 1);
}

/* The owner's clock goes back after that, so the same command would be in time. */
static void a_command_that_was_late_is_not_accepted_when_it_comes_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = house_message(house, &room, 1, "one");
    house_pass(house, 30001);
    house_do(house, &command);
    house_heard(house);
    house->loop.wall_ms -= 30001;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "");
    assert_int_equal(chat_counters(house->service).records, 1);
}

/* A stranger's command is refused; then the stranger is added, and the bus gives the first command
 * again. */
static void a_refused_command_is_not_accepted_when_it_comes_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command refused = house_message(house, &room, 9, "too early");
    house_do(house, &refused);
    struct cht_command add = house_add(house, &room, 9);
    house_do(house, &add);
    assert_string_equal(house_heard(house), "7 error #2 not_found\n7 ok #3 seq=4 n=0\n");
    house_do(house, &refused);
    assert_string_equal(house_heard(house), "");
    house_lose(house, house_shard_of(&room)); /* the same worker gets it back */
    house_gain(house, house_shard_of(&room));
    house_heard(house);
    house_do(house, &refused);
    assert_string_equal(house_heard(house), "");
}

/* ---- the same command at the next owner */

static void hand_over(struct house *house, const struct cht_id *room)
{
    house->to_rival = true;
    house_gain(house, house_shard_of(room));
    house_heard(house);
}

static struct cht_command message_of_term(
    struct house *house, const struct cht_id *room, uint8_t author, uint64_t term)
{
    struct cht_command command = house_message(house, room, author, "one");
    command.term = term;
    return command;
}

/* A stranger's command is refused; then the stranger is added; then the shard goes to a worker that
 * knows of no refusal. */
static void what_an_owner_refused_is_not_accepted_by_the_next_one(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = message_of_term(house, &room, 9, 1);
    house_do(house, &command);
    struct cht_command add = house_add(house, &room, 9);
    house_do(house, &add);
    assert_string_equal(house_heard(house), "7 error #2 not_found\n7 ok #3 seq=4 n=0\n");
    hand_over(house, &room);
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 error #2 unavailable term=2 owner=3\n");
    command.node_ref = ++house->node_ref; /* the client's repeat, when its node knows the owner */
    command.term = 2;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #4 seq=5 n=1 created\n");
}

static void what_an_owner_accepted_is_answered_by_the_next_one(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = message_of_term(house, &room, 1, 1);
    house_do(house, &command);
    uint64_t place = house->shard[house_shard_of(&room)].place;
    hand_over(house, &room);
    house_do_at(house, &command, place);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=1 dup term=2 owner=3\n");
    house_do(house, &command); /* at a new place: that it was answered is remembered */
    assert_string_equal(house_heard(house), "");
}

static void a_command_that_names_no_term_is_decided_by_any_owner(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    hand_over(house, &room);
    struct cht_command command = message_of_term(house, &room, 1, 0);
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=1 created\n");
}

/* The reaction was there; it was taken back; the first command comes again. */
static void a_wish_that_was_true_does_nothing_when_it_comes_again(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    struct cht_command on = house_about(house, &room, 2, cht_command_type_message_react, 4);
    on.key = house_str("+1");
    on.on = true;
    house_do(house, &on);
    struct cht_command again = house_about(house, &room, 2, cht_command_type_message_react, 4);
    again.key = house_str("+1");
    again.on = true;
    house_do(house, &again);
    struct cht_command off = house_about(house, &room, 2, cht_command_type_message_react, 4);
    off.key = house_str("+1");
    house_do(house, &off);
    house_heard(house);
    house_do(house, &again);
    assert_string_equal(house_heard(house), "");
}

static void a_repeat_by_the_client_after_a_refusal_is_decided_anew(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = house_message(house, &room, 9, "one");
    house_do(house, &command);
    struct cht_command add = house_add(house, &room, 9);
    house_do(house, &add);
    house_heard(house);
    command.node_ref = ++house->node_ref;
    house_do(house, &command);
    assert_string_equal(house_heard(house), "7 ok #4 seq=5 n=1 created\n");
}

/* Nobody was told, so it may be decided otherwise. */
static void a_refusal_that_was_never_said_is_forgotten(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    uint32_t shard = house_shard_of(&room);
    house->appends_wait = true;
    house_send(house, &room, 1, "one");
    struct cht_command refused = house_about(house, &room, 9, cht_command_type_message_delete, 4);
    house_do(house, &refused);
    house_answer(house, ERR_UNKNOWN);
    house->appends_wait = false;
    house_gain(house, shard);
    house_heard(house);
    house_do(house, &refused);
    assert_string_equal(house_heard(house), "7 error #3 not_found\n");
}

/* ---- cursors and typing */
static struct cht_command read_of(struct house *house, const struct cht_id *room, uint64_t n)
{
    struct cht_command command = house_command(house, cht_command_type_read, 2);
    command.room = *room;
    command.cid = (struct cht_str){0};
    command.n = n;
    return command;
}

static void reading_says_nothing_that_is_not_durable(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house->appends_wait = true;
    house_send(house, &room, 1, "two");
    house_heard(house);
    struct cht_command command = read_of(house, &room, 99);
    house_work(house, &cht_row_command, &command);
    assert_string_equal(house_heard(house), "");
    assert_int_equal(house->cursor, 0);
    house_answer(house, OK);
    assert_non_null(strstr(house_heard(house), "7 ok #4 seq=0 n=0 \"read_n\":2,\"unread\":0\n"));
    assert_int_equal(house->cursor, 2);
}

static void a_cursor_is_cut_to_what_there_was_when_it_came(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house->appends_wait = true;
    struct cht_command command = read_of(house, &room, 99);
    house_send(house, &room, 1, "two");
    house_send(house, &room, 1, "three");
    house_work(house, &cht_row_command, &command);
    house_send(house, &room, 1, "four");
    house_heard(house);
    house_answer(house, OK);
    house_answer(house, OK);
    assert_int_equal(house->cursor, 3);
}

static void who_left_while_a_cursor_waits_for_the_store_is_told_so(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house->no_cursor = true;
    struct cht_command command = read_of(house, &room, 1);
    house_work(house, &cht_row_command, &command);
    house_heard(house);
    house_pass(house, 100);
    assert_string_equal(house_heard(house), "");
    assert_int_equal(
        house->wanted_index, house->shard[cht_shard_of_room(&room, HOUSE_SHARDS)].count);
    struct cht_command leave = house_command(house, cht_command_type_room_leave, 2);
    leave.room = room;
    house_do(house, &leave);
    house_pass(house, 20);
    assert_non_null(strstr(house_heard(house), "7 error #3 not_found\n"));
}

static const char *read_up_to(struct house *house, const struct cht_id *room, uint64_t n)
{
    struct cht_command command = read_of(house, room, n);
    house_work(house, &cht_row_command, &command);
    return house_heard(house);
}

static void a_cursor_that_rises_is_told_to_its_reader_and_shown_to_a_small_room(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house_subscribe(house, &room, NODE);
    house_heard(house);
    const char *heard = read_up_to(house, &room, 1);
    const char *receipt = strstr(heard, "9 ephemeral {\"type\":\"receipt\"");
    const char *read = strstr(heard, "9 ephemeral to_self not #3 {\"type\":\"read\"");
    const char *ok = strstr(heard, "7 ok #3 seq=0 n=0 \"read_n\":1,\"unread\":0\n");
    assert_non_null(receipt);
    assert_non_null(read);
    assert_true(ok > read); /* the node needs what waits for the answer */
}

static void in_a_large_room_only_the_reader_gets_the_receipt(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    for (uint8_t user = 3; user <= house->settings.receipts_members_max + 1; user++) {
        struct cht_command add = house_add(house, &room, user);
        house_do(house, &add);
    }
    house_send(house, &room, 1, "one");
    house_subscribe(house, &room, NODE);
    house_heard(house);
    assert_non_null(
        strstr(read_up_to(house, &room, 1), "9 ephemeral to_self {\"type\":\"receipt\""));
}

static void reading_at_or_below_the_cursor_is_answered_and_told_to_nobody(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_send(house, &room, 1, "one");
    house_send(house, &room, 1, "two");
    house_subscribe(house, &room, NODE);
    assert_non_null(strstr(read_up_to(house, &room, 2), "ephemeral"));
    for (uint64_t n = 1; n <= 3; n++) {
        const char *heard = read_up_to(house, &room, n);
        assert_null(strstr(heard, "ephemeral"));
        assert_non_null(strstr(heard, " \"read_n\":2,\"unread\":0\n"));
    }
}

static void the_sender_has_read_what_the_store_does_not_know_yet(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    for (int i = 0; i < 3; i++) {
        house_send(house, &room, 2, "mine");
    }
    house_subscribe(house, &room, NODE);
    house_heard(house);
    const char *heard = read_up_to(house, &room, 1);
    assert_null(strstr(heard, "ephemeral"));
    assert_non_null(strstr(heard, " \"read_n\":3,\"unread\":0\n"));
}

static void a_reader_whose_term_ends_is_told_unavailable(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house->appends_wait = true;
    house_send(house, &room, 1, "one");
    struct cht_command command = read_of(house, &room, 1);
    house_work(house, &cht_row_command, &command);
    house_answer(house, ERR_UNKNOWN);
    assert_string_equal(house_heard(house), "7 error #3 unavailable\n");
}

/* The removal is decided and not durable: who is removed does not learn of it by typing. */
static void typing_waits_for_what_was_decided_before(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house->appends_wait = true;
    struct cht_command removal = house_command(house, cht_command_type_room_remove, 1);
    removal.room = room;
    removal.user = house_id(2);
    house_do(house, &removal);
    struct cht_command typing = house_command(house, cht_command_type_typing, 2);
    typing.room = room;
    typing.on = true;
    house_work(house, &cht_row_command, &typing);
    assert_string_equal(house_heard(house), "");
    house_answer(house, OK);
    assert_string_equal(house_heard(house), "7 ok #2 seq=4 n=0\n7 error #3 not_found\n");
}

static void typing_is_shown_to_the_nodes_of_the_room(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    house_subscribe(house, &room, NODE);
    house_heard(house);
    struct cht_command typing = house_command(house, cht_command_type_typing, 2);
    typing.room = room;
    typing.on = true;
    house_work(house, &cht_row_command, &typing);
    const char *heard = house_heard(house);
    assert_ptr_equal(strstr(heard, "9 ephemeral {\"type\":\"typing\""), heard);
    assert_non_null(strstr(heard, "\n7 ok #2 seq=0 n=0\n"));
}

static void requests_that_nobody_can_do_are_answered(void **state)
{
    struct house *house = *state;
    struct cht_id room = house_group(house, 2);
    struct cht_command command = read_of(house, &room, 1);
    house_lose(house, house_shard_of(&room));
    house_work(house, &cht_row_command, &command);
    assert_string_equal(house_heard(house), "7 error #2 unavailable\n");
    house_gain(house, house_shard_of(&room));
    house_heard(house);
    struct cht_id unknown = house_id(77);
    while (house_shard_of(&unknown) != house_shard_of(&room)) {
        unknown.bytes[5]++;
    }
    house->load_err = ERR_UNAVAILABLE;
    command = read_of(house, &unknown, 1);
    house_work(house, &cht_row_command, &command);
    assert_string_equal(house_heard(house), "7 error #3 unavailable\n");
}

static void requests_that_wait_when_the_shard_is_lost_are_answered(void **state)
{
    struct house *house = *state;
    struct cht_id unknown = house_id(77);
    house->loads_wait = true;
    struct cht_command command = read_of(house, &unknown, 1);
    house_work(house, &cht_row_command, &command);
    house_send(house, &unknown, 1, "one");
    house_lose(house, house_shard_of(&unknown));
    assert_string_equal(house_heard(house), "7 error #1 unavailable\n");
}

static void a_full_lane_refuses_commands_and_requests(void **state)
{
    struct house *house = *state;
    struct cht_id unknown = house_id(77);
    house->loads_wait = true;
    for (uint64_t i = 0; i < house->settings.lane_commands_max; i++) {
        struct cht_command command = read_of(house, &unknown, 1);
        house_work(house, &cht_row_command, &command);
    }
    assert_string_equal(house_heard(house), "");
    struct cht_command command = read_of(house, &unknown, 1);
    house_work(house, &cht_row_command, &command);
    assert_non_null(strstr(house_heard(house), " overloaded\n"));
    house_send(house, &unknown, 1, "one");
    assert_non_null(strstr(house_heard(house), " overloaded\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
#define TEST_RIVALS(name) cmocka_unit_test_setup_teardown(name, house_setup_rivals, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_said_before_the_record_is_durable),
        TEST(answers_leave_in_the_order_of_the_decisions),
        TEST(an_answer_without_a_record_waits_for_nothing_when_nothing_is_under_way),
        TEST(a_repeat_is_answered_only_when_the_first_is_durable),
        TEST(a_repeat_of_a_send_without_after_makes_no_second_message),
        TEST(a_repeat_that_only_the_store_knows_makes_no_second_message),
        TEST(an_append_that_fails_ends_the_term_and_nothing_is_said),
        TEST(other_shards_go_on_when_one_is_lost),
        TEST(a_command_at_a_place_below_the_rooms_cause_was_decided),
        TEST(a_command_after_its_deadline_is_not_decided_and_its_sender_is_told_so),
        TEST(a_command_that_was_late_is_not_accepted_when_it_comes_again),
        TEST(a_refused_command_is_not_accepted_when_it_comes_again),
        TEST_RIVALS(what_an_owner_refused_is_not_accepted_by_the_next_one),
        TEST_RIVALS(what_an_owner_accepted_is_answered_by_the_next_one),
        TEST_RIVALS(a_command_that_names_no_term_is_decided_by_any_owner),
        TEST(a_wish_that_was_true_does_nothing_when_it_comes_again),
        TEST(a_repeat_by_the_client_after_a_refusal_is_decided_anew),
        TEST(a_refusal_that_was_never_said_is_forgotten),
        TEST(reading_says_nothing_that_is_not_durable),
        TEST(a_cursor_is_cut_to_what_there_was_when_it_came),
        TEST(who_left_while_a_cursor_waits_for_the_store_is_told_so),
        TEST(a_cursor_that_rises_is_told_to_its_reader_and_shown_to_a_small_room),
        TEST(in_a_large_room_only_the_reader_gets_the_receipt),
        TEST(reading_at_or_below_the_cursor_is_answered_and_told_to_nobody),
        TEST(the_sender_has_read_what_the_store_does_not_know_yet),
        TEST(a_reader_whose_term_ends_is_told_unavailable),
        TEST(typing_waits_for_what_was_decided_before),
        TEST(typing_is_shown_to_the_nodes_of_the_room),
        TEST(requests_that_nobody_can_do_are_answered),
        TEST(requests_that_wait_when_the_shard_is_lost_are_answered),
        TEST(a_full_lane_refuses_commands_and_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
