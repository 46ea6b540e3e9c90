/* pulsar_parcels - see the header.
 *
 * Happy path: gathered, packed, taken. A parcel of one message refers to the message's own buf, one
 * of several has a copy of all. How it fails: a message that is too large for its connection
 * becomes a parcel that is refused from the beginning, so that its answer keeps its place in the
 * order. */

#include "pulsar_client/pulsar_parcels.h"

#include "base/check.h"
#include "base/mem.h"
#include "pulsar/pulsar_batch.h"

#define HEAD_BYTES_MAX 4096u      /* in front of a payload: a name, a key and numbers */
#define MEMBER_BYTES_EXTRA 64u    /* lengths and numbers of a message in a batch, without its key */
#define METADATA_BYTES_EXTRA 512u /* of a batch */

void pulsar_parcels_gather(struct pulsar_parcels *parcels, struct pulsar_publish_op *op)
{
    struct pulsar_ops *ops = &parcels->gathered;
    buf_ref(op->payload);
    op->next = NULL;
    if (ops->last) {
        ops->last->next = op;
    } else {
        ops->first = op;
    }
    ops->last = op;
    parcels->count++;
    parcels->bytes += op->payload->size;
}

/* ---- packing */

static uint32_t packed_size(const struct pulsar_publish_op *op)
{
    return op->payload->size + op->key.size + MEMBER_BYTES_EXTRA;
}

/* How many of the gathered ones go into one batch, and what room they need at most. */
static uint32_t count_fitting(
    const struct pulsar_ops *ops, const struct pulsar_packing *packing, uint32_t *ret_bytes)
{
    uint32_t room = packing->message_bytes_max - METADATA_BYTES_EXTRA;
    uint32_t bytes = 0, count = 0;
    room = room < packing->bytes_max ? room : packing->bytes_max;
    for (const struct pulsar_publish_op *op = ops->first; op && count < packing->messages_max;
         op = op->next) {
        if (count > 0 && (uint64_t)bytes + packed_size(op) > room) {
            break;
        }
        bytes += packed_size(op);
        count++;
    }
    *ret_bytes = bytes;
    return count;
}

static struct pulsar_publish_op *take_ops(struct pulsar_ops *ops, uint32_t count)
{
    struct pulsar_publish_op *first = ops->first, *last = first;
    for (uint32_t i = 1; i < count; i++) {
        last = last->next;
    }
    ops->first = last->next;
    ops->last = ops->first ? ops->last : NULL;
    last->next = NULL;
    return first;
}

/* The payload of a batch, in which the messages keep their keys and numbers. */
static struct buf *write_batch(const struct pulsar_parcel *parcel, uint32_t bytes_max)
{
    struct buf *batch = buf_create(bytes_max);
    struct pulsar_writer writer;
    uint64_t sequence = parcel->first;
    pulsar_writer_init(&writer, batch->bytes, bytes_max);
    for (struct pulsar_publish_op *op = parcel->ops; op; op = op->next, sequence++) {
        struct pulsar_single_metadata metadata = {.has_partition_key = op->key.size > 0,
            .partition_key = op->key,
            .has_event_time = op->event_ms > 0,
            .event_time = op->event_ms,
            .has_sequence_id = true,
            .sequence_id = sequence};
        CHECK(pulsar_put_member(&writer, &metadata, op->payload->bytes, op->payload->size));
    }
    batch->size = (uint32_t)writer.used;
    return batch;
}

/* What a message that is alone says of itself, a batch says of its members. */
static void describe(const struct pulsar_parcel *parcel, const struct pulsar_packing *packing,
    struct pulsar_message_metadata *ret_metadata)
{
    const struct pulsar_publish_op *op = parcel->ops;
    bool is_batch = parcel->count > 1;
    *ret_metadata = (struct pulsar_message_metadata){.producer_name = packing->producer_name,
        .sequence_id = parcel->first,
        .publish_time = packing->wall_ms,
        .has_partition_key = !is_batch && op->key.size > 0,
        .partition_key = op->key,
        .has_event_time = !is_batch && op->event_ms > 0,
        .event_time = op->event_ms,
        .has_num_messages_in_batch = is_batch,
        .num_messages_in_batch = (int32_t)parcel->count,
        .has_highest_sequence_id = is_batch,
        .highest_sequence_id = parcel->last};
}

