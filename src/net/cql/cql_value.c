/* cql_value - cells as values.
 *
 * Happy path: the column has the type that is asked for and the cell its size. How it fails: by the
 * flaw that is first. */

#include "cql/cql_value.h"

#include <string.h>

#include "base/big_endian.h"
#include "chattifier/events.h"

#define BIT(kind) (UINT64_C(1) << (CQL_TYPE_##kind))

#define SIZE_ANY UINT32_MAX

static enum cql_flaw judge(
    struct cql_type type, struct cql_cell cell, uint64_t kinds, uint32_t size)
{
    if (type.kind > 63 || (kinds & UINT64_C(1) << type.kind) == 0) {
        return CQL_WRONG_TYPE;
    }
    if (!cell.at) {
        return CQL_IS_NULL;
    }
    return size == SIZE_ANY || size == cell.size ? CQL_FINE : CQL_WRONG_SIZE;
}

/* A number of exactly `size` bytes. */
static enum cql_flaw get_number(
    struct cql_type type, struct cql_cell cell, uint64_t kinds, uint32_t size, uint64_t *ret_number)
{
    enum cql_flaw flaw = judge(type, cell, kinds, size);
    *ret_number = flaw == CQL_FINE ? big_endian_get_sized(cell.at, size) : 0;
    return flaw;
}

enum cql_flaw cql_get_boolean(struct cql_type type, struct cql_cell cell, bool *ret_value)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(BOOLEAN), 1, &number);
    if (flaw == CQL_FINE) {
        *ret_value = number != 0;
    }
    return flaw;
}

enum cql_flaw cql_get_tinyint(struct cql_type type, struct cql_cell cell, int8_t *ret_value)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(TINYINT), 1, &number);
    if (flaw == CQL_FINE) {
        *ret_value = (int8_t)number;
    }
    return flaw;
}

enum cql_flaw cql_get_smallint(struct cql_type type, struct cql_cell cell, int16_t *ret_value)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(SMALLINT), 2, &number);
    if (flaw == CQL_FINE) {
        *ret_value = (int16_t)number;
    }
    return flaw;
}

enum cql_flaw cql_get_int(struct cql_type type, struct cql_cell cell, int32_t *ret_value)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(INT), 4, &number);
    if (flaw == CQL_FINE) {
        *ret_value = (int32_t)number;
    }
    return flaw;
}

enum cql_flaw cql_get_bigint(struct cql_type type, struct cql_cell cell, int64_t *ret_value)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(BIGINT) | BIT(COUNTER), 8, &number);
    if (flaw == CQL_FINE) {
        *ret_value = (int64_t)number;
    }
    return flaw;
}

enum cql_flaw cql_get_double(struct cql_type type, struct cql_cell cell, double *ret_value)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(DOUBLE), 8, &number);
    if (flaw == CQL_FINE) {
        memcpy(ret_value, &number, sizeof(*ret_value));
    }
    return flaw;
}

enum cql_flaw cql_get_timestamp(struct cql_type type, struct cql_cell cell, int64_t *ret_unix_ms)
{
    uint64_t number;
    enum cql_flaw flaw = get_number(type, cell, BIT(TIMESTAMP), 8, &number);
    if (flaw == CQL_FINE) {
        *ret_unix_ms = (int64_t)number;
    }
    return flaw;
}

enum cql_flaw cql_get_uuid(struct cql_type type, struct cql_cell cell, struct cht_id *ret_value)
{
    enum cql_flaw flaw = judge(type, cell, BIT(UUID) | BIT(TIMEUUID), sizeof(ret_value->bytes));
    if (flaw == CQL_FINE) {
        memcpy(ret_value->bytes, cell.at, sizeof(ret_value->bytes));
    }
    return flaw;
}

static struct cht_str text_of(struct cql_cell cell)
{
    return (struct cht_str){cell.size ? (const char *)cell.at : NULL, cell.size};
}

