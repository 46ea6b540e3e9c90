/* pulsar_inbox - see the header.
 *
 * Happy path: an entry is copied, read, uncompressed, opened as a batch and joined at the end. How
 * it fails: an entry with a flaw is freed at once, and its flaw is the answer. */

#include "pulsar_client/pulsar_inbox.h"

#include "base/check.h"
#include "base/mem.h"
#include "pulsar/pulsar_inflate.h"

static void free_arrival(struct pulsar_arrival *arrival)
{
    buf_unref(arrival->raw);
    buf_unref(arrival->inflated);
    mem_free(arrival->unacked);
    mem_free(arrival);
}

static enum pulsar_flaw inflate(struct pulsar_arrival *arrival, uint32_t bytes_max)
{
    const struct pulsar_entry *entry = &arrival->entry;
    uint32_t size;
    if (entry->metadata.compression == PULSAR_COMPRESSION_NONE) {
        return PULSAR_FINE;
    }
    enum pulsar_flaw flaw =
        pulsar_inflated_size(&entry->metadata, entry->payload_size, bytes_max, &size);
    if (flaw) {
        return flaw;
    }
    arrival->inflated = buf_create(size);
    arrival->inflated->size = size;
    return pulsar_inflate(
        &entry->metadata, entry->payload, entry->payload_size, arrival->inflated->bytes);
}

static enum pulsar_flaw open_arrival(
    struct pulsar_arrival *arrival, uint32_t bytes_max, uint32_t *ret_messages)
{
    const struct buf *raw = arrival->raw;
    enum pulsar_flaw flaw = pulsar_read_entry(raw->bytes, raw->size, &arrival->entry);
    if (flaw) {
        return flaw;
    }
    const struct pulsar_message_metadata *metadata = &arrival->entry.metadata;
    if (metadata->has_num_messages_in_batch && metadata->num_messages_in_batch > 0) {
        *ret_messages = (uint32_t)metadata->num_messages_in_batch;
    }
    flaw = inflate(arrival, bytes_max);
    if (flaw) {
        return flaw;
    }
    const struct buf *inflated = arrival->inflated;
    flaw = pulsar_open_batch(metadata, inflated ? inflated->bytes : arrival->entry.payload,
        inflated ? inflated->size : arrival->entry.payload_size, &arrival->batch);
    *ret_messages = flaw ? *ret_messages : arrival->batch.count;
    return flaw;
}

/* As many words as the batch has; the rest says nothing. */
static void copy_unacked(struct pulsar_arrival *arrival, struct pulsar_many ack_set)
{
    uint32_t words = arrival->batch.count / 64 + 1;
    int64_t word;
    if (ack_set.count == 0) {
        return;
    }
    arrival->unacked = mem_array(words, sizeof(arrival->unacked[0]));
    while (arrival->unacked_words < words && pulsar_next_i64(&ack_set, &word)) {
        arrival->unacked[arrival->unacked_words] = (uint64_t)word;
        arrival->unacked_words++;
    }
}

enum pulsar_flaw pulsar_inbox_add(struct pulsar_inbox *inbox, const struct pulsar_frame *frame,
    uint32_t inflated_bytes_max, uint32_t *ret_messages)
{
    const struct pulsar_message *message = &frame->command.message;
    struct pulsar_arrival *arrival = mem_new(sizeof(*arrival));
    *ret_messages = 1;
    arrival->ledger = message->message_id.ledger_id;
    arrival->id = message->message_id.entry_id;
    arrival->redeliveries = message->redelivery_count;
    arrival->raw = buf_copy(frame->entry, frame->entry_size);
    enum pulsar_flaw flaw = open_arrival(arrival, inflated_bytes_max, ret_messages);
    if (flaw) {
        free_arrival(arrival);
        return flaw;
    }
    copy_unacked(arrival, message->ack_set);
    if (inbox->last) {
        inbox->last->next = arrival;
    } else {
        inbox->first = arrival;
    }
    inbox->last = arrival;
    inbox->entries++;
    inbox->messages += arrival->batch.count;
    return PULSAR_FINE;
}

static bool is_unacked(const struct pulsar_arrival *arrival, uint32_t index)
{
    return !arrival->unacked || (index / 64 < arrival->unacked_words &&
                                    (arrival->unacked[index / 64] >> (index % 64) & 1));
}

static struct cht_str key_of(const struct pulsar_single_metadata *metadata)
{
    return metadata->has_partition_key ? metadata->partition_key : (struct cht_str){0};
}

static void describe(const struct pulsar_arrival *arrival, const struct pulsar_member *member,
    struct pulsar_received *ret_received)
{
    const struct pulsar_message_metadata *metadata = &arrival->entry.metadata;
    const struct pulsar_single_metadata *single = &member->metadata;
    bool is_batch = arrival->batch.is_batch;
    *ret_received = (struct pulsar_received){
        .position = {arrival->ledger, arrival->id, is_batch ? (int32_t)member->index : -1,
            is_batch ? (int32_t)arrival->batch.count : 0},
        .bytes = member->payload,
        .size = (uint32_t)single->payload_size,
        .key = key_of(single),
        .producer_name = metadata->producer_name,
        .sequence_id = single->has_sequence_id ? single->sequence_id : metadata->sequence_id,
        .publish_ms = metadata->publish_time,
        .event_ms = single->event_time,
        .redeliveries = arrival->redeliveries};
}

bool pulsar_inbox_next(
    struct pulsar_inbox *inbox, struct pulsar_received *ret_received, bool *ret_skip)
{
    struct pulsar_arrival *arrival = inbox->first;
    struct pulsar_member member;
    CHECK(!inbox->lent);
    if (!arrival) {
        return false;
    }
    CHECK(pulsar_batch_next(&arrival->batch, &member));
    inbox->messages--;
    inbox->lent = arrival;
    describe(arrival, &member, ret_received);
    *ret_skip = member.metadata.compacted_out || !is_unacked(arrival, member.index);
    return true;
}

void pulsar_inbox_give_back(struct pulsar_inbox *inbox)
{
    struct pulsar_arrival *arrival = inbox->lent;
    CHECK(arrival != NULL);
    inbox->lent = NULL;
    if (inbox->first != arrival) {
        free_arrival(arrival);
    } else if (arrival->batch.index == arrival->batch.count) {
        inbox->first = arrival->next;
        inbox->last = inbox->first ? inbox->last : NULL;
        inbox->entries--;
        free_arrival(arrival);
    }
}

void pulsar_inbox_clear(struct pulsar_inbox *inbox)
{
    struct pulsar_arrival *arrival = inbox->first;
    while (arrival) {
        struct pulsar_arrival *next = arrival->next;
        if (arrival != inbox->lent) {
            free_arrival(arrival);
        }
        arrival = next;
    }
    inbox->first = inbox->last = NULL;
    inbox->entries = inbox->messages = 0;
}
