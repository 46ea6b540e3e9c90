/* cql_hello - what is said on a connection before it may be asked.
 *
 * Happy path: OPTIONS, which says whether bodies may be compressed; STARTUP; if the node wants to
 * know who we are, SASL PLAIN; on the control connection REGISTER, so that no event is missed; it
 * is ready. How it fails: wrong credentials close it, and the next try comes late; any other error
 * closes it too, and it is tried again as after a loss. */

#include "base/mem.h"
#include "cql_client/cql_inner.h"

static void on_ready(struct machine *machine);

#define AWAY MACHINE_TO(CQL_CONN_AWAY)

const struct machine_row cql_conn_rows[CQL_CONN_STATES] = {
    [CQL_CONN_AWAY] = {"away", MACHINE_TO(CQL_CONN_OFFERING)},
    [CQL_CONN_OFFERING] = {"offering", AWAY | MACHINE_TO(CQL_CONN_STARTING)},
    [CQL_CONN_STARTING] = {"starting", AWAY | MACHINE_TO(CQL_CONN_PROVING) |
                                           MACHINE_TO(CQL_CONN_REGISTERING) |
                                           MACHINE_TO(CQL_CONN_READY)},
    [CQL_CONN_PROVING] = {"proving",
        AWAY | MACHINE_TO(CQL_CONN_REGISTERING) | MACHINE_TO(CQL_CONN_READY)},
    [CQL_CONN_REGISTERING] = {"registering", AWAY | MACHINE_TO(CQL_CONN_READY)},
    [CQL_CONN_READY] = {"ready", AWAY, on_ready},
};

/* ---- requests */

static void begin(struct cql_conn *conn, struct cql_writer *writer)
{
    cql_writer_init(writer, conn->client->frame, conn->client->frame_room);
}

/* What `writer` has is sent, and forgotten: it may be a password. */
static void say(struct cql_conn *conn, const struct cql_writer *writer, int16_t stream, bool fits)
{
    enum err err = fits && stream >= 0
                       ? outbound_write(conn->outbound, conn->client->frame, writer->used)
                       : ERR_TOO_LARGE;
    mem_wipe(conn->client->frame, writer->used);
    if (err != OK) {
        cql_conn_drop(conn, "the hello could not be sent");
    }
}

static void send_options(struct cql_conn *conn, enum cql_use use)
{
    struct cql_writer writer;
    int16_t stream = cql_streams_take(&conn->streams, use);
    begin(conn, &writer);
    say(conn, &writer, stream, stream >= 0 && cql_write_options(&writer, stream));
}

static void send_startup(struct cql_conn *conn)
{
    const struct cql_startup startup = {
        "Chattifier", "1", .lz4 = conn->is_compressed, .throw_on_overload = true};
    struct cql_writer writer;
    int16_t stream = cql_streams_take(&conn->streams, CQL_USE_HELLO);
    begin(conn, &writer);
    say(conn, &writer, stream, stream >= 0 && cql_write_startup(&writer, stream, &startup));
}

static void send_proof(struct cql_conn *conn)
{
    const struct cql_client_options *options = &conn->client->options;
    struct cql_writer writer;
    int16_t stream = cql_streams_take(&conn->streams, CQL_USE_HELLO);
    begin(conn, &writer);
    say(conn, &writer, stream,
        stream >= 0 && cql_write_auth_plain(&writer, stream, cht_str_of(options->user),
                           cht_str_of(options->password)));
}

static void send_register(struct cql_conn *conn)
{
    struct cql_writer writer;
    int16_t stream = cql_streams_take(&conn->streams, CQL_USE_HELLO);
    begin(conn, &writer);
    say(conn, &writer, stream,
        stream >= 0 && cql_write_register(&writer, stream,
                           CQL_REGISTER_TOPOLOGY | CQL_REGISTER_STATUS | CQL_REGISTER_SCHEMA));
}

/* ---- answers */

static void deny(struct cql_conn *conn, const char *detail)
{
    conn->is_denied = true;
    cql_conn_drop(conn, detail);
}

static void heard_error(struct cql_conn *conn, const struct cql_response *response)
{
    struct cql_error error;
    enum cql_flaw flaw = cql_read_error(response, &error);
    if (flaw != CQL_FINE && flaw != CQL_TRAILING) {
        cql_conn_drop(conn, cql_flaw_text(flaw));
    } else if (error.row->code == CQL_ERROR_AUTH || error.row->code == CQL_ERROR_UNAUTHORIZED) {
        deny(conn, error.row->text);
    } else {
        cql_conn_drop(conn, error.row->text);
    }
}

