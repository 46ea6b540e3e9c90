#pragma once

/* cql_value - what is in a cell, by the type of its column.
 *
 * Each getter judges the type, null, and the size, in this order: WRONG_TYPE, IS_NULL, WRONG_SIZE;
 * what it answers to is then left as it was. Texts and blobs point into the cell. Pure. */

#include "cql/cql_types.h"

enum cql_flaw cql_get_boolean(struct cql_type type, struct cql_cell cell, bool *ret_value);
enum cql_flaw cql_get_tinyint(struct cql_type type, struct cql_cell cell, int8_t *ret_value);
enum cql_flaw cql_get_smallint(struct cql_type type, struct cql_cell cell, int16_t *ret_value);
enum cql_flaw cql_get_int(struct cql_type type, struct cql_cell cell, int32_t *ret_value);
/* A counter too. */
enum cql_flaw cql_get_bigint(struct cql_type type, struct cql_cell cell, int64_t *ret_value);
enum cql_flaw cql_get_double(struct cql_type type, struct cql_cell cell, double *ret_value);
enum cql_flaw cql_get_timestamp(struct cql_type type, struct cql_cell cell, int64_t *ret_unix_ms);
/* A timeuuid too. */
enum cql_flaw cql_get_uuid(struct cql_type type, struct cql_cell cell, struct cht_id *ret_value);
/* varchar and ascii. NOT_UTF8 as well. */
enum cql_flaw cql_get_text(struct cql_type type, struct cql_cell cell, struct cht_str *ret_value);
enum cql_flaw cql_get_blob(struct cql_type type, struct cql_cell cell, struct cht_str *ret_value);
/* 4 or 16 bytes. */
enum cql_flaw cql_get_inet(struct cql_type type, struct cql_cell cell, struct cht_str *ret_value);

/* What is inside of a value, looked through once, so cql_items_next does not fail. */
struct cql_items {
    const uint8_t *at;
    uint32_t left;
};

/* The items of a list or set, or of a map: key, value, key, value. Null has none, for storage does
 * not tell null from empty. SHORT, NEGATIVE (an item can not be null) and TRAILING as well. */
enum cql_flaw cql_get_items(
    struct cql_type type, struct cql_cell cell, struct cql_items *ret_items);

/* The fields of a tuple or UDT, which may be null, and of which the last ones may be absent. SHORT,
 * NEGATIVE, and TOO_MANY (more than the type has) as well. */
enum cql_flaw cql_get_fields(
    struct cql_type type, struct cql_cell cell, struct cql_items *ret_fields);

/* True while there is one. */
bool cql_items_next(struct cql_items *items, struct cql_cell *ret_item);
