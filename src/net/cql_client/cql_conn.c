/* cql_conn - a connection to a node: frames come in and find their questions by their streams.
 *
 * Happy path: outbound connects, cql_hello makes it ready, whole frames are taken from the input,
 * each is an event or the answer on a stream. How it fails: bytes that break the protocol close it;
 * a body over the limit is passed over, and is the failure of its ask alone; when it is lost, each
 * ask on it hears whether its bytes may have left. It connects again by itself, with outbound's
 * waits, after wrong credentials with a longer one. */

#include <stdio.h>

#include "cql_client/cql_inner.h"

#define FRAMES_MAX 256u
#define DETAIL_BYTES 256u

static struct cql_conn *of(struct outbound_handler *handler)
{
    return container_of(handler, struct cql_conn, handler);
}

/* ---- what is lost with it */

static void lose_stream(struct cql_conn *conn, int16_t number, uint64_t bytes_sent)
{
    struct cql_stream stream = conn->streams.all[number];
    if (stream.use != CQL_USE_FREE) {
        cql_streams_give(&conn->streams, number);
    }
    if (stream.use == CQL_USE_ASK) {
        cql_ask_lost(stream.ask, stream.ask->sent_at < bytes_sent);
    }
}

/* `bytes_sent`: of those that were written, so many may have arrived. */
static void lose(struct cql_conn *conn, uint64_t bytes_sent)
{
    timer_stop(&conn->timer);
    if (conn->machine.state != CQL_CONN_AWAY) {
        machine_move(&conn->machine, CQL_CONN_AWAY);
    }
    conn->is_full = conn->is_broken = conn->is_compressed = false;
    conn->skipped = 0;
    for (uint16_t i = 0; i < conn->streams.count; i++) {
        lose_stream(conn, (int16_t)i, bytes_sent);
    }
    if (conn->node) {
        cql_prepare_lost(conn);
    }
}

/* ---- frames */

static void drop_for(struct cql_conn *conn, enum cql_flaw flaw)
{
    cql_conn_drop(conn, cql_flaw_text(flaw));
}

/* On a stream that nobody asked on: perhaps the node says why it closes. */
static void drop_stranger(
    struct cql_conn *conn, const struct cql_header *header, const uint8_t *body)
{
    struct cql_response response;
    struct cql_error error;
    if (header->opcode == CQL_OP_ERROR &&
        cql_reply_open(conn->client, header, body, &response) == CQL_FINE &&
        cql_read_error(&response, &error) == CQL_FINE) {
        cql_conn_drop(conn, error.row->text);
    } else {
        drop_for(conn, CQL_WRONG_STREAM);
    }
}

static void heard_event(struct cql_conn *conn, const struct cql_response *response)
{
    struct cql_event event;
    enum cql_flaw flaw = cql_read_event(response, &event);
    if (flaw != CQL_FINE && flaw != CQL_TRAILING) {
        drop_for(conn, flaw);
    } else if (!conn->node) {
        cql_control_event(&conn->client->control, &event);
    }
}

static void heard_answer(
    struct cql_conn *conn, const struct cql_stream *stream, const struct cql_response *response)
{
    if (stream->use == CQL_USE_PREPARE) {
        cql_prepare_heard(conn, stream->place, response);
    } else if (stream->use == CQL_USE_HELLO) {
        cql_hello_heard(conn, response);
    } /* that a ping is answered is all there is to know */
}

/* All but the answers of asks, which read them for themselves. */
static void heard_small(struct cql_conn *conn, const struct cql_stream *stream,
    const struct cql_header *header, const uint8_t *body)
{
    struct cql_response response;
    enum cql_flaw flaw = cql_reply_open(conn->client, header, body, &response);
    if (flaw != CQL_FINE) {
        drop_for(conn, flaw);
    } else if (stream) {
        heard_answer(conn, stream, &response);
    } else {
        heard_event(conn, &response);
    }
}

static void heard(struct cql_conn *conn, const struct cql_header *header, const uint8_t *body)
{
    if (header->stream == CQL_STREAM_EVENT) {
        heard_small(conn, NULL, header, body);
        return;
    }
    struct cql_stream stream = {.use = CQL_USE_FREE};
    if (header->stream < conn->streams.count) {
        stream = conn->streams.all[header->stream];
    }
    if (stream.use == CQL_USE_FREE) {
        drop_stranger(conn, header, body);
        return;
    }
    cql_streams_give(&conn->streams, header->stream);
    if (stream.use == CQL_USE_ORPHAN) {
        conn->client->stats.late_answers++;
    } else if (stream.use != CQL_USE_ASK) {
        heard_small(conn, &stream, header, body);
    } else if (!cql_ask_heard(conn, stream.ask, header, body)) {
        cql_conn_drop(conn, "an answer breaks the protocol, or says that a request did");
    }
}

