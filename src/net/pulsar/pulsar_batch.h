#pragma once

/* pulsar_batch - the messages of an entry: one, or a batch of them.
 *
 *     a batch: so many times u32 size | single_metadata | payload
 *
 * Pure, no allocation. A batch is looked through once, so walking it can not fail. An entry that is
 * no batch has one member, with what the metadata say of it: who reads messages need not know the
 * difference. */

#include "pulsar/pulsar_frame.h"

/* More in one batch are refused. */
#define PULSAR_BATCH_MEMBERS_MAX 100000

struct pulsar_batch {
    const struct pulsar_message_metadata *metadata;
    const uint8_t *at;
    const uint8_t *end;
    uint32_t count; /* of all */
    uint32_t index; /* of the next */
    bool is_batch;
};

struct pulsar_member {
    struct pulsar_single_metadata metadata;
    const uint8_t *payload;
    uint32_t index; /* in the batch, from 0 */
};

/* The messages of a payload that is not compressed any more. `metadata` stay as long as the batch.
 * WRONG_BATCH: fewer or more of them than are counted. */
enum pulsar_flaw pulsar_open_batch(const struct pulsar_message_metadata *metadata,
    const uint8_t *payload, size_t size, struct pulsar_batch *ret_batch);

/* True while there is one. Its payload has `metadata.payload_size` bytes. Members that are
 * `compacted_out` come too. */
bool pulsar_batch_next(struct pulsar_batch *batch, struct pulsar_member *ret_member);

/* True if the bit of a member is set in an `ack_set`, which then is not acknowledged; an empty list
 * says so of all. */
bool pulsar_ack_set_has(struct pulsar_many ack_set, uint32_t index);

/* Puts one more message behind those of a batch, copying it. False: it does not fit, and the batch
 * is as before. `metadata->payload_size` is not looked at. */
bool pulsar_put_member(struct pulsar_writer *writer, const struct pulsar_single_metadata *metadata,
    const void *payload, uint32_t size);
