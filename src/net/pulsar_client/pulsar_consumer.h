#pragma once

/* pulsar_consumer - a consumer of one topic, as a source: messages come in order under the credit
 * that its user gives.
 *
 * A broker sends at most `queue_messages` ahead of what was given; so many wait here, no more. Who
 * gives no credit lets the broker wait, and nobody else on the connection.
 *
 * A durable subscription has its position at the broker: what was not acknowledged comes again, to
 * whoever of the subscription is there, after a place was lost; also what lay here and had not been
 * given. So messages come at least once. Without durability the consumer goes on behind the last
 * message that it gave (pulsar_reader.h is made of that). Topics `non-persistent://` keep nothing:
 * what comes while nobody is there, or finds no permit, is gone; all its positions are the same.
 *
 * A message that can not be read, for its checksum, its compression or its batch, is acknowledged
 * as such and passed over; pulsar_client_stats counts it.
 *
 * on_end of the source: what ended the consumer for good. ERR_IN_USE: another one has the
 * subscription; ERR_NOT_FOUND, ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_REFUSED: the broker does not
 * let it; ERR_TIMEOUT: not open within open_ms; ERR_CLOSED: the topic is terminated and all of it
 * was given. */

#include "chattifier/types.h"
#include "flow/op.h"
#include "flow/source.h"
#include "pulsar_client/pulsar_client.h"
#include "pulsar_client/pulsar_position.h"

struct pulsar_consumer;

/* An item of the source; lent for the call. */
struct pulsar_received {
    struct pulsar_position position;
    const uint8_t *bytes;
    uint32_t size;
    struct cht_str key;           /* bytes of anybody; may be empty */
    struct cht_str producer_name; /* likewise */
    uint64_t sequence_id;         /* of its producer */
    uint64_t publish_ms;          /* Unix time, by its producer's clock */
    uint64_t event_ms;            /* 0: its producer did not say */
    uint32_t redeliveries;        /* as far as the broker counts them */
};

struct pulsar_consumer_events {
    /* It is open, for the first time or again. May be NULL. */
    void (*on_open)(struct pulsar_consumer_events *events);
    /* FAILOVER: whether this is the one that gets the messages; also before on_open. Not active any
     * more, also because its place was lost: what it was given may just go to another one. Two may
     * believe for a moment that they are. May be NULL. */
    void (*on_active)(struct pulsar_consumer_events *events, bool is_active);
};

struct pulsar_consumer_limits {
    uint32_t queue_messages; /* that may come ahead */
    uint32_t acks_max;       /* so many are gathered, */
    uint32_t ack_ms;         /* or for so long, before the broker is told */
    uint32_t open_ms;        /* until the first opening; 0: no bound */
};

/* 1000 messages, acknowledgements of 100 ms or 1000. */
struct pulsar_consumer_limits pulsar_consumer_limits_default(void);

struct pulsar_consumer_options {
    const char *topic;         /* in full, of one partition if there are any; copied */
    const char *subscription;  /* copied */
    const char *consumer_name; /* by which FAILOVER sorts equals; NULL: the broker's. Copied */
    enum pulsar_subscription_type type;
    int32_t priority_level; /* FAILOVER, SHARED: lower comes first */
    uint32_t group;         /* of connections: pulsar_client.h */
    bool durable;
    bool creates; /* the topic, if it is not there and the broker lets topics be made so */
    /* Durable: where a new subscription begins, earliest or latest. Else the messages behind it
     * come, with `inclusive` also that one. */
    struct pulsar_position start;
    bool inclusive;
    struct pulsar_consumer_limits limits;
    struct source *source;                 /* stays as long as the consumer */
    struct pulsar_consumer_events *events; /* likewise; NULL: nobody listens */
};

/* Begins to open it at once. ERR_FULL: handles_max. */
MUST_USE enum err pulsar_consumer_create(struct pulsar_client *client,
    const struct pulsar_consumer_options *options, struct pulsar_consumer **ret_consumer);

/* Acknowledgements that are gathered leave before it; nothing more is given or told, ops are
 * answered later in this turn. NULL is fine. */
void pulsar_consumer_destroy(struct pulsar_consumer *consumer);

/* ---- of what was given. They may be lost with a connection: then the messages come again. */

/* In any order. A batch is done with at the broker when all its messages are. */
void pulsar_consumer_ack(struct pulsar_consumer *consumer, const struct pulsar_position *position);

/* Everything up to it; EXCLUSIVE and FAILOVER only. In the middle of a batch: what is before the
 * batch. */
void pulsar_consumer_ack_until(
    struct pulsar_consumer *consumer, const struct pulsar_position *position);

/* The gathered ones leave in this turn. */
void pulsar_consumer_flush_acks(struct pulsar_consumer *consumer);

/* It is to come again, perhaps to another consumer; its whole batch does. SHARED only. */
void pulsar_consumer_redeliver(
    struct pulsar_consumer *consumer, const struct pulsar_position *position);

/* Everything that is not acknowledged comes again, in order. EXCLUSIVE and FAILOVER only. */
void pulsar_consumer_redeliver_all(struct pulsar_consumer *consumer);

/* ---- questions */

/* The answer is OK when it is open behind `position` (with `inclusive`, at it), and nothing older
 * comes any more; ERR_UNAVAILABLE: it is not open; ERR_REFUSED; ERR_CLOSED, ERR_TIMEOUT: it was
 * asked, and may have happened. One at a time: ERR_AGAIN. */
struct pulsar_seek_op {
    struct op op;
    struct pulsar_position position;
    bool inclusive;
};

void pulsar_consumer_seek(
    struct pulsar_consumer *consumer, struct asker *asker, struct pulsar_seek_op *op);

/* The answer is OK and the topic's last message; ERR_UNAVAILABLE: it is not open; ERR_REFUSED,
 * ERR_CLOSED, ERR_TIMEOUT. One at a time: ERR_AGAIN. */
struct pulsar_last_op {
    struct op op;
    bool is_empty;
    struct pulsar_position position;
};

void pulsar_consumer_last(
    struct pulsar_consumer *consumer, struct asker *asker, struct pulsar_last_op *op);

bool pulsar_consumer_is_open(const struct pulsar_consumer *consumer);

/* FAILOVER: it gets the messages. */
bool pulsar_consumer_is_active(const struct pulsar_consumer *consumer);

/* What waits here for credit, in messages. */
uint32_t pulsar_consumer_waiting(const struct pulsar_consumer *consumer);

/* Of the last message that was given; before that, where it begins. */
struct pulsar_position pulsar_consumer_position(const struct pulsar_consumer *consumer);
