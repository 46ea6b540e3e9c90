/* test_pulsar_fencing - a publisher that has its topic for itself: its epoch, its end by the first
 * failure, and that one that was fenced never comes back. */

#include "publisher_case.h"

#define ID 1u
#define EPOCH 7u

static struct toy_socket *open_it(void)
{
    pc->options.mode = PULSAR_PUBLISHER_FENCING;
    return publisher_open(EPOCH);
}

/* The wait is over, and it is on its way to its place again. */
static struct toy_socket *come_back(struct toy_socket *socket)
{
    toy_socket_reset(socket);
    advance(1600);
    return broker_accept();
}

static void assert_never_again(void)
{
    uint32_t connections = house->net.count;
    advance(60000);
    assert_int_equal(house->net.count, connections);
    assert_int_equal(pulsar_client_stats(house->client).lookups, 0);
}

static void it_asks_to_be_alone_without_an_epoch_and_keeps_the_one_it_gets(void **state)
{
    (void)state;
    pc->options.mode = PULSAR_PUBLISHER_FENCING;
    publisher_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    struct pulsar_producer said = broker_opens_producer(socket, EPOCH);
    assert_int_equal(said.producer_access_mode, PULSAR_ACCESS_EXCLUSIVE_WITH_FENCING);
    assert_false(said.has_topic_epoch);
    assert_int_equal(pulsar_publisher_epoch(pc->publisher), EPOCH);
    assert_int_equal(pc->asked_to_open, 0);
}

static void it_comes_back_with_its_epoch_and_sends_again(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    publish("one");
    broker_expect_send(socket, "one");
    socket = come_back(socket);
    struct pulsar_producer said = publisher_reopen(socket, EPOCH);
    assert_int_equal(pc->asked_to_open, 1);
    assert_true(said.has_topic_epoch);
    assert_int_equal(said.topic_epoch, EPOCH);
    broker_expect_send(socket, "one");
    broker_receipt(socket, ID, 0, 1);
    assert_answers(1, OK);
    assert_int_equal(pulsar_publisher_epoch(pc->publisher), EPOCH);
}

static void the_first_epoch_of_a_topic_is_one_too(void **state)
{
    (void)state;
    pc->options.mode = PULSAR_PUBLISHER_FENCING;
    struct toy_socket *socket = come_back(publisher_open(0));
    struct pulsar_producer said = publisher_reopen(socket, 0);
    assert_true(said.has_topic_epoch);
    assert_int_equal(said.topic_epoch, 0);
}

static void its_epoch_stays_that_of_its_first_opening(void **state)
{
    (void)state;
    struct toy_socket *socket = come_back(open_it());
    publisher_reopen(socket, EPOCH + 1);
    socket = come_back(socket);
    assert_int_equal(publisher_reopen(socket, EPOCH).topic_epoch, EPOCH);
    assert_int_equal(pulsar_publisher_epoch(pc->publisher), EPOCH);
}

static void it_does_not_come_back_when_it_is_not_wanted_any_more(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    publish("one");
    settle();
    pc->lets = false;
    toy_socket_reset(socket);
    advance(100);
    assert_int_equal(pc->ends, 1);
    assert_int_equal(pc->end, ERR_CANCELLED);
    assert_answers(1, ERR_UNKNOWN);
    assert_never_again();
}

static void a_close_of_the_broker_is_not_followed_when_it_is_not_wanted(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    advance(5000);
    pc->lets = false;
    broker_closes_producer(socket, ID, NULL);
    assert_int_equal(pc->end, ERR_CANCELLED);
    broker_expect_nothing(socket);
    assert_never_again();
}

static void one_that_was_fenced_never_comes_back(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    publish("one");
    settle();
    socket = come_back(socket);
    publish("two");
    broker_finds(socket);
    broker_error(socket, broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id,
        PULSAR_ERROR_PRODUCER_FENCED);
    assert_int_equal(pc->ends, 1);
    assert_int_equal(pc->end, ERR_FENCED);
    assert_answers(2, ERR_FENCED);
    assert_int_equal(pc->ops[0].op.err, ERR_UNKNOWN);
    broker_expect_nothing(socket);
    assert_never_again();
}

