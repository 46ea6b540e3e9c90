/* pulsar_reader - see the header.
 *
 * Happy path: an exclusive consumer that is not durable, from a position on. How it fails: as a
 * consumer does. */

#include "pulsar_client/pulsar_reader.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "pulsar_client/pulsar_client_inner.h"
#include "world/random.h"

#define SUBSCRIPTION_BYTES 32u

struct pulsar_reader {
    struct pulsar_consumer *consumer;
    struct pulsar_position start;
    bool inclusive;
};

enum err pulsar_reader_create(struct pulsar_client *client,
    const struct pulsar_reader_options *options, struct pulsar_reader **ret_reader)
{
    char subscription[SUBSCRIPTION_BYTES];
    snprintf(subscription, sizeof(subscription), "reader-%016" PRIx64,
        random_u64(client->world->random));
    struct pulsar_consumer_options consumer = {.topic = options->topic,
        .subscription = subscription,
        .type = PULSAR_SUBSCRIPTION_EXCLUSIVE,
        .group = options->group,
        .creates = options->creates,
        .start = options->start,
        .inclusive = options->inclusive,
        .limits = options->limits,
        .source = options->source,
        .events = options->events};
    struct pulsar_reader *reader = mem_new(sizeof(*reader));
    reader->start = options->start;
    reader->inclusive = options->inclusive;
    enum err err = pulsar_consumer_create(client, &consumer, &reader->consumer);
    if (err) {
        mem_free(reader);
        return err;
    }
    *ret_reader = reader;
    return OK;
}

void pulsar_reader_destroy(struct pulsar_reader *reader)
{
    if (reader) {
        pulsar_consumer_destroy(reader->consumer);
        mem_free(reader);
    }
}

/* An answer about an entry says nothing of its batch's members to one who had some of them; the
 * broker names the last member then. */
static bool is_behind(const struct pulsar_position *last, const struct pulsar_reader *reader)
{
    struct pulsar_position at = pulsar_consumer_position(reader->consumer);
    bool had_none = pulsar_position_compare(&at, &reader->start) == 0;
    int order = pulsar_position_compare(last, &at);
    return had_none && reader->inclusive ? order >= 0 : order > 0;
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct pulsar_more_op *more = container_of(asker, struct pulsar_more_op, asker);
    if (!op->err) {
        more->last = more->question.position;
        more->has_more = !more->question.is_empty && is_behind(&more->last, more->reader);
    }
    op_answer(&more->op, op->err);
}

void pulsar_reader_more(
    struct pulsar_reader *reader, struct asker *asker, struct pulsar_more_op *op)
{
    op_ask(&op->op, asker);
    op->has_more = false;
    op->reader = reader;
    op->asker.on_answer = on_answer;
    pulsar_consumer_last(reader->consumer, &op->asker, &op->question);
}

struct pulsar_position pulsar_reader_position(const struct pulsar_reader *reader)
{
    return pulsar_consumer_position(reader->consumer);
}

bool pulsar_reader_is_open(const struct pulsar_reader *reader)
{
    return pulsar_consumer_is_open(reader->consumer);
}

struct pulsar_consumer *pulsar_reader_consumer(struct pulsar_reader *reader)
{
    return reader->consumer;
}
