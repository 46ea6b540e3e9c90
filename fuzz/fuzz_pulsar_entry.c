/* fuzz_pulsar_entry - what is behind SEND and MESSAGE: metadata, payload, compression, batch.
 *
 * Happy path: an entry that is right has the members that it counts, they lie in its payload, and
 * each can be put into a batch again. How it fails: a trap, which the fuzzer reports with its
 * input. */

#include <stdbool.h>
#include <stdint.h>

#include "demand.h"
#include "pulsar/pulsar_batch.h"
#include "pulsar/pulsar_inflate.h"

#define INFLATED_BYTES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t written[4 * INFLATED_BYTES_MAX];

static void demand_inside(struct cht_str text, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *bytes = (const uint8_t *)text.at;
    DEMAND((bytes == NULL) == (text.size == 0));
    DEMAND(!bytes || (bytes >= at && text.size <= (size_t)(end - bytes)));
}

static void walk_properties(struct pulsar_many properties, const uint8_t *at, const uint8_t *end)
{
    struct pulsar_key_value property;
    uint32_t count = properties.count;
    while (pulsar_next_key_value(&properties, &property)) {
        demand_inside(property.key, at, end);
        demand_inside(property.value, at, end);
        count--;
    }
    DEMAND(count == 0);
}

static void walk_batch(struct pulsar_batch batch, const uint8_t *payload, const uint8_t *end)
{
    struct pulsar_member member;
    struct pulsar_writer writer;
    uint32_t count = 0;
    bool fits = true;
    pulsar_writer_init(&writer, written, sizeof(written));
    while (pulsar_batch_next(&batch, &member)) {
        uint32_t member_size = (uint32_t)member.metadata.payload_size;
        DEMAND(member.index == count);
        DEMAND(member.payload >= payload && member_size <= (size_t)(end - member.payload));
        if (batch.is_batch) {
            walk_properties(member.metadata.properties, payload, end);
        }
        fits = fits && pulsar_put_member(&writer, &member.metadata, member.payload, member_size);
        count++;
    }
    DEMAND(count == batch.count);
    if (fits) {
        struct pulsar_message_metadata metadata = {
            .has_num_messages_in_batch = true, .num_messages_in_batch = (int32_t)count};
        DEMAND(pulsar_open_batch(&metadata, written, writer.used, &batch) == PULSAR_FINE);
    }
}

static void read_payload(const struct pulsar_entry *entry)
{
    struct pulsar_batch batch;
    uint32_t size = 0;
    if (pulsar_inflated_size(&entry->metadata, entry->payload_size, INFLATED_BYTES_MAX, &size) !=
        PULSAR_FINE) {
        return;
    }
    DEMAND(size <= INFLATED_BYTES_MAX);
    uint8_t *exact = malloc(size ? size : 1);
    DEMAND(exact);
    if (pulsar_inflate(&entry->metadata, entry->payload, entry->payload_size, exact) ==
            PULSAR_FINE &&
        pulsar_open_batch(&entry->metadata, exact, size, &batch) == PULSAR_FINE) {
        walk_batch(batch, exact, exact + size);
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pulsar_entry entry;
    enum pulsar_flaw flaw = pulsar_read_entry(bytes, size, &entry);
    DEMAND(flaw < PULSAR_FLAW_COUNT);
    DEMAND(flaw != PULSAR_FINE || entry.payload + entry.payload_size == bytes + size);
    if (flaw == PULSAR_FINE) {
        walk_properties(entry.metadata.properties, bytes, bytes + size);
        demand_inside(entry.metadata.producer_name, bytes, bytes + size);
        read_payload(&entry);
    }
    return 0;
}