static void fenced_at_a_message_it_ends(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    publish("one");
    settle();
    broker_send_error(socket, ID, 0, PULSAR_ERROR_PRODUCER_FENCED);
    assert_int_equal(pc->end, ERR_FENCED);
    assert_answers(1, ERR_UNKNOWN);
    assert_never_again();
}

static void behind_the_first_failure_everything_fails(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    for (int i = 0; i < 3; i++) {
        publish("text");
        settle();
    }
    broker_send_error(socket, ID, 1, PULSAR_ERROR_CHECKSUM);
    assert_answers(0, OK);
    broker_receipt(socket, ID, 0, 1);
    assert_answers(3, ERR_UNKNOWN);
    assert_int_equal(pc->ops[0].op.err, OK);
    assert_int_equal(pc->ops[1].op.err, ERR_CORRUPT);
    assert_int_equal(pc->ends, 1);
    assert_int_equal(pc->end, ERR_CORRUPT);
    broker_receipt(socket, ID, 2, 2);
    publish("late");
    settle();
    assert_answers(4, ERR_CLOSED);
}

static void one_that_finds_no_room_ends_the_row_in_its_place(void **state)
{
    (void)state;
    pc->options.limits.messages_max = 2;
    struct toy_socket *socket = open_it();
    publish("one");
    settle();
    publish("two");
    publish("three");
    publish("four");
    assert_answers(0, OK);
    settle();
    assert_answers(4, ERR_CLOSED);
    assert_int_equal(pc->ops[0].op.err, ERR_UNKNOWN);
    assert_int_equal(pc->ops[1].op.err, ERR_NOT_SENT);
    assert_int_equal(pc->ops[2].op.err, ERR_NOT_SENT);
    assert_int_equal(pc->end, ERR_FULL);
    broker_expect_send(socket, "one");
    broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
}

static void over_the_quota_it_ends(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    publish("one");
    settle();
    broker_send_error(socket, ID, 0, PULSAR_ERROR_QUOTA_EXCEEDED_EXCEPTION);
    assert_int_equal(pc->end, ERR_OVERLOADED);
    assert_answers(1, ERR_UNKNOWN);
    assert_never_again();
}

static void without_a_receipt_in_time_it_ends(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    publish("one");
    advance(15000);
    assert_int_equal(pc->ends, 1);
    assert_int_equal(pc->end, ERR_TIMEOUT);
    assert_answers(1, ERR_UNKNOWN);
    broker_expect_send(socket, "one");
    broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
    assert_never_again();
}

static void a_topic_that_moves_is_no_failure(void **state)
{
    (void)state;
    struct toy_socket *socket = open_it();
    advance(5000);
    publish("one");
    publish("two");
    broker_expect_send(socket, NULL);
    broker_send_error(socket, ID, 1, PULSAR_ERROR_PERSISTENCE);
    broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
    broker_closes_producer(socket, ID, NULL);
    assert_int_equal(publisher_reopen(socket, EPOCH).topic_epoch, EPOCH);
    broker_expect_send(socket, NULL);
    broker_receipt(socket, ID, 0, 1);
    assert_answers(2, OK);
    assert_int_equal(pc->ends, 0);
}

static void it_has_a_connection_of_its_own_if_it_is_in_a_group(void **state)
{
    (void)state;
    pc->options.group = 1;
    struct toy_socket *socket = open_it();
    assert_int_equal(house->net.count, 2);
    publish("one");
    broker_expect_send(socket, "one");
    broker_expect_nothing(&house->net.sockets[0]);
    broker_receipt(socket, ID, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        P(it_asks_to_be_alone_without_an_epoch_and_keeps_the_one_it_gets),
        P(it_comes_back_with_its_epoch_and_sends_again),
        P(the_first_epoch_of_a_topic_is_one_too),
        P(its_epoch_stays_that_of_its_first_opening),
        P(it_does_not_come_back_when_it_is_not_wanted_any_more),
        P(a_close_of_the_broker_is_not_followed_when_it_is_not_wanted),
        P(one_that_was_fenced_never_comes_back),
        P(fenced_at_a_message_it_ends),
        P(behind_the_first_failure_everything_fails),
        P(one_that_finds_no_room_ends_the_row_in_its_place),
        P(over_the_quota_it_ends),
        P(without_a_receipt_in_time_it_ends),
        P(a_topic_that_moves_is_no_failure),
        P(it_has_a_connection_of_its_own_if_it_is_in_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
