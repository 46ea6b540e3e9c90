/* cql_write - requests.
 *
 * Happy path: a frame is begun, its fields follow each other, counts and lengths that are known
 * only later are patched in, and the end makes it count. How it fails: the first thing that does
 * not fit marks the request, whatever comes after it is passed over, and the end takes it back. */

#include "cql/cql_write.h"

#include <string.h>

#include "base/big_endian.h"
#include "base/check.h"
#include "cql/cql_writing.h"

enum query_flag {
    QUERY_VALUES = 0x01,
    QUERY_SKIP_METADATA = 0x02,
    QUERY_PAGE_SIZE = 0x04,
    QUERY_PAGING_STATE = 0x08,
    QUERY_SERIAL = 0x10,
    QUERY_TIMESTAMP = 0x20,
};

enum batch_kind { BATCH_TEXT = 0, BATCH_PREPARED = 1 };

void cql_writer_init(struct cql_writer *writer, uint8_t *bytes, size_t capacity)
{
    CHECK(capacity <= CQL_BODY_BYTES_MAX);
    *writer = (struct cql_writer){.at = bytes, .capacity = capacity};
}

/* ---- fields; cql_writing.h */

void cql_put_bytes(struct cql_writer *writer, const void *bytes, size_t size)
{
    CHECK(writer->is_open);
    if (writer->failed || size > writer->capacity - writer->used) {
        writer->failed = true;
        return;
    }
    if (size > 0) {
        memcpy(writer->at + writer->used, bytes, size);
    }
    writer->used += size;
}

void cql_put_number(struct cql_writer *writer, uint64_t number, size_t size)
{
    uint8_t bytes[8];
    big_endian_put_sized(bytes, number, size);
    cql_put_bytes(writer, bytes, size);
}

void cql_patch(struct cql_writer *writer, size_t at, uint64_t number, size_t size)
{
    size_t used = writer->used;
    if (writer->failed) {
        return;
    }
    writer->used = at;
    cql_put_number(writer, number, size);
    writer->used = used;
}

static void put_long_string(struct cql_writer *writer, struct cht_str text)
{
    cql_put_number(writer, text.size, 4);
    cql_put_bytes(writer, text.at, text.size);
}

/* [string] and [short bytes]. */
static void put_short(struct cql_writer *writer, struct cht_str text)
{
    writer->failed |= text.size > UINT16_MAX;
    cql_put_number(writer, text.size, 2);
    cql_put_bytes(writer, text.at, text.size);
}

static void put_word(struct cql_writer *writer, const char *word)
{
    put_short(writer, (struct cht_str){word, (uint32_t)strlen(word)});
}

/* ---- frames */

static void reopen(struct cql_writer *writer)
{
    CHECK(!writer->is_open);
    *writer = (struct cql_writer){.at = writer->at,
        .capacity = writer->capacity,
        .used = writer->used,
        .frame = writer->used,
        .is_open = true};
}

static void begin(struct cql_writer *writer, int16_t stream, enum cql_opcode opcode)
{
    CHECK(stream >= 0);
    uint8_t header[CQL_HEADER_BYTES];
    cql_write_header(
        header, &(struct cql_header){
                    .version = CQL_VERSION_REQUEST, .stream = stream, .opcode = (uint8_t)opcode});
    reopen(writer);
    writer->opcode = (uint8_t)opcode;
    cql_put_bytes(writer, header, sizeof(header));
}

static bool leave(struct cql_writer *writer)
{
    if (writer->failed) {
        writer->used = writer->frame;
    }
    writer->is_open = false;
    return !writer->failed;
}

static bool finish(struct cql_writer *writer)
{
    size_t body = writer->used - writer->frame - CQL_HEADER_BYTES;
    cql_patch(writer, writer->frame + 5, body, 4);
    return leave(writer);
}

bool cql_write_startup(struct cql_writer *writer, int16_t stream, const struct cql_startup *startup)
{
    const char *const rows[][2] = {
        {"CQL_VERSION", "3.0.0"},
        {"COMPRESSION", startup->lz4 ? "lz4" : NULL},
        {"DRIVER_NAME", startup->driver_name},
        {"DRIVER_VERSION", startup->driver_version},
        {"THROW_ON_OVERLOAD", startup->throw_on_overload ? "1" : NULL},
    };
    uint16_t count = 0;
    begin(writer, stream, CQL_OP_STARTUP);
    size_t count_at = writer->used;
    cql_put_number(writer, 0, 2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i][1]) {
            put_word(writer, rows[i][0]);
            put_word(writer, rows[i][1]);
            count++;
        }
    }
    cql_patch(writer, count_at, count, 2);
    return finish(writer);
}

bool cql_write_options(struct cql_writer *writer, int16_t stream)
{
    begin(writer, stream, CQL_OP_OPTIONS);
    return finish(writer);
}

