#pragma once

/* pulsar_writing - putting what protobuf is made of behind what a frame has already.
 *
 * For the writers of this library only. What does not fit marks the frame as failed; after that
 * nothing is put any more. A writer without a buffer only counts. */

#include "pulsar/pulsar_frame.h"

void pulsar_put_bytes(struct pulsar_writer *writer, const void *bytes, size_t size);

/* Big-endian. */
void pulsar_put_u16(struct pulsar_writer *writer, uint16_t number);
void pulsar_put_u32(struct pulsar_writer *writer, uint32_t number);

/* Writes over what was put at `at`. */
void pulsar_patch_u32(struct pulsar_writer *writer, size_t at, uint32_t number);

void pulsar_put_varint(struct pulsar_writer *writer, uint64_t number);
void pulsar_put_tag(struct pulsar_writer *writer, uint32_t number, uint8_t wire);

/* The fields of a message. */
void pulsar_put_message(
    struct pulsar_writer *writer, const struct pulsar_row *row, const void *message);

/* The same behind its size as a varint. */
void pulsar_put_sized_message(
    struct pulsar_writer *writer, const struct pulsar_row *row, const void *message);

/* The same behind its size as 32 bits. */
void pulsar_put_long_message(
    struct pulsar_writer *writer, const struct pulsar_row *row, const void *message);
