/* test_pulsar_consumer - what comes, in order and under credit: permits, batches, acknowledgements,
 * places that are lost, who is active, seeks. */

#include "consumer_case.h"

#include "pulsar/pulsar_inflate.h"
#include "pulsar_client/pulsar_handle.h"

#include <string.h>

#define ID 1u

static const char *const three[] = {"a", "b", "c"};

/* ---- the happy path */

static void a_consumer_says_what_it_wants(void **state)
{
    (void)state;
    cc->options.type = PULSAR_SUBSCRIPTION_FAILOVER;
    cc->options.consumer_name = "w1";
    cc->options.priority_level = 77;
    consumer_make();
    struct toy_socket *socket = broker_accept();
    struct pulsar_subscribe said = consumer_reopen(socket);
    assert_memory_equal(said.topic.at, TOPIC, strlen(TOPIC));
    assert_memory_equal(said.subscription.at, "sub", 3);
    assert_memory_equal(said.consumer_name.at, "w1", 2);
    assert_int_equal(said.sub_type, PULSAR_SUBSCRIPTION_FAILOVER);
    assert_int_equal(said.priority_level, 77);
    assert_true(said.durable);
    assert_false(said.has_start_message_id);
    assert_int_equal(said.initial_position, PULSAR_POSITION_EARLIEST);
    assert_false(said.force_topic_creation);
    assert_int_equal(cc->opens, 1);
}

static void messages_are_given_in_order(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 5, "one");
    broker_message(socket, ID, 6, "two");
    assert_given(2, "two");
    assert_string_equal(cc->texts[0], "one");
    assert_int_equal(cc->positions[0].ledger, 1);
    assert_int_equal(cc->positions[0].entry, 5);
    assert_int_equal(cc->positions[0].batch_index, -1);
}

static void a_batch_is_given_one_by_one(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(3, "c");
    assert_int_equal(cc->positions[1].batch_index, 1);
    assert_int_equal(cc->positions[1].batch_size, 3);
}

static void nothing_is_given_without_credit(void **state)
{
    (void)state;
    cc->source.credit = 1;
    struct toy_socket *socket = consumer_open();
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(1, "a");
    assert_int_equal(pulsar_consumer_waiting(cc->consumer), 2);
    source_credit(&cc->source, 1);
    assert_int_equal(cc->count, 1);
    assert_given(2, "b");
    source_credit(&cc->source, 5);
    assert_given(3, "c");
}

static void say_compressed(struct toy_socket *socket, const char *text, uint32_t claimed_size)
{
    uint8_t bytes[1000], packed[500];
    struct pulsar_writer writer;
    size_t size = pulsar_deflate(
        PULSAR_COMPRESSION_LZ4, (const uint8_t *)text, strlen(text), packed, sizeof(packed));
    struct pulsar_command message = {.type = PULSAR_COMMAND_MESSAGE,
        .message = {.consumer_id = ID, .message_id = {.ledger_id = 1, .entry_id = 9}}};
    struct pulsar_message_metadata metadata = {.producer_name = cht_str_of("p"),
        .has_compression = true,
        .compression = PULSAR_COMPRESSION_LZ4,
        .has_uncompressed_size = true,
        .uncompressed_size = claimed_size};
    assert_true(size > 0);
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_entry(&writer, &message, NULL, &metadata, packed, (uint32_t)size));
    toy_socket_say(socket, bytes, writer.used);
    broker_say_bytes(socket, packed, size);
}