static struct buf *write_head(const struct pulsar_parcel *parcel,
    const struct pulsar_packing *packing, const struct pulsar_message_metadata *metadata)
{
    uint8_t bytes[HEAD_BYTES_MAX];
    struct pulsar_writer writer;
    struct pulsar_command send = {.type = PULSAR_COMMAND_SEND,
        .send = {.producer_id = packing->producer_id,
            .sequence_id = parcel->first,
            .has_num_messages = parcel->count > 1,
            .num_messages = (int32_t)parcel->count,
            .has_highest_sequence_id = parcel->count > 1,
            .highest_sequence_id = parcel->last}};
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    CHECK(pulsar_write_entry(
        &writer, &send, NULL, metadata, parcel->payload->bytes, parcel->payload->size));
    return buf_copy(bytes, writer.used);
}

static void write_parcel(
    struct pulsar_parcel *parcel, const struct pulsar_packing *packing, uint32_t bytes_max)
{
    struct pulsar_message_metadata metadata;
    parcel->payload =
        parcel->count > 1 ? write_batch(parcel, bytes_max) : buf_ref(parcel->ops->payload);
    describe(parcel, packing, &metadata);
    parcel->metadata_size = (uint32_t)pulsar_metadata_size(&metadata);
    parcel->head = write_head(parcel, packing, &metadata);
}

static void add_parcel(struct pulsar_parcels *parcels, struct pulsar_parcel *parcel)
{
    if (parcels->last) {
        parcels->last->next = parcel;
    } else {
        parcels->first = parcel;
    }
    parcels->last = parcel;
    parcels->unwritten = parcels->unwritten ? parcels->unwritten : parcel;
}

bool pulsar_parcels_pack(struct pulsar_parcels *parcels, const struct pulsar_packing *packing)
{
    uint32_t bytes;
    uint32_t count = count_fitting(&parcels->gathered, packing, &bytes);
    if (count == 0) {
        return false;
    }
    struct pulsar_parcel *parcel = mem_new(sizeof(*parcel));
    parcel->count = count;
    parcel->ops = take_ops(&parcels->gathered, count);
    parcel->first = parcels->next_sequence;
    parcel->last = parcel->first + count - 1;
    parcels->next_sequence += count;
    write_parcel(parcel, packing, bytes);
    add_parcel(parcels, parcel);
    return true;
}

/* ---- what is there */

const struct pulsar_publish_op *pulsar_parcels_oldest(const struct pulsar_parcels *parcels)
{
    return parcels->first ? parcels->first->ops : parcels->gathered.first;
}

struct pulsar_parcel *pulsar_parcels_find(struct pulsar_parcels *parcels, uint64_t sequence)
{
    for (struct pulsar_parcel *parcel = parcels->first; parcel; parcel = parcel->next) {
        if (sequence >= parcel->first && sequence <= parcel->last) {
            return parcel;
        }
    }
    return NULL;
}

struct pulsar_parcel *pulsar_parcels_take(struct pulsar_parcels *parcels)
{
    struct pulsar_parcel *parcel = parcels->first;
    CHECK(parcel != NULL);
    parcels->first = parcel->next;
    parcels->last = parcels->first ? parcels->last : NULL;
    if (parcels->unwritten == parcel) {
        parcels->unwritten = parcel->next;
    }
    parcels->count -= parcel->count;
    for (const struct pulsar_publish_op *op = parcel->ops; op; op = op->next) {
        parcels->bytes -= op->payload->size;
    }
    return parcel;
}

void pulsar_parcels_rewind(struct pulsar_parcels *parcels, uint64_t bytes_sent)
{
    for (struct pulsar_parcel *parcel = parcels->first; parcel; parcel = parcel->next) {
        parcel->sent |= parcel->written && parcel->place < bytes_sent;
        parcel->written = false;
    }
    parcels->unwritten = parcels->first;
}

void pulsar_parcel_free(struct pulsar_parcel *parcel)
{
    buf_unref(parcel->head);
    buf_unref(parcel->payload);
    mem_free(parcel);
}

static void unref_payloads(struct pulsar_publish_op *op)
{
    for (; op; op = op->next) {
        buf_unref(op->payload);
    }
}

void pulsar_parcels_deinit(struct pulsar_parcels *parcels)
{
    unref_payloads(parcels->gathered.first);
    while (parcels->first) {
        struct pulsar_parcel *parcel = parcels->first;
        parcels->first = parcel->next;
        unref_payloads(parcel->ops);
        pulsar_parcel_free(parcel);
    }
    *parcels = (struct pulsar_parcels){0};
}
