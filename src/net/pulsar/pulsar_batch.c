/* pulsar_batch - members of entries.
 *
 * Happy path: a batch is walked once to judge it, and then by whoever reads it. How it fails: the
 * first member that is not right or not there refuses the batch. */

#include "pulsar/pulsar_batch.h"

#include "base/check.h"
#include "pulsar/pulsar_bytes.h"
#include "pulsar/pulsar_writing.h"

static void take_member(struct pulsar_bytes *bytes, struct pulsar_member *ret_member)
{
    uint32_t size = pulsar_take_u32(bytes);
    const uint8_t *at = pulsar_take(bytes, size);
    enum pulsar_flaw flaw =
        pulsar_read(&pulsar_row_single_metadata, at, at ? size : 0, &ret_member->metadata);
    if (flaw != PULSAR_FINE) {
        pulsar_bytes_fail(bytes, flaw);
        return;
    }
    if (ret_member->metadata.payload_size < 0) {
        pulsar_bytes_fail(bytes, PULSAR_WRONG_NUMBER);
        return;
    }
    ret_member->payload = pulsar_take(bytes, (uint32_t)ret_member->metadata.payload_size);
}

static enum pulsar_flaw judge_members(const struct pulsar_batch *batch)
{
    struct pulsar_bytes bytes = {batch->at, batch->end, PULSAR_FINE};
    for (uint32_t i = 0; i < batch->count && bytes.flaw == PULSAR_FINE; i++) {
        struct pulsar_member member;
        if (pulsar_bytes_left(&bytes) == 0) {
            return PULSAR_WRONG_BATCH;
        }
        take_member(&bytes, &member);
    }
    if (bytes.flaw != PULSAR_FINE) {
        return bytes.flaw;
    }
    return pulsar_bytes_left(&bytes) == 0 ? PULSAR_FINE : PULSAR_WRONG_BATCH;
}

enum pulsar_flaw pulsar_open_batch(const struct pulsar_message_metadata *metadata,
    const uint8_t *payload, size_t size, struct pulsar_batch *ret_batch)
{
    int32_t count = metadata->num_messages_in_batch;
    *ret_batch = (struct pulsar_batch){.metadata = metadata,
        .at = payload,
        .end = size ? payload + size : payload,
        .count = 1,
        .is_batch = metadata->has_num_messages_in_batch};
    if (!ret_batch->is_batch) {
        return size <= INT32_MAX ? PULSAR_FINE : PULSAR_TOO_LARGE;
    }
    if (count <= 0 || count > PULSAR_BATCH_MEMBERS_MAX) {
        return PULSAR_WRONG_BATCH;
    }
    ret_batch->count = (uint32_t)count;
    return judge_members(ret_batch);
}

/* What a message outside of a batch says of itself, in the words of one inside. */
static struct pulsar_single_metadata single_of(
    const struct pulsar_message_metadata *metadata, int32_t payload_size)
{
    return (struct pulsar_single_metadata){
        .properties = metadata->properties,
        .has_partition_key = metadata->has_partition_key,
        .partition_key = metadata->partition_key,
        .payload_size = payload_size,
        .has_event_time = metadata->has_event_time,
        .event_time = metadata->event_time,
        .has_partition_key_b64_encoded = metadata->has_partition_key_b64_encoded,
        .partition_key_b64_encoded = metadata->partition_key_b64_encoded,
        .has_ordering_key = metadata->has_ordering_key,
        .ordering_key = metadata->ordering_key,
        .has_sequence_id = true,
        .sequence_id = metadata->sequence_id,
        .has_null_value = metadata->has_null_value,
        .null_value = metadata->null_value,
        .has_null_partition_key = metadata->has_null_partition_key,
        .null_partition_key = metadata->null_partition_key,
    };
}

bool pulsar_batch_next(struct pulsar_batch *batch, struct pulsar_member *ret_member)
{
    if (batch->index == batch->count) {
        return false;
    }
    struct pulsar_bytes bytes = {batch->at, batch->end, PULSAR_FINE};
    if (batch->is_batch) {
        take_member(&bytes, ret_member);
        CHECK(bytes.flaw == PULSAR_FINE);
        batch->at = bytes.at;
    } else {
        ret_member->metadata = single_of(batch->metadata, (int32_t)pulsar_bytes_left(&bytes));
        ret_member->payload = batch->at;
    }
    ret_member->index = batch->index;
    batch->index++;
    return true;
}

bool pulsar_ack_set_has(struct pulsar_many ack_set, uint32_t index)
{
    int64_t word = 0;
    if (ack_set.count == 0) {
        return true;
    }
    for (uint32_t i = 0; i <= index / 64; i++) {
        if (!pulsar_next_i64(&ack_set, &word)) {
            return false;
        }
    }
    return ((uint64_t)word >> index % 64 & 1) != 0;
}

bool pulsar_put_member(struct pulsar_writer *writer, const struct pulsar_single_metadata *metadata,
    const void *payload, uint32_t size)
{
    CHECK(size <= PULSAR_MESSAGE_BYTES_MAX);
    struct pulsar_single_metadata sized = *metadata;
    size_t before = writer->used;
    sized.payload_size = (int32_t)size;
    writer->failed = false;
    pulsar_put_long_message(writer, &pulsar_row_single_metadata, &sized);
    pulsar_put_bytes(writer, payload, size);
    if (writer->failed) {
        writer->used = before;
    }
    return !writer->failed;
}
