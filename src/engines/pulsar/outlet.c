/* outlet - see the header.
 *
 * Happy path: an op of the pool goes with the event to the publisher, and comes back with the
 * receipt. How it fails: no free op, an answer that is not OK, or a receipt without a position, by
 * which a broker says that it had too much of what it does not keep, is an event that was dropped.
 * A publisher that has ended is kept until it is to be tried again. */

#include "pulsar/outlet.h"

#include "base/check.h"
#include "base/mem.h"
#include "world/loop.h"

/* ---- ops */

static void give_back(struct outlet_sends *sends, struct pulsar_publish_op *op)
{
    op->next = sends->free;
    sends->free = op;
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct outlet_sends *sends = container_of(asker, struct outlet_sends, asker);
    struct pulsar_publish_op *sent = container_of(op, struct pulsar_publish_op, op);
    sends->dropped += op->err || sent->is_repeat ? 1 : 0;
    give_back(sends, sent);
}

void outlet_sends_init(struct outlet_sends *sends, uint32_t max)
{
    CHECK(max > 0);
    *sends = (struct outlet_sends){.max = max, .asker = {on_answer}};
    sends->ops = mem_array(max, sizeof(*sends->ops));
    for (uint32_t i = max; i > 0; i--) {
        give_back(sends, &sends->ops[i - 1]);
    }
}

void outlet_sends_deinit(struct outlet_sends *sends)
{
    mem_free(sends->ops);
}

/* ---- the publisher */

static uint64_t now(const struct outlet *outlet)
{
    return loop_now_ms(outlet->world->loop);
}

static void has_ended(struct outlet *outlet)
{
    outlet->has_ended = true;
    outlet->ended_ms = now(outlet);
}

static void on_end(struct pulsar_publisher_events *events, enum err err)
{
    (void)err; /* the client has words for it */
    has_ended(container_of(events, struct outlet, events));
}

static void make_publisher(struct outlet *outlet)
{
    struct pulsar_publisher_options options = {.topic = outlet->topic,
        .mode = PULSAR_PUBLISHER_SHARED,
        .at_most_once = true,
        .group = outlet->options.group,
        .limits = pulsar_publisher_limits_default(),
        .events = &outlet->events};
    options.limits.messages_max = outlet->options.sends_max;
    options.limits.send_ms = outlet->options.send_ms;
    outlet->has_ended = false;
    if (pulsar_publisher_create(outlet->options.client, &options, &outlet->publisher)) {
        outlet->publisher = NULL;
        has_ended(outlet);
    }
}

static bool try_again(struct outlet *outlet)
{
    if (now(outlet) < outlet->ended_ms + outlet->options.retry_ms) {
        return false;
    }
    pulsar_publisher_destroy(outlet->publisher);
    make_publisher(outlet);
    return !outlet->has_ended;
}

void outlet_open(struct outlet *outlet, const struct outlet_options *options,
    struct outlet_sends *sends, const struct world *world)
{
    *outlet = (struct outlet){.options = *options,
        .sends = sends,
        .world = world,
        .topic = mem_string(options->topic),
        .events = {.on_end = on_end}};
    make_publisher(outlet);
}

void outlet_close(struct outlet *outlet)
{
    pulsar_publisher_destroy(outlet->publisher);
    mem_free(outlet->topic);
    outlet->publisher = NULL;
    outlet->topic = NULL;
}

void outlet_send(struct outlet *outlet, struct buf *event)
{
    struct outlet_sends *sends = outlet->sends;
    struct pulsar_publish_op *op = sends->free;
    if (!op || (outlet->has_ended && !try_again(outlet))) {
        sends->dropped++;
        return;
    }
    sends->free = op->next;
    *op = (struct pulsar_publish_op){.payload = event};
    pulsar_publish(outlet->publisher, &sends->asker, op);
}

bool outlet_is_quiet(const struct outlet *outlet)
{
    return !outlet->publisher || pulsar_publisher_pending(outlet->publisher) == 0;
}

bool outlet_is_open(const struct outlet *outlet)
{
    return outlet->publisher && pulsar_publisher_is_open(outlet->publisher);
}
