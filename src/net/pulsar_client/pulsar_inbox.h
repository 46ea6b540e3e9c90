#pragma once

/* pulsar_inbox - entries that have come and whose messages were not given yet. For the files of
 * this library.
 *
 * An entry is copied out of its frame once, judged as a whole, uncompressed if it is, and walked
 * when its messages are wanted. Bounds are the caller's: a broker sends no more messages than it
 * was permitted. */

#include "base/buf.h"
#include "pulsar/pulsar_batch.h"
#include "pulsar_client/pulsar_consumer.h"

struct pulsar_arrival {
    struct pulsar_arrival *next;
    uint64_t ledger, id; /* of the entry */
    uint32_t redeliveries;
    struct buf *raw;      /* what was behind MESSAGE */
    struct buf *inflated; /* NULL: it was not compressed */
    struct pulsar_entry entry;
    struct pulsar_batch batch; /* where the walk is */
    uint64_t *unacked;         /* bits of members, as the broker said; NULL: all of them */
    uint32_t unacked_words;
};

struct pulsar_inbox {
    struct pulsar_arrival *first, *last;
    struct pulsar_arrival *lent; /* that a message was given of; NULL: none */
    uint32_t entries;
    uint32_t messages; /* not given yet, those that are to be passed over too */
};

/* Adds the entry of a frame. A flaw: nothing is added; `ret_messages` is how many messages were in
 * it, as far as that is known, at least 1. */
enum pulsar_flaw pulsar_inbox_add(struct pulsar_inbox *inbox, const struct pulsar_frame *frame,
    uint32_t inflated_bytes_max, uint32_t *ret_messages);

/* The next message, lent until pulsar_inbox_give_back, which has to follow; false: there is none.
 * `ret_skip`: it is not to be given, for it is acknowledged or compacted away. */
bool pulsar_inbox_next(
    struct pulsar_inbox *inbox, struct pulsar_received *ret_received, bool *ret_skip);

/* Frees the entry if its messages were all taken, or it is not in the inbox any more. */
void pulsar_inbox_give_back(struct pulsar_inbox *inbox);

/* What is lent stays until it is given back. */
void pulsar_inbox_clear(struct pulsar_inbox *inbox);
