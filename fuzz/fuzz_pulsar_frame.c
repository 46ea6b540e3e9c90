/* fuzz_pulsar_frame - frames of Pulsar, byte by byte, and the entry behind them.
 *
 * Happy path: a frame that is refused stays refused however much more comes; what is right lies in
 * the frame, and is the same after it was written and read again. How it fails: a trap, which the
 * fuzzer reports with its input. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "demand.h"
#include "pulsar/pulsar_frame.h"

#define MESSAGE_BYTES_MAX 65536
#define WRITTEN_BYTES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t written[WRITTEN_BYTES_MAX], again[WRITTEN_BYTES_MAX];

/* Lengths are judged when they are there, all else when the frame is whole. */
static void read_in_steps(const uint8_t *bytes, size_t size)
{
    struct pulsar_frame frame;
    enum pulsar_flaw last = PULSAR_MORE;
    for (size_t part = 0; part <= size && part <= PULSAR_LENGTHS_BYTES + 1; part++) {
        enum pulsar_flaw flaw = pulsar_read_frame(bytes, part, MESSAGE_BYTES_MAX, &frame);
        DEMAND(last == PULSAR_MORE || flaw == last);
        DEMAND(flaw != PULSAR_MORE || frame.size > part);
        last = flaw;
    }
}

static size_t write_frame(
    const struct pulsar_frame *frame, const struct pulsar_entry *entry, uint8_t *ret_bytes)
{
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, ret_bytes, WRITTEN_BYTES_MAX);
    if (!entry) {
        DEMAND(pulsar_write_command(&writer, &frame->command));
        return writer.used;
    }
    DEMAND(pulsar_write_entry(&writer, &frame->command,
        entry->has_broker_entry ? &entry->broker_entry : NULL, &entry->metadata, entry->payload,
        entry->payload_size));
    DEMAND(writer.used + entry->payload_size <= WRITTEN_BYTES_MAX);
    if (entry->payload_size > 0) {
        memcpy(ret_bytes + writer.used, entry->payload, entry->payload_size);
    }
    return writer.used + entry->payload_size;
}

static bool read_whole(const uint8_t *bytes, size_t size, struct pulsar_frame *ret_frame,
    struct pulsar_entry *ret_entry)
{
    if (pulsar_read_frame(bytes, size, MESSAGE_BYTES_MAX, ret_frame) != PULSAR_FINE) {
        return false;
    }
    DEMAND(ret_frame->size <= size);
    DEMAND(ret_frame->entry + ret_frame->entry_size == bytes + ret_frame->size);
    if (!pulsar_carries_message(ret_frame->command.type)) {
        return pulsar_command_row(ret_frame->command.type) != NULL;
    }
    if (pulsar_read_entry(ret_frame->entry, ret_frame->entry_size, ret_entry) != PULSAR_FINE) {
        return false;
    }
    DEMAND(ret_entry->payload + ret_entry->payload_size == bytes + ret_frame->size);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pulsar_frame frame, other;
    struct pulsar_entry entry = {0}, other_entry = {0};
    read_in_steps(bytes, size);
    if (!read_whole(bytes, size, &frame, &entry)) {
        return 0;
    }
    bool carries = pulsar_carries_message(frame.command.type);
    size_t used = write_frame(&frame, carries ? &entry : NULL, written);
    if (used > MESSAGE_BYTES_MAX) { /* numbers of one block have a tag each when they are written */
        return 0;
    }
    DEMAND(read_whole(written, used, &other, &other_entry));
    DEMAND(other.size == used && other.command.type == frame.command.type);
    DEMAND(write_frame(&other, carries ? &other_entry : NULL, again) == used);
    DEMAND(memcmp(written, again, used) == 0);
    return 0;
}
