/* test_pulsar_publisher - what is published is there once, in order, or its asker knows better:
 * batches, receipts, places that are lost and found, and what brokers refuse. */

#include "publisher_case.h"

#include <string.h>

#define ID 1u /* of the first handle of a client */

/* ---- the happy path */

static void a_message_is_sent_and_answered_by_its_receipt(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    assert_string_equal(pulsar_publisher_name(pc->publisher), "toy-producer");
    publish_keyed("hello", "room");
    struct pulsar_send sent = broker_expect_send(socket, "hello");
    assert_int_equal(sent.producer_id, ID);
    assert_int_equal(sent.sequence_id, 0);
    assert_false(sent.has_num_messages);
    assert_answers(0, OK);
    broker_receipt(socket, ID, 0, 41);
    assert_answers(1, OK);
    assert_int_equal(pc->ops[0].position.ledger, 1);
    assert_int_equal(pc->ops[0].position.entry, 41);
    assert_int_equal(pc->ops[0].position.batch_index, -1);
    assert_false(pc->ops[0].is_repeat);
}

static void a_producer_says_what_it_wants(void **state)
{
    (void)state;
    pc->options.name = "gw-1";
    publisher_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    struct pulsar_producer said = broker_opens_producer(socket, NO_EPOCH);
    assert_memory_equal(said.topic.at, TOPIC, strlen(TOPIC));
    assert_memory_equal(said.producer_name.at, "gw-1", 4);
    assert_true(said.user_provided_producer_name);
    assert_false(said.has_producer_access_mode);
    assert_false(said.has_topic_epoch);
    assert_int_equal(said.epoch, 0);
    assert_string_equal(pulsar_publisher_name(pc->publisher), "gw-1");
    assert_int_equal(pc->opens, 1);
}

static void what_is_published_in_a_turn_leaves_as_one_batch(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    publish("two");
    publish("three");
    struct pulsar_send sent = broker_expect_send(socket, NULL);
    assert_int_equal(sent.num_messages, 3);
    assert_int_equal(sent.sequence_id, 0);
    assert_int_equal(sent.highest_sequence_id, 2);
    broker_expect_nothing(socket);
    broker_receipt(socket, ID, 0, 7);
    assert_answers(3, OK);
    assert_int_equal(pc->ops[2].position.entry, 7);
    assert_int_equal(pc->ops[2].position.batch_index, 2);
    assert_int_equal(pc->ops[2].position.batch_size, 3);
    publish("four");
    assert_int_equal(broker_expect_send(socket, "four").sequence_id, 3);
    broker_receipt(socket, ID, 3, 8);
}

static void a_batch_has_its_messages_with_their_keys_and_numbers(void **state)
{
    static const char *const texts[] = {"hi", "yo"};
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish_keyed("hi", "a");
    publish_keyed("yo", "");
    settle();
    struct pulsar_frame frame;
    struct pulsar_entry entry;
    struct pulsar_batch batch;
    struct pulsar_member member;
    assert_true(broker_hears(socket, &frame));
    assert_int_equal(pulsar_read_entry(frame.entry, frame.entry_size, &entry), PULSAR_FINE);
    assert_memory_equal(entry.metadata.producer_name.at, "toy-producer", 12);
    assert_int_equal(entry.metadata.publish_time, 1700000001000);
    assert_int_equal(
        pulsar_open_batch(&entry.metadata, entry.payload, entry.payload_size, &batch), PULSAR_FINE);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(pulsar_batch_next(&batch, &member));
        assert_memory_equal(member.payload, texts[i], 2);
        assert_int_equal(member.metadata.sequence_id, i);
        assert_int_equal(member.metadata.has_partition_key, i == 0);
    }
    broker_receipt(socket, ID, 0, 1);
}

static void batches_are_bounded_in_messages_and_bytes(void **state)
{
    (void)state;
    pc->options.limits.batch_messages_max = 2;
    pc->options.limits.batch_bytes_max = 200;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    char large[301];
    memset(large, 'x', 300);
    large[300] = 0;
    for (int i = 0; i < 3; i++) {
        publish("small");
    }
    publish(large);
    assert_int_equal(broker_expect_send(socket, NULL).num_messages, 2);
    assert_int_equal(broker_expect_send(socket, "small").sequence_id, 2);
    assert_int_equal(broker_expect_send(socket, large).sequence_id, 3);
    broker_receipt(socket, ID, 0, 1);
    broker_receipt(socket, ID, 2, 2);
    broker_receipt(socket, ID, 3, 3);
    assert_answers(4, OK);
}

