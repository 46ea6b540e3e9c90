#pragma once

/* inlet - a topic that keeps nothing, as events: from its end on, for ever.
 *
 * What comes while it has no place is gone, and so is what finds more than `queue_messages` before
 * it. What ended it is logged, and after `retry_ms` it is opened again.
 *
 * A broker that has let a reader in gives it nothing before it has its permits, and does not say
 * when it has. So an empty event, which is nobody's, is sent the way of all events, until it comes.
 */

#include "base/buf.h"
#include "pulsar_client/pulsar_reader.h"
#include "world/loop.h"

struct inlet_options {
    struct pulsar_client *client;
    const char *topic;
    uint32_t group;          /* of connections: pulsar_client.h */
    uint32_t queue_messages; /* that may come ahead */
    uint32_t retry_ms;
};

struct inlet;

struct inlet_events {
    void (*on_event)(struct inlet *inlet, struct buf *event); /* lent */
    /* Sends `empty` to the topic, on the connections of the inlet's group. */
    void (*prove)(struct inlet *inlet, struct buf *empty);
};

struct inlet {
    struct inlet_options options;
    const struct world *world;
    char *topic; /* NULL: it was not opened */
    struct pulsar_reader *reader;
    struct source source;
    struct pulsar_consumer_events consumer_events;
    struct timer timer; /* of another reader, or another proof */
    const struct inlet_events *events;
    bool has_ended; /* the reader, or there is none */
    bool is_proven; /* what is sent to its place comes */
};

/* Makes the topic if it is not there; `options->topic` is copied, `events` stay. */
void inlet_open(struct inlet *inlet, const struct inlet_options *options, const struct world *world,
    const struct inlet_events *events);

/* Nothing comes any more. One that was not opened is fine. */
void inlet_close(struct inlet *inlet);

/* It has its place, and that is proven. */
bool inlet_is_open(const struct inlet *inlet);
