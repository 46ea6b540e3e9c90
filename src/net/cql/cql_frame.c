/* cql_frame - headers and compressed bodies.
 *
 * Happy path: nine bytes are a header of a response whose body is within the limit. How it fails:
 * the first byte that can not be one is named by its flaw, as early as it is there. */

#include "cql/cql_frame.h"

#include <lz4.h>
#include <string.h>

#include "base/big_endian.h"
#include "base/check.h"

#define KNOWN_FLAGS (CQL_FLAG_COMPRESSED | CQL_FLAG_TRACED | CQL_FLAG_PAYLOAD | CQL_FLAG_WARNINGS)

/* In front of a compressed body. */
#define LENGTH_BYTES 4

/* A length byte of an LZ4 block stands for at most so many bytes, and nothing for more. */
#define LZ4_RATIO_MAX 255

enum way { NONE, REQUEST, RESPONSE };

static const struct {
    enum way way;
    const char *name;
} opcodes[] = {
#define OPCODE(code, name, way, word, text) [code] = {way, word},
#include "cql/cql_opcodes.def"
#undef OPCODE
};

#define OPCODES_END (sizeof(opcodes) / sizeof(opcodes[0]))

const char *cql_opcode_name(uint8_t opcode)
{
    return opcode < OPCODES_END ? opcodes[opcode].name : NULL;
}

static enum cql_flaw judge_opcode(uint8_t opcode, int16_t stream)
{
    if (opcode >= OPCODES_END || opcodes[opcode].way != RESPONSE) {
        return CQL_WRONG_OPCODE;
    }
    bool right = opcode == CQL_OP_EVENT ? stream == CQL_STREAM_EVENT : stream >= 0;
    return right ? CQL_FINE : CQL_WRONG_STREAM;
}

enum cql_flaw cql_read_header(
    const uint8_t *bytes, size_t size, uint32_t body_bytes_max, struct cql_header *ret_header)
{
    if (size < 1) {
        return CQL_MORE;
    }
    ret_header->version = bytes[0];
    if (bytes[0] != CQL_VERSION_RESPONSE) {
        return CQL_WRONG_VERSION;
    }
    if (size >= 2 && (bytes[1] & ~KNOWN_FLAGS) != 0) {
        return CQL_WRONG_FLAGS;
    }
    if (size < 5) {
        return CQL_MORE;
    }
    ret_header->flags = bytes[1];
    ret_header->stream = (int16_t)(uint16_t)(bytes[2] << 8 | bytes[3]);
    ret_header->opcode = bytes[4];
    enum cql_flaw flaw = judge_opcode(ret_header->opcode, ret_header->stream);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    if (size < CQL_HEADER_BYTES) {
        return CQL_MORE;
    }
    ret_header->body_size = (uint32_t)big_endian_get_sized(bytes + 5, 4);
    return ret_header->body_size <= body_bytes_max ? CQL_FINE : CQL_TOO_LARGE;
}

void cql_write_header(uint8_t ret_bytes[CQL_HEADER_BYTES], const struct cql_header *header)
{
    ret_bytes[0] = header->version;
    ret_bytes[1] = header->flags;
    ret_bytes[2] = (uint8_t)((uint16_t)header->stream >> 8);
    ret_bytes[3] = (uint8_t)header->stream;
    ret_bytes[4] = header->opcode;
    big_endian_put_sized(ret_bytes + 5, header->body_size, 4);
}

enum cql_flaw cql_inflated_size(
    const uint8_t *body, size_t size, uint32_t bytes_max, uint32_t *ret_size)
{
    if (size < LENGTH_BYTES) {
        return CQL_SHORT;
    }
    uint32_t inflated = (uint32_t)big_endian_get_sized(body, LENGTH_BYTES);
    if (inflated > bytes_max || inflated > CQL_BODY_BYTES_MAX) {
        return CQL_TOO_LARGE;
    }
    if (inflated / LZ4_RATIO_MAX > size - LENGTH_BYTES) {
        return CQL_NOT_LZ4;
    }
    *ret_size = inflated;
    return CQL_FINE;
}

enum cql_flaw cql_inflate(
    const uint8_t *body, size_t size, struct cql_header *header, uint8_t *ret_bytes)
{
    CHECK(header->flags & CQL_FLAG_COMPRESSED);
    CHECK(size <= CQL_BODY_BYTES_MAX);
    uint32_t inflated = 0;
    enum cql_flaw flaw = cql_inflated_size(body, size, CQL_BODY_BYTES_MAX, &inflated);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    int got = LZ4_decompress_safe((const char *)body + LENGTH_BYTES, (char *)ret_bytes,
        (int)(size - LENGTH_BYTES), (int)inflated);
    if (got < 0 || (uint32_t)got != inflated) {
        return CQL_NOT_LZ4;
    }
    header->flags &= (uint8_t)~CQL_FLAG_COMPRESSED;
    header->body_size = inflated;
    return CQL_FINE;
}

size_t cql_deflate_frame(const uint8_t *frame, size_t size, uint8_t *ret_frame, size_t capacity)
{
    CHECK(size >= CQL_HEADER_BYTES);
    CHECK(size <= CQL_HEADER_BYTES + (size_t)CQL_BODY_BYTES_MAX);
    size_t body_size = size - CQL_HEADER_BYTES;
    size_t before = CQL_HEADER_BYTES + LENGTH_BYTES;
    size_t limit = capacity < size ? capacity : size - 1;
    if (frame[4] == CQL_OP_STARTUP || limit <= before) {
        return 0;
    }
    int got = LZ4_compress_default((const char *)frame + CQL_HEADER_BYTES,
        (char *)ret_frame + before, (int)body_size, (int)(limit - before));
    if (got <= 0) {
        return 0;
    }
    memcpy(ret_frame, frame, CQL_HEADER_BYTES);
    ret_frame[1] |= CQL_FLAG_COMPRESSED;
    big_endian_put_sized(ret_frame + 5, LENGTH_BYTES + (uint32_t)got, 4);
    big_endian_put_sized(ret_frame + CQL_HEADER_BYTES, (uint32_t)body_size, 4);
    return before + (size_t)got;
}