static void what_is_compressed_is_given_as_it_was(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    say_compressed(socket, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 30);
    assert_given(1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void what_would_be_too_large_uncompressed_is_not_taken(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    say_compressed(socket, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1600001);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(ack.validation_error, PULSAR_VALIDATION_UNCOMPRESSED_SIZE);
    say_compressed(socket, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 29);
    ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(ack.validation_error, PULSAR_VALIDATION_DECOMPRESSION);
    assert_given(0, NULL);
}

/* ---- permits */

static void permits_go_back_by_half_queues(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    for (uint64_t i = 0; i < 4; i++) {
        broker_message(socket, ID, i, "text");
    }
    broker_expect_nothing(socket);
    broker_message(socket, ID, 4, "text");
    assert_permits(socket, 5);
    broker_batch(socket, ID, 5, three, 3, 0);
    broker_batch(socket, ID, 6, three, 3, 0);
    assert_permits(socket, 5);
    for (uint64_t i = 7; i < 11; i++) {
        broker_message(socket, ID, i, "text");
    }
    assert_permits(socket, 5);
}

static void what_waits_for_credit_holds_its_permits(void **state)
{
    (void)state;
    cc->source.credit = 0;
    struct toy_socket *socket = consumer_open();
    for (uint64_t i = 0; i < 10; i++) {
        broker_message(socket, ID, i, "text");
    }
    broker_expect_nothing(socket);
    assert_int_equal(pulsar_consumer_waiting(cc->consumer), 10);
    source_credit(&cc->source, 5);
    assert_permits(socket, 5);
}

static void more_than_was_permitted_ends_the_connection(void **state)
{
    (void)state;
    cc->source.credit = 0;
    struct toy_socket *socket = consumer_open();
    for (uint64_t i = 0; i < 11; i++) {
        broker_message(socket, ID, i, "text");
    }
    assert_true(socket->closed);
    assert_int_equal(pulsar_consumer_waiting(cc->consumer), 0);
}

static void a_message_that_can_not_be_read_is_acknowledged_and_its_permit_given_back(void **state)
{
    (void)state;
    cc->options.limits.queue_messages = 2;
    struct toy_socket *socket = consumer_open();
    uint8_t bytes[200];
    struct pulsar_writer writer;
    struct pulsar_command message = {.type = PULSAR_COMMAND_MESSAGE,
        .message = {.consumer_id = ID, .message_id = {.ledger_id = 1, .entry_id = 9}}};
    struct pulsar_message_metadata metadata = {.producer_name = cht_str_of("p")};
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_entry(&writer, &message, NULL, &metadata, "text", 4));
    memcpy(bytes + writer.used, "tex!", 4);
    broker_say_bytes(socket, bytes, writer.used + 4);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    struct pulsar_message_id id;
    assert_int_equal(ack.ack_type, PULSAR_ACK_INDIVIDUAL);
    assert_true(ack.has_validation_error);
    assert_int_equal(ack.validation_error, PULSAR_VALIDATION_CHECKSUM);
    assert_true(pulsar_next_message_id(&ack.message_id, &id));
    assert_int_equal(id.entry_id, 9);
    assert_permits(socket, 1);
    assert_given(0, NULL);
    assert_false(socket->closed);
}

/* ---- acknowledgements */

static uint32_t acked_entries(struct pulsar_ack ack, uint64_t ret_entries[8])
{
    struct pulsar_message_id id;
    uint32_t count = 0;
    while (count < 8 && pulsar_next_message_id(&ack.message_id, &id)) {
        ret_entries[count] = id.entry_id;
        count++;
    }
    return count;
}

static void acknowledgements_are_gathered_for_a_while(void **state)
{
    uint64_t entries[8];
    (void)state;
    struct toy_socket *socket = consumer_open();
    for (uint64_t i = 0; i < 3; i++) {
        broker_message(socket, ID, i, "text");
        pulsar_consumer_ack(cc->consumer, &cc->positions[i]);
    }
    advance(99);
    broker_expect_nothing(socket);
    advance(1);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(acked_entries(ack, entries), 3);
    advance(1000);
    broker_expect_nothing(socket);
}

static void many_acknowledgements_do_not_wait(void **state)
{
    uint64_t entries[8];
    (void)state;
    cc->options.limits.acks_max = 2;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "text");
    broker_message(socket, ID, 1, "text");
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    broker_expect_nothing(socket);
    pulsar_consumer_ack(cc->consumer, &cc->positions[1]);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(acked_entries(ack, entries), 2);
}

static void a_batch_is_acknowledged_when_all_of_it_is(void **state)
{
    uint64_t entries[8];
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_batch(socket, ID, 5, three, 3, 0);
    settle();
    pulsar_consumer_ack(cc->consumer, &cc->positions[2]);
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    advance(1000);
    broker_expect_nothing(socket);
    pulsar_consumer_ack(cc->consumer, &cc->positions[1]);
    advance(100);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(acked_entries(ack, entries), 1);
    assert_int_equal(entries[0], 5);
}

