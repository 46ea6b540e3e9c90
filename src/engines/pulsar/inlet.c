/* inlet - see the header.
 *
 * Happy path: open, proven, a message becomes a buf, is given, and is credit for the next one. How
 * it fails: a place that was lost is found again by the reader; its end is followed by a wait and
 * another reader. */

#include "pulsar/inlet.h"

#include "base/logger.h"
#include "base/mem.h"

static void make_reader(struct inlet *inlet);

static void on_item(struct source *source, void *item)
{
    struct inlet *inlet = container_of(source, struct inlet, source);
    const struct pulsar_received *received = item;
    if (received->size == 0) {
        inlet->is_proven = true;
    } else {
        struct buf *event = buf_copy(received->bytes, received->size);
        inlet->events->on_event(inlet, event);
        buf_unref(event);
    }
    source_credit(source, 1);
}

static void on_timer(struct timer *timer);

static void try_later(struct inlet *inlet)
{
    timer_start(inlet->world->loop, &inlet->timer, inlet->options.retry_ms, on_timer);
}

static void prove(struct inlet *inlet)
{
    struct buf *empty = buf_create(0);
    inlet->events->prove(inlet, empty);
    buf_unref(empty);
    try_later(inlet);
}

static void on_timer(struct timer *timer)
{
    struct inlet *inlet = container_of(timer, struct inlet, timer);
    if (inlet->has_ended) {
        pulsar_reader_destroy(inlet->reader);
        make_reader(inlet);
    } else if (!inlet->is_proven && pulsar_reader_is_open(inlet->reader)) {
        prove(inlet);
    }
}

static void on_open(struct pulsar_consumer_events *events)
{
    struct inlet *inlet = container_of(events, struct inlet, consumer_events);
    inlet->is_proven = false;
    prove(inlet);
}

static void ended(struct inlet *inlet, enum err err)
{
    inlet->has_ended = true;
    if (inlet->world->logger) {
        LOG_WARN(inlet->world->logger, "bus.closed", "topic=%s error=%s trouble=\"%s\"",
            inlet->topic, err_name(err), pulsar_client_last_trouble(inlet->options.client));
    }
    try_later(inlet);
}

static void on_end(struct source *source, enum err err)
{
    ended(container_of(source, struct inlet, source), err);
}

static void make_reader(struct inlet *inlet)
{
    struct pulsar_reader_options options = {.topic = inlet->topic,
        .group = inlet->options.group,
        .creates = true,
        .start = pulsar_position_latest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &inlet->source,
        .events = &inlet->consumer_events};
    options.limits.queue_messages = inlet->options.queue_messages;
    inlet->source = (struct source){
        .on_item = on_item, .on_end = on_end, .credit = inlet->options.queue_messages};
    inlet->has_ended = inlet->is_proven = false;
    enum err err = pulsar_reader_create(inlet->options.client, &options, &inlet->reader);
    if (err) {
        inlet->reader = NULL;
        ended(inlet, err);
    }
}

void inlet_open(struct inlet *inlet, const struct inlet_options *options, const struct world *world,
    const struct inlet_events *events)
{
    *inlet = (struct inlet){.options = *options,
        .world = world,
        .topic = mem_string(options->topic),
        .consumer_events = {.on_open = on_open},
        .events = events};
    make_reader(inlet);
}

void inlet_close(struct inlet *inlet)
{
    timer_stop(&inlet->timer);
    pulsar_reader_destroy(inlet->reader);
    mem_free(inlet->topic);
    inlet->reader = NULL;
    inlet->topic = NULL;
}

bool inlet_is_open(const struct inlet *inlet)
{
    return inlet->is_proven && pulsar_reader_is_open(inlet->reader);
}
