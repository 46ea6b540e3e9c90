#pragma once

/* pulsar_reader - reads a topic from a position on, for itself alone: a consumer of a subscription
 * that has a name by chance and is gone with it. Nothing is acknowledged.
 *
 * When its place is lost it goes on behind the last message that it gave, so messages come exactly
 * once and in order; except one that began at the end of the topic and was given nothing yet: what
 * is published while it has no place does not come. */

#include "pulsar_client/pulsar_consumer.h"

struct pulsar_reader;

struct pulsar_reader_options {
    const char *topic;            /* in full, of one partition if there are any; copied */
    uint32_t group;               /* of connections: pulsar_client.h */
    bool creates;                 /* the topic: pulsar_consumer.h */
    struct pulsar_position start; /* what comes is behind it, */
    bool inclusive;               /* or it comes first */
    struct pulsar_consumer_limits limits;
    struct source *source;                 /* items: struct pulsar_received; stays as long as it */
    struct pulsar_consumer_events *events; /* likewise; NULL: nobody listens */
};

/* ERR_FULL: handles_max. */
MUST_USE enum err pulsar_reader_create(struct pulsar_client *client,
    const struct pulsar_reader_options *options, struct pulsar_reader **ret_reader);

/* NULL is fine. */
void pulsar_reader_destroy(struct pulsar_reader *reader);

/* The answer is OK and whether messages follow the last one that was given; errors as of
 * pulsar_last_op. */
struct pulsar_more_op {
    struct op op;
    bool has_more;
    struct pulsar_position last; /* of the topic, if it is not empty */
    struct asker asker;          /* the reader's */
    struct pulsar_last_op question;
    struct pulsar_reader *reader;
};

/* The reader stays until the answer. */
void pulsar_reader_more(
    struct pulsar_reader *reader, struct asker *asker, struct pulsar_more_op *op);

struct pulsar_position pulsar_reader_position(const struct pulsar_reader *reader);
bool pulsar_reader_is_open(const struct pulsar_reader *reader);

/* The consumer that it is made of. */
struct pulsar_consumer *pulsar_reader_consumer(struct pulsar_reader *reader);
