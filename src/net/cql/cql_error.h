#pragma once

/* cql_error - errors that a node answers: one table (cql_errors.def) says what follows each code
 * and what to do.
 *
 * What to do is one of five: give up, ask the same host again (once), ask the next one, read back
 * what happened, or prepare again and then repeat (once). Whoever counts the attempts bounds them.
 */

#include "cql/cql_response.h"

enum cql_action {
    CQL_FATAL,           /* repeating does not help */
    CQL_RETRY_SAME,      /* once more on the same host */
    CQL_NEXT_HOST,       /* on another host */
    CQL_UNKNOWN_OUTCOME, /* it may have happened, and must not be repeated */
    CQL_REPREPARE,       /* PREPARE on this connection, then the same again */
};

enum cql_done { CQL_NOT_DONE, CQL_MAYBE_DONE };

enum cql_error_code {
#define ERROR(code, name, fields, action, done, closes, word, text) CQL_ERROR_##name = (code),
#include "cql/cql_errors.def"
#undef ERROR
};

enum cql_write_type {
    CQL_WRITE_OTHER, /* one that is not known here */
    CQL_WRITE_SIMPLE,
    CQL_WRITE_BATCH,
    CQL_WRITE_UNLOGGED_BATCH,
    CQL_WRITE_COUNTER,
    CQL_WRITE_BATCH_LOG,
    CQL_WRITE_CAS,
    CQL_WRITE_VIEW,
    CQL_WRITE_CDC,
};

struct cql_error_row {
    uint32_t code;
    const char *name;
    const char *fields;
    const char *text; /* for people; never holds data of anybody */
    enum cql_action action;
    enum cql_done done;
    bool closes;
};

struct cql_error {
    const struct cql_error_row *row; /* never NULL: an unknown code has a row for all such */
    uint32_t code;                   /* as sent */
    struct cht_str message;          /* of the node; may hold data of anybody */
    uint16_t consistency;
    uint32_t received, wanted, failures;
    bool data_present;
    enum cql_write_type write_type;
    struct cht_str keyspace, object;
    struct cql_list arguments;
    struct cql_cell id;
};

/* NULL for a code that is not in the table. */
const struct cql_error_row *cql_error_row(uint32_t code);

/* What is behind the text of an unknown code is not looked at. */
enum cql_flaw cql_read_error(const struct cql_response *response, struct cql_error *ret_error);

/* `idempotent`: doing it twice is as doing it once. Such a statement never has UNKNOWN_OUTCOME,
 * unless it is conditional. */
enum cql_action cql_error_action(const struct cql_error *error, bool idempotent);