static void an_empty_message_is_one(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("");
    broker_expect_send(socket, "");
    broker_receipt(socket, ID, 0, 1);
    assert_answers(1, OK);
}

static void what_is_published_before_it_is_open_waits(void **state)
{
    (void)state;
    publisher_make();
    publish("early");
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    broker_expect(socket, PULSAR_COMMAND_PRODUCER);
    broker_expect_nothing(socket);
    struct pulsar_command opened = {.type = PULSAR_COMMAND_PRODUCER_SUCCESS,
        .producer_success = {.request_id = 2,
            .producer_name = cht_str_of("p"),
            .has_last_sequence_id = true,
            .last_sequence_id = 99}};
    broker_say(socket, &opened);
    assert_int_equal(broker_expect_send(socket, "early").sequence_id, 100);
    broker_receipt(socket, ID, 100, 1);
    assert_answers(1, OK);
}

static void a_repeat_that_the_broker_knows_is_an_answer_without_a_position(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("again");
    settle();
    struct pulsar_command receipt = {.type = PULSAR_COMMAND_SEND_RECEIPT,
        .send_receipt = {.producer_id = ID,
            .has_message_id = true,
            .message_id = {.ledger_id = PULSAR_POSITION_NONE, .entry_id = PULSAR_POSITION_NONE}}};
    broker_say(socket, &receipt);
    assert_answers(1, OK);
    assert_true(pc->ops[0].is_repeat);
}

/* ---- a place that is lost */

static void after_a_lost_connection_all_is_sent_again_in_order_as_it_was(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    settle();
    publish("two");
    publish("three");
    settle();
    size_t first = house->heard[0];
    size_t sent_bytes = socket->out_size - first;
    uint8_t sent[2000];
    memcpy(sent, socket->out + first, sent_bytes);
    toy_socket_reset(socket);
    settle();
    publish("four");
    assert_false(pulsar_publisher_is_open(pc->publisher));
    advance(100);
    struct toy_socket *again = broker_accept();
    struct pulsar_producer said = publisher_reopen(again, NO_EPOCH);
    assert_int_equal(said.epoch, 1);
    assert_int_equal(said.producer_id, ID);
    assert_memory_equal(said.producer_name.at, "toy-producer", 12);
    assert_false(said.user_provided_producer_name);
    size_t at = house->heard[again - house->net.sockets];
    assert_memory_equal(again->out + at, sent, sent_bytes);
    broker_expect_send(again, "one");
    broker_expect_send(again, NULL);
    assert_int_equal(broker_expect_send(again, "four").sequence_id, 3);
    broker_receipt(again, ID, 0, 1);
    broker_receipt(again, ID, 1, 2);
    broker_receipt(again, ID, 3, 3);
    assert_answers(4, OK);
    assert_int_equal(pulsar_client_stats(house->client).reopens, 1);
}

static void at_most_once_sends_nothing_anew_and_goes_on_with_what_never_left(void **state)
{
    (void)state;
    pc->options.at_most_once = true;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    advance(5000);
    publish("one");
    publish("two");
    broker_expect_send(socket, NULL);
    broker_closes_producer(socket, ID, NULL);
    assert_answers(2, ERR_UNKNOWN);
    publish("three");
    publisher_reopen(socket, NO_EPOCH);
    assert_int_equal(broker_expect_send(socket, "three").sequence_id, 2);
    broker_receipt(socket, ID, 0, 1); /* late */
    broker_receipt(socket, ID, 2, 2);
    assert_answers(3, OK);
}

