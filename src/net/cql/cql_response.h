#pragma once

/* cql_response - responses, read strictly.
 *
 * Pure, no allocation: all that is answered points into the caller's bytes and lives as long as
 * they do. A body is judged as a whole: each length and count, UTF-8 of each text, keys that are
 * there twice, words that version 4 does not have. So a response is right or refused, and what was
 * read of one that is refused is unspecified.
 *
 * TRAILING alone is special: all was read and is right, but bytes follow it. The specification lets
 * later nodes add some; no known node does with version 4. Whoever meets it may go on, and should
 * say so.
 *
 * cql_open_response first; then the reader for the opcode of the header. Errors: cql_error.h.
 * Results: cql_result.h. */

#include "cql/cql_bytes.h"
#include "cql/cql_frame.h"

#define CQL_OPTIONS_MAX 32 /* of SUPPORTED, and entries of a custom payload */

struct cql_response {
    uint8_t opcode;
    const uint8_t *body; /* without what the flags put in front of it */
    uint32_t size;
    const uint8_t *tracing_id; /* 16 bytes; NULL: it was not traced */
    struct cql_list warnings;
    uint32_t payload_entries; /* of a custom payload, which is passed over */
};

/* A whole body, not compressed any more. WRONG_FLAGS: it still is. */
enum cql_flaw cql_open_response(
    const struct cql_header *header, const uint8_t *body, struct cql_response *ret_response);

/* ---- each of these answers WRONG_OPCODE for a response of another kind */

enum cql_flaw cql_read_ready(const struct cql_response *response);

/* The class of the authenticator. */
enum cql_flaw cql_read_authenticate(const struct cql_response *response, struct cht_str *ret_class);

/* The token of AUTH_CHALLENGE or AUTH_SUCCESS, which may be null. */
enum cql_flaw cql_read_token(
    const struct cql_response *response, enum cql_opcode opcode, struct cql_cell *ret_token);

struct cql_option {
    struct cht_str name;
    struct cql_list values;
};

struct cql_supported {
    struct cql_option options[CQL_OPTIONS_MAX];
    uint32_t count;
};

enum cql_flaw cql_read_supported(
    const struct cql_response *response, struct cql_supported *ret_supported);

/* True if the node has that value among those of the option. */
bool cql_supports(const struct cql_supported *supported, const char *option, const char *value);

/* ---- what changed */

enum cql_event_kind {
#define EVENT(name, word, text) CQL_EVENT_##name,
#include "cql/cql_changes.def"
#undef EVENT
};

enum cql_change {
#define CHANGE(event, name, word, text) CQL_CHANGE_##name,
#include "cql/cql_changes.def"
#undef CHANGE
};

enum cql_target {
#define TARGET(name, word, text) CQL_TARGET_##name,
#include "cql/cql_changes.def"
#undef TARGET
};

struct cql_address {
    uint8_t bytes[16];
    uint8_t size; /* 4 or 16 */
    uint16_t port;
};

struct cql_schema_change {
    enum cql_change change;
    enum cql_target target;
    struct cht_str keyspace;
    struct cht_str name;       /* empty for a keyspace */
    struct cql_list arguments; /* of a function or an aggregate */
};

struct cql_event {
    enum cql_event_kind kind;
    enum cql_change change;
    struct cql_address address;      /* of TOPOLOGY and STATUS */
    struct cql_schema_change schema; /* of SCHEMA */
};

enum cql_flaw cql_read_event(const struct cql_response *response, struct cql_event *ret_event);

/* For the readers of this library: change, target and options. */
void cql_take_schema_change(struct cql_bytes *bytes, struct cql_schema_change *ret_change);

/* For the readers of this library: the body as bytes, if it is of that kind. */
enum cql_flaw cql_response_bytes(
    const struct cql_response *response, enum cql_opcode opcode, struct cql_bytes *ret_bytes);
