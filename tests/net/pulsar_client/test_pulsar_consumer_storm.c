/* test_pulsar_consumer_storm - a broker that loses connections and moves its topic while it sends,
 * as chance has it: every message is given, in order at first, all are acknowledged, and no permit
 * is lost or given twice. */

#include "pulsar_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/task.h"
#include "world/random.h"

enum {
    ENTRIES = 120,
    BATCH_MAX = 5,
    QUEUE = 20,
    GIVEN_MAX = 20000,
    SEEDS = 200,
    STEPS_MAX = 20000
};

static struct {
    struct pulsar_consumer *consumer;
    struct source source;
    struct pulsar_position unacked[GIVEN_MAX]; /* that were given */
    uint32_t unacked_count;
    uint32_t next_new; /* the message that was not given yet */

    /* the broker */
    struct toy_socket *socket;
    uint64_t id; /* of the consumer that is open there; 0: none */
    uint32_t sizes[ENTRIES], firsts[ENTRIES];
    bool acked[ENTRIES];
    uint32_t at; /* the entry that is sent next */
    int64_t permits;
    uint32_t losses;
    bool is_calm; /* no place is lost, so a permit that is lost is missed */
} st;

static bool chance(uint32_t in_a_hundred)
{
    return random_below(house->world.random, 100) < in_a_hundred;
}

static void on_item(struct source *source, void *item)
{
    const struct pulsar_received *received = item;
    char text[12] = "";
    (void)source;
    assert_true(received->size < sizeof(text));
    memcpy(text, received->bytes, received->size);
    uint32_t number = (uint32_t)strtoul(text, NULL, 10);
    uint32_t index = received->position.batch_size ? (uint32_t)received->position.batch_index : 0;
    assert_int_equal(st.firsts[received->position.entry] + index, number);
    assert_true(number <= st.next_new);
    st.next_new += number == st.next_new ? 1 : 0;
    assert_true(st.unacked_count < GIVEN_MAX);
    st.unacked[st.unacked_count] = received->position;
    st.unacked_count++;
}

static void on_end(struct source *source, enum err err)
{
    (void)source;
    fail_msg("it has ended: %s", err_name(err));
}

static void ack_some(void)
{
    while (st.unacked_count > 0 && chance(70)) {
        uint32_t which = (uint32_t)random_below(house->world.random, st.unacked_count);
        pulsar_consumer_ack(st.consumer, &st.unacked[which]);
        st.unacked_count--;
        st.unacked[which] = st.unacked[st.unacked_count];
    }
}

/* ---- the broker */

static void send_some(void)
{
    while (st.at < ENTRIES && st.permits > 0 && chance(80)) {
        char bytes[BATCH_MAX][12];
        const char *texts[BATCH_MAX];
        uint32_t entry = st.at++;
        if (st.acked[entry]) {
            continue;
        }
        for (uint32_t i = 0; i < st.sizes[entry]; i++) {
            snprintf(bytes[i], sizeof(bytes[i]), "%u", st.firsts[entry] + i);
            texts[i] = bytes[i];
        }
        st.permits -= st.sizes[entry];
        if (st.sizes[entry] == 1) {
            broker_message(st.socket, st.id, entry, texts[0]);
        } else {
            broker_batch(st.socket, st.id, entry, texts, st.sizes[entry], 0);
        }
    }
}

static void serve(const struct pulsar_frame *frame)
{
    const struct pulsar_command *command = &frame->command;
    struct pulsar_many acked = command->ack.message_id;
    struct pulsar_message_id id;
    size_t *heard = &house->heard[st.socket - house->net.sockets];
    switch (command->type) {
    case PULSAR_COMMAND_CONNECT:
        broker_welcome(st.socket, 0);
        break;
    case PULSAR_COMMAND_LOOKUP:
        *heard -= frame->size;
        broker_finds(st.socket);
        break;
    case PULSAR_COMMAND_SUBSCRIBE:
        st.id = command->subscribe.consumer_id;
        st.at = 0;
        st.permits = 0;
        broker_success(st.socket, command->subscribe.request_id);
        break;
    case PULSAR_COMMAND_FLOW:
        st.permits += st.id ? command->flow.message_permits : 0; /* or it crossed the close */
        assert_true(st.permits <= QUEUE);
        break;
    case PULSAR_COMMAND_ACK:
        while (pulsar_next_message_id(&acked, &id)) {
            st.acked[id.entry_id] = true;
        }
        break;
    default:
        break;
    }
}

static void step(void)
{
    struct pulsar_frame frame;
    struct toy_socket *newest = house->net.count ? toy_net_newest(&house->net) : NULL;
    if (newest && !newest->known) {
        st.socket = newest;
        toy_socket_answer(newest, OK);
        settle();
    }
    while (st.socket && !st.socket->closed && broker_hears(st.socket, &frame)) {
        serve(&frame);
    }
    if (!st.id) {
        return;
    }
    send_some();
    if (st.is_calm) {
        return;
    }
    if (chance(3) && house->net.count < TOY_SOCKETS_MAX - 20) {
        st.losses++;
        st.id = 0;
        toy_socket_reset(st.socket);
    } else if (chance(3)) {
        st.losses++;
        broker_closes_consumer(st.socket, st.id);
        st.id = 0;
    }
}

static bool all_acked(void)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (!st.acked[i]) {
            return false;
        }
    }
    return true;
}

static uint32_t make_entries(void)
{
    uint32_t messages = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        st.sizes[i] = 1 + (uint32_t)random_below(house->world.random, BATCH_MAX);
        st.firsts[i] = messages;
        messages += st.sizes[i];
    }
    return messages;
}

static void storm(uint64_t seed)
{
    memset(&st, 0, sizeof(st));
    house->loop.random_state = seed;
    st.is_calm = seed % 4 == 0;
    uint32_t messages = make_entries();
    st.source = (struct source){.on_item = on_item, .on_end = on_end};
    struct pulsar_consumer_options options = {.topic = TOPIC,
        .subscription = "sub",
        .durable = true,
        .start = pulsar_position_earliest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &st.source};
    options.limits.queue_messages = QUEUE;
    assert_int_equal(pulsar_consumer_create(house->client, &options, &st.consumer), OK);
    for (int steps = 0; !all_acked(); steps++) {
        assert_true(steps < STEPS_MAX);
        source_credit(&st.source, (uint32_t)random_below(house->world.random, 6));
        settle();
        step();
        ack_some();
        advance(chance(30) ? random_below(house->world.random, 200) : 0);
    }
    assert_int_equal(st.next_new, messages);
    pulsar_consumer_destroy(st.consumer);
    settle();
}

static void every_message_is_given_and_acknowledged_in_every_storm(void **state)
{
    uint32_t losses = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        pulsar_house_setup(state);
        storm(seed);
        losses += st.losses;
        pulsar_house_teardown(state);
    }
    assert_true(losses > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_given_and_acknowledged_in_every_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
