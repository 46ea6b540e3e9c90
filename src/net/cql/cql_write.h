#pragma once

/* cql_write - requests, written into the caller's bounded buffer.
 *
 * Nothing is ever cut: a request that does not fit, or that the protocol can not carry, is not
 * there at all; cql_end answers false and the buffer is as it was before. Several requests may
 * follow each other in one buffer and be sent at once. Pure, no allocation.
 *
 * A request with values is begun, gets its values in the order of its markers, and is ended:
 *
 *     cql_execute(&writer, stream, id, &params);
 *     cql_put_uuid(&writer, room);
 *     cql_put_unset(&writer);
 *     if (!cql_end(&writer)) { ... it has no room ... }
 *
 * A batch has statements between its beginning and its end:
 *
 *     cql_batch(&writer, stream, CQL_BATCH_UNLOGGED, &params);
 *     cql_batch_prepared(&writer, id);
 *     cql_put_bigint(&writer, 7);
 *     cql_end(&writer);
 *
 * Calls out of this order are a defect of the program. What was written of a request that failed
 * stays in the buffer's unused part: wipe it, as any buffer that had secrets in it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"
#include "cql/cql_consistency.h"
#include "cql/cql_frame.h"

struct cql_writer {
    uint8_t *at;
    size_t capacity;
    size_t used; /* by whole requests and the open one */

    /* Of the open request; the offsets mean something while it has not failed. */
    const struct cql_params *params;
    size_t frame;
    size_t flags_at;
    size_t statements_at;
    size_t values_at;
    size_t list_at;
    uint32_t statements;
    uint32_t values;
    uint32_t items;
    uint8_t opcode;
    bool is_open;
    bool is_loose; /* values alone */
    bool in_list;
    bool failed;
};

/* How a statement is to be run. Has to live until cql_end. */
struct cql_params {
    enum cql_consistency consistency;
    enum cql_consistency serial; /* of conditions: SERIAL or LOCAL_SERIAL; 0: not said */
    bool skip_metadata;          /* the rows come without columns */
    uint32_t page_size;          /* in rows; 0: all in one page */
    struct cht_str paging_state; /* of the page before; empty: from the beginning */
    int64_t timestamp_us;        /* of the write; 0: the node's clock */
};

struct cql_startup {
    const char *driver_name;
    const char *driver_version;
    bool lz4;               /* bodies may be compressed */
    bool throw_on_overload; /* an overloaded node says so, and does not let the socket stall */
};

enum cql_batch_type { CQL_BATCH_LOGGED = 0, CQL_BATCH_UNLOGGED = 1, CQL_BATCH_COUNTER = 2 };

enum cql_register {
    CQL_REGISTER_TOPOLOGY = 1,
    CQL_REGISTER_STATUS = 2,
    CQL_REGISTER_SCHEMA = 4,
};

/* `capacity`: at most CQL_BODY_BYTES_MAX. */
void cql_writer_init(struct cql_writer *writer, uint8_t *bytes, size_t capacity);

/* ---- requests without values; each is whole when the call returns true */
bool cql_write_startup(
    struct cql_writer *writer, int16_t stream, const struct cql_startup *startup);
bool cql_write_options(struct cql_writer *writer, int16_t stream);
/* `events`: enum cql_register, or-ed. */
bool cql_write_register(struct cql_writer *writer, int16_t stream, unsigned events);
bool cql_write_prepare(struct cql_writer *writer, int16_t stream, struct cht_str text);
/* An answer to a challenge. */
bool cql_write_auth(struct cql_writer *writer, int16_t stream, struct cht_str token);
/* SASL PLAIN, which is what PasswordAuthenticator wants. False too if one of both has a NUL. */
bool cql_write_auth_plain(
    struct cql_writer *writer, int16_t stream, struct cht_str user, struct cht_str password);

/* ---- requests with values */
void cql_query(struct cql_writer *writer, int16_t stream, struct cht_str text,
    const struct cql_params *params);
void cql_execute(
    struct cql_writer *writer, int16_t stream, struct cht_str id, const struct cql_params *params);

/* Of `params` a batch takes consistency, serial and timestamp_us. */
void cql_batch(struct cql_writer *writer, int16_t stream, enum cql_batch_type type,
    const struct cql_params *params);
void cql_batch_query(struct cql_writer *writer, struct cht_str text);
void cql_batch_prepared(struct cql_writer *writer, struct cht_str id);

/* True if the request is whole in the buffer. */
bool cql_end(struct cql_writer *writer);

/* ---- values. Null deletes what was stored; unset leaves it, and is what to give for columns that
 * are absent. Neither may be an item of a list. */
void cql_put_null(struct cql_writer *writer);
void cql_put_unset(struct cql_writer *writer);
void cql_put_boolean(struct cql_writer *writer, bool value);
void cql_put_tinyint(struct cql_writer *writer, int8_t value);
void cql_put_smallint(struct cql_writer *writer, int16_t value);
void cql_put_int(struct cql_writer *writer, int32_t value);
/* Counters too. */
void cql_put_bigint(struct cql_writer *writer, int64_t value);
void cql_put_timestamp(struct cql_writer *writer, int64_t unix_ms);
/* Timeuuids too. */
void cql_put_uuid(struct cql_writer *writer, struct cht_id value);
void cql_put_text(struct cql_writer *writer, struct cht_str value);
/* Whatever else, serialized. */
void cql_put_blob(struct cql_writer *writer, struct cht_str value);

/* Begins values alone, for requests that are written later, once or more often; cql_end ends them.
 * `values` says how many they are. */
void cql_values(struct cql_writer *writer);

/* Puts `count` values, as cql_values had them. */
void cql_put_values(struct cql_writer *writer, const void *values, size_t size, uint32_t count);

/* A list or a set: what is put until the end are its items. An empty one is null in storage. */
void cql_put_list(struct cql_writer *writer);
void cql_put_list_end(struct cql_writer *writer);
