#pragma once

/* cql_types - types of columns, as a result describes them.
 *
 * A type points into the bytes that it was read from; what is inside of it was looked through when
 * it was read, so cql_type_inner reads no further than it. Pure, no allocation. */

#include "cql/cql_bytes.h"

/* A column's type has depth 1, the items of its list 2. */
#define CQL_TYPE_DEPTH_MAX 8

enum cql_kind {
#define TYPE(code, name, inner, word, text) CQL_TYPE_##name = (code),
#include "cql/cql_types.def"
#undef TYPE
};

struct cql_type {
    const uint8_t *inner; /* behind the code */
    uint32_t inner_size;
    uint16_t kind; /* enum cql_kind */
};

/* Takes a type off the front. UNKNOWN_WORD and TOO_DEEP are flaws of `bytes` then. */
struct cql_type cql_take_type(struct cql_bytes *bytes);

/* The type of the items of a list or set (place 0), of a map's keys (0) and values (1), of a field
 * of a tuple or UDT. False if it has none there. */
bool cql_type_inner(struct cql_type type, uint32_t place, struct cql_type *ret_inner);

/* "int"; NULL for what is no kind. */
const char *cql_kind_name(uint16_t kind);
