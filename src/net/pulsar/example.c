/* example - a program that speaks Pulsar's protocol by this library, without a connection.
 *
 * Happy path: it writes a batch of two messages as a producer would send it, reads it as a broker
 * would, and prints the messages. How it fails: a frame that is not right ends it with 1, and the
 * flaw's name. */

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "pulsar/pulsar_batch.h"

#define KEY "general"

/* The messages, one behind the other. */
static size_t write_batch(uint8_t *ret_bytes, size_t capacity)
{
    static const char *const texts[] = {"hello", "is somebody there?"};
    struct pulsar_writer writer;
    bool fits = true;
    pulsar_writer_init(&writer, ret_bytes, capacity);
    for (uint64_t i = 0; i < 2; i++) {
        struct pulsar_single_metadata metadata = {.has_partition_key = true,
            .partition_key = cht_str_of(KEY),
            .has_sequence_id = true,
            .sequence_id = i};
        fits = pulsar_put_member(&writer, &metadata, texts[i], (uint32_t)strlen(texts[i])) && fits;
    }
    CHECK(fits);
    return writer.used;
}

/* All of a SEND that is in front of the batch. */
static size_t write_send(
    uint8_t *ret_bytes, size_t capacity, const uint8_t *batch, uint32_t batch_size)
{
    static const struct pulsar_command command = {.type = PULSAR_COMMAND_SEND,
        .send = {.producer_id = 1,
            .sequence_id = 0,
            .has_num_messages = true,
            .num_messages = 2,
            .has_highest_sequence_id = true,
            .highest_sequence_id = 1}};
    struct pulsar_message_metadata metadata = {.producer_name = cht_str_of("example"),
        .sequence_id = 0,
        .publish_time = 1700000000000,
        .has_partition_key = true,
        .partition_key = cht_str_of(KEY),
        .has_num_messages_in_batch = true,
        .num_messages_in_batch = 2,
        .has_highest_sequence_id = true,
        .highest_sequence_id = 1};
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, ret_bytes, capacity);
    bool fits = pulsar_write_entry(&writer, &command, NULL, &metadata, batch, batch_size);
    CHECK(fits);
    return writer.used;
}

static enum pulsar_flaw print_messages(const struct pulsar_frame *frame)
{
    struct pulsar_entry entry;
    struct pulsar_batch batch;
    struct pulsar_member member;
    enum pulsar_flaw flaw = pulsar_read_entry(frame->entry, frame->entry_size, &entry);
    if (flaw == PULSAR_FINE) {
        flaw = pulsar_open_batch(&entry.metadata, entry.payload, entry.payload_size, &batch);
    }
    while (flaw == PULSAR_FINE && pulsar_batch_next(&batch, &member)) {
        printf("%.*s: %.*s\n", (int)member.metadata.partition_key.size,
            member.metadata.partition_key.at, (int)member.metadata.payload_size,
            (const char *)member.payload);
    }
    return flaw;
}

static enum pulsar_flaw read_send(const uint8_t *bytes, size_t size)
{
    struct pulsar_frame frame;
    enum pulsar_flaw flaw = pulsar_read_frame(bytes, size, PULSAR_MESSAGE_BYTES, &frame);
    return flaw == PULSAR_FINE ? print_messages(&frame) : flaw;
}

int main(void)
{
    uint8_t bytes[512], batch[128];
    size_t batch_size = write_batch(batch, sizeof(batch));
    size_t head_size = write_send(bytes, sizeof(bytes), batch, (uint32_t)batch_size);
    printf("%zu bytes in front of %zu\n", head_size, batch_size);
    memcpy(bytes + head_size, batch, batch_size); /* a connection takes them as two parts */
    size_t size = head_size + batch_size;
    enum pulsar_flaw whole = read_send(bytes, size);
    printf("all of it: %s\n", pulsar_flaw_name(whole));
    printf("one byte less: %s\n", pulsar_flaw_name(read_send(bytes, size - 1)));
    bytes[size - 1]++;
    printf("another byte: %s\n", pulsar_flaw_name(read_send(bytes, size)));
    return whole == PULSAR_FINE ? 0 : 1;
}
