/* cql_answer - answers as a client would read them. */

#include "cql_answer.h"

#include <stdlib.h>
#include <string.h>

#include "cql/cql_error.h"

static struct answer open_body(struct cql_header header, struct sized body)
{
    struct answer answer = {.header = header, .body = body};
    answer.header.body_size = (uint32_t)body.size;
    answer.flaw = cql_open_response(&answer.header, body.at, &answer.response);
    return answer;
}

struct answer answer_recorded(const char *name)
{
    struct cql_header header;
    struct sized frame = recorded_response(name);
    assert_int_equal(cql_read_header(frame.at, frame.size, CQL_BODY_BYTES_MAX, &header), CQL_FINE);
    assert_int_equal(header.body_size, frame.size - CQL_HEADER_BYTES);
    struct sized body = sized_copy(frame.at + CQL_HEADER_BYTES, header.body_size);
    sized_free(frame);
    if (header.flags & CQL_FLAG_COMPRESSED) {
        uint32_t size;
        assert_int_equal(cql_inflated_size(body.at, body.size, UINT32_MAX, &size), CQL_FINE);
        struct sized inflated = {malloc(size ? size : 1), size};
        assert_int_equal(cql_inflate(body.at, body.size, &header, inflated.at), CQL_FINE);
        sized_free(body);
        body = inflated;
    }
    return open_body(header, body);
}

struct answer answer_made(enum cql_opcode opcode, uint8_t flags, const char *body_hex)
{
    struct cql_header header = {.flags = flags, .opcode = (uint8_t)opcode};
    return open_body(header, sized_from_hex(body_hex));
}

struct answer answer_resized(const struct answer *answer, size_t size)
{
    struct sized body = {calloc(1, size ? size : 1), size};
    size_t kept = size < answer->body.size ? size : answer->body.size;
    if (kept > 0) {
        memcpy(body.at, answer->body.at, kept);
    }
    return open_body(answer->header, body);
}

void answer_free(struct answer *answer)
{
    sized_free(answer->body);
}

static void read_cells(struct cql_rows *rows)
{
    struct cql_cell cells[CQL_COLUMNS_MAX];
    uint32_t count = 0;
    while (cql_row_next(rows, cells)) {
        count++;
    }
    assert_int_equal(count, rows->row_count);
}

static enum cql_flaw read_result(const struct cql_response *response, uint32_t known_columns)
{
    static struct cql_column markers[CQL_COLUMNS_MAX];
    static struct cql_column columns[CQL_COLUMNS_MAX];
    struct cql_result result;
    struct cql_prepared prepared;
    struct cql_rows rows;
    struct cht_str keyspace;
    struct cql_schema_change change;
    enum cql_flaw flaw = cql_read_result(response, &result);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    switch (result.kind) {
    case CQL_RESULT_VOID:
        return cql_read_void(&result);
    case CQL_RESULT_ROWS:
        flaw = cql_read_rows(&result, columns, known_columns, &rows);
        if (flaw == CQL_FINE) {
            read_cells(&rows);
        }
        return flaw;
    case CQL_RESULT_SET_KEYSPACE:
        return cql_read_set_keyspace(&result, &keyspace);
    case CQL_RESULT_PREPARED:
        return cql_read_prepared(&result, markers, columns, &prepared);
    case CQL_RESULT_SCHEMA_CHANGE:
        return cql_read_schema_change(&result, &change);
    }
    fail_msg("a kind of result without a reader");
    return CQL_FINE;
}

enum cql_flaw answer_read(const struct answer *answer, uint32_t known_columns)
{
    const struct cql_response *response = &answer->response;
    static struct cql_supported supported;
    struct cql_error error;
    struct cql_event event;
    struct cql_cell token;
    struct cht_str name;
    if (answer->flaw != CQL_FINE) {
        return answer->flaw;
    }
    switch ((int)answer->header.opcode) {
    case CQL_OP_ERROR:
        return cql_read_error(response, &error);
    case CQL_OP_READY:
        return cql_read_ready(response);
    case CQL_OP_AUTHENTICATE:
        return cql_read_authenticate(response, &name);
    case CQL_OP_AUTH_CHALLENGE:
    case CQL_OP_AUTH_SUCCESS:
        return cql_read_token(response, (enum cql_opcode)answer->header.opcode, &token);
    case CQL_OP_SUPPORTED:
        return cql_read_supported(response, &supported);
    case CQL_OP_EVENT:
        return cql_read_event(response, &event);
    case CQL_OP_RESULT:
        return read_result(response, known_columns);
    default:
        fail_msg("an opcode without a reader");
        return CQL_FINE;
    }
}

void assert_read(enum cql_opcode opcode, const char *body_hex, enum cql_flaw flaw)
{
    struct answer answer = answer_made(opcode, 0, body_hex);
    enum cql_flaw got = answer_read(&answer, 0);
    if (got != flaw) {
        fail_msg("%s: %s", body_hex, cql_flaw_name(got));
    }
    answer_free(&answer);
}

struct cql_rows answer_rows(const struct answer *answer, struct cql_column *columns)
{
    struct cql_result result;
    struct cql_rows rows;
    assert_int_equal(answer->flaw, CQL_FINE);
    assert_int_equal(cql_read_result(&answer->response, &result), CQL_FINE);
    assert_int_equal(result.kind, CQL_RESULT_ROWS);
    assert_int_equal(cql_read_rows(&result, columns, 0, &rows), CQL_FINE);
    return rows;
}

void assert_text(struct cht_str text, const char *wanted)
{
    assert_int_equal(text.size, strlen(wanted));
    if (text.size > 0) {
        assert_memory_equal(text.at, wanted, text.size);
    }
}
