/* pulsar_write - frames.
 *
 * Happy path: room for two lengths, a command, of SEND and MESSAGE an entry up to its payload, and
 * then the lengths and the checksum, which are known only now. How it fails: what does not fit
 * marks the frame, and the end takes it back. */

#include "base/check.h"
#include "pulsar/pulsar_bytes.h"
#include "pulsar/pulsar_crc32c.h"
#include "pulsar/pulsar_magic.h"
#include "pulsar/pulsar_writing.h"

#define TYPE_NUMBER 1

/* Answers the place of the frame. */
static size_t begin(struct pulsar_writer *writer, const struct pulsar_command *command)
{
    const struct pulsar_command_row *row = pulsar_command_row(command->type);
    CHECK(row);
    size_t frame = writer->used;
    writer->failed = false;
    pulsar_put_u32(writer, 0);
    pulsar_put_u32(writer, 0);
    pulsar_put_tag(writer, TYPE_NUMBER, PULSAR_WIRE_VARINT);
    pulsar_put_varint(writer, command->type);
    pulsar_put_tag(writer, command->type, PULSAR_WIRE_SIZED);
    pulsar_put_sized_message(writer, row->row, &command->connect);
    pulsar_patch_u32(writer, frame + 4, (uint32_t)(writer->used - frame - PULSAR_LENGTHS_BYTES));
    return frame;
}

static bool finish(struct pulsar_writer *writer, size_t frame, uint32_t payload_size)
{
    pulsar_patch_u32(writer, frame, (uint32_t)(writer->used - frame - 4) + payload_size);
    if (writer->failed) {
        writer->used = frame;
    }
    return !writer->failed;
}

bool pulsar_write_command(struct pulsar_writer *writer, const struct pulsar_command *command)
{
    CHECK(!pulsar_carries_message(command->type));
    return finish(writer, begin(writer, command), 0);
}

bool pulsar_write_entry(struct pulsar_writer *writer, const struct pulsar_command *command,
    const struct pulsar_broker_entry_metadata *broker_entry,
    const struct pulsar_message_metadata *metadata, const void *payload, uint32_t payload_size)
{
    CHECK(pulsar_carries_message(command->type));
    CHECK(payload_size <= PULSAR_MESSAGE_BYTES_MAX);
    size_t frame = begin(writer, command);
    if (broker_entry) {
        pulsar_put_u16(writer, PULSAR_MAGIC_BROKER_ENTRY);
        pulsar_put_long_message(writer, &pulsar_row_broker_entry_metadata, broker_entry);
    }
    pulsar_put_u16(writer, PULSAR_MAGIC_CHECKSUM);
    size_t checksum_at = writer->used;
    pulsar_put_u32(writer, 0);
    size_t summed_at = writer->used;
    pulsar_put_long_message(writer, &pulsar_row_message_metadata, metadata);
    if (!writer->failed) {
        uint32_t sum = pulsar_crc32c(0, writer->at + summed_at, writer->used - summed_at);
        pulsar_patch_u32(writer, checksum_at, pulsar_crc32c(sum, payload, payload_size));
    }
    return finish(writer, frame, payload_size);
}

size_t pulsar_metadata_size(const struct pulsar_message_metadata *metadata)
{
    struct pulsar_writer counter = {.capacity = SIZE_MAX};
    pulsar_put_message(&counter, &pulsar_row_message_metadata, metadata);
    return counter.used;
}