/* Only answers of asks are allowed to be too large: the connection is as good as before. */
static bool pass_over(struct cql_conn *conn, const struct cql_header *header)
{
    if (header->stream < 0 || header->stream >= conn->streams.count ||
        header->body_size > CQL_BODY_BYTES_MAX) {
        return false;
    }
    struct cql_stream stream = conn->streams.all[header->stream];
    if (stream.use != CQL_USE_ASK && stream.use != CQL_USE_ORPHAN) {
        return false;
    }
    conn->skipped = header->body_size;
    cql_streams_give(&conn->streams, header->stream);
    if (stream.use == CQL_USE_ASK) {
        cql_ask_too_large(stream.ask);
    }
    return true;
}

/* How many bytes it was; 0: it is not whole yet, or wrong. */
static size_t take_frame(struct cql_conn *conn, const uint8_t *bytes, size_t size)
{
    struct cql_header header;
    if (conn->skipped > 0) {
        size_t passed = size < conn->skipped ? size : (size_t)conn->skipped;
        conn->skipped -= passed;
        return passed;
    }
    enum cql_flaw flaw =
        cql_read_header(bytes, size, conn->client->limits.response_bytes_max, &header);
    if (flaw == CQL_MORE) {
        return 0;
    }
    if (flaw == CQL_TOO_LARGE && pass_over(conn, &header)) {
        return CQL_HEADER_BYTES;
    }
    if (flaw != CQL_FINE) {
        drop_for(conn, flaw);
        return 0;
    }
    if (size - CQL_HEADER_BYTES < header.body_size) {
        return 0;
    }
    heard(conn, &header, bytes + CQL_HEADER_BYTES);
    return CQL_HEADER_BYTES + header.body_size;
}

/* ---- what outbound says */

static void on_late(struct timer *timer)
{
    struct cql_conn *conn = container_of(timer, struct cql_conn, timer);
    cql_conn_drop(conn, "it was not ready in time");
}

static void on_open(struct outbound_handler *handler)
{
    struct cql_conn *conn = of(handler);
    const struct cql_client *client = conn->client;
    timer_start(client->world->loop, &conn->timer, client->limits.open_ms, on_late);
    cql_hello_begin(conn);
}

static size_t on_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    struct cql_conn *conn = of(handler);
    size_t taken = 0;
    uint32_t frames = 0;
    while (taken < size && frames < FRAMES_MAX && !conn->is_broken) {
        size_t frame = take_frame(conn, bytes + taken, size - taken);
        if (frame == 0) {
            break;
        }
        taken += frame;
        frames++;
    }
    if (frames == FRAMES_MAX) {
        outbound_resume(conn->outbound);
    }
    cql_dispatch_waiting(conn->client);
    return taken;
}

static void on_drained(struct outbound_handler *handler)
{
    struct cql_conn *conn = of(handler);
    conn->is_full = false;
    cql_dispatch_waiting(conn->client);
}

static void on_quiet(struct outbound_handler *handler)
{
    cql_hello_ping(of(handler));
}

static void on_again(struct timer *timer)
{
    struct cql_conn *conn = container_of(timer, struct cql_conn, timer);
    outbound_start(conn->outbound);
}

static void tell_lost(struct cql_conn *conn, const struct outbound_end *end, uint64_t retry_ms)
{
    char detail[DETAIL_BYTES];
    snprintf(detail, sizeof(detail), "%s%s%s", outbound_reason_name(end->reason),
        end->detail[0] ? ": " : "", end->detail);
    cql_tell(conn->client, conn->is_denied ? CQL_NEWS_DENIED : CQL_NEWS_LOST, &end->to, detail,
        retry_ms);
}

