#pragma once

/* outlet - where events leave to one topic that keeps nothing, and nobody waits for an answer.
 *
 * What is sent in a turn leaves as one batch, at most once, in order. No room, a broker that
 * refuses or is away for `send_ms`: dropped and counted. What was refused for good is opened again
 * by the first event after `retry_ms`; until then events are dropped. */

#include "base/buf.h"
#include "pulsar_client/pulsar_publisher.h"

/* Events without a receipt, of all outlets that share it. */
struct outlet_sends {
    struct pulsar_publish_op *ops, *free;
    uint32_t max;
    uint64_t dropped;
    struct asker asker;
};

struct outlet_options {
    struct pulsar_client *client;
    const char *topic;
    uint32_t group;     /* of connections: pulsar_client.h */
    uint32_t sends_max; /* without a receipt */
    uint32_t send_ms;   /* for a receipt */
    uint32_t retry_ms;
};

struct outlet {
    struct outlet_options options;
    struct outlet_sends *sends;
    const struct world *world;
    char *topic;
    struct pulsar_publisher *publisher; /* NULL: it could not be made */
    struct pulsar_publisher_events events;
    uint64_t ended_ms;
    bool has_ended;
};

void outlet_sends_init(struct outlet_sends *sends, uint32_t max);

/* When all answers have come, or the loop runs no turn any more. */
void outlet_sends_deinit(struct outlet_sends *sends);

/* Begins to open it; `options->topic` is copied. `sends` stays longer than the answers. */
void outlet_open(struct outlet *outlet, const struct outlet_options *options,
    struct outlet_sends *sends, const struct world *world);

/* What has no receipt is dropped later in this turn. */
void outlet_close(struct outlet *outlet);

/* Takes a reference of its own. */
void outlet_send(struct outlet *outlet, struct buf *event);

/* Nothing is on its way. */
bool outlet_is_quiet(const struct outlet *outlet);

bool outlet_is_open(const struct outlet *outlet);
