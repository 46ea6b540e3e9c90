/* cql_result - results.
 *
 * Happy path: a kind, its metadata, and cells that end where the body does. How it fails: before a
 * row is handed out, by the first flaw; counts are judged by the bytes that they would need. */

#include "cql/cql_result.h"

#include <string.h>

#include "base/check.h"
#include "cql/cql_value.h"

enum metadata_flag { ONE_TABLE = 1, MORE_PAGES = 2, NO_COLUMNS = 4 };

/* The least that a cell takes: its length. */
#define CELL_BYTES_MIN 4

enum cql_flaw cql_read_result(const struct cql_response *response, struct cql_result *ret_result)
{
    enum cql_flaw flaw = cql_response_bytes(response, CQL_OP_RESULT, &ret_result->rest);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    int32_t kind = cql_take_i32(&ret_result->rest);
    if (ret_result->rest.flaw == CQL_FINE &&
        (kind < CQL_RESULT_VOID || kind > CQL_RESULT_SCHEMA_CHANGE)) {
        return CQL_UNKNOWN_WORD;
    }
    ret_result->kind = (enum cql_result_kind)kind;
    return ret_result->rest.flaw;
}

enum cql_flaw cql_read_void(const struct cql_result *result)
{
    CHECK(result->kind == CQL_RESULT_VOID);
    return cql_bytes_end(&result->rest);
}

enum cql_flaw cql_read_set_keyspace(const struct cql_result *result, struct cht_str *ret_keyspace)
{
    CHECK(result->kind == CQL_RESULT_SET_KEYSPACE);
    struct cql_bytes bytes = result->rest;
    *ret_keyspace = cql_take_string(&bytes);
    return cql_bytes_end(&bytes);
}

enum cql_flaw cql_read_schema_change(
    const struct cql_result *result, struct cql_schema_change *ret_change)
{
    CHECK(result->kind == CQL_RESULT_SCHEMA_CHANGE);
    struct cql_bytes bytes = result->rest;
    cql_take_schema_change(&bytes, ret_change);
    return cql_bytes_end(&bytes);
}

/* ---- metadata */

/* Flags and the number of columns; answers the flags. */
static uint32_t take_flags(struct cql_bytes *bytes, struct cql_metadata *metadata)
{
    uint32_t flags = (uint32_t)cql_take_i32(bytes);
    if ((flags & ~(uint32_t)(ONE_TABLE | MORE_PAGES | NO_COLUMNS)) != 0) {
        cql_bytes_fail(bytes, CQL_WRONG_FLAGS);
    }
    metadata->column_count = cql_take_count(bytes);
    if (metadata->column_count > CQL_COLUMNS_MAX) {
        cql_bytes_fail(bytes, CQL_TOO_MANY);
    }
    metadata->is_described = (flags & NO_COLUMNS) == 0;
    metadata->has_more_pages = (flags & MORE_PAGES) != 0;
    return flags;
}

static void take_paging_state(struct cql_bytes *bytes, struct cql_metadata *metadata)
{
    if (!metadata->has_more_pages) {
        return;
    }
    metadata->paging_state = cql_take_cell(bytes);
    if (!metadata->paging_state.at) {
        cql_bytes_fail(bytes, CQL_IS_NULL);
    }
}

static void take_columns(struct cql_bytes *bytes, uint32_t flags, struct cql_metadata *metadata)
{
    struct cql_column column = {0};
    if (!metadata->is_described) {
        return;
    }
    if (flags & ONE_TABLE) {
        column.keyspace = cql_take_string(bytes);
        column.table = cql_take_string(bytes);
    }
    for (uint32_t i = 0; i < metadata->column_count && bytes->flaw == CQL_FINE; i++) {
        if ((flags & ONE_TABLE) == 0) {
            column.keyspace = cql_take_string(bytes);
            column.table = cql_take_string(bytes);
        }
        column.name = cql_take_string(bytes);
        column.type = cql_take_type(bytes);
        metadata->columns[i] = column;
    }
}

static void take_metadata(
    struct cql_bytes *bytes, struct cql_column *columns, struct cql_metadata *ret_metadata)
{
    *ret_metadata = (struct cql_metadata){.columns = columns};
    uint32_t flags = take_flags(bytes, ret_metadata);
    take_paging_state(bytes, ret_metadata);
    take_columns(bytes, flags, ret_metadata);
}