bool cql_write_register(struct cql_writer *writer, int16_t stream, unsigned events)
{
    static const char *const names[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"};
    CHECK(events > 0);
    CHECK(events < 1u << 3);
    begin(writer, stream, CQL_OP_REGISTER);
    cql_put_number(writer, (uint64_t)__builtin_popcount(events), 2);
    for (size_t i = 0; i < 3; i++) {
        if (events & 1u << i) {
            put_word(writer, names[i]);
        }
    }
    return finish(writer);
}

bool cql_write_prepare(struct cql_writer *writer, int16_t stream, struct cht_str text)
{
    begin(writer, stream, CQL_OP_PREPARE);
    put_long_string(writer, text);
    return finish(writer);
}

bool cql_write_auth(struct cql_writer *writer, int16_t stream, struct cht_str token)
{
    begin(writer, stream, CQL_OP_AUTH_RESPONSE);
    put_long_string(writer, token);
    return finish(writer);
}

static bool has_nul(struct cht_str text)
{
    return text.size > 0 && memchr(text.at, '\0', text.size) != NULL;
}

bool cql_write_auth_plain(
    struct cql_writer *writer, int16_t stream, struct cht_str user, struct cht_str password)
{
    begin(writer, stream, CQL_OP_AUTH_RESPONSE);
    writer->failed |= has_nul(user) || has_nul(password);
    cql_put_number(writer, UINT64_C(2) + user.size + password.size, 4);
    cql_put_number(writer, 0, 1);
    cql_put_bytes(writer, user.at, user.size);
    cql_put_number(writer, 0, 1);
    cql_put_bytes(writer, password.at, password.size);
    return finish(writer);
}

/* ---- statements */

static uint8_t flags_of(const struct cql_params *params, bool batch)
{
    unsigned flags =
        (params->serial ? QUERY_SERIAL : 0u) | (params->timestamp_us ? QUERY_TIMESTAMP : 0u);
    if (!batch) {
        flags |= (params->skip_metadata ? QUERY_SKIP_METADATA : 0u) |
                 (params->page_size ? QUERY_PAGE_SIZE : 0u) |
                 (params->paging_state.size ? QUERY_PAGING_STATE : 0u);
    }
    return (uint8_t)flags;
}

static void check_params(const struct cql_params *params)
{
    CHECK(params->consistency <= CQL_LOCAL_ONE);
    CHECK(
        params->serial == 0 || params->serial == CQL_SERIAL || params->serial == CQL_LOCAL_SERIAL);
    CHECK(params->timestamp_us >= 0);
    CHECK(params->page_size <= INT32_MAX);
}

void cql_open_values(struct cql_writer *writer)
{
    writer->values_at = writer->used;
    writer->values = 0;
    cql_put_number(writer, 0, 2);
}

static void close_values(struct cql_writer *writer)
{
    CHECK(!writer->in_list);
    writer->failed |= writer->values > UINT16_MAX;
    cql_patch(writer, writer->values_at, writer->values, 2);
}

static void open_statement(struct cql_writer *writer, const struct cql_params *params)
{
    check_params(params);
    writer->params = params;
    cql_put_number(writer, params->consistency, 2);
    writer->flags_at = writer->used;
    cql_put_number(writer, flags_of(params, false), 1);
}

void cql_query(
    struct cql_writer *writer, int16_t stream, struct cht_str text, const struct cql_params *params)
{
    begin(writer, stream, CQL_OP_QUERY);
    put_long_string(writer, text);
    open_statement(writer, params);
}

void cql_execute(
    struct cql_writer *writer, int16_t stream, struct cht_str id, const struct cql_params *params)
{
    begin(writer, stream, CQL_OP_EXECUTE);
    put_short(writer, id);
    open_statement(writer, params);
}

static void put_serial_and_timestamp(struct cql_writer *writer)
{
    if (writer->params->serial) {
        cql_put_number(writer, writer->params->serial, 2);
    }
    if (writer->params->timestamp_us) {
        cql_put_number(writer, (uint64_t)writer->params->timestamp_us, 8);
    }
}

static void end_statement(struct cql_writer *writer)
{
    if (writer->values > 0) {
        cql_patch(writer, writer->flags_at, flags_of(writer->params, false) | QUERY_VALUES, 1);
        close_values(writer);
    }
    if (writer->params->page_size) {
        cql_put_number(writer, writer->params->page_size, 4);
    }
    if (writer->params->paging_state.size) {
        put_long_string(writer, writer->params->paging_state);
    }
    put_serial_and_timestamp(writer);
}

/* ---- batches */

void cql_batch(struct cql_writer *writer, int16_t stream, enum cql_batch_type type,
    const struct cql_params *params)
{
    check_params(params);
    begin(writer, stream, CQL_OP_BATCH);
    writer->params = params;
    cql_put_number(writer, type, 1);
    writer->statements_at = writer->used;
    cql_put_number(writer, 0, 2);
}

static void next_statement(struct cql_writer *writer, enum batch_kind kind)
{
    CHECK(writer->opcode == CQL_OP_BATCH);
    if (writer->statements > 0) {
        close_values(writer);
    }
    writer->statements++;
    cql_put_number(writer, kind, 1);
}

void cql_batch_query(struct cql_writer *writer, struct cht_str text)
{
    next_statement(writer, BATCH_TEXT);
    put_long_string(writer, text);
    cql_open_values(writer);
}

void cql_batch_prepared(struct cql_writer *writer, struct cht_str id)
{
    next_statement(writer, BATCH_PREPARED);
    put_short(writer, id);
    cql_open_values(writer);
}

static void end_batch(struct cql_writer *writer)
{
    if (writer->statements > 0) {
        close_values(writer);
    }
    writer->failed |= writer->statements > UINT16_MAX;
    cql_patch(writer, writer->statements_at, writer->statements, 2);
    cql_put_number(writer, writer->params->consistency, 2);
    cql_put_number(writer, flags_of(writer->params, true), 1);
    put_serial_and_timestamp(writer);
}

void cql_values(struct cql_writer *writer)
{
    reopen(writer);
    writer->is_loose = true;
}

bool cql_end(struct cql_writer *writer)
{
    CHECK(writer->is_open);
    CHECK(writer->params || writer->is_loose);
    CHECK(!writer->in_list);
    if (writer->is_loose) {
        return leave(writer);
    }
    if (writer->opcode == CQL_OP_BATCH) {
        end_batch(writer);
    } else {
        end_statement(writer);
    }
    return finish(writer);
}
