/* fuzz_cql_frame - frames of a Cassandra node: headers byte by byte, and compressed bodies.
 *
 * Happy path: a header that is refused stays refused however much more comes, and what was inflated
 * is as before when it was deflated in between. How it fails: a trap, which the fuzzer reports with
 * its input. */

#include <stdint.h>
#include <string.h>

#include "cql/cql_frame.h"
#include "demand.h"

#define BODY_BYTES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_in_steps(const uint8_t *bytes, size_t size)
{
    struct cql_header header;
    enum cql_flaw last = CQL_MORE;
    for (size_t part = 0; part <= size && part <= CQL_HEADER_BYTES; part++) {
        enum cql_flaw flaw = cql_read_header(bytes, part, BODY_BYTES_MAX, &header);
        DEMAND(last == CQL_MORE || flaw == last);
        last = flaw;
    }
    DEMAND(last == cql_read_header(bytes, size, BODY_BYTES_MAX, &header));
    DEMAND((last == CQL_MORE) == (size < CQL_HEADER_BYTES) || last > CQL_MORE);
}

/* A request of the body, deflated and inflated again. */
static void turn_around(const uint8_t *body, uint32_t size)
{
    uint8_t *frame = calloc(2, CQL_HEADER_BYTES + (size_t)size);
    DEMAND(frame);
    uint8_t *deflated = frame + CQL_HEADER_BYTES + size;
    struct cql_header header = {
        .version = CQL_VERSION_REQUEST, .opcode = CQL_OP_QUERY, .body_size = size};
    cql_write_header(frame, &header);
    memcpy(frame + CQL_HEADER_BYTES, body, size);
    size_t got = cql_deflate_frame(
        frame, CQL_HEADER_BYTES + (size_t)size, deflated, CQL_HEADER_BYTES + (size_t)size);
    if (got > 0) {
        uint8_t *again = malloc(size);
        DEMAND(again && got < CQL_HEADER_BYTES + (size_t)size);
        header.flags = CQL_FLAG_COMPRESSED;
        DEMAND(cql_inflate(deflated + CQL_HEADER_BYTES, got - CQL_HEADER_BYTES, &header, again) ==
               CQL_FINE);
        DEMAND(header.body_size == size && memcmp(again, body, size) == 0);
        free(again);
    }
    free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct cql_header header = {0};
    uint32_t inflated = 0;
    read_in_steps(bytes, size);
    if (cql_read_header(bytes, size, BODY_BYTES_MAX, &header) != CQL_FINE ||
        header.body_size > size - CQL_HEADER_BYTES || !(header.flags & CQL_FLAG_COMPRESSED)) {
        return 0;
    }
    const uint8_t *body = bytes + CQL_HEADER_BYTES;
    uint32_t body_size = header.body_size;
    if (cql_inflated_size(body, body_size, BODY_BYTES_MAX, &inflated) != CQL_FINE) {
        return 0;
    }
    DEMAND(inflated <= BODY_BYTES_MAX);
    uint8_t *exact = malloc(inflated ? inflated : 1);
    DEMAND(exact);
    if (cql_inflate(body, body_size, &header, exact) == CQL_FINE && inflated > 0) {
        turn_around(exact, inflated);
    }
    free(exact);
    return 0;
}
