/* cells - see the header. Happy path: a getter of cql_value by the column's type. How it fails: the
 * row is bad. */

#include "cassandra/cells.h"

#include <string.h>

#include "base/check.h"
#include "cql/cql_value.h"

static const char empty[1];

enum err cells_err(const struct cells *cells)
{
    return cells->bad ? ERR_CORRUPT : OK;
}

bool cells_null(const struct cells *cells, uint32_t column)
{
    return column >= cells->ask->column_count || cells->ask->cells[column].at == NULL;
}

/* False: there is nothing to be read. */
static bool has(struct cells *cells, uint32_t column)
{
    if (column >= cells->ask->column_count) {
        cells->bad = true;
        return false;
    }
    return cells->ask->cells[column].at != NULL;
}

static void note(struct cells *cells, enum cql_flaw flaw)
{
    cells->bad |= flaw != CQL_FINE;
}

bool cells_flag(struct cells *cells, uint32_t column)
{
    bool value = false;
    if (has(cells, column)) {
        const struct cql_ask *ask = cells->ask;
        note(cells, cql_get_boolean(ask->columns[column].type, ask->cells[column], &value));
    }
    return value;
}

uint64_t cells_u64(struct cells *cells, uint32_t column)
{
    int64_t value = 0;
    if (has(cells, column)) {
        const struct cql_ask *ask = cells->ask;
        note(cells, cql_get_bigint(ask->columns[column].type, ask->cells[column], &value));
    }
    cells->bad |= value < 0;
    return value < 0 ? 0 : (uint64_t)value;
}

struct cht_id cells_id(struct cells *cells, uint32_t column)
{
    struct cht_id value = {{0}};
    if (has(cells, column)) {
        const struct cql_ask *ask = cells->ask;
        note(cells, cql_get_uuid(ask->columns[column].type, ask->cells[column], &value));
    }
    return value;
}

/* As others have it: nothing at all if it is empty. */
static struct cht_str plain(struct cht_str text)
{
    return text.size ? text : (struct cht_str){0};
}

struct cht_str cells_lend_text(struct cells *cells, uint32_t column)
{
    struct cht_str value = {0};
    if (has(cells, column)) {
        const struct cql_ask *ask = cells->ask;
        note(cells, cql_get_text(ask->columns[column].type, ask->cells[column], &value));
    }
    return plain(value);
}

struct cht_str cells_lend_blob(struct cells *cells, uint32_t column)
{
    struct cht_str value = {0};
    if (has(cells, column)) {
        const struct cql_ask *ask = cells->ask;
        note(cells, cql_get_blob(ask->columns[column].type, ask->cells[column], &value));
    }
    return plain(value);
}

struct cht_str cells_text(struct cells *cells, uint32_t column, struct arena *arena)
{
    return arena_str(arena, cells_lend_text(cells, column));
}

void cells_bytes(struct cells *cells, uint32_t column, void *ret_bytes, size_t size)
{
    struct cht_str value = cells_lend_blob(cells, column);
    memset(ret_bytes, 0, size);
    if (value.size) {
        memcpy(ret_bytes, value.at, value.size < size ? value.size : size);
    }
}

uint32_t cells_column(const struct cells *cells, const char *name)
{
    size_t size = strlen(name);
    for (uint32_t i = 0; i < cells->ask->column_count; i++) {
        struct cht_str column = cells->ask->columns[i].name;
        if (column.size == size && memcmp(column.at, name, size) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

void cells_put_u64(struct cql_writer *values, uint64_t number)
{
    CHECK(number <= INT64_MAX);
    cql_put_bigint(values, (int64_t)number);
}

void cells_put_bytes(struct cql_writer *values, const void *bytes, size_t size)
{
    cql_put_blob(values, (struct cht_str){size ? bytes : empty, (uint32_t)size});
}