/* ---- prepared statements */

static void take_key_parts(struct cql_bytes *bytes, struct cql_prepared *prepared)
{
    prepared->key_part_count = cql_take_count(bytes);
    if (prepared->key_part_count > CQL_KEY_PARTS_MAX) {
        cql_bytes_fail(bytes, CQL_TOO_MANY);
        return;
    }
    for (uint32_t i = 0; i < prepared->key_part_count; i++) {
        prepared->key_parts[i] = cql_take_u16(bytes);
        if (prepared->key_parts[i] >= prepared->markers.column_count) {
            cql_bytes_fail(bytes, CQL_WRONG_NUMBER);
        }
    }
}

enum cql_flaw cql_read_prepared(const struct cql_result *result, struct cql_column *markers,
    struct cql_column *columns, struct cql_prepared *ret_prepared)
{
    CHECK(result->kind == CQL_RESULT_PREPARED);
    struct cql_bytes bytes = result->rest;
    *ret_prepared = (struct cql_prepared){.markers.columns = markers};
    ret_prepared->id = cql_take_short_bytes(&bytes);
    uint32_t flags = take_flags(&bytes, &ret_prepared->markers);
    if (flags & MORE_PAGES) {
        cql_bytes_fail(&bytes, CQL_WRONG_FLAGS);
    }
    take_key_parts(&bytes, ret_prepared);
    take_columns(&bytes, flags, &ret_prepared->markers);
    take_metadata(&bytes, columns, &ret_prepared->rows);
    return cql_bytes_end(&bytes);
}

/* ---- rows */

/* Looks at each length. */
static void skip_cells(struct cql_bytes *bytes, uint64_t cells)
{
    if (cells > cql_bytes_left(bytes) / CELL_BYTES_MIN) {
        cql_bytes_fail(bytes, CQL_SHORT);
    }
    for (uint64_t i = 0; i < cells && bytes->flaw == CQL_FINE; i++) {
        (void)cql_take_cell(bytes);
    }
}

static void take_rows(struct cql_bytes *bytes, uint32_t known_count, struct cql_rows *rows)
{
    const struct cql_metadata *metadata = &rows->metadata;
    rows->row_count = cql_take_count(bytes);
    rows->left = rows->row_count;
    rows->at = bytes->at;
    if (rows->row_count > 0 && metadata->column_count == 0) {
        cql_bytes_fail(bytes, CQL_WRONG_NUMBER);
    }
    skip_cells(bytes, (uint64_t)rows->row_count * metadata->column_count);
    if (!metadata->is_described && metadata->column_count != known_count) {
        cql_bytes_fail(bytes, CQL_OTHER_COLUMNS);
    }
}

enum cql_flaw cql_read_rows(const struct cql_result *result, struct cql_column *columns,
    uint32_t known_count, struct cql_rows *ret_rows)
{
    CHECK(result->kind == CQL_RESULT_ROWS);
    CHECK(known_count <= CQL_COLUMNS_MAX);
    struct cql_bytes bytes = result->rest;
    *ret_rows = (struct cql_rows){0};
    take_metadata(&bytes, columns, &ret_rows->metadata);
    take_rows(&bytes, known_count, ret_rows);
    return cql_bytes_end(&bytes);
}

bool cql_row_next(struct cql_rows *rows, struct cql_cell *ret_cells)
{
    if (rows->left == 0) {
        return false;
    }
    struct cql_items cells = {rows->at, rows->metadata.column_count};
    for (uint32_t i = 0; i < rows->metadata.column_count; i++) {
        (void)cql_items_next(&cells, &ret_cells[i]);
    }
    rows->at = cells.at;
    rows->left--;
    return true;
}

enum cql_flaw cql_applied(
    const struct cql_rows *rows, const struct cql_cell *cells, bool *ret_applied)
{
    static const char name[] = "[applied]";
    const struct cql_column *column = rows->metadata.columns;
    if (rows->metadata.column_count == 0 || column->name.size != sizeof(name) - 1 ||
        memcmp(column->name.at, name, sizeof(name) - 1) != 0) {
        return CQL_WRONG_TYPE;
    }
    return cql_get_boolean(column->type, cells[0], ret_applied);
}
