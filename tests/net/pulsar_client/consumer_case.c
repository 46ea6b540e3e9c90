/* consumer_case - see the header. Happy path: as there. How it fails: it does not. */

#include "consumer_case.h"

#include <stdio.h>

#include "base/mem.h"
#include "pulsar_client/pulsar_client_inner.h"

struct consumer_case *cc;

static void on_item(struct source *source, void *item)
{
    struct consumer_case *made = container_of(source, struct consumer_case, source);
    const struct pulsar_received *received = item;
    assert_true(made->count < TEXTS_MAX);
    snprintf(made->texts[made->count], TEXT_BYTES, "%.*s", (int)received->size,
        (const char *)received->bytes);
    made->positions[made->count] = received->position;
    made->redeliveries[made->count] = received->redeliveries;
    made->count++;
    if (made->in_item) {
        made->in_item(made->count - 1);
    }
}

static void on_end(struct source *source, enum err err)
{
    struct consumer_case *made = container_of(source, struct consumer_case, source);
    made->ends++;
    made->end = err;
}

static void on_open(struct pulsar_consumer_events *events)
{
    container_of(events, struct consumer_case, events)->opens++;
}

static void on_active(struct pulsar_consumer_events *events, bool is_active)
{
    struct consumer_case *made = container_of(events, struct consumer_case, events);
    made->activations += is_active ? 1 : 0;
    made->passivations += is_active ? 0 : 1;
}

int consumer_case_setup(void **state)
{
    pulsar_house_setup(state);
    cc = mem_new(sizeof(*cc));
    cc->source = (struct source){.on_item = on_item, .on_end = on_end, .credit = 1000};
    cc->events = (struct pulsar_consumer_events){on_open, on_active};
    cc->options = (struct pulsar_consumer_options){.topic = TOPIC,
        .subscription = "sub",
        .type = PULSAR_SUBSCRIPTION_EXCLUSIVE,
        .durable = true,
        .start = pulsar_position_earliest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &cc->source,
        .events = &cc->events};
    cc->options.limits.queue_messages = 10;
    return 0;
}

int consumer_case_teardown(void **state)
{
    pulsar_consumer_destroy(cc->consumer);
    settle();
    pulsar_house_teardown(state);
    mem_free(cc);
    return 0;
}

void consumer_make(void)
{
    assert_int_equal(pulsar_consumer_create(house->client, &cc->options, &cc->consumer), OK);
}

struct toy_socket *consumer_open(void)
{
    consumer_make();
    struct toy_socket *socket = broker_accept();
    consumer_reopen(socket);
    return socket;
}

struct pulsar_subscribe consumer_reopen(struct toy_socket *socket)
{
    broker_finds(socket);
    struct pulsar_subscribe said = broker_opens_consumer(socket);
    assert_permits(socket, cc->options.limits.queue_messages);
    return said;
}

void assert_given(uint32_t count, const char *newest)
{
    settle();
    assert_int_equal(cc->count, count);
    if (count > 0) {
        assert_string_equal(cc->texts[count - 1], newest);
    }
}

void assert_permits(struct toy_socket *socket, uint32_t permits)
{
    assert_int_equal(broker_expect(socket, PULSAR_COMMAND_FLOW).flow.message_permits, permits);
}
