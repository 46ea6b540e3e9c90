/* cql_reply - responses, read once they are whole.
 *
 * Happy path: rows are copied into the ask's arena, or inflated into it, and read there, so that
 * they stay; nothing else is kept. How it fails: a response that is not right has its flaw; bytes
 * behind its end are passed over, as the specification wants it. */

#include "cql_client/cql_inner.h"

static enum cql_flaw tolerate(enum cql_flaw flaw)
{
    return flaw == CQL_TRAILING ? CQL_FINE : flaw;
}

/* The body as it was before compression, in the arena if it was compressed. */
static enum cql_flaw inflate(const struct cql_client *client, struct arena *arena,
    struct cql_header *header, const uint8_t **body)
{
    uint32_t size;
    if (!(header->flags & CQL_FLAG_COMPRESSED)) {
        return CQL_FINE;
    }
    enum cql_flaw flaw =
        cql_inflated_size(*body, header->body_size, client->limits.response_bytes_max, &size);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    uint8_t *plain = arena_take_raw(arena, size ? size : 1);
    flaw = cql_inflate(*body, header->body_size, header, plain);
    *body = plain;
    return flaw;
}

enum cql_flaw cql_reply_open(struct cql_client *client, const struct cql_header *header,
    const uint8_t *body, struct cql_response *ret_response)
{
    struct cql_header plain = *header;
    arena_reset(&client->scratch);
    enum cql_flaw flaw = inflate(client, &client->scratch, &plain, &body);
    return flaw == CQL_FINE ? cql_open_response(&plain, body, ret_response) : flaw;
}

/* ---- of asks */

static enum cql_flaw read_rows(
    struct cql_client *client, struct cql_ask *ask, const struct cql_result *result)
{
    struct cql_column *columns = client->columns[0];
    enum cql_flaw flaw = tolerate(cql_read_rows(result, columns, 0, &ask->rows));
    if (flaw != CQL_FINE) {
        return flaw;
    }
    const struct cql_metadata *metadata = &ask->rows.metadata;
    ask->column_count = metadata->column_count;
    ask->columns = arena_copy(&ask->answer, columns, metadata->column_count * sizeof(columns[0]));
    ask->cells = arena_array(&ask->answer, metadata->column_count + 1, sizeof(struct cql_cell));
    ask->rows.metadata.columns = NULL;
    if (metadata->has_more_pages) {
        ask->next_page =
            (struct cht_str){(const char *)metadata->paging_state.at, metadata->paging_state.size};
    }
    return CQL_FINE;
}

/* Whether it was done is in its first row. */
static enum cql_flaw read_applied(struct cql_client *client, struct cql_ask *ask)
{
    struct cql_rows rows = ask->rows;
    rows.metadata.columns = client->columns[0];
    if (!cql_row_next(&rows, ask->cells)) {
        return CQL_WRONG_TYPE;
    }
    return cql_applied(&rows, ask->cells, &ask->applied);
}

static enum cql_flaw read_result(struct cql_client *client, struct cql_ask *ask,
    const struct cql_result *result, struct cql_reply *reply)
{
    struct cql_schema_change change;
    struct cht_str keyspace;
    switch (result->kind) {
    case CQL_RESULT_VOID:
        return ask->statement->serial ? CQL_UNKNOWN_WORD : tolerate(cql_read_void(result));
    case CQL_RESULT_SET_KEYSPACE:
        return tolerate(cql_read_set_keyspace(result, &keyspace));
    case CQL_RESULT_SCHEMA_CHANGE:
        reply->is_schema = true;
        return tolerate(cql_read_schema_change(result, &change));
    case CQL_RESULT_ROWS:
    case CQL_RESULT_PREPARED:
        break;
    }
    if (result->kind == CQL_RESULT_PREPARED) {
        return CQL_UNKNOWN_WORD;
    }
    enum cql_flaw flaw = read_rows(client, ask, result);
    return flaw == CQL_FINE && ask->statement->serial ? read_applied(client, ask) : flaw;
}

static bool has_rows(const struct cql_response *response)
{
    struct cql_result result;
    return cql_read_result(response, &result) == CQL_FINE && result.kind == CQL_RESULT_ROWS;
}

/* Opens it where it may stay: in the ask's arena, if it has rows. */
static enum cql_flaw open_reply(struct cql_client *client, struct cql_ask *ask,
    const struct cql_header *header, const uint8_t *body, struct cql_response *ret_response)
{
    struct cql_header plain = *header;
    enum cql_flaw flaw = inflate(client, &ask->answer, &plain, &body);
    if (flaw == CQL_FINE) {
        flaw = cql_open_response(&plain, body, ret_response);
    }
    bool lies_outside = !(header->flags & CQL_FLAG_COMPRESSED);
    if (flaw == CQL_FINE && lies_outside && has_rows(ret_response)) {
        body = arena_copy(&ask->answer, body, plain.body_size);
        flaw = cql_open_response(&plain, body, ret_response);
    }
    return flaw;
}

enum cql_flaw cql_reply_read(struct cql_client *client, struct cql_ask *ask,
    const struct cql_header *header, const uint8_t *body, struct cql_reply *ret_reply)
{
    struct cql_response response;
    struct cql_result result;
    *ret_reply = (struct cql_reply){0};
    enum cql_flaw flaw = open_reply(client, ask, header, body, &response);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    if (response.opcode == CQL_OP_ERROR) {
        ret_reply->is_error = true;
        return tolerate(cql_read_error(&response, &ret_reply->error));
    }
    flaw = cql_read_result(&response, &result);
    if (flaw == CQL_FINE) {
        ask->applied = true;
        flaw = read_result(client, ask, &result, ret_reply);
    }
    return flaw;
}
