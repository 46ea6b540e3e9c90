#pragma once

/* pulsar_inflate - compressed payloads: LZ4, ZLIB, ZSTD. Snappy is refused by name.
 *
 * A payload says in its metadata how large it is uncompressed; that is judged before there is room
 * for it. Pure, but for the working memory of the libraries that uncompress, which they ask for and
 * give back in the call.
 *
 * pulsar_inflated_size, room for so many bytes, pulsar_inflate. A payload that is not compressed
 * has its own size there and need not be inflated. */

#include "pulsar/pulsar_frame.h"

/* A payload has at most so many times the bytes of the largest message: `bytes_max` for who has no
 * better one. */
#define PULSAR_INFLATED_MAX 8

/* "lz4"; NULL for one that is not known. */
const char *pulsar_compression_name(uint32_t compression);

/* How large a payload of `size` bytes is uncompressed. TOO_LARGE: more than `bytes_max`; SNAPPY,
 * UNKNOWN_COMPRESSION: it can not be had; NOT_INFLATED: more than any of this size can hold. */
enum pulsar_flaw pulsar_inflated_size(const struct pulsar_message_metadata *metadata, size_t size,
    uint32_t bytes_max, uint32_t *ret_size);

/* Uncompresses (or copies) a payload into `ret_bytes`, which has room for exactly the size that
 * pulsar_inflated_size answered. */
enum pulsar_flaw pulsar_inflate(const struct pulsar_message_metadata *metadata,
    const uint8_t *payload, size_t size, uint8_t *ret_bytes);

/* Compresses a payload, also a whole batch, into another buffer. Answers its new size, or 0 if it
 * does not fit or would not be smaller: then send the old one, and say nothing of compression in
 * the metadata. `compression`: LZ4, ZLIB or ZSTD. */
size_t pulsar_deflate(enum pulsar_compression compression, const uint8_t *payload, size_t size,
    uint8_t *ret_bytes, size_t capacity);
