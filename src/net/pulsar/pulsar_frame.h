#pragma once

/* pulsar_frame - frames of Pulsar's binary protocol: two lengths, a command, and behind SEND and
 * MESSAGE an entry: checksum, metadata and payload.
 *
 *     u32 total | u32 command size | command
 *     [u16 0x0e02 | u32 size | broker_entry_metadata]      of a broker only
 *     [u16 0x0e01 | u32 CRC32C of all that follows]
 *     u32 size | message_metadata | payload
 *
 * Pure: no I/O, no clock, no allocation. What is read points into the caller's bytes. A frame is
 * judged by its lengths before it is waited for.
 *
 * Reading: pulsar_read_frame until it says MORE. What it refuses leaves no way to find the next
 * frame: close the connection. Of SEND and MESSAGE, pulsar_read_entry; an entry that is refused is
 * that one message's misfortune, and pulsar_validation_error says how to acknowledge it. Then
 * pulsar_inflate (pulsar_inflate.h), if it is compressed, and the members (pulsar_batch.h). */

#include "pulsar/pulsar_command.h"

/* Metadata and payload of a message, until CONNECTED has `max_message_size`. */
#define PULSAR_MESSAGE_BYTES 5242880

/* The most that is taken of a `max_message_size`. */
#define PULSAR_MESSAGE_BYTES_MAX (UINT32_C(64) << 20)

/* What a frame may have beside metadata and payload. */
#define PULSAR_FRAME_EXTRA_BYTES 10240

/* `total` and the size of the command. */
#define PULSAR_LENGTHS_BYTES 8

struct pulsar_frame {
    struct pulsar_command command;
    const uint8_t *entry; /* of SEND and MESSAGE; what is behind a command that is not known */
    uint32_t entry_size;
    size_t size; /* on the wire; the next frame begins behind it */
};

/* Reads the first frame of the bytes. MORE: none of them is wrong, but the frame is not whole;
 * `ret_frame->size` is then how many bytes are wanted, as far as it is known. TOO_LARGE: with more
 * than `message_bytes_max` and what a frame has beside that. */
enum pulsar_flaw pulsar_read_frame(
    const uint8_t *bytes, size_t size, uint32_t message_bytes_max, struct pulsar_frame *ret_frame);

struct pulsar_entry {
    bool has_broker_entry;
    bool has_checksum;
    struct pulsar_broker_entry_metadata broker_entry;
    struct pulsar_message_metadata metadata;
    const uint8_t *payload; /* as sent: it may be compressed */
    uint32_t payload_size;
};

/* Reads what is behind SEND or MESSAGE. WRONG_CHECKSUM: of the entry nothing can be trusted.
 * ENCRYPTED: its metadata and payload are there, but nobody here can read the payload. An entry
 * without a checksum is taken as it is; brokers hand on what publishers sent. */
enum pulsar_flaw pulsar_read_entry(
    const uint8_t *entry, size_t size, struct pulsar_entry *ret_entry);

/* What to put into the ACK of a message that was refused for `flaw` by pulsar_read_entry,
 * pulsar_inflated_size, pulsar_inflate or pulsar_open_batch. */
enum pulsar_validation_error pulsar_validation_error(enum pulsar_flaw flaw);

/* ---- writing, into the caller's bounded buffer
 *
 * Nothing is ever cut: what does not fit is not there at all, the call answers false and the buffer
 * is as it was before. Several frames may follow each other. What was written of one that did not
 * fit stays in the buffer's unused part: wipe it, as any buffer that had secrets in it. */

struct pulsar_writer {
    uint8_t *at;
    size_t capacity;
    size_t used;
    bool failed; /* of the open frame */
};

/* `capacity`: at most PULSAR_MESSAGE_BYTES_MAX. */
void pulsar_writer_init(struct pulsar_writer *writer, uint8_t *bytes, size_t capacity);

/* A whole frame. Its type is in the table, and carries no message. */
bool pulsar_write_command(struct pulsar_writer *writer, const struct pulsar_command *command);

/* What is in front of the payload, which itself is only looked at, for the checksum: the frame is
 * what was written, and then the payload. So a payload goes into its own part of a write to a
 * connection, and is not copied. `command` is SEND or MESSAGE; `broker_entry` may be NULL. */
bool pulsar_write_entry(struct pulsar_writer *writer, const struct pulsar_command *command,
    const struct pulsar_broker_entry_metadata *broker_entry,
    const struct pulsar_message_metadata *metadata, const void *payload, uint32_t payload_size);

/* How many bytes the metadata have: with the payload they are at most `max_message_size`. */
size_t pulsar_metadata_size(const struct pulsar_message_metadata *metadata);