static void go_on(struct cql_conn *conn)
{
    if (conn->node) {
        machine_move(&conn->machine, CQL_CONN_READY);
    } else {
        machine_move(&conn->machine, CQL_CONN_REGISTERING);
        send_register(conn);
    }
}

static enum cql_flaw heard_supported(struct cql_conn *conn, const struct cql_response *response)
{
    struct cql_supported supported;
    enum cql_flaw flaw = cql_read_supported(response, &supported);
    if (flaw == CQL_FINE || flaw == CQL_TRAILING) {
        conn->is_compressed = conn->client->limits.compress_bytes_min > 0 &&
                              cql_supports(&supported, "COMPRESSION", "lz4");
        machine_move(&conn->machine, CQL_CONN_STARTING);
        send_startup(conn);
    }
    return flaw;
}

static enum cql_flaw heard_start(struct cql_conn *conn, const struct cql_response *response)
{
    struct cht_str wanted;
    if (response->opcode != CQL_OP_AUTHENTICATE) {
        enum cql_flaw flaw = cql_read_ready(response);
        if (flaw == CQL_FINE || flaw == CQL_TRAILING) {
            go_on(conn);
        }
        return flaw;
    }
    enum cql_flaw flaw = cql_read_authenticate(response, &wanted);
    if (flaw != CQL_FINE && flaw != CQL_TRAILING) {
        return flaw;
    }
    if (!conn->client->options.user) {
        deny(conn, "it wants credentials, and none are set");
        return CQL_FINE;
    }
    machine_move(&conn->machine, CQL_CONN_PROVING);
    send_proof(conn);
    return CQL_FINE;
}

static enum cql_flaw heard_proof(struct cql_conn *conn, const struct cql_response *response)
{
    struct cql_cell token;
    if (response->opcode == CQL_OP_AUTH_CHALLENGE) {
        deny(conn, "it wants to know more than user and password");
        return CQL_FINE;
    }
    enum cql_flaw flaw = cql_read_token(response, CQL_OP_AUTH_SUCCESS, &token);
    if (flaw == CQL_FINE || flaw == CQL_TRAILING) {
        go_on(conn);
    }
    return flaw;
}

static enum cql_flaw heard_registered(struct cql_conn *conn, const struct cql_response *response)
{
    enum cql_flaw flaw = cql_read_ready(response);
    if (flaw == CQL_FINE || flaw == CQL_TRAILING) {
        machine_move(&conn->machine, CQL_CONN_READY);
    }
    return flaw;
}

void cql_hello_heard(struct cql_conn *conn, const struct cql_response *response)
{
    static enum cql_flaw (*const next[CQL_CONN_STATES])(
        struct cql_conn *, const struct cql_response *) = {
        [CQL_CONN_OFFERING] = heard_supported,
        [CQL_CONN_STARTING] = heard_start,
        [CQL_CONN_PROVING] = heard_proof,
        [CQL_CONN_REGISTERING] = heard_registered,
    };
    if (response->opcode == CQL_OP_ERROR) {
        heard_error(conn, response);
        return;
    }
    CHECK(next[conn->machine.state]);
    enum cql_flaw flaw = next[conn->machine.state](conn, response);
    if (flaw != CQL_FINE && flaw != CQL_TRAILING) {
        cql_conn_drop(conn, cql_flaw_text(flaw));
    }
}

void cql_hello_begin(struct cql_conn *conn)
{
    machine_move(&conn->machine, CQL_CONN_OFFERING);
    send_options(conn, CQL_USE_HELLO);
}

void cql_hello_ping(struct cql_conn *conn)
{
    if (conn->machine.state == CQL_CONN_READY && conn->streams.used[CQL_USE_PING] == 0) {
        send_options(conn, CQL_USE_PING);
    }
}

static void on_ready(struct machine *machine)
{
    struct cql_conn *conn = container_of(machine, struct cql_conn, machine);
    struct cql_client *client = conn->client;
    struct net_address address = outbound_address(conn->outbound);
    timer_stop(&conn->timer);
    client->stats.opens++;
    cql_tell(client, CQL_NEWS_CONNECTED, &address, "", 0);
    if (!conn->node) {
        cql_control_opened(&client->control);
    }
}
