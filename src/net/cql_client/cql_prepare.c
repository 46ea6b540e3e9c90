/* cql_prepare - statements at nodes.
 *
 * Happy path: the first ask with a statement that a node does not know has it prepared there, once;
 * all that come meanwhile wait for it. The node answers the id, and which values are the partition
 * key. How it fails: an error of the node is one of each ask that waits; a lost connection sends
 * them elsewhere; a node that forgets (it was restarted, a table was changed) is told again. */

#include <string.h>

#include "cql_client/cql_inner.h"

static bool send_prepare(struct cql_conn *conn, uint32_t place)
{
    struct cql_client *client = conn->client;
    struct cql_writer writer;
    int16_t stream = cql_streams_take(&conn->streams, CQL_USE_PREPARE);
    if (stream < 0) {
        return false;
    }
    cql_writer_init(&writer, client->frame, client->frame_room);
    bool fits = cql_write_prepare(&writer, stream, cht_str_of(client->known[place].text));
    CHECK(fits); /* the client was made with texts that do */
    if (cql_conn_write(conn, writer.used) != OK) {
        cql_streams_give(&conn->streams, stream);
        return false;
    }
    conn->streams.all[stream].place = (uint16_t)place;
    conn->streams.all[stream].since_ms = cql_now_ms(client);
    client->stats.prepares++;
    return true;
}

bool cql_prepare(struct cql_conn *conn, uint32_t place, struct cql_ask *ask)
{
    struct cql_prepared_at *prepared = &conn->node->prepared[place];
    if (prepared->state == CQL_PREPARED_NOT) {
        if (!send_prepare(conn, place)) {
            return false;
        }
        prepared->state = CQL_PREPARED_ASKED;
        prepared->conn = conn;
    }
    if (cql_ask_may_wait(ask)) {
        ask->step = CQL_STEP_PREPARING;
        ask->conn = conn;
        conn->node->preparing++;
        conn->client->preparing++;
        cql_list_add(&prepared->waiters, ask);
    }
    return true;
}

/* ---- answers */

static void refuse_waiters(
    struct cql_conn *conn, struct cql_prepared_at *prepared, const struct cql_error *error)
{
    prepared->state = CQL_PREPARED_NOT;
    for (uint32_t left = prepared->waiters.count; left > 0; left--) {
        cql_ask_unprepared(conn, prepared->waiters.first, error); /* may come again, at the end */
    }
}

static void learn(struct cql_known *known, const struct cql_prepared *answer)
{
    known->key_part_count = (uint8_t)answer->key_part_count;
    known->has_key = answer->key_part_count > 0;
    memcpy(known->key_parts, answer->key_parts, sizeof(known->key_parts));
}

static enum cql_flaw read_answer(
    struct cql_client *client, const struct cql_response *response, struct cql_prepared *ret_answer)
{
    struct cql_result result;
    enum cql_flaw flaw = cql_read_result(response, &result);
    if (flaw == CQL_FINE && result.kind != CQL_RESULT_PREPARED) {
        flaw = CQL_UNKNOWN_WORD;
    }
    if (flaw == CQL_FINE) {
        flaw = cql_read_prepared(&result, client->columns[0], client->columns[1], ret_answer);
        flaw = flaw == CQL_TRAILING ? CQL_FINE : flaw;
    }
    bool has_id =
        flaw != CQL_FINE || (ret_answer->id.size > 0 && ret_answer->id.size <= CQL_ID_BYTES_MAX);
    return has_id ? flaw : CQL_WRONG_SIZE;
}

static void heard_id(struct cql_conn *conn, uint32_t place, const struct cql_prepared *answer)
{
    struct cql_prepared_at *prepared = &conn->node->prepared[place];
    learn(&conn->client->known[place], answer);
    prepared->state = CQL_PREPARED_KNOWN;
    prepared->id_size = (uint8_t)answer->id.size;
    memcpy(prepared->id, answer->id.at, answer->id.size);
    for (uint32_t left = prepared->waiters.count; left > 0; left--) {
        cql_ask_prepared(conn, prepared->waiters.first);
    }
}

void cql_prepare_heard(struct cql_conn *conn, uint32_t place, const struct cql_response *response)
{
    struct cql_error error;
    struct cql_prepared answer;
    enum cql_flaw flaw;
    if (response->opcode == CQL_OP_ERROR) {
        flaw = cql_read_error(response, &error);
        if (flaw == CQL_FINE || flaw == CQL_TRAILING) {
            refuse_waiters(conn, &conn->node->prepared[place], &error);
            return;
        }
    } else {
        flaw = read_answer(conn->client, response, &answer);
        if (flaw == CQL_FINE) {
            heard_id(conn, place, &answer);
            return;
        }
    }
    cql_conn_drop(conn, cql_flaw_text(flaw)); /* the waiters go when it is closed */
}

bool cql_prepare_forgotten(struct cql_conn *conn, const struct cql_ask *ask, struct cql_cell id)
{
    for (uint32_t i = 0; i < ask->part_count; i++) {
        struct cql_prepared_at *prepared = &conn->node->prepared[ask->parts[i].place];
        if (prepared->id_size == id.size && memcmp(prepared->id, id.at, id.size) == 0) {
            if (prepared->state == CQL_PREPARED_KNOWN) {
                prepared->state = CQL_PREPARED_NOT;
            }
            return true;
        }
    }
    return false;
}

void cql_prepare_lost(struct cql_conn *conn)
{
    struct cql_client *client = conn->client;
    for (uint32_t i = 0; i < client->options.statement_count; i++) {
        struct cql_prepared_at *prepared = &conn->node->prepared[i];
        if (prepared->state == CQL_PREPARED_ASKED && prepared->conn == conn) {
            prepared->state = CQL_PREPARED_NOT;
            for (uint32_t left = prepared->waiters.count; left > 0; left--) {
                cql_ask_reroute(prepared->waiters.first);
            }
        }
    }
}