static void of_a_batch_that_comes_again_only_what_is_left_is_given(void **state)
{
    uint64_t entries[8];
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_batch(socket, ID, 5, three, 3, 5);
    assert_given(2, "c");
    assert_string_equal(cc->texts[0], "a");
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    pulsar_consumer_ack(cc->consumer, &cc->positions[1]);
    advance(100);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(acked_entries(ack, entries), 1);
}

static void up_to_a_message_is_one_acknowledgement(void **state)
{
    uint64_t entries[8];
    (void)state;
    struct toy_socket *socket = consumer_open();
    for (uint64_t i = 0; i < 3; i++) {
        broker_message(socket, ID, i, "text");
    }
    pulsar_consumer_ack_until(cc->consumer, &cc->positions[0]);
    pulsar_consumer_ack_until(cc->consumer, &cc->positions[2]);
    pulsar_consumer_ack_until(cc->consumer, &cc->positions[1]);
    advance(100);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    assert_int_equal(ack.ack_type, PULSAR_ACK_CUMULATIVE);
    assert_int_equal(acked_entries(ack, entries), 1);
    assert_int_equal(entries[0], 2);
}

static void up_to_the_middle_of_a_batch_is_up_to_what_is_before_it(void **state)
{
    uint64_t entries[8];
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_batch(socket, ID, 5, three, 3, 0);
    settle();
    pulsar_consumer_ack_until(cc->consumer, &cc->positions[1]);
    advance(100);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    acked_entries(ack, entries);
    assert_int_equal(entries[0], 4);
    pulsar_consumer_ack_until(cc->consumer, &cc->positions[2]);
    advance(100);
    ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    acked_entries(ack, entries);
    assert_int_equal(entries[0], 5);
}

static void acknowledgements_leave_before_it_is_closed(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "text");
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    pulsar_consumer_destroy(cc->consumer);
    cc->consumer = NULL;
    broker_expect(socket, PULSAR_COMMAND_ACK);
    assert_int_equal(
        broker_expect(socket, PULSAR_COMMAND_CLOSE_CONSUMER).close_consumer.consumer_id, ID);
}

/* The queue of its connection is full, of frames that say nothing. */
static void fill(struct toy_socket *socket, struct pulsar_connection *connection)
{
    static const uint8_t pong[] = {0, 0, 0, 9, 0, 0, 0, 5, 8, 0x13, 0x9a, 1, 0};
    struct pulsar_writer writer = {.at = (uint8_t *)(uintptr_t)pong, .used = sizeof(pong)};
    socket->room = 0;
    while (pulsar_connection_write(connection, &writer)) {
    }
    settle();
}

static void acknowledgements_that_find_no_room_leave_later(void **state)
{
    uint64_t entries[8];
    struct pulsar_frame frame;
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 3, "text");
    settle();
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    fill(socket, ((struct pulsar_handle *)cc->consumer)->connection);
    advance(1000);
    socket->room = SIZE_MAX;
    settle();
    do {
        assert_true(broker_hears(socket, &frame));
    } while (frame.command.type == PULSAR_COMMAND_PONG);
    assert_int_equal(frame.command.type, PULSAR_COMMAND_ACK);
    assert_int_equal(acked_entries(frame.command.ack, entries), 1);
    assert_int_equal(entries[0], 3);
}

static void more_acknowledgements_than_may_be_gathered_end_the_place(void **state)
{
    (void)state;
    cc->options.limits.acks_max = 2;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 3, "text");
    broker_message(socket, ID, 4, "text");
    settle();
    fill(socket, ((struct pulsar_handle *)cc->consumer)->connection);
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    assert_true(pulsar_consumer_is_open(cc->consumer));
    pulsar_consumer_ack(cc->consumer, &cc->positions[1]);
    assert_true(pulsar_consumer_is_open(cc->consumer));
    settle();
    assert_false(pulsar_consumer_is_open(cc->consumer));
    assert_true(socket->closed);
}

static void half_of_a_batch_is_forgotten_with_its_place(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_batch(socket, ID, 5, three, 3, 0);
    settle();
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    pulsar_consumer_ack(cc->consumer, &cc->positions[1]);
    toy_socket_reset(socket);
    advance(100);
    socket = broker_accept();
    consumer_reopen(socket);
    pulsar_consumer_ack(cc->consumer, &cc->positions[2]);
    advance(1000);
    broker_expect_nothing(socket);
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(6, "c");
    pulsar_consumer_ack(cc->consumer, &cc->positions[3]);
    pulsar_consumer_ack(cc->consumer, &cc->positions[4]);
    advance(100);
    broker_expect(socket, PULSAR_COMMAND_ACK);
}

