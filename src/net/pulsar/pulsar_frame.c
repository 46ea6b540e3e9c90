/* pulsar_frame - reading frames, and what is behind SEND and MESSAGE.
 *
 * Happy path: a length within the limit, a command within the length, and behind it an entry whose
 * checksum holds. How it fails: the first that can not be is named by its flaw, as early as it is
 * there. */

#include "pulsar/pulsar_frame.h"

#include "base/big_endian.h"
#include "pulsar/pulsar_bytes.h"
#include "pulsar/pulsar_crc32c.h"
#include "pulsar/pulsar_magic.h"

static enum pulsar_flaw judge_total(uint32_t total, uint32_t message_bytes_max)
{
    uint32_t most =
        message_bytes_max < PULSAR_MESSAGE_BYTES_MAX ? message_bytes_max : PULSAR_MESSAGE_BYTES_MAX;
    if (total > most + PULSAR_FRAME_EXTRA_BYTES) {
        return PULSAR_TOO_LARGE;
    }
    return total < 4 ? PULSAR_SHORT : PULSAR_FINE;
}

/* What is behind a command, where there has to be something or nothing. */
static enum pulsar_flaw judge_entry(const struct pulsar_frame *frame)
{
    uint32_t type = frame->command.type;
    if (pulsar_carries_message(type)) {
        return frame->entry_size > 0 ? PULSAR_FINE : PULSAR_NO_METADATA;
    }
    bool is_known = pulsar_command_row(type) != NULL;
    return is_known && frame->entry_size > 0 ? PULSAR_TRAILING : PULSAR_FINE;
}

enum pulsar_flaw pulsar_read_frame(
    const uint8_t *bytes, size_t size, uint32_t message_bytes_max, struct pulsar_frame *ret_frame)
{
    ret_frame->size = PULSAR_LENGTHS_BYTES;
    if (size < 4) {
        return PULSAR_MORE;
    }
    uint32_t total = (uint32_t)big_endian_get_sized(bytes, 4);
    enum pulsar_flaw flaw = judge_total(total, message_bytes_max);
    if (flaw != PULSAR_FINE) {
        return flaw;
    }
    ret_frame->size = 4 + (size_t)total;
    if (size < PULSAR_LENGTHS_BYTES) {
        return PULSAR_MORE;
    }
    uint32_t command_size = (uint32_t)big_endian_get_sized(bytes + 4, 4);
    if (command_size > total - 4) {
        return PULSAR_SHORT;
    }
    if (size < ret_frame->size) {
        return PULSAR_MORE;
    }
    const uint8_t *command = bytes + PULSAR_LENGTHS_BYTES;
    ret_frame->entry = command + command_size;
    ret_frame->entry_size = total - 4 - command_size;
    flaw = pulsar_read_command(command, command_size, &ret_frame->command);
    return flaw == PULSAR_FINE ? judge_entry(ret_frame) : flaw;
}

/* ---- entries */

static bool take_magic(struct pulsar_bytes *bytes, uint16_t magic)
{
    if (pulsar_bytes_left(bytes) < 2 || big_endian_get_sized(bytes->at, 2) != magic) {
        return false;
    }
    bytes->at += 2;
    return true;
}

/* A message behind its size as 32 bits. */
static void take_long_message(
    struct pulsar_bytes *bytes, const struct pulsar_row *row, void *ret_message)
{
    uint32_t size = pulsar_take_u32(bytes);
    const uint8_t *at = pulsar_take(bytes, size);
    enum pulsar_flaw flaw = pulsar_read(row, at, at ? size : 0, ret_message);
    if (flaw != PULSAR_FINE) {
        pulsar_bytes_fail(bytes, flaw);
    }
}

static void take_checksum(struct pulsar_bytes *bytes)
{
    uint32_t wanted = pulsar_take_u32(bytes);
    if (pulsar_crc32c(0, bytes->at, pulsar_bytes_left(bytes)) != wanted) {
        pulsar_bytes_fail(bytes, PULSAR_WRONG_CHECKSUM);
    }
}

enum pulsar_flaw pulsar_read_entry(
    const uint8_t *entry, size_t size, struct pulsar_entry *ret_entry)
{
    struct pulsar_bytes bytes = {entry, entry + size, PULSAR_FINE};
    ret_entry->has_broker_entry = take_magic(&bytes, PULSAR_MAGIC_BROKER_ENTRY);
    if (ret_entry->has_broker_entry) {
        take_long_message(&bytes, &pulsar_row_broker_entry_metadata, &ret_entry->broker_entry);
    }
    ret_entry->has_checksum = take_magic(&bytes, PULSAR_MAGIC_CHECKSUM);
    if (ret_entry->has_checksum) {
        take_checksum(&bytes);
    }
    if (bytes.flaw == PULSAR_FINE && pulsar_bytes_left(&bytes) == 0) {
        return PULSAR_NO_METADATA;
    }
    take_long_message(&bytes, &pulsar_row_message_metadata, &ret_entry->metadata);
    ret_entry->payload = bytes.at;
    ret_entry->payload_size = (uint32_t)pulsar_bytes_left(&bytes);
    if (bytes.flaw == PULSAR_FINE && ret_entry->metadata.encryption_keys.count > 0) {
        return PULSAR_ENCRYPTED;
    }
    return bytes.flaw;
}

enum pulsar_validation_error pulsar_validation_error(enum pulsar_flaw flaw)
{
    if (flaw == PULSAR_WRONG_CHECKSUM) {
        return PULSAR_VALIDATION_CHECKSUM;
    }
    if (flaw == PULSAR_TOO_LARGE) {
        return PULSAR_VALIDATION_UNCOMPRESSED_SIZE;
    }
    if (flaw == PULSAR_ENCRYPTED) {
        return PULSAR_VALIDATION_DECRYPTION;
    }
    bool is_deflated =
        flaw == PULSAR_SNAPPY || flaw == PULSAR_UNKNOWN_COMPRESSION || flaw == PULSAR_NOT_INFLATED;
    return is_deflated ? PULSAR_VALIDATION_DECOMPRESSION : PULSAR_VALIDATION_BATCH;
}
