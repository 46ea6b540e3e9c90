/* cql_send - requests of asks, written for one connection.
 *
 * Happy path: every statement is known at the node, the request is written around the values that
 * the ask keeps, and takes a stream. How it fails: a statement that is not known there is prepared
 * first, and the ask waits for it; a connection that takes no more says so. */

#include "cql_client/cql_inner.h"

static struct cht_str id_of(const struct cql_prepared_at *prepared)
{
    return (struct cht_str){(const char *)prepared->id, prepared->id_size};
}

static struct cql_params params_of(const struct cql_ask *ask)
{
    uint32_t page_rows = ask->page_rows ? ask->page_rows : ask->client->limits.page_rows;
    return (struct cql_params){.consistency = ask->statement->consistency,
        .serial = ask->statement->serial,
        .page_size = ask->is_read ? page_rows : 0,
        .paging_state = ask->page,
        .timestamp_us = ask->timestamp_us};
}

static void write_parts(
    struct cql_writer *writer, const struct cql_node *node, const struct cql_ask *ask)
{
    for (uint32_t i = 0; i < ask->part_count; i++) {
        const struct cql_ask_part *part = &ask->parts[i];
        cql_batch_prepared(writer, id_of(&node->prepared[part->place]));
        cql_put_values(writer, ask->values + part->at, part->size, part->value_count);
    }
}

/* The size of the request in client->frame; 0: it does not fit. */
static size_t write_request(const struct cql_conn *conn, const struct cql_ask *ask, int16_t stream)
{
    struct cql_client *client = ask->client;
    struct cql_params params = params_of(ask);
    struct cql_writer writer;
    cql_writer_init(&writer, client->frame, client->frame_room);
    if (ask->is_batch) {
        cql_batch(&writer, stream, CQL_BATCH_UNLOGGED, &params);
        write_parts(&writer, conn->node, ask);
    } else if (ask->part_count > 0) {
        cql_execute(&writer, stream, id_of(&conn->node->prepared[ask->parts[0].place]), &params);
        cql_put_values(&writer, ask->values, ask->values_size, ask->value_count);
    } else {
        cql_query(&writer, stream, ask->text, &params);
        cql_put_values(&writer, ask->values, ask->values_size, ask->value_count);
    }
    return cql_end(&writer) ? writer.used : 0;
}

static void note_sent(struct cql_conn *conn, struct cql_ask *ask, int16_t stream)
{
    struct cql_client_stats *stats = &ask->client->stats;
    ask->step = CQL_STEP_SENT;
    ask->is_accepted = true;
    ask->conn = conn;
    ask->stream = stream;
    stats->sent++;
    stats->repeated += ask->tries > 0;
    ask->tries++;
    conn->streams.all[stream].ask = ask;
}

/* The first of its statements that the node does not know. */
static const struct cql_ask_part *find_unknown(
    const struct cql_conn *conn, const struct cql_ask *ask)
{
    for (uint32_t i = 0; i < ask->part_count; i++) {
        if (conn->node->prepared[ask->parts[i].place].state != CQL_PREPARED_KNOWN) {
            return &ask->parts[i];
        }
    }
    return NULL;
}

bool cql_dispatch_send(struct cql_conn *conn, struct cql_ask *ask)
{
    const struct cql_ask_part *unknown = find_unknown(conn, ask);
    if (unknown) {
        return cql_prepare(conn, unknown->place, ask);
    }
    int16_t stream = cql_streams_take(&conn->streams, CQL_USE_ASK);
    if (stream < 0) {
        return false;
    }
    size_t size = write_request(conn, ask, stream);
    if (size == 0) {
        cql_streams_give(&conn->streams, stream);
        cql_ask_refuse(ask, CQL_FAILURE_TOO_LARGE, ask->may_be_done ? ERR_UNKNOWN : ERR_TOO_LARGE);
        return true;
    }
    ask->sent_at = outbound_written(conn->outbound);
    if (cql_conn_write(conn, size) != OK) {
        cql_streams_give(&conn->streams, stream);
        return false;
    }
    note_sent(conn, ask, stream);
    return true;
}