static void what_keeps_nothing_is_not_acknowledged(void **state)
{
    (void)state;
    cc->options.topic = "non-persistent://public/default/t";
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "text");
    assert_given(1, "text");
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    pulsar_consumer_ack_until(cc->consumer, &cc->positions[0]);
    advance(1000);
    broker_expect_nothing(socket);
}

/* Its positions are all the same. */
static void what_keeps_nothing_is_given_also_after_a_place_was_lost(void **state)
{
    (void)state;
    cc->options.topic = "non-persistent://public/default/t";
    cc->options.durable = false;
    cc->options.creates = true;
    cc->options.start = pulsar_position_latest();
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "one");
    assert_given(1, "one");
    toy_socket_reset(socket);
    settle();
    advance(100);
    socket = broker_accept();
    struct pulsar_subscribe said = consumer_reopen(socket);
    assert_true(said.force_topic_creation);
    assert_int_equal(said.start_message_id.ledger_id, INT64_MAX);
    broker_message(socket, ID, 0, "two");
    assert_given(2, "two");
}

/* ---- again */

static void one_message_is_asked_for_again(void **state)
{
    (void)state;
    cc->options.type = PULSAR_SUBSCRIPTION_SHARED;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 3, "text");
    settle();
    pulsar_consumer_redeliver(cc->consumer, &cc->positions[0]);
    struct pulsar_redeliver said = broker_expect(socket, PULSAR_COMMAND_REDELIVER).redeliver;
    struct pulsar_message_id id;
    assert_true(pulsar_next_message_id(&said.message_ids, &id));
    assert_int_equal(id.entry_id, 3);
    assert_false(said.has_consumer_epoch);
}

static void all_is_asked_for_again_and_what_is_older_is_passed_over(void **state)
{
    (void)state;
    cc->source.credit = 1;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "one");
    broker_message(socket, ID, 1, "two");
    assert_given(1, "one");
    pulsar_consumer_redeliver_all(cc->consumer);
    assert_int_equal(pulsar_consumer_waiting(cc->consumer), 0);
    struct pulsar_redeliver said = broker_expect(socket, PULSAR_COMMAND_REDELIVER).redeliver;
    assert_int_equal(said.message_ids.count, 0);
    assert_int_equal(said.consumer_epoch, 1);
    source_credit(&cc->source, 100);
    struct pulsar_command old = {.type = PULSAR_COMMAND_MESSAGE,
        .message = {.consumer_id = ID,
            .message_id = {.ledger_id = 1, .entry_id = 2},
            .has_consumer_epoch = true}};
    uint8_t bytes[200];
    struct pulsar_writer writer;
    struct pulsar_message_metadata metadata = {.producer_name = cht_str_of("p")};
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_entry(&writer, &old, NULL, &metadata, NULL, 0));
    broker_say_bytes(socket, bytes, writer.used);
    assert_given(1, "one");
    broker_message(socket, ID, 0, "one again");
    assert_given(2, "one again");
}

/* ---- a place that is lost */

static void a_lost_place_takes_what_waits_with_it(void **state)
{
    (void)state;
    cc->source.credit = 1;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "one");
    broker_message(socket, ID, 1, "two");
    assert_given(1, "one");
    toy_socket_reset(socket);
    advance(100);
    assert_int_equal(pulsar_consumer_waiting(cc->consumer), 0);
    socket = broker_accept();
    assert_int_equal(consumer_reopen(socket).consumer_id, ID);
    source_credit(&cc->source, 100);
    broker_message(socket, ID, 0, "one");
    broker_message(socket, ID, 1, "two");
    assert_given(3, "two");
    assert_int_equal(cc->opens, 2);
}

static void acknowledgements_outlive_a_lost_place(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 4, "one");
    settle();
    toy_socket_reset(socket);
    settle();
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    advance(100);
    socket = broker_accept();
    consumer_reopen(socket);
    broker_expect(socket, PULSAR_COMMAND_ACK);
}

static void a_close_of_the_broker_is_followed_by_a_lookup_at_once(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    advance(5000);
    broker_closes_consumer(socket, ID);
    consumer_reopen(socket);
    assert_int_equal(cc->opens, 2);
    assert_int_equal(house->net.count, 1);
}

