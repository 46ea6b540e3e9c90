/* cql_error - a code, a text, and what the code's row says.
 *
 * Happy path: the row's fields are there, one after the other. How it fails: as all readers do; an
 * unknown code is no flaw, for its text still helps. */

#include "cql/cql_error.h"

#include <string.h>

#include "base/check.h"

static const struct cql_error_row rows[] = {
#define ERROR(code, name, fields, action, done, closes, word, text)                                \
    {code, word, fields, text, action, done, closes},
#include "cql/cql_errors.def"
#undef ERROR
};

/* Of codes that are not in the table. */
static const struct cql_error_row other_row = {.name = "other",
    .fields = "",
    .text = "The node has an error that is not known here.",
    .action = CQL_FATAL,
    .done = CQL_MAYBE_DONE};

static const char *const write_types[] = {
    "", "SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "BATCH_LOG", "CAS", "VIEW", "CDC"};

const struct cql_error_row *cql_error_row(uint32_t code)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

static enum cql_write_type take_write_type(struct cql_bytes *bytes)
{
    struct cht_str text = cql_take_string(bytes);
    for (unsigned i = 1; i < sizeof(write_types) / sizeof(write_types[0]); i++) {
        if (text.size == strlen(write_types[i]) && !memcmp(text.at, write_types[i], text.size)) {
            return (enum cql_write_type)i;
        }
    }
    return CQL_WRITE_OTHER;
}

static void take_field(struct cql_bytes *bytes, char field, struct cql_error *error)
{
    switch (field) {
    case 'c':
        error->consistency = cql_take_consistency(bytes);
        break;
    case 'w':
        error->wanted = cql_take_count(bytes);
        break;
    case 'r':
        error->received = cql_take_count(bytes);
        break;
    case 'f':
        error->failures = cql_take_count(bytes);
        break;
    case 'd':
        error->data_present = cql_take_u8(bytes) != 0;
        break;
    case 't':
        error->write_type = take_write_type(bytes);
        break;
    case 'k':
        error->keyspace = cql_take_string(bytes);
        break;
    case 'o':
        error->object = cql_take_string(bytes);
        break;
    case 'a':
        error->arguments = cql_take_list(bytes);
        break;
    case 'i':
        error->id = cql_take_short_bytes(bytes);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

enum cql_flaw cql_read_error(const struct cql_response *response, struct cql_error *ret_error)
{
    struct cql_bytes bytes;
    enum cql_flaw flaw = cql_response_bytes(response, CQL_OP_ERROR, &bytes);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    *ret_error = (struct cql_error){.code = (uint32_t)cql_take_i32(&bytes)};
    ret_error->message = cql_take_string(&bytes);
    const struct cql_error_row *row = cql_error_row(ret_error->code);
    if (!row) {
        ret_error->row = &other_row;
        return bytes.flaw;
    }
    ret_error->row = row;
    for (const char *field = row->fields; *field; field++) {
        take_field(&bytes, *field, ret_error);
    }
    return cql_bytes_end(&bytes);
}

/* ---- what to do */

static enum cql_action after_write_timeout(const struct cql_error *error, bool idempotent)
{
    switch (error->write_type) {
    case CQL_WRITE_BATCH_LOG: /* the batch itself was not begun */
        return CQL_RETRY_SAME;
    case CQL_WRITE_CAS:
        return CQL_UNKNOWN_OUTCOME;
    case CQL_WRITE_OTHER:
    case CQL_WRITE_SIMPLE:
    case CQL_WRITE_BATCH:
    case CQL_WRITE_UNLOGGED_BATCH:
    case CQL_WRITE_COUNTER:
    case CQL_WRITE_VIEW:
    case CQL_WRITE_CDC:
        break;
    }
    return idempotent ? CQL_RETRY_SAME : CQL_UNKNOWN_OUTCOME;
}

/* Enough replicas were there, only the one that was to send the data was not: it may be now. */
static bool only_data_was_late(const struct cql_error *error)
{
    return error->received >= error->wanted && !error->data_present;
}

enum cql_action cql_error_action(const struct cql_error *error, bool idempotent)
{
    enum cql_action action = error->row->action;
    if (error->row->code == CQL_ERROR_WRITE_TIMEOUT) {
        return after_write_timeout(error, idempotent);
    }
    if (error->row->code == CQL_ERROR_READ_TIMEOUT && only_data_was_late(error)) {
        return CQL_RETRY_SAME;
    }
    bool repeats = action == CQL_NEXT_HOST && error->row->done == CQL_MAYBE_DONE;
    return repeats && !idempotent ? CQL_UNKNOWN_OUTCOME : action;
}
