#pragma once

/* cells - what is in a row of an answer, by column.
 *
 * A column that was never written is zero, empty or none. One of another type than it should be
 * makes the row bad, which the reader looks at once, at the end: the tables are not those of this
 * program. Texts that are lent live as long as the page; others go to the arena. */

#include "base/arena.h"
#include "cql_client/cql_client.h"

struct cells {
    const struct cql_ask *ask; /* its row, where cql_ask_next went */
    bool bad;
};

/* OK or CORRUPT. */
MUST_USE enum err cells_err(const struct cells *cells);

bool cells_null(const struct cells *cells, uint32_t column);
bool cells_flag(struct cells *cells, uint32_t column);
uint64_t cells_u64(struct cells *cells, uint32_t column);
struct cht_id cells_id(struct cells *cells, uint32_t column);
struct cht_str cells_lend_text(struct cells *cells, uint32_t column);
struct cht_str cells_lend_blob(struct cells *cells, uint32_t column);
struct cht_str cells_text(struct cells *cells, uint32_t column, struct arena *arena);
/* Up to `size` bytes of a blob; the rest is zero. */
void cells_bytes(struct cells *cells, uint32_t column, void *ret_bytes, size_t size);

/* The column of that name; UINT32_MAX: a conditional statement that was not applied did not find
 * what would have it. */
uint32_t cells_column(const struct cells *cells, const char *name);

/* ---- values that are never above what a bigint has */
void cells_put_u64(struct cql_writer *values, uint64_t number);
void cells_put_bytes(struct cql_writer *values, const void *bytes, size_t size);
