/* fuzz_cql_response - responses of a Cassandra node: flags, opcode, then a body.
 *
 * Happy path: whatever is answered lies in the body, each row has its cells, and each cell can be
 * asked for by its type; one byte less is never right, one more is trailing. How it fails: a trap,
 * which the fuzzer reports with its input. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cql/cql_error.h"
#include "cql/cql_result.h"
#include "cql/cql_value.h"
#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t *body_at, *body_end;

static void demand_inside(const void *at, size_t size)
{
    const uint8_t *bytes = at;
    DEMAND(size == 0 || (bytes >= body_at && size <= (size_t)(body_end - bytes)));
}

static void demand_text(struct cht_str text)
{
    demand_inside(text.at, text.size);
    DEMAND((text.at == NULL) == (text.size == 0));
}

static void demand_list(struct cql_list list)
{
    struct cht_str text;
    while (cql_list_next(&list, &text)) {
        demand_text(text);
    }
}

static void demand_cell(struct cql_type type, struct cql_cell cell)
{
    struct cql_items items;
    struct cql_cell item;
    struct cql_type inner;
    struct cht_str text;
    struct cht_id id;
    int64_t number;
    demand_inside(cell.at, cell.size);
    if (cql_get_items(type, cell, &items) == CQL_FINE) {
        for (uint32_t i = 0; cql_items_next(&items, &item); i++) {
            bool is_value = type.kind == CQL_TYPE_MAP && i % 2 == 1;
            DEMAND(cql_type_inner(type, is_value, &inner));
            demand_cell(inner, item);
        }
    }
    if (cql_get_fields(type, cell, &items) == CQL_FINE) {
        for (uint32_t i = 0; cql_items_next(&items, &item); i++) {
            DEMAND(cql_type_inner(type, i, &inner));
            demand_cell(inner, item);
        }
    }
    if (cql_get_text(type, cell, &text) == CQL_FINE) {
        demand_text(text);
    }
    (void)cql_get_bigint(type, cell, &number);
    (void)cql_get_uuid(type, cell, &id);
}

static void demand_metadata(const struct cql_metadata *metadata)
{
    demand_inside(metadata->paging_state.at, metadata->paging_state.size);
    DEMAND(metadata->column_count <= CQL_COLUMNS_MAX);
    for (uint32_t i = 0; metadata->is_described && i < metadata->column_count; i++) {
        demand_text(metadata->columns[i].keyspace);
        demand_text(metadata->columns[i].table);
        demand_text(metadata->columns[i].name);
        demand_inside(metadata->columns[i].type.inner, metadata->columns[i].type.inner_size);
    }
}

static enum cql_flaw read_rows(const struct cql_result *result)
{
    static struct cql_column columns[CQL_COLUMNS_MAX];
    struct cql_cell cells[CQL_COLUMNS_MAX];
    struct cql_rows rows;
    uint32_t count = 0;
    bool applied;
    enum cql_flaw flaw = cql_read_rows(result, columns, 0, &rows);
    if (flaw != CQL_FINE && flaw != CQL_TRAILING) {
        return flaw;
    }
    demand_metadata(&rows.metadata);
    while (cql_row_next(&rows, cells)) {
        (void)cql_applied(&rows, cells, &applied);
        for (uint32_t i = 0; i < rows.metadata.column_count; i++) {
            demand_cell(columns[i].type, cells[i]);
        }
        count++;
    }
    DEMAND(count == rows.row_count);
    return flaw;
}

static enum cql_flaw read_prepared(const struct cql_result *result)
{
    static struct cql_column markers[CQL_COLUMNS_MAX], columns[CQL_COLUMNS_MAX];
    struct cql_prepared prepared;
    enum cql_flaw flaw = cql_read_prepared(result, markers, columns, &prepared);
    if (flaw == CQL_FINE || flaw == CQL_TRAILING) {
        demand_metadata(&prepared.markers);
        demand_metadata(&prepared.rows);
        demand_inside(prepared.id.at, prepared.id.size);
        for (uint32_t i = 0; i < prepared.key_part_count; i++) {
            DEMAND(prepared.key_parts[i] < prepared.markers.column_count);
        }
    }
    return flaw;
}

static enum cql_flaw read_result(const struct cql_response *response)
{
    struct cql_result result;
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
        return read_rows(&result);
    case CQL_RESULT_SET_KEYSPACE:
        return cql_read_set_keyspace(&result, &keyspace);
    case CQL_RESULT_PREPARED:
        return read_prepared(&result);
    case CQL_RESULT_SCHEMA_CHANGE:
        return cql_read_schema_change(&result, &change);
    }
    abort();
}

static enum cql_flaw read_error(const struct cql_response *response, bool *ret_known)
{
    struct cql_error error;
    enum cql_flaw flaw = cql_read_error(response, &error);
    if (flaw == CQL_FINE) {
        demand_text(error.message);
        demand_text(error.object);
        demand_list(error.arguments);
        *ret_known = cql_error_row(error.code) != NULL;
        DEMAND(cql_error_action(&error, true) <= CQL_REPREPARE);
        DEMAND(cql_error_action(&error, false) <= CQL_REPREPARE);
    }
    return flaw;
}

static enum cql_flaw read_other(const struct cql_response *response)
{
    static struct cql_supported supported;
    struct cql_event event;
    struct cht_str text;
    struct cql_cell token;
    enum cql_flaw flaw = cql_read_event(response, &event);
    if (flaw == CQL_FINE) {
        DEMAND(event.address.size == 0 || event.address.size == 4 || event.address.size == 16);
        demand_list(event.schema.arguments);
    }
    if (flaw == CQL_WRONG_OPCODE) {
        flaw = cql_read_supported(response, &supported);
        for (uint32_t i = 0; flaw == CQL_FINE && i < supported.count; i++) {
            demand_text(supported.options[i].name);
            demand_list(supported.options[i].values);
        }
    }
    flaw = flaw == CQL_WRONG_OPCODE ? cql_read_ready(response) : flaw;
    flaw = flaw == CQL_WRONG_OPCODE ? cql_read_authenticate(response, &text) : flaw;
    return flaw == CQL_WRONG_OPCODE ? cql_read_token(response, CQL_OP_AUTH_SUCCESS, &token) : flaw;
}

/* `ret_exact`: the reader looks at the end of the body. */
static enum cql_flaw read_all(
    uint8_t flags, uint8_t opcode, const uint8_t *body, size_t size, bool *ret_exact)
{
    const struct cql_header header = {
        .flags = flags, .opcode = opcode, .body_size = (uint32_t)size};
    struct cql_response response;
    body_at = body;
    body_end = body + size;
    *ret_exact = true;
    enum cql_flaw flaw = cql_open_response(&header, body, &response);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    demand_list(response.warnings);
    demand_inside(response.tracing_id, response.tracing_id ? 16 : 0);
    switch (opcode) {
    case CQL_OP_ERROR:
        return read_error(&response, ret_exact);
    case CQL_OP_RESULT:
        return read_result(&response);
    default:
        return read_other(&response);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2) {
        return 0;
    }
    size_t body_size = size - 2;
    uint8_t *body = malloc(body_size + 1);
    bool exact, other_exact;
    DEMAND(body);
    memcpy(body, bytes + 2, body_size);
    body[body_size] = 0;
    enum cql_flaw flaw = read_all(bytes[0], bytes[1], body, body_size, &exact);
    DEMAND(flaw < CQL_FLAW_COUNT);
    if (flaw == CQL_FINE && exact) {
        DEMAND(read_all(bytes[0], bytes[1], body, body_size + 1, &other_exact) == CQL_TRAILING);
    }
    if (flaw == CQL_FINE && exact && body_size > 0) {
        uint8_t *shorter = malloc(body_size);
        DEMAND(shorter);
        memcpy(shorter, body, body_size - 1);
        DEMAND(read_all(bytes[0], bytes[1], shorter, body_size - 1, &other_exact) != CQL_FINE);
        free(shorter);
    }
    free(body);
    return 0;
}
