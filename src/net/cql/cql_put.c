/* cql_put - values of statements, and items of lists.
 *
 * Happy path: a length, then the value. How it fails: as all of a request does, when it does not
 * fit; null or unset in a list is a defect of the program. */

#include "base/check.h"
#include "cql/cql_writing.h"

#define LENGTH_NULL UINT32_MAX
#define LENGTH_UNSET (UINT32_MAX - 1)

/* A value or an item begins. */
static void count_one(struct cql_writer *writer)
{
    CHECK(writer->is_open);
    CHECK(writer->params || writer->is_loose);
    CHECK(writer->opcode != CQL_OP_BATCH || writer->statements > 0);
    if (writer->in_list) {
        writer->items++;
        return;
    }
    if (writer->values == 0 && writer->opcode != CQL_OP_BATCH && !writer->is_loose) {
        cql_open_values(writer); /* a statement without values has no count of them either */
    }
    writer->values++;
}

static void put_value(struct cql_writer *writer, const void *bytes, uint32_t size)
{
    count_one(writer);
    cql_put_number(writer, size, 4);
    cql_put_bytes(writer, bytes, size);
}

static void put_integer(struct cql_writer *writer, int64_t value, uint32_t size)
{
    count_one(writer);
    cql_put_number(writer, size, 4);
    cql_put_number(writer, (uint64_t)value, size);
}

static void put_absent(struct cql_writer *writer, uint32_t length)
{
    CHECK(!writer->in_list);
    count_one(writer);
    cql_put_number(writer, length, 4);
}

void cql_put_null(struct cql_writer *writer)
{
    put_absent(writer, LENGTH_NULL);
}

void cql_put_unset(struct cql_writer *writer)
{
    put_absent(writer, LENGTH_UNSET);
}

void cql_put_boolean(struct cql_writer *writer, bool value)
{
    put_integer(writer, value, 1);
}

void cql_put_tinyint(struct cql_writer *writer, int8_t value)
{
    put_integer(writer, value, 1);
}

void cql_put_smallint(struct cql_writer *writer, int16_t value)
{
    put_integer(writer, value, 2);
}

void cql_put_int(struct cql_writer *writer, int32_t value)
{
    put_integer(writer, value, 4);
}

void cql_put_bigint(struct cql_writer *writer, int64_t value)
{
    put_integer(writer, value, 8);
}

void cql_put_timestamp(struct cql_writer *writer, int64_t unix_ms)
{
    put_integer(writer, unix_ms, 8);
}

void cql_put_uuid(struct cql_writer *writer, struct cht_id value)
{
    put_value(writer, value.bytes, sizeof(value.bytes));
}

void cql_put_text(struct cql_writer *writer, struct cht_str value)
{
    put_value(writer, value.at, value.size);
}

void cql_put_blob(struct cql_writer *writer, struct cht_str value)
{
    put_value(writer, value.at, value.size);
}

void cql_put_values(struct cql_writer *writer, const void *values, size_t size, uint32_t count)
{
    CHECK(!writer->in_list);
    CHECK(count > 0 || size == 0);
    if (count > 0) {
        count_one(writer);
        writer->values += count - 1;
        cql_put_bytes(writer, values, size);
    }
}

void cql_put_list(struct cql_writer *writer)
{
    CHECK(!writer->in_list);
    count_one(writer);
    writer->in_list = true;
    writer->list_at = writer->used;
    writer->items = 0;
    cql_put_number(writer, 0, 4);
    cql_put_number(writer, 0, 4);
}

void cql_put_list_end(struct cql_writer *writer)
{
    CHECK(writer->in_list);
    cql_patch(writer, writer->list_at, writer->used - writer->list_at - 4, 4);
    cql_patch(writer, writer->list_at + 4, writer->items, 4);
    writer->in_list = false;
}
