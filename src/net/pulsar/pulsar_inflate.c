/* pulsar_inflate - compressing payloads, and back.
 *
 * Happy path: the kind has a row, the size is within the limit, and the library answers exactly
 * that size. How it fails: by a flaw; a library that has no memory ends the process, as all of it
 * does. */

#include "pulsar/pulsar_inflate.h"

#include <lz4.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/check.h"

/* What the authors of the formats recommend where speed counts. */
#define ZSTD_LEVEL 3
#define ZLIB_LEVEL 6

/* To how many bytes one byte can grow: bounds that the formats have. */
#define LZ4_RATIO_MAX 255
#define ZLIB_RATIO_MAX 1032
#define ZSTD_RATIO_MAX (128 * 1024 / 4) /* a block of one repeated byte */

typedef bool inflate_fn(
    const uint8_t *payload, size_t size, uint8_t *ret_bytes, uint32_t inflated_size);
typedef size_t deflate_fn(const uint8_t *payload, size_t size, uint8_t *ret_bytes, size_t capacity);

static bool copy(const uint8_t *payload, size_t size, uint8_t *ret_bytes, uint32_t inflated_size)
{
    CHECK(size == inflated_size);
    if (size > 0) {
        memcpy(ret_bytes, payload, size);
    }
    return true;
}

static bool inflate_lz4(
    const uint8_t *payload, size_t size, uint8_t *ret_bytes, uint32_t inflated_size)
{
    int got = LZ4_decompress_safe(
        (const char *)payload, (char *)ret_bytes, (int)size, (int)inflated_size);
    return got >= 0 && (uint32_t)got == inflated_size;
}

static size_t deflate_lz4(const uint8_t *payload, size_t size, uint8_t *ret_bytes, size_t capacity)
{
    int got =
        LZ4_compress_default((const char *)payload, (char *)ret_bytes, (int)size, (int)capacity);
    return got > 0 ? (size_t)got : 0;
}

/* Pulsar's Java client flushes its stream and does not end it, so an end is not asked for: all of
 * the bytes have to be there, and the entry has a checksum. */
static bool inflate_zlib(
    const uint8_t *payload, size_t size, uint8_t *ret_bytes, uint32_t inflated_size)
{
    uint8_t none;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)payload,
        .avail_in = (uInt)size,
        .next_out = inflated_size ? ret_bytes : &none,
        .avail_out = inflated_size};
    int result = inflateInit(&stream);
    CHECK(result == Z_OK);
    result = inflate(&stream, Z_SYNC_FLUSH);
    CHECK(result != Z_MEM_ERROR);
    inflateEnd(&stream);
    bool good = result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
    return good && stream.avail_in == 0 && stream.avail_out == 0;
}

static size_t deflate_zlib(const uint8_t *payload, size_t size, uint8_t *ret_bytes, size_t capacity)
{
    uLong got = capacity;
    int result = compress2(ret_bytes, &got, payload, size, ZLIB_LEVEL);
    CHECK(result != Z_MEM_ERROR);
    return result == Z_OK ? got : 0;
}

static bool inflate_zstd(
    const uint8_t *payload, size_t size, uint8_t *ret_bytes, uint32_t inflated_size)
{
    size_t got = ZSTD_decompress(ret_bytes, inflated_size, payload, size);
    return !ZSTD_isError(got) && got == inflated_size;
}

static size_t deflate_zstd(const uint8_t *payload, size_t size, uint8_t *ret_bytes, size_t capacity)
{
    size_t got = ZSTD_compress(ret_bytes, capacity, payload, size, ZSTD_LEVEL);
    return ZSTD_isError(got) ? 0 : got;
}

static const struct {
    const char *name;
    inflate_fn *inflate; /* NULL: it is refused */
    deflate_fn *deflate;
    uint32_t ratio_max;
} rows[] = {
    [PULSAR_COMPRESSION_NONE] = {"none", copy, NULL, 1},
    [PULSAR_COMPRESSION_LZ4] = {"lz4", inflate_lz4, deflate_lz4, LZ4_RATIO_MAX},
    [PULSAR_COMPRESSION_ZLIB] = {"zlib", inflate_zlib, deflate_zlib, ZLIB_RATIO_MAX},
    [PULSAR_COMPRESSION_ZSTD] = {"zstd", inflate_zstd, deflate_zstd, ZSTD_RATIO_MAX},
    [PULSAR_COMPRESSION_SNAPPY] = {"snappy", NULL, NULL, 0},
};

#define ROWS_END (sizeof(rows) / sizeof(rows[0]))

const char *pulsar_compression_name(uint32_t compression)
{
    return compression < ROWS_END ? rows[compression].name : NULL;
}

enum pulsar_flaw pulsar_inflated_size(const struct pulsar_message_metadata *metadata, size_t size,
    uint32_t bytes_max, uint32_t *ret_size)
{
    uint32_t compression = metadata->compression;
    if (compression >= ROWS_END) {
        return PULSAR_UNKNOWN_COMPRESSION;
    }
    if (!rows[compression].inflate) {
        return PULSAR_SNAPPY;
    }
    size_t inflated = compression == PULSAR_COMPRESSION_NONE ? size : metadata->uncompressed_size;
    if (inflated > bytes_max || inflated > INT32_MAX || size > INT32_MAX) {
        return PULSAR_TOO_LARGE;
    }
    if (inflated / rows[compression].ratio_max > size) {
        return PULSAR_NOT_INFLATED;
    }
    *ret_size = (uint32_t)inflated;
    return PULSAR_FINE;
}

enum pulsar_flaw pulsar_inflate(const struct pulsar_message_metadata *metadata,
    const uint8_t *payload, size_t size, uint8_t *ret_bytes)
{
    uint32_t inflated = 0;
    enum pulsar_flaw flaw = pulsar_inflated_size(metadata, size, UINT32_MAX, &inflated);
    if (flaw != PULSAR_FINE) {
        return flaw;
    }
    bool good = rows[metadata->compression].inflate(payload, size, ret_bytes, inflated);
    return good ? PULSAR_FINE : PULSAR_NOT_INFLATED;
}

size_t pulsar_deflate(enum pulsar_compression compression, const uint8_t *payload, size_t size,
    uint8_t *ret_bytes, size_t capacity)
{
    CHECK(rows[compression].deflate);
    CHECK(size <= PULSAR_MESSAGE_BYTES_MAX);
    size_t limit = capacity < size ? capacity : size - 1;
    return size == 0 || limit == 0 ? 0 : rows[compression].deflate(payload, size, ret_bytes, limit);
}
