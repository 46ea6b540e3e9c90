#pragma once

/* pulsar_publisher - a producer of one topic (the codec has that word for a command).
 *
 * What is published in a turn of the loop leaves in as few batches as it fits into, in the order in
 * which it was asked, and is answered in that order when the broker has it. Until then its bytes
 * are kept: a connection or place that was lost is found again, and all that has no receipt is sent
 * anew, the same bytes under the same numbers, before anything younger. So nothing is lost or
 * reordered by a broker that restarts or a topic that moves; something may be there twice, unless
 * the broker knows duplicates by the name.
 *
 * An answer is OK with its position; ERR_UNKNOWN: it was sent, and nobody knows; ERR_NOT_SENT: it
 * surely never left; ERR_FULL: there are too many without a receipt, and it was not taken;
 * ERR_TOO_LARGE, ERR_BAD_FIELD: it can not be sent; ERR_CORRUPT, ERR_FORBIDDEN: the broker refused
 * this one; ERR_CLOSED: the publisher has ended.
 *
 * SHARED: others may publish too. When the oldest has had no receipt for `send_ms`, all that are
 * pending are given up, and it goes on with what is published then. With `at_most_once` nothing is
 * sent anew: what may have left before its place was lost is answered ERR_UNKNOWN then, and what a
 * later one has its receipt before.
 *
 * FENCING: nobody else may, and whoever opens it later throws this one out. The epoch that the
 * broker gives it at its first opening is kept and shown at each later one, so it is let in again
 * only while nobody came after it. A broker does not tell a producer that it was thrown out; and
 * even a refused attempt to come back throws the rightful one out for a moment. So before each
 * attempt `may_open` is asked, and one that was refused never tries again. What was appended makes
 * sense only in a row: after the first answer that is not OK every later one fails, and it ends.
 * One that is refused at once is answered behind those before it, with ERR_NOT_SENT. */

#include "base/buf.h"
#include "chattifier/types.h"
#include "flow/op.h"
#include "pulsar_client/pulsar_client.h"
#include "pulsar_client/pulsar_position.h"

#define PULSAR_KEY_BYTES_MAX 1024u

struct pulsar_publisher;

enum pulsar_publisher_mode { PULSAR_PUBLISHER_SHARED, PULSAR_PUBLISHER_FENCING };

struct pulsar_publisher_events {
    /* It is open, for the first time or again. May be NULL. */
    void (*on_open)(struct pulsar_publisher_events *events);
    /* FENCING: whether it is still wanted, before it is opened again; no: it ends with
     * ERR_CANCELLED. May be NULL: yes. It destroys nothing. */
    bool (*may_open)(struct pulsar_publisher_events *events);
    /* After ERR_FULL: half of the room is free again. May be NULL. */
    void (*on_room)(struct pulsar_publisher_events *events);
    /* It has ended by itself, and everything was answered. ERR_FENCED: a newer one has the topic;
     * ERR_TIMEOUT: not open within open_ms, or, FENCING, no receipt within send_ms; ERR_IN_USE,
     * ERR_NOT_FOUND, ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_REFUSED: the broker does not let it;
     * ERR_CLOSED: the topic is terminated; ERR_CANCELLED: may_open. Else what a message was
     * answered. */
    void (*on_end)(struct pulsar_publisher_events *events, enum err err);
};

struct pulsar_publisher_limits {
    uint32_t messages_max;       /* without a receipt */
    uint32_t batch_messages_max; /* 1: no batches */
    uint32_t batch_bytes_max;
    uint32_t send_ms; /* for a receipt, from the asking */
    uint32_t open_ms; /* until the first opening; 0: no bound */
};

/* 1000 messages, batches of at most 1000 and 128 KiB, 15 s for a receipt, no bound for opening. */
struct pulsar_publisher_limits pulsar_publisher_limits_default(void);

struct pulsar_publisher_options {
    const char *topic; /* in full, of one partition if there are any; copied */
    const char *name;  /* stable and unique, for brokers that know duplicates; NULL: the broker's
                          choice. Copied */
    enum pulsar_publisher_mode mode;
    bool at_most_once; /* SHARED only */
    uint32_t group;    /* of connections: pulsar_client.h */
    struct pulsar_publisher_limits limits;
    struct pulsar_publisher_events *events; /* stays as long as the publisher */
};

struct pulsar_publish_op {
    struct op op;
    struct buf *payload; /* the publisher has a reference of its own until the answer */
    struct cht_str key;  /* bytes; may be empty. Stays until the answer */
    uint64_t event_ms;   /* Unix time of what it is about; 0: not said */

    struct pulsar_position position; /* answer */
    bool is_repeat;                  /* answer: it was there already, and has no position */

    struct pulsar_publish_op *next; /* the publisher's */
    uint64_t since_ms;              /* likewise */
};

/* Begins to open it at once. ERR_FULL: handles_max. */
MUST_USE enum err pulsar_publisher_create(struct pulsar_client *client,
    const struct pulsar_publisher_options *options, struct pulsar_publisher **ret_publisher);

/* What is pending is answered later in this turn, events are not called any more. The broker is
 * told. NULL is fine. */
void pulsar_publisher_destroy(struct pulsar_publisher *publisher);

/* Also before it is open, and while it is not. */
void pulsar_publish(
    struct pulsar_publisher *publisher, struct asker *asker, struct pulsar_publish_op *op);

bool pulsar_publisher_is_open(const struct pulsar_publisher *publisher);

/* Asked and not answered. */
uint32_t pulsar_publisher_pending(const struct pulsar_publisher *publisher);

/* FENCING, when it was open: the epoch of its first opening, higher than those of all before it.
 * The first of a topic is 0. */
uint64_t pulsar_publisher_epoch(const struct pulsar_publisher *publisher);

/* Its own, or the broker's choice; "" before it was open. */
const char *pulsar_publisher_name(const struct pulsar_publisher *publisher);