static void messages_of_an_older_place_are_nobodys(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    advance(5000);
    broker_closes_consumer(socket, ID);
    broker_message(socket, ID, 0, "late");
    assert_given(0, NULL);
}

/* ---- who is active */

static void say_active(struct toy_socket *socket, bool is_active);

static void a_place_is_not_given_up_from_inside_a_call(void **state)
{
    (void)state;
    cc->options.type = PULSAR_SUBSCRIPTION_FAILOVER;
    struct toy_socket *socket = consumer_open();
    say_active(socket, true);
    broker_message(socket, ID, 3, "text");
    settle();
    fill(socket, ((struct pulsar_handle *)cc->consumer)->connection);
    pulsar_consumer_redeliver_all(cc->consumer);
    assert_int_equal(cc->passivations, 0);
    settle();
    assert_int_equal(cc->passivations, 1);
    assert_false(pulsar_consumer_is_open(cc->consumer));
}

static void say_active(struct toy_socket *socket, bool is_active)
{
    struct pulsar_command change = {.type = PULSAR_COMMAND_ACTIVE_CONSUMER_CHANGE,
        .active_consumer_change = {
            .consumer_id = ID, .has_is_active = true, .is_active = is_active}};
    broker_say(socket, &change);
}

static void who_is_active_is_told_also_before_it_is_open(void **state)
{
    (void)state;
    cc->options.type = PULSAR_SUBSCRIPTION_FAILOVER;
    consumer_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    uint64_t id = broker_expect(socket, PULSAR_COMMAND_SUBSCRIBE).subscribe.request_id;
    say_active(socket, true);
    assert_int_equal(cc->activations, 1);
    assert_int_equal(cc->opens, 0);
    broker_success(socket, id);
    assert_true(pulsar_consumer_is_active(cc->consumer));
    say_active(socket, true);
    assert_int_equal(cc->activations, 1);
    say_active(socket, false);
    assert_int_equal(cc->passivations, 1);
    say_active(socket, true);
    toy_socket_reset(socket);
    settle();
    assert_int_equal(cc->passivations, 2);
    assert_false(pulsar_consumer_is_active(cc->consumer));
}

/* ---- ends */

static void a_subscription_of_somebody_else_is_waited_for_and_then_an_end(void **state)
{
    (void)state;
    consumer_make();
    struct toy_socket *socket = broker_accept();
    struct pulsar_command pong = {.type = PULSAR_COMMAND_PONG};
    while (cc->ends == 0) {
        broker_finds(socket);
        broker_error(socket, broker_expect(socket, PULSAR_COMMAND_SUBSCRIBE).subscribe.request_id,
            PULSAR_ERROR_CONSUMER_BUSY);
        advance(1600);
        broker_say(socket, &pong);
    }
    assert_int_equal(cc->end, ERR_IN_USE);
}

static void a_terminated_topic_ends_when_all_of_it_was_given(void **state)
{
    (void)state;
    cc->source.credit = 1;
    struct toy_socket *socket = consumer_open();
    broker_message(socket, ID, 0, "one");
    broker_message(socket, ID, 1, "two");
    struct pulsar_command end = {
        .type = PULSAR_COMMAND_REACHED_END_OF_TOPIC, .reached_end_of_topic = {.consumer_id = ID}};
    broker_say(socket, &end);
    assert_int_equal(cc->ends, 0);
    source_credit(&cc->source, 5);
    assert_given(2, "two");
    assert_int_equal(cc->ends, 1);
    assert_int_equal(cc->end, ERR_CLOSED);
}

static void destroy_now(uint32_t which)
{
    (void)which;
    pulsar_consumer_destroy(cc->consumer);
    cc->consumer = NULL;
}

static void it_may_be_destroyed_from_inside_an_item(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    cc->in_item = destroy_now;
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(1, "a");
    assert_int_equal(cc->ends, 0);
    assert_int_equal(pulsar_client_stats(house->client).handles, 0);
}

