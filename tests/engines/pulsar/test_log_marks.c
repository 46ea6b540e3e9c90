/* Marks of the room log on a toy broker: what the subscription is told, and when again. */

#include "contract.h"
#include "pulsar_house.h"

#include "base/logger.h"
#include "pulsar/log_pulsar.h"

enum { ACK_MS = 100, MARKED_ENTRY = 1 };

static struct logger logger;
static struct log *marked;
static struct test_asker asker;

static int set_up(void **state)
{
    pulsar_house_setup(state);
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    house->world.logger = &logger;
    struct log_pulsar_options options = log_pulsar_options_default();
    options.topic = TOPIC;
    options.shards = 1;
    marked = log_pulsar_create(&house->world, house->client, &options);
    test_asker_init(&asker);
    return 0;
}

static int tear_down(void **state)
{
    log_pulsar_stop(marked);
    settle();
    log_pulsar_destroy(marked);
    return pulsar_house_teardown(state);
}

/* Two records are in the log, the entries 1 and 2. */
static struct log_writer *append_two(struct toy_socket *lookups, struct log_append_op ops[2])
{
    static struct log_claim_op claim;
    claim = (struct log_claim_op){0};
    log_claim(marked, &asker.asker, &claim, 0, 1);
    settle();
    broker_finds(lookups);
    struct toy_socket *socket = broker_accept();
    uint64_t producer = broker_opens_producer(socket, 0).producer_id;
    assert_int_equal(asker.last, OK);
    for (uint64_t i = 0; i < 2; i++) {
        log_append(marked, &asker.asker, &ops[i], claim.writer, contract_record(claim.term, i + 1));
        settle();
        uint64_t sequence = broker_expect(socket, PULSAR_COMMAND_SEND).send.sequence_id;
        broker_receipt(socket, producer, sequence, i + 1);
        assert_int_equal(asker.last, OK);
    }
    return claim.writer;
}

/* The subscription; answers the id of its consumer. */
static uint64_t opens(struct toy_socket *socket)
{
    uint64_t consumer = broker_opens_consumer(socket).consumer_id;
    broker_expect(socket, PULSAR_COMMAND_FLOW);
    return consumer;
}

/* Answers the entry up to which the broker is told. */
static uint64_t expect_mark(struct toy_socket *socket)
{
    advance(ACK_MS);
    struct pulsar_ack ack = broker_expect(socket, PULSAR_COMMAND_ACK).ack;
    struct pulsar_message_id id = {0};
    assert_int_equal(ack.ack_type, PULSAR_ACK_CUMULATIVE);
    assert_true(pulsar_next_message_id(&ack.message_id, &id));
    return id.entry_id;
}

static void a_mark_may_be_lost_with_its_place_and_is_said_again(void **state)
{
    struct log_append_op ops[2] = {0};
    (void)state;
    log_pulsar_open_mark(marked, 0);
    settle();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    uint64_t consumer = opens(socket);
    struct log_writer *writer = append_two(socket, ops);
    log_mark(marked, 0, 2);
    assert_int_equal(expect_mark(socket), MARKED_ENTRY);
    broker_closes_consumer(socket, consumer);
    advance(1000);
    broker_finds(socket);
    opens(socket);
    assert_int_equal(expect_mark(socket), MARKED_ENTRY);
    log_release(marked, writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_mark_may_be_lost_with_its_place_and_is_said_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