static void at_most_once_a_receipt_may_be_ahead_of_those_before_it(void **state)
{
    (void)state;
    pc->options.at_most_once = true;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    for (const char *const *text = (const char *const[]){"one", "two", "three", NULL}; *text;
         text++) {
        publish(*text);
        broker_expect_send(socket, *text);
    }
    broker_receipt(socket, ID, 2, 7);
    assert_answers(3, OK);
    assert_int_equal(pc->ops[0].op.err, ERR_UNKNOWN);
    assert_int_equal(pc->ops[1].op.err, ERR_UNKNOWN);
    broker_receipt(socket, ID, 0, 5); /* late */
    assert_true(pulsar_publisher_is_open(pc->publisher));
    broker_receipt(socket, ID, 9, 5); /* of what was not sent */
    assert_true(socket->closed);
}

static void a_topic_that_moves_is_followed_at_once_and_nobody_hears_of_it(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    advance(5000);
    publish("one");
    broker_expect_send(socket, "one");
    broker_send_error(socket, ID, 0, PULSAR_ERROR_PERSISTENCE);
    broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
    broker_closes_producer(socket, ID, NULL);
    assert_int_equal(publisher_reopen(socket, NO_EPOCH).epoch, 1);
    broker_expect_send(socket, "one");
    broker_receipt(socket, ID, 0, 1);
    assert_answers(1, OK);
    assert_int_equal(house->net.count, 1);
}

static void a_close_of_the_broker_is_followed_by_a_lookup_at_once(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    advance(5000);
    publish("one");
    broker_expect_send(socket, "one");
    broker_closes_producer(socket, ID, NULL);
    publish("two");
    publisher_reopen(socket, NO_EPOCH);
    broker_expect_send(socket, "one");
    broker_expect_send(socket, "two");
    broker_receipt(socket, ID, 0, 1);
    broker_receipt(socket, ID, 1, 2);
    assert_answers(2, OK);
}

static void a_close_that_names_a_broker_needs_no_lookup(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    advance(5000);
    broker_closes_producer(socket, ID, "pulsar://new.example:6650");
    struct toy_socket *other = broker_accept();
    assert_string_equal(house->resolver.host, "new.example");
    broker_opens_producer(other, NO_EPOCH);
    broker_expect_nothing(socket);
    assert_true(pulsar_publisher_is_open(pc->publisher));
}

static void a_named_broker_that_is_away_is_looked_up(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    advance(5000);
    broker_closes_producer(socket, ID, "pulsar://new.example:6650");
    settle();
    toy_socket_answer(toy_net_newest(&house->net), ERR_REFUSED);
    advance(100);
    publisher_reopen(socket, NO_EPOCH);
    assert_true(pulsar_publisher_is_open(pc->publisher));
}

static void closes_one_after_the_other_are_waited_between(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    for (int i = 0; i < 3; i++) {
        broker_closes_producer(socket, ID, NULL);
        broker_expect_nothing(socket);
        advance(UINT64_C(100) << i);
        publisher_reopen(socket, NO_EPOCH);
    }
}

static void a_receipt_that_comes_after_the_close_counts(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    advance(5000);
    publish("one");
    publish("two");
    settle();
    publish("three");
    settle();
    broker_expect_send(socket, NULL);
    broker_expect_send(socket, "three");
    broker_closes_producer(socket, ID, NULL);
    broker_receipt(socket, ID, 0, 1);
    assert_answers(2, OK);
    publisher_reopen(socket, NO_EPOCH);
    broker_expect_send(socket, "three");
    broker_receipt(socket, ID, 2, 2);
    assert_answers(3, OK);
}

static void the_wait_grows_while_the_broker_is_away(void **state)
{
    (void)state;
    toy_socket_reset(publisher_open(NO_EPOCH));
    uint64_t lost = house->loop.now_ms;
    settle();
    for (int i = 0; i < 6; i++) {
        uint32_t before = house->net.count;
        while (house->net.count == before) {
            advance(1);
        }
        uint64_t whole = i < 5 ? UINT64_C(100) << i : 1600;
        uint64_t waited = house->loop.now_ms - lost;
        assert_in_range(waited, whole / 2, whole);
        toy_socket_answer(toy_net_newest(&house->net), ERR_REFUSED);
        settle();
        toy_socket_answer(toy_net_newest(&house->net), ERR_REFUSED);
        settle();
        lost = house->loop.now_ms;
    }
}

/* ---- receipts that can not be */