static void on_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    struct cql_conn *conn = of(handler);
    struct cql_client *client = conn->client;
    uint64_t retry_ms = conn->is_denied ? client->limits.denied_retry_ms : end->retry_ms;
    client->stats.losses += conn->machine.state == CQL_CONN_READY;
    tell_lost(conn, end, conn->node ? retry_ms : 0);
    lose(conn, end->bytes_sent);
    if (!conn->node) {
        cql_control_closed(&client->control, &end->to);
    } else if (conn->is_denied) {
        outbound_stop(conn->outbound);
        timer_start(client->world->loop, &conn->timer, retry_ms, on_again);
    }
    conn->is_denied = false;
    cql_dispatch_waiting(client);
}

/* ---- what the others ask of it */

enum err cql_conn_init(struct cql_conn *conn, const char *host, uint16_t port)
{
    const struct cql_client *client = conn->client;
    const struct cql_client_limits *limits = &client->limits;
    conn->handler = (struct outbound_handler){on_open, on_input, on_drained, on_quiet, on_closed};
    struct outbound_options options = {.host = host,
        .port = port,
        .tls = client->options.tls,
        .tls_name = client->options.tls_name,
        .handler = &conn->handler,
        .limits = {.input_bytes_max = limits->response_bytes_max + CQL_HEADER_BYTES,
            .queue_bytes_max = limits->queue_bytes_max,
            .open_ms = limits->open_ms,
            .quiet_ms = limits->quiet_ms,
            .silent_ms = limits->silent_ms,
            .retry_first_ms = limits->retry_first_ms,
            .retry_max_ms = limits->retry_max_ms,
            .steady_ms = CQL_STEADY_MS}};
    machine_init(&conn->machine, cql_conn_rows, CQL_CONN_STATES, CQL_CONN_AWAY);
    cql_streams_init(&conn->streams,
        (uint16_t)(limits->streams_max + client->options.statement_count + CQL_STREAMS_OWN));
    return outbound_create(client->options.outbounds, &options, &conn->outbound);
}

void cql_conn_deinit(struct cql_conn *conn)
{
    timer_stop(&conn->timer);
    outbound_destroy(conn->outbound);
    cql_streams_deinit(&conn->streams);
}

bool cql_conn_start(struct cql_conn *conn, const char *host, uint16_t port)
{
    if (outbound_set_endpoint(conn->outbound, host, port) != OK) {
        return false;
    }
    outbound_start(conn->outbound);
    outbound_retry(conn->outbound);
    return true;
}

void cql_conn_stop(struct cql_conn *conn)
{
    outbound_stop(conn->outbound);
    lose(conn, UINT64_MAX);
}

void cql_conn_drop(struct cql_conn *conn, const char *detail)
{
    if (outbound_is_open(conn->outbound)) {
        conn->is_broken = true;
        outbound_drop(conn->outbound, detail);
    }
}

bool cql_conn_has_room(const struct cql_conn *conn)
{
    bool has_streams = !conn->node || cql_conn_asks(conn) < conn->client->limits.streams_max;
    return has_streams && cql_conn_is_ready(conn) && !conn->is_full &&
           outbound_is_open(conn->outbound);
}

enum err cql_conn_write(struct cql_conn *conn, size_t size)
{
    struct cql_client *client = conn->client;
    const uint8_t *bytes = client->frame;
    uint32_t least = client->limits.compress_bytes_min;
    if (conn->is_compressed && least > 0 && size >= least) {
        size_t packed = cql_deflate_frame(client->frame, size, client->packed, client->frame_room);
        bytes = packed > 0 ? client->packed : bytes;
        size = packed > 0 ? packed : size;
    }
    enum err err = outbound_write(conn->outbound, bytes, size);
    conn->is_full |= err == ERR_FULL;
    return err;
}

void cql_conn_tick(struct cql_conn *conn)
{
    const struct cql_streams *streams = &conn->streams;
    if (streams->used[CQL_USE_PREPARE] == 0 && streams->used[CQL_USE_ORPHAN] == 0) {
        return; /* of a node that is not local there is nothing at all */
    }
    const struct cql_client_limits *limits = &conn->client->limits;
    uint64_t now_ms = cql_now_ms(conn->client);
    for (uint16_t i = 0; i < streams->count; i++) {
        const struct cql_stream *stream = &streams->all[i];
        uint64_t most_ms = stream->use == CQL_USE_PREPARE  ? limits->ask_ms
                           : stream->use == CQL_USE_ORPHAN ? limits->overdue_ms
                                                           : UINT64_MAX;
        if (most_ms != UINT64_MAX && now_ms - stream->since_ms > most_ms) {
            cql_conn_drop(conn, "an answer is overdue");
            return;
        }
    }
}
