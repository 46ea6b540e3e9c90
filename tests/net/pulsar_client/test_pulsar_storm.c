/* test_pulsar_storm - a broker that loses connections, moves its topic, refuses and answers late,
 * as chance has it: what is published is there in order all the same, and everything is answered.
 */

#include "pulsar_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulsar_client/pulsar_client_inner.h"
#include "world/random.h"

enum { MESSAGES = 200, SEEDS = 200, STEPS_MAX = 20000, STORED_MAX = 20000, RECEIPTS_MAX = 1000 };

struct receipt {
    uint64_t sequence, entry;
};

static struct {
    struct pulsar_publisher *publisher;
    struct pulsar_publisher_events events;
    struct pulsar_publish_op ops[MESSAGES];
    struct asker asker;
    uint32_t published, answered;

    /* the broker */
    struct toy_socket *socket; /* the newest; NULL: there was none */
    uint64_t producer;         /* that is open there; 0: none */
    uint32_t stored[STORED_MAX];
    uint32_t stored_count;
    uint64_t entries;
    struct receipt receipts[RECEIPTS_MAX]; /* that were not said yet */
    uint32_t receipt_count;
    uint32_t losses, moves, refusals;
} st;

static bool chance(uint32_t in_a_hundred)
{
    return random_below(house->world.random, 100) < in_a_hundred;
}

static void on_answer(struct asker *asker, struct op *op)
{
    (void)asker;
    const struct pulsar_publish_op *published = container_of(op, struct pulsar_publish_op, op);
    assert_int_equal(published - st.ops, st.answered);
    assert_int_equal(op->err, OK);
    st.answered++;
}

static void on_end(struct pulsar_publisher_events *events, enum err err)
{
    (void)events;
    fail_msg("it has ended: %s", err_name(err));
}

static void publish_some(void)
{
    uint64_t count = random_below(house->world.random, 4);
    for (uint64_t i = 0; i < count && st.published < MESSAGES; i++) {
        char text[12];
        struct pulsar_publish_op *op = &st.ops[st.published];
        int size = snprintf(text, sizeof(text), "%u", st.published);
        op->payload = buf_copy(text, (size_t)size);
        st.published++;
        pulsar_publish(st.publisher, &st.asker, op);
    }
}

/* ---- the broker */

static void store(const struct pulsar_frame *frame)
{
    struct pulsar_entry entry;
    struct pulsar_batch batch;
    struct pulsar_member member;
    assert_int_equal(pulsar_read_entry(frame->entry, frame->entry_size, &entry), PULSAR_FINE);
    assert_int_equal(
        pulsar_open_batch(&entry.metadata, entry.payload, entry.payload_size, &batch), PULSAR_FINE);
    while (pulsar_batch_next(&batch, &member)) {
        char text[12] = "";
        assert_true(st.stored_count < STORED_MAX);
        memcpy(text, member.payload, (size_t)member.metadata.payload_size);
        st.stored[st.stored_count] = (uint32_t)strtoul(text, NULL, 10);
        st.stored_count++;
    }
    assert_true(st.receipt_count < RECEIPTS_MAX);
    st.receipts[st.receipt_count] = (struct receipt){frame->command.send.sequence_id, st.entries++};
    st.receipt_count++;
}

static void say_receipts(bool all)
{
    uint32_t said = 0;
    while (said < st.receipt_count && (all || chance(70))) {
        broker_receipt(st.socket, 1, st.receipts[said].sequence, st.receipts[said].entry);
        said++;
    }
    st.receipt_count -= said;
    memmove(st.receipts, st.receipts + said, st.receipt_count * sizeof(st.receipts[0]));
}