static void a_receipt_from_the_future_ends_the_connection_and_all_is_sent_again(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    broker_expect_send(socket, "one");
    broker_receipt(socket, ID, 5, 1);
    assert_true(socket->closed);
    assert_answers(0, OK);
    advance(100);
    struct toy_socket *again = broker_accept();
    publisher_reopen(again, NO_EPOCH);
    broker_expect_send(again, "one");
    broker_receipt(again, ID, 0, 1);
    assert_answers(1, OK);
}

static void a_receipt_of_the_past_is_passed_over(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    settle();
    broker_receipt(socket, ID, 0, 1);
    publish("two");
    settle();
    broker_receipt(socket, ID, 0, 1);
    assert_answers(1, OK);
    broker_receipt(socket, ID, 1, 2);
    assert_answers(2, OK);
    broker_receipt(socket, ID, 1, 2);
    assert_false(socket->closed);
}

/* ---- what the broker refuses */

static void a_broken_message_fails_alone_and_in_its_place(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    for (int i = 0; i < 3; i++) {
        publish("text");
        settle();
    }
    broker_send_error(socket, ID, 1, PULSAR_ERROR_CHECKSUM);
    assert_answers(0, OK);
    broker_receipt(socket, ID, 0, 1);
    assert_answers(2, ERR_CORRUPT);
    broker_receipt(socket, ID, 2, 2);
    assert_answers(3, OK);
    assert_true(pulsar_publisher_is_open(pc->publisher));
}

static void a_message_that_is_not_allowed_fails_alone(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("text");
    settle();
    broker_send_error(socket, ID, 0, PULSAR_ERROR_NOT_ALLOWED);
    assert_answers(1, ERR_FORBIDDEN);
    assert_int_equal(pc->ends, 0);
}

static void a_terminated_topic_ends_it(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    publish("two");
    settle();
    broker_send_error(socket, ID, 1, PULSAR_ERROR_TOPIC_TERMINATED);
    assert_int_equal(pc->ends, 1);
    assert_int_equal(pc->end, ERR_CLOSED);
    assert_answers(2, ERR_UNKNOWN);
    publish("three");
    assert_answers(2, ERR_UNKNOWN);
    settle();
    assert_answers(3, ERR_CLOSED);
}

static void over_the_quota_all_that_is_pending_fails(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    publish("two");
    settle();
    broker_send_error(socket, ID, 1, PULSAR_ERROR_QUOTA_EXCEEDED_EXCEPTION);
    assert_answers(2, ERR_UNKNOWN);
    assert_int_equal(pc->ends, 0);
}

