#pragma once

/* cql_result - what a statement gave.
 *
 * cql_read_result says of which kind a result is; the reader for that kind takes the rest. Rows are
 * a cursor over the caller's bytes: all of their lengths are looked at first, so a page is right or
 * refused as a whole and no row of it fails later; then cql_row_next goes through them and
 * allocates nothing. TRAILING as in cql_response.h. */

#include "cql/cql_response.h"
#include "cql/cql_types.h"

#define CQL_COLUMNS_MAX 128
#define CQL_KEY_PARTS_MAX 16

enum cql_result_kind {
    CQL_RESULT_VOID = 1,
    CQL_RESULT_ROWS = 2,
    CQL_RESULT_SET_KEYSPACE = 3,
    CQL_RESULT_PREPARED = 4,
    CQL_RESULT_SCHEMA_CHANGE = 5,
};

/* A column of rows, or a marker of a statement. */
struct cql_column {
    struct cht_str keyspace;
    struct cht_str table;
    struct cht_str name;
    struct cql_type type;
};

struct cql_metadata {
    struct cql_column *columns; /* the caller's */
    uint32_t column_count;
    bool is_described; /* the columns were sent */
    bool has_more_pages;
    struct cql_cell paging_state; /* where the next page begins */
};

struct cql_result {
    enum cql_result_kind kind;
    struct cql_bytes rest;
};

/* What it answers is for the readers below, each once. UNKNOWN_WORD for another kind. */
enum cql_flaw cql_read_result(const struct cql_response *response, struct cql_result *ret_result);

/* Each CHECKs that the result is of its kind. */
enum cql_flaw cql_read_void(const struct cql_result *result);
enum cql_flaw cql_read_set_keyspace(const struct cql_result *result, struct cht_str *ret_keyspace);
enum cql_flaw cql_read_schema_change(
    const struct cql_result *result, struct cql_schema_change *ret_change);

/* ---- prepared statements */

struct cql_prepared {
    struct cql_cell id;
    struct cql_metadata markers;
    struct cql_metadata rows; /* what executing it will give; no columns if it is no SELECT */
    uint16_t key_parts[CQL_KEY_PARTS_MAX]; /* the marker of each part of the partition key */
    uint32_t key_part_count;               /* 0: some part has no marker */
};

/* `markers` and `columns` have room for CQL_COLUMNS_MAX each. To keep a statement, keep the body of
 * its response and read it again. */
enum cql_flaw cql_read_prepared(const struct cql_result *result, struct cql_column *markers,
    struct cql_column *columns, struct cql_prepared *ret_prepared);

/* ---- rows */

struct cql_rows {
    struct cql_metadata metadata;
    uint32_t row_count;
    uint32_t left;
    const uint8_t *at;
};

/* `columns` has room for CQL_COLUMNS_MAX. Where the rows come without columns, because that was
 * asked for, it has `known_count` columns of the prepared statement, which have to be as many as
 * those of the rows (OTHER_COLUMNS), and stays as it is. */
enum cql_flaw cql_read_rows(const struct cql_result *result, struct cql_column *columns,
    uint32_t known_count, struct cql_rows *ret_rows);

/* True while there is a row; `ret_cells` has room for as many as there are columns. */
bool cql_row_next(struct cql_rows *rows, struct cql_cell *ret_cells);

/* Of a conditional statement: whether it was done, by the first column of its first row. WRONG_TYPE
 * if these are no such rows. */
enum cql_flaw cql_applied(
    const struct cql_rows *rows, const struct cql_cell *cells, bool *ret_applied);