enum cql_flaw cql_get_text(struct cql_type type, struct cql_cell cell, struct cht_str *ret_value)
{
    enum cql_flaw flaw = judge(type, cell, BIT(VARCHAR) | BIT(ASCII), SIZE_ANY);
    if (flaw == CQL_FINE && !cht_utf8_valid(text_of(cell))) {
        flaw = CQL_NOT_UTF8;
    }
    if (flaw == CQL_FINE) {
        *ret_value = text_of(cell);
    }
    return flaw;
}

enum cql_flaw cql_get_blob(struct cql_type type, struct cql_cell cell, struct cht_str *ret_value)
{
    enum cql_flaw flaw = judge(type, cell, BIT(BLOB), SIZE_ANY);
    if (flaw == CQL_FINE) {
        *ret_value = text_of(cell);
    }
    return flaw;
}

enum cql_flaw cql_get_inet(struct cql_type type, struct cql_cell cell, struct cht_str *ret_value)
{
    enum cql_flaw flaw = judge(type, cell, BIT(INET), SIZE_ANY);
    if (flaw == CQL_FINE && cell.size != 4 && cell.size != 16) {
        flaw = CQL_WRONG_SIZE;
    }
    if (flaw == CQL_FINE) {
        *ret_value = text_of(cell);
    }
    return flaw;
}

/* ---- values inside of values */

enum cql_flaw cql_get_items(struct cql_type type, struct cql_cell cell, struct cql_items *ret_items)
{
    enum cql_flaw flaw = judge(type, cell, BIT(LIST) | BIT(SET) | BIT(MAP), SIZE_ANY);
    if (flaw == CQL_IS_NULL) {
        *ret_items = (struct cql_items){0};
        return CQL_FINE;
    }
    if (flaw != CQL_FINE) {
        return flaw;
    }
    struct cql_bytes bytes = {cell.at, cell.at + cell.size, CQL_FINE};
    uint64_t count = cql_take_count(&bytes);
    count *= type.kind == CQL_TYPE_MAP ? 2 : 1;
    const uint8_t *first = bytes.at;
    for (uint64_t i = 0; i < count && bytes.flaw == CQL_FINE; i++) {
        (void)cql_take(&bytes, cql_take_count(&bytes));
    }
    flaw = cql_bytes_end(&bytes);
    if (flaw == CQL_FINE) {
        *ret_items = (struct cql_items){first, (uint32_t)count};
    }
    return flaw;
}

enum cql_flaw cql_get_fields(
    struct cql_type type, struct cql_cell cell, struct cql_items *ret_fields)
{
    enum cql_flaw flaw = judge(type, cell, BIT(TUPLE) | BIT(UDT), SIZE_ANY);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    struct cql_bytes bytes = {cell.at, cell.at + cell.size, CQL_FINE};
    struct cql_type inner;
    uint32_t count = 0;
    while (bytes.flaw == CQL_FINE && cql_bytes_left(&bytes) > 0) {
        (void)cql_take_cell(&bytes);
        count++;
    }
    if (bytes.flaw != CQL_FINE) {
        return bytes.flaw;
    }
    if (count > 0 && !cql_type_inner(type, count - 1, &inner)) {
        return CQL_TOO_MANY;
    }
    *ret_fields = (struct cql_items){cell.at, count};
    return CQL_FINE;
}

bool cql_items_next(struct cql_items *items, struct cql_cell *ret_item)
{
    if (items->left == 0) {
        return false;
    }
    uint32_t size = (uint32_t)items->at[0] << 24 | (uint32_t)items->at[1] << 16 |
                    (uint32_t)items->at[2] << 8 | items->at[3];
    items->at += 4;
    items->left--;
    *ret_item = (struct cql_cell){0};
    if (size <= INT32_MAX) {
        *ret_item = (struct cql_cell){items->at, size};
        items->at += size;
    }
    return true;
}