static void there_are_no_more_of_them_than_may_be(void **state)
{
    struct pulsar_consumer *other;
    struct pulsar_reader *reader;
    struct pulsar_reader_options options = {
        .topic = TOPIC, .limits = cc->options.limits, .source = &cc->source};
    (void)state;
    house->options.limits.handles_max = 1;
    house_make();
    consumer_make();
    assert_int_equal(pulsar_consumer_create(house->client, &cc->options, &other), ERR_FULL);
    assert_int_equal(pulsar_reader_create(house->client, &options, &reader), ERR_FULL);
    pulsar_consumer_destroy(cc->consumer);
    consumer_make();
}

static void redeliver_now(uint32_t which)
{
    if (which == 0) {
        pulsar_consumer_redeliver_all(cc->consumer);
    }
}

static void all_may_be_asked_for_again_from_inside_an_item(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    cc->in_item = redeliver_now;
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(1, "a");
    broker_expect(socket, PULSAR_COMMAND_REDELIVER);
}

/* ---- questions */

static struct test_asker asker;
static struct pulsar_seek_op seek;
static struct pulsar_last_op last;

static uint64_t ask_seek(struct toy_socket *socket, uint64_t entry)
{
    test_asker_init(&asker);
    seek = (struct pulsar_seek_op){.position = {1, entry, -1, 0}};
    pulsar_consumer_seek(cc->consumer, &asker.asker, &seek);
    struct pulsar_seek said = broker_expect(socket, PULSAR_COMMAND_SEEK).seek;
    assert_int_equal(said.message_id.entry_id, entry);
    return said.request_id;
}

static void after_a_seek_nothing_older_comes(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    advance(5000);
    uint64_t id = ask_seek(socket, 10);
    broker_message(socket, ID, 3, "before");
    broker_closes_consumer(socket, ID);
    broker_expect_nothing(socket);
    broker_success(socket, id);
    assert_int_equal(asker.answers, 0);
    consumer_reopen(socket);
    assert_int_equal(asker.answers, 1);
    assert_int_equal(asker.last, OK);
    uint32_t before = cc->count;
    broker_message(socket, ID, 10, "at");
    broker_message(socket, ID, 11, "behind");
    assert_given(before + 1, "behind");
}

static void acknowledgements_do_not_undo_a_seek(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    advance(5000);
    broker_message(socket, ID, 3, "one");
    broker_message(socket, ID, 4, "two");
    settle();
    pulsar_consumer_ack(cc->consumer, &cc->positions[0]);
    test_asker_init(&asker);
    seek = (struct pulsar_seek_op){.position = {1, 2, -1, 0}};
    pulsar_consumer_seek(cc->consumer, &asker.asker, &seek);
    broker_expect(socket, PULSAR_COMMAND_ACK);
    uint64_t id = broker_expect(socket, PULSAR_COMMAND_SEEK).seek.request_id;
    pulsar_consumer_ack(cc->consumer, &cc->positions[1]);
    broker_closes_consumer(socket, ID);
    broker_success(socket, id);
    consumer_reopen(socket);
    advance(1000);
    broker_expect_nothing(socket);
}

static void a_seek_that_is_answered_before_the_close_is_one_too(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    advance(5000);
    uint64_t id = ask_seek(socket, 10);
    broker_success(socket, id);
    broker_expect(socket, PULSAR_COMMAND_CLOSE_CONSUMER);
    broker_closes_consumer(socket, ID);
    consumer_reopen(socket);
    assert_int_equal(asker.last, OK);
}

static void a_seek_that_is_refused_changes_nothing(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    broker_error(socket, ask_seek(socket, 10), PULSAR_ERROR_NOT_ALLOWED);
    assert_int_equal(asker.last, ERR_REFUSED);
    broker_message(socket, ID, 3, "text");
    assert_given(1, "text");
}

static void a_seek_is_one_at_a_time(void **state)
{
    struct pulsar_seek_op other = {.position = {1, 1, -1, 0}};
    (void)state;
    struct toy_socket *socket = consumer_open();
    ask_seek(socket, 10);
    pulsar_consumer_seek(cc->consumer, &asker.asker, &other);
    settle();
    assert_int_equal(other.op.err, ERR_AGAIN);
    toy_socket_reset(socket);
    settle();
    assert_int_equal(asker.answers, 2);
    assert_int_equal(seek.op.err, ERR_CLOSED);
    advance(100);
    consumer_reopen(broker_accept());
}

