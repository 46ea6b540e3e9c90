#pragma once

/* cql_frame - frames of Cassandra's native protocol, version 4: nine bytes of header, then a body.
 *
 * Pure: no I/O, no clock, no allocation. A header is judged byte by byte as it comes, its length
 * before any of the body: a body above the caller's limit is refused before it is waited for. A
 * compressed body names its size first, which is judged too before the caller allocates.
 *
 * Reading an answer: cql_read_header; wait for `body_size` bytes; if CQL_FLAG_COMPRESSED is set,
 * cql_inflated_size and cql_inflate; then cql_open_response (cql_response.h). */

#include <stddef.h>
#include <stdint.h>

#include "cql/cql_flaw.h"

#define CQL_HEADER_BYTES 9
#define CQL_VERSION_REQUEST 0x04
#define CQL_VERSION_RESPONSE 0x84

/* The most that the protocol allows; nodes take 16 MiB unless they are told otherwise. */
#define CQL_BODY_BYTES_MAX (UINT32_C(256) << 20)

enum cql_opcode {
#define OPCODE(code, name, way, word, text) CQL_OP_##name = (code),
#include "cql/cql_opcodes.def"
#undef OPCODE
};

enum cql_header_flag {
    CQL_FLAG_COMPRESSED = 0x01,
    CQL_FLAG_TRACED = 0x02,
    CQL_FLAG_PAYLOAD = 0x04,
    CQL_FLAG_WARNINGS = 0x08,
};

/* Of events, which nobody asked for. */
#define CQL_STREAM_EVENT (-1)

struct cql_header {
    uint8_t version;
    uint8_t flags;
    int16_t stream;
    uint8_t opcode;
    uint32_t body_size;
};

/* "query"; NULL for what is no opcode. */
const char *cql_opcode_name(uint8_t opcode);

/* Reads the header of a response from its first bytes. CQL_MORE: none of them is wrong, but fewer
 * than CQL_HEADER_BYTES are there. WRONG_VERSION fills `ret_header->version`, so that somebody can
 * be told; TOO_LARGE (more than `body_bytes_max`) fills it all; other flaws leave it unspecified.
 */
enum cql_flaw cql_read_header(
    const uint8_t *bytes, size_t size, uint32_t body_bytes_max, struct cql_header *ret_header);

void cql_write_header(uint8_t ret_bytes[CQL_HEADER_BYTES], const struct cql_header *header);

/* How large the body is that was compressed to `body`. TOO_LARGE: more than `bytes_max`; NOT_LZ4:
 * more than any block of this size can hold. */
enum cql_flaw cql_inflated_size(
    const uint8_t *body, size_t size, uint32_t bytes_max, uint32_t *ret_size);

/* Undoes the compression of `body` into `ret_bytes`, which has room for exactly the size that
 * cql_inflated_size answered, and makes `header` one of that body. */
enum cql_flaw cql_inflate(
    const uint8_t *body, size_t size, struct cql_header *header, uint8_t *ret_bytes);

/* Compresses the body of a whole request into another buffer. Answers the size of the new frame, or
 * 0 if it does not fit or would not be smaller: then send the old one. STARTUP stays as it is, for
 * it is what asks for compression. */
size_t cql_deflate_frame(const uint8_t *frame, size_t size, uint8_t *ret_frame, size_t capacity);