static void a_refusal_to_open_ends_it_if_asking_again_does_not_help(void **state)
{
    static const struct {
        enum pulsar_error_code code;
        enum err end;
    } cases[] = {
        {PULSAR_ERROR_TOPIC_NOT_FOUND, ERR_NOT_FOUND},
        {PULSAR_ERROR_AUTHORIZATION, ERR_FORBIDDEN},
        {PULSAR_ERROR_AUTHENTICATION, ERR_UNAUTHORIZED},
        {PULSAR_ERROR_INVALID_TOPIC_NAME, ERR_REFUSED},
        {PULSAR_ERROR_TOPIC_TERMINATED, ERR_CLOSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        publisher_make();
        struct toy_socket *socket = i == 0 ? broker_accept() : toy_net_newest(&house->net);
        broker_finds(socket);
        broker_error(socket, broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id,
            cases[i].code);
        assert_int_equal(pc->ends, i + 1);
        assert_string_equal(err_name(pc->end), err_name(cases[i].end));
        pulsar_publisher_destroy(pc->publisher);
        pc->publisher = NULL;
    }
}

static void a_refusal_that_may_pass_is_waited_for(void **state)
{
    (void)state;
    publisher_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    broker_error(socket, broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id,
        PULSAR_ERROR_SERVICE_NOT_READY);
    broker_expect_nothing(socket);
    advance(100);
    publisher_reopen(socket, NO_EPOCH);
    assert_int_equal(pc->ends, 0);
    assert_int_equal(pc->opens, 1);
}

static void one_that_was_let_in_once_tries_slowly_when_it_is_not_any_more(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    toy_socket_reset(socket);
    advance(100);
    broker_error(broker_let_in(), PULSAR_REQUEST_NONE, PULSAR_ERROR_AUTHENTICATION);
    settle();
    broker_error(broker_let_in(), PULSAR_REQUEST_NONE, PULSAR_ERROR_AUTHENTICATION);
    uint32_t connections = house->net.count;
    advance(1400);
    assert_int_equal(house->net.count, connections);
    assert_int_equal(pc->ends, 0);
    advance(200);
    broker_finds(broker_accept());
    broker_opens_producer(broker_accept(), NO_EPOCH);
    assert_true(pulsar_publisher_is_open(pc->publisher));
}

static void a_broker_that_has_too_much_to_do_is_tried_slowly(void **state)
{
    (void)state;
    publisher_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    broker_error(socket, broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id,
        PULSAR_ERROR_TOO_MANY_REQUESTS);
    advance(799);
    broker_expect_nothing(socket);
    advance(801);
    publisher_reopen(socket, NO_EPOCH);
}

static void a_busy_name_is_waited_for_and_then_an_end(void **state)
{
    (void)state;
    publisher_make();
    struct toy_socket *socket = broker_accept();
    uint64_t since = house->loop.now_ms;
    while (pc->ends == 0) {
        broker_finds(socket);
        broker_error(socket, broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id,
            PULSAR_ERROR_PRODUCER_BUSY);
        advance(1600);
        struct pulsar_command pong = {.type = PULSAR_COMMAND_PONG};
        broker_say(socket, &pong);
    }
    assert_int_equal(pc->end, ERR_IN_USE);
    assert_in_range(house->loop.now_ms - since, 15000, 20000);
}

static void an_opening_without_an_answer_is_closed_and_tried_again(void **state)
{
    (void)state;
    house->options.limits.request_ms = 5000;
    house_make();
    publisher_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    broker_expect(socket, PULSAR_COMMAND_PRODUCER);
    advance(5000);
    assert_int_equal(
        broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER).close_producer.producer_id, ID);
    advance(100);
    publisher_reopen(socket, NO_EPOCH);
    assert_int_equal(pc->opens, 1);
}

static void it_ends_when_it_is_not_open_in_time(void **state)
{
    (void)state;
    pc->options.limits.open_ms = 3000;
    publisher_make();
    publish("never");
    broker_let_in();
    advance(2999);
    assert_int_equal(pc->ends, 0);
    advance(1);
    assert_int_equal(pc->end, ERR_TIMEOUT);
    assert_answers(1, ERR_NOT_SENT);
}

/* ---- bounds */

static void it_takes_no_more_than_it_may_and_says_when_there_is_room(void **state)
{
    (void)state;
    pc->options.limits.messages_max = 4;
    pc->options.limits.batch_messages_max = 1;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    for (int i = 0; i < 5; i++) {
        publish("text");
    }
    settle();
    assert_int_equal(pc->answers, 1);
    assert_int_equal(pc->ops[4].op.err, ERR_FULL);
    assert_int_equal(pulsar_publisher_pending(pc->publisher), 4);
    broker_receipt(socket, ID, 0, 1);
    assert_int_equal(pc->rooms, 0);
    broker_receipt(socket, ID, 1, 2);
    assert_int_equal(pc->rooms, 1);
    broker_receipt(socket, ID, 2, 3);
    broker_receipt(socket, ID, 3, 4);
    assert_int_equal(pc->rooms, 1);
}

static void all_publishers_together_keep_no_more_bytes_than_they_may(void **state)
{
    (void)state;
    house->options.limits.pending_bytes_max = 10;
    house_make();
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("12345678");
    publish("123");
    settle();
    assert_int_equal(pc->ops[1].op.err, ERR_FULL);
    broker_receipt(socket, ID, 0, 1);
    publish("123");
    settle();
    broker_receipt(socket, ID, 1, 2);
    assert_int_equal(pc->ops[2].op.err, OK);
}

static void what_can_not_be_sent_is_refused(void **state)
{
    static char key[PULSAR_KEY_BYTES_MAX + 2], text[200001];
    (void)state;
    publisher_open(NO_EPOCH);
    memset(key, 'k', sizeof(key) - 1);
    memset(text, 't', sizeof(text) - 1);
    publish_keyed("text", key);
    publish(text);
    settle();
    assert_int_equal(pc->ops[0].op.err, ERR_BAD_FIELD);
    assert_int_equal(pc->ops[1].op.err, ERR_TOO_LARGE);
}