/* What is in flight is refused, and the producer is closed; sometimes a receipt comes later. */
static void move_topic(bool refuses)
{
    struct pulsar_frame frame;
    uint64_t producer = st.producer;
    st.moves++;
    st.producer = 0;
    while (refuses && broker_hears(st.socket, &frame)) {
        if (frame.command.type == PULSAR_COMMAND_SEND) {
            const struct pulsar_send *send = &frame.command.send;
            uint64_t highest =
                send->has_highest_sequence_id ? send->highest_sequence_id : send->sequence_id;
            broker_send_error(st.socket, producer, highest, PULSAR_ERROR_PERSISTENCE);
        }
    }
    broker_closes_producer(st.socket, producer, NULL);
    say_receipts(chance(50));
    st.receipt_count = 0;
}

static void serve(const struct pulsar_frame *frame)
{
    const struct pulsar_command *command = &frame->command;
    size_t *heard = &house->heard[st.socket - house->net.sockets];
    switch (command->type) {
    case PULSAR_COMMAND_CONNECT:
        broker_welcome(st.socket, 0);
        break;
    case PULSAR_COMMAND_LOOKUP:
        *heard -= frame->size;
        broker_finds(st.socket);
        break;
    case PULSAR_COMMAND_PRODUCER:
        if (chance(15)) {
            st.refusals++;
            broker_error(st.socket, command->producer.request_id, PULSAR_ERROR_SERVICE_NOT_READY);
            break;
        }
        st.producer = command->producer.producer_id;
        *heard -= frame->size;
        broker_opens_producer(st.socket, NO_EPOCH);
        break;
    case PULSAR_COMMAND_SEND:
        if (st.producer) {
            store(frame);
        }
        break;
    case PULSAR_COMMAND_CLOSE_PRODUCER:
        st.producer = 0;
        break;
    default:
        break;
    }
}

static void lose_connection(void)
{
    st.losses++;
    st.producer = 0;
    st.receipt_count = 0;
    toy_socket_reset(st.socket);
    settle();
}

/* Also what came before the end of a connection was stored, or was not. */
static void step(void)
{
    struct pulsar_frame frame;
    struct toy_socket *newest = house->net.count ? toy_net_newest(&house->net) : NULL;
    if (newest && !newest->known) {
        st.socket = newest;
        toy_socket_answer(newest, chance(10) ? ERR_REFUSED : OK);
        settle();
    }
    bool lives = st.socket && !st.socket->closed;
    for (int i = 0; lives && i < 3 && broker_hears(st.socket, &frame); i++) {
        serve(&frame);
        lives = !st.socket->closed;
    }
    if (lives && chance(60)) {
        say_receipts(chance(30));
    }
    if (lives && st.producer && chance(10)) {
        move_topic(chance(60));
    } else if (lives && house->net.count < TOY_SOCKETS_MAX - 20 && chance(6)) {
        lose_connection();
    }
}

static void assert_all_is_there_in_order(void)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < st.stored_count; i++) {
        assert_true(st.stored[i] <= next);
        next += st.stored[i] == next ? 1 : 0;
    }
    assert_int_equal(next, MESSAGES);
}

static void storm(uint64_t seed)
{
    memset(&st, 0, sizeof(st));
    house->loop.random_state = seed;
    st.events.on_end = on_end;
    st.asker.on_answer = on_answer;
    struct pulsar_publisher_options options = {
        .topic = TOPIC, .limits = pulsar_publisher_limits_default(), .events = &st.events};
    options.limits.send_ms = 3600000;
    assert_int_equal(pulsar_publisher_create(house->client, &options, &st.publisher), OK);
    for (int steps = 0; st.answered < MESSAGES; steps++) {
        assert_true(steps < STEPS_MAX);
        publish_some();
        settle();
        step();
        advance(chance(30) ? random_below(house->world.random, 400) : 0);
    }
    assert_all_is_there_in_order();
    assert_true(st.losses + st.moves + st.refusals > 0);
    pulsar_publisher_destroy(st.publisher);
    settle();
    for (uint32_t i = 0; i < MESSAGES; i++) {
        buf_unref(st.ops[i].payload);
    }
}

static void what_is_published_outlives_every_storm(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        pulsar_house_setup(state);
        storm(seed);
        pulsar_house_teardown(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_published_outlives_every_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