static void the_last_message_is_told(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    test_asker_init(&asker);
    last = (struct pulsar_last_op){0};
    pulsar_consumer_last(cc->consumer, &asker.asker, &last);
    uint64_t id =
        broker_expect(socket, PULSAR_COMMAND_GET_LAST_MESSAGE_ID).get_last_message_id.request_id;
    struct pulsar_command told = {.type = PULSAR_COMMAND_GET_LAST_MESSAGE_ID_RESPONSE,
        .get_last_message_id_response = {
            .request_id = id, .last_message_id = {.ledger_id = 3, .entry_id = 9}}};
    broker_say(socket, &told);
    assert_int_equal(asker.last, OK);
    assert_false(last.is_empty);
    assert_int_equal(last.position.ledger, 3);
    assert_int_equal(last.position.entry, 9);
}

static void a_question_to_one_that_is_not_open_is_answered_later(void **state)
{
    (void)state;
    consumer_make();
    test_asker_init(&asker);
    last = (struct pulsar_last_op){0};
    pulsar_consumer_last(cc->consumer, &asker.asker, &last);
    assert_int_equal(asker.answers, 0);
    settle();
    assert_int_equal(asker.last, ERR_UNAVAILABLE);
}

static void questions_of_one_that_is_destroyed_are_answered(void **state)
{
    (void)state;
    struct toy_socket *socket = consumer_open();
    ask_seek(socket, 10);
    last = (struct pulsar_last_op){0};
    pulsar_consumer_last(cc->consumer, &asker.asker, &last);
    pulsar_consumer_destroy(cc->consumer);
    cc->consumer = NULL;
    settle();
    assert_int_equal(asker.answers, 2);
    assert_int_equal(asker.last, ERR_CLOSED);
    toy_socket_reset(socket);
    settle();
    assert_int_equal(asker.answers, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        C(a_consumer_says_what_it_wants),
        C(messages_are_given_in_order),
        C(a_batch_is_given_one_by_one),
        C(nothing_is_given_without_credit),
        C(what_is_compressed_is_given_as_it_was),
        C(what_would_be_too_large_uncompressed_is_not_taken),
        C(permits_go_back_by_half_queues),
        C(what_waits_for_credit_holds_its_permits),
        C(more_than_was_permitted_ends_the_connection),
        C(a_message_that_can_not_be_read_is_acknowledged_and_its_permit_given_back),
        C(acknowledgements_are_gathered_for_a_while),
        C(many_acknowledgements_do_not_wait),
        C(a_batch_is_acknowledged_when_all_of_it_is),
        C(of_a_batch_that_comes_again_only_what_is_left_is_given),
        C(up_to_a_message_is_one_acknowledgement),
        C(up_to_the_middle_of_a_batch_is_up_to_what_is_before_it),
        C(acknowledgements_leave_before_it_is_closed),
        C(acknowledgements_that_find_no_room_leave_later),
        C(more_acknowledgements_than_may_be_gathered_end_the_place),
        C(half_of_a_batch_is_forgotten_with_its_place),
        C(what_keeps_nothing_is_not_acknowledged),
        C(what_keeps_nothing_is_given_also_after_a_place_was_lost),
        C(one_message_is_asked_for_again),
        C(all_is_asked_for_again_and_what_is_older_is_passed_over),
        C(a_lost_place_takes_what_waits_with_it),
        C(acknowledgements_outlive_a_lost_place),
        C(a_close_of_the_broker_is_followed_by_a_lookup_at_once),
        C(messages_of_an_older_place_are_nobodys),
        C(a_place_is_not_given_up_from_inside_a_call),
        C(who_is_active_is_told_also_before_it_is_open),
        C(a_subscription_of_somebody_else_is_waited_for_and_then_an_end),
        C(a_terminated_topic_ends_when_all_of_it_was_given),
        C(it_may_be_destroyed_from_inside_an_item),
        C(there_are_no_more_of_them_than_may_be),
        C(all_may_be_asked_for_again_from_inside_an_item),
        C(after_a_seek_nothing_older_comes),
        C(acknowledgements_do_not_undo_a_seek),
        C(a_seek_that_is_answered_before_the_close_is_one_too),
        C(a_seek_that_is_refused_changes_nothing),
        C(a_seek_is_one_at_a_time),
        C(the_last_message_is_told),
        C(a_question_to_one_that_is_not_open_is_answered_later),
        C(questions_of_one_that_is_destroyed_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