static void what_became_too_large_for_its_broker_fails_alone(void **state)
{
    (void)state;
    char text[3001];
    memset(text, 'x', 3000);
    text[3000] = 0;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("small");
    settle();
    publish(text);
    settle();
    publish("behind");
    settle();
    toy_socket_reset(socket);
    advance(100);
    struct toy_socket *again = broker_let_in();
    broker_expect(again, PULSAR_COMMAND_CONNECT);
    broker_welcome(again, 2000);
    publisher_reopen(again, NO_EPOCH);
    broker_expect_send(again, "small");
    assert_int_equal(broker_expect_send(again, "behind").sequence_id, 2);
    broker_receipt(again, ID, 0, 1);
    assert_answers(2, ERR_TOO_LARGE);
    broker_receipt(again, ID, 2, 2);
    assert_answers(3, OK);
}

static void a_connection_that_takes_nothing_is_waited_for(void **state)
{
    (void)state;
    house->options.limits.message_bytes_max = 100000;
    house->options.limits.queue_bytes_max = 100000;
    house_make();
    pc->options.limits.batch_messages_max = 1;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    char text[60001];
    memset(text, 'x', 60000);
    text[60000] = 0;
    socket->room = 0;
    for (int i = 0; i < 4; i++) {
        publish(text);
    }
    settle();
    socket->room = SIZE_MAX;
    settle();
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(broker_expect_send(socket, text).sequence_id, i);
    }
    for (uint64_t i = 0; i < 4; i++) {
        broker_receipt(socket, ID, i, i);
    }
    assert_answers(4, OK);
}

/* ---- time */

static void what_has_no_receipt_in_time_is_given_up_together(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    advance(10000);
    publish("two");
    advance(4999);
    assert_answers(0, OK);
    advance(1);
    assert_answers(2, ERR_UNKNOWN);
    assert_int_equal(pc->ops[0].op.err, ERR_UNKNOWN);
    broker_receipt(socket, ID, 0, 1);
    publish("three");
    settle();
    broker_receipt(socket, ID, 1, 2);
    assert_answers(2, ERR_UNKNOWN);
    broker_receipt(socket, ID, 2, 3);
    assert_answers(3, OK);
    assert_false(socket->closed);
}

static void what_never_left_is_known_not_to_be_sent(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    settle();
    socket->room = 0;
    publish("two");
    settle();
    toy_socket_reset(socket);
    settle();
    publish("three");
    advance(15000);
    assert_answers(3, ERR_NOT_SENT);
    assert_int_equal(pc->ops[0].op.err, ERR_UNKNOWN);
    assert_int_equal(pc->ops[1].op.err, ERR_NOT_SENT);
}

/* ---- its end */

static void destroyed_it_answers_all_and_tells_the_broker(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    broker_expect_send(socket, "one");
    publish("two");
    pulsar_publisher_destroy(pc->publisher);
    pc->publisher = NULL;
    assert_answers(0, OK);
    settle();
    assert_answers(2, ERR_NOT_SENT);
    assert_int_equal(pc->ops[0].op.err, ERR_UNKNOWN);
    broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
    broker_receipt(socket, ID, 0, 1);
    assert_int_equal(pc->ends, 0);
    assert_int_equal(pulsar_client_stats(house->client).handles, 0);
}

static void destroy_now(uint32_t which)
{
    (void)which;
    pulsar_publisher_destroy(pc->publisher);
    pc->publisher = NULL;
    pc->in_answer = NULL;
}

static void it_may_be_destroyed_from_inside_an_answer(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    publish("two");
    settle();
    publish("three");
    settle();
    pc->in_answer = destroy_now;
    broker_receipt(socket, ID, 0, 1);
    settle();
    assert_int_equal(pc->answers, 3);
    assert_int_equal(pc->ops[1].op.err, OK);
    assert_int_equal(pc->ops[2].op.err, ERR_UNKNOWN);
}

static void publish_now(uint32_t which)
{
    if (which == 0) {
        publish("more");
    }
}

static void more_may_be_published_from_inside_an_answer(void **state)
{
    (void)state;
    struct toy_socket *socket = publisher_open(NO_EPOCH);
    publish("one");
    broker_expect_send(socket, "one");
    pc->in_answer = publish_now;
    broker_receipt(socket, ID, 0, 1);
    broker_expect_send(socket, "more");
    broker_receipt(socket, ID, 1, 2);
    assert_answers(2, OK);
}

static void it_may_be_destroyed_at_every_moment_of_its_opening(void **state)
{
    (void)state;
    for (int moment = 0; moment < 4; moment++) {
        publisher_make();
        struct toy_socket *socket = NULL;
        if (moment > 0) {
            socket = moment == 1 ? broker_accept() : toy_net_newest(&house->net);
        }
        if (moment > 1) {
            broker_finds(socket);
        }
        uint64_t id = 0;
        if (moment > 2) {
            id = broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id;
        }
        pulsar_publisher_destroy(pc->publisher);
        pc->publisher = NULL;
        settle();
        if (moment == 1) {
            broker_finds(socket);
            broker_expect_nothing(socket);
        } else if (moment == 2) {
            id = broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id;
        }
        if (moment >= 2) {
            broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
            broker_error(socket, id, PULSAR_ERROR_UNKNOWN);
        }
        assert_int_equal(pulsar_client_stats(house->client).handles, 0);
    }
    assert_int_equal(pc->opens, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        P(a_message_is_sent_and_answered_by_its_receipt),
        P(a_producer_says_what_it_wants),
        P(what_is_published_in_a_turn_leaves_as_one_batch),
        P(a_batch_has_its_messages_with_their_keys_and_numbers),
        P(batches_are_bounded_in_messages_and_bytes),
        P(an_empty_message_is_one),
        P(what_is_published_before_it_is_open_waits),
        P(a_repeat_that_the_broker_knows_is_an_answer_without_a_position),
        P(after_a_lost_connection_all_is_sent_again_in_order_as_it_was),
        P(at_most_once_sends_nothing_anew_and_goes_on_with_what_never_left),
        P(at_most_once_a_receipt_may_be_ahead_of_those_before_it),
        P(a_topic_that_moves_is_followed_at_once_and_nobody_hears_of_it),
        P(a_close_of_the_broker_is_followed_by_a_lookup_at_once),
        P(a_close_that_names_a_broker_needs_no_lookup),
        P(a_named_broker_that_is_away_is_looked_up),
        P(closes_one_after_the_other_are_waited_between),
        P(a_receipt_that_comes_after_the_close_counts),
        P(the_wait_grows_while_the_broker_is_away),
        P(a_receipt_from_the_future_ends_the_connection_and_all_is_sent_again),
        P(a_receipt_of_the_past_is_passed_over),
        P(a_broken_message_fails_alone_and_in_its_place),
        P(a_message_that_is_not_allowed_fails_alone),
        P(a_terminated_topic_ends_it),
        P(over_the_quota_all_that_is_pending_fails),
        P(a_refusal_to_open_ends_it_if_asking_again_does_not_help),
        P(a_refusal_that_may_pass_is_waited_for),
        P(one_that_was_let_in_once_tries_slowly_when_it_is_not_any_more),
        P(a_broker_that_has_too_much_to_do_is_tried_slowly),
        P(a_busy_name_is_waited_for_and_then_an_end),
        P(an_opening_without_an_answer_is_closed_and_tried_again),
        P(it_ends_when_it_is_not_open_in_time),
        P(it_takes_no_more_than_it_may_and_says_when_there_is_room),
        P(all_publishers_together_keep_no_more_bytes_than_they_may),
        P(what_can_not_be_sent_is_refused),
        P(what_became_too_large_for_its_broker_fails_alone),
        P(a_connection_that_takes_nothing_is_waited_for),
        P(what_has_no_receipt_in_time_is_given_up_together),
        P(what_never_left_is_known_not_to_be_sent),
        P(destroyed_it_answers_all_and_tells_the_broker),
        P(it_may_be_destroyed_from_inside_an_answer),
        P(more_may_be_published_from_inside_an_answer),
        P(it_may_be_destroyed_at_every_moment_of_its_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
