/* edge_ws - the WebSocket half of a connection.
 *
 * Happy path: frames are read where they lie and texts handed out; pings are answered in the turn's
 * one send. How it fails: a breach of the protocol is answered with a close frame and ends the
 * connection; on_closed is said exactly once, never from inside another callback of the same
 * connection. */

#include "base/mem.h"
#include "link/edge_input.h"
#include "wire/ws_close.h"
#include "wire/ws_frame.h"

/* ---- names */

bool edge_is_open(const struct edge *edge, struct conn_id conn)
{
    return edge_is(edge, conn) && edge->conns[conn.slot].phase == CONN_OPEN;
}

/* ---- closing */

static void tell(struct edge *edge, uint32_t slot)
{
    struct conn_cold *cold = &edge->colds[slot];
    edge->conns[slot].flags &= (uint16_t)~CONN_TELL;
    cold->ws->on_closed(cold->ws, slot, cold->close_code);
}

void ws_tell_closed(struct edge *edge, uint32_t slot, uint16_t code)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->phase != CONN_OPEN) {
        return;
    }
    edge->colds[slot].close_code = code;
    conn_enter(edge, slot, CONN_CLOSING);
    conn->flags |= CONN_TELL;
    if (edge->calling != slot) {
        tell(edge, slot);
    }
}

void ws_tell_owed(struct edge *edge, uint32_t slot)
{
    if (edge->conns[slot].flags & CONN_TELL) {
        tell(edge, slot);
    }
}

/* In a tunnel it could stand in the middle of another frame. */
static void put_close(struct edge *edge, uint32_t slot, uint16_t code, const char *reason)
{
    if (edge->conns[slot].flags & CONN_TUNNEL) {
        return;
    }
    uint8_t frame[2 + WS_CONTROL_BYTES_MAX];
    size_t size = ws_write_close(code, reason, frame);
    out_push_bytes(edge, slot, frame, size);
}

void ws_fail(struct edge *edge, uint32_t slot, uint16_t code, const char *reason)
{
    ws_tell_closed(edge, slot, code);
    put_close(edge, slot, code, reason);
    conn_end(edge, slot);
}

void edge_close(struct edge *edge, uint32_t slot, uint16_t code, const char *reason)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->phase != CONN_OPEN) {
        return;
    }
    if (conn->flags & CONN_TUNNEL) {
        ws_fail(edge, slot, code, reason);
        return;
    }
    put_close(edge, slot, code, reason);
    conn->flags &= (uint16_t)~CONN_PAUSED;
    ws_tell_closed(edge, slot, code);
    if (edge->calling != slot && conn->input && conn->input->size > 0) {
        conn_go_on_later(edge, slot);
    } else {
        conn_update_watch(edge, slot);
    }
}

static void got_close(struct edge *edge, uint32_t slot, uint16_t code)
{
    bool answered = edge->conns[slot].phase == CONN_CLOSING;
    ws_tell_closed(edge, slot, code);
    if (!answered) {
        put_close(edge, slot, code == WS_CLOSE_NO_CODE ? WS_CLOSE_NORMAL : code, NULL);
    }
    conn_end(edge, slot);
}

/* ---- events */

static void got_text(struct edge *edge, uint32_t slot, const struct ws_found *found)
{
    static char nothing[1];
    if (edge->conns[slot].phase != CONN_OPEN) {
        return;
    }
    struct edge_ws_handler *ws = edge->colds[slot].ws;
    edge->stats.messages_in++;
    edge->calling = slot;
    ws->on_text(ws, slot, found->payload ? (char *)found->payload : nothing, found->size);
    edge->calling = EDGE_NOBODY;
    ws_tell_owed(edge, slot);
}

void ws_drained(struct edge *edge, uint32_t slot)
{
    struct edge_ws_handler *ws = edge->colds[slot].ws;
    edge->conns[slot].flags &= (uint16_t)~CONN_GAP;
    if (!ws->on_drained) {
        return;
    }
    edge->calling = slot;
    ws->on_drained(ws, slot);
    edge->calling = EDGE_NOBODY;
    ws_tell_owed(edge, slot);
}

/* False if there were too many control frames this second. */
static bool count_control(struct edge *edge, uint32_t slot)
{
    struct conn_cold *cold = &edge->colds[slot];
    uint32_t now = edge_now(edge);
    if (now - cold->control_ms >= 1000) {
        cold->control_ms = now;
        cold->control_count = 0;
    }
    cold->control_count++;
    uint32_t most = edge->limits.control_frames_per_second;
    return most == 0 || cold->control_count <= most;
}

static void got_control(
    struct edge *edge, uint32_t slot, const struct ws_found *found, bool wants_pong)
{
    if (edge->conns[slot].phase != CONN_OPEN) {
        return;
    }
    if (!count_control(edge, slot)) {
        ws_fail(edge, slot, WS_CLOSE_REFUSED, "too many control frames");
        return;
    }
    if (wants_pong) {
        uint8_t frame[2 + WS_CONTROL_BYTES_MAX];
        size_t size = ws_write_control(WS_PONG, found->payload, found->size, frame);
        out_reply(edge, slot, frame, size);
    }
}

static void grow_message(struct edge *edge, struct ws_reader *reader, uint32_t room)
{
    uint64_t doubled = (uint64_t)reader->capacity * 2;
    uint64_t most = edge->limits.message_bytes_max;
    uint64_t wanted = doubled > room ? doubled : room;
    reader->capacity = (uint32_t)(wanted < most || room > most ? wanted : most);
    reader->message = mem_resize(reader->message, reader->capacity);
}

static void handle(struct edge *edge, uint32_t slot, struct ws_reader *reader, enum ws_event event,
    const struct ws_found *found)
{
    switch (event) {
    case WS_GOT_TEXT:
        got_text(edge, slot, found);
        break;
    case WS_GOT_PING:
    case WS_GOT_PONG:
        got_control(edge, slot, found, event == WS_GOT_PING);
        break;
    case WS_GOT_CLOSE:
        got_close(edge, slot, found->code);
        break;
    case WS_NEEDS_ROOM:
        grow_message(edge, reader, found->room);
        break;
    case WS_BAD:
        edge->stats.frames_bad++;
        if (edge->conns[slot].phase == CONN_CLOSING) {
            conn_end(edge, slot);
        } else {
            ws_fail(edge, slot, found->code, NULL);
        }
        break;
    case WS_MORE:
        break;
    }
}

static bool reads(const struct conn *conn)
{
    bool open = conn->phase == CONN_OPEN || conn->phase == CONN_CLOSING;
    return open && !(conn->flags & CONN_PAUSED);
}

/* An unfinished message began no earlier than where the one before it ended. */
static void note_begin(struct edge *edge, uint32_t slot, const struct ws_reader *reader)
{
    if (edge->conns[slot].phase == CONN_OPEN && ws_reader_is_idle(reader)) {
        edge->conns[slot].since_ms = edge_now(edge);
    }
}

/* Answers how many bytes are done with. */
static size_t read_frames(
    struct edge *edge, uint32_t slot, struct ws_reader *reader, uint8_t *bytes, size_t size)
{
    size_t at = 0;
    enum ws_event event = WS_GOT_PONG;
    while (event != WS_MORE && reads(&edge->conns[slot])) {
        struct ws_found found;
        size_t used;
        note_begin(edge, slot, reader);
        event = ws_read(reader, bytes + at, size - at, &used, &found);
        at += used;
        handle(edge, slot, reader, event, &found);
    }
    return at;
}

/* Keeps the reader if it is in the middle of something, and bytes that were not read. */
static void keep(struct edge *edge, uint32_t slot, const struct ws_reader *reader,
    const uint8_t *rest, size_t size)
{
    struct conn *conn = &edge->conns[slot];
    bool open = conn->phase == CONN_OPEN || conn->phase == CONN_CLOSING;
    if (!open || (ws_reader_is_idle(reader) && size == 0)) {
        mem_free(reader->message);
        if (conn->input) {
            conn->input->reader.message = NULL;
        }
        edge_input_free(edge, slot);
        return;
    }
    struct edge_input *input = edge_input_of(edge, slot);
    input->is_ws = true;
    input->reader = *reader;
    input->size = 0;
    edge_input_add(input, rest, size);
}

static void read_with(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size)
{
    struct conn *conn = &edge->conns[slot];
    struct ws_reader reader;
    if (conn->flags & CONN_TUNNEL) {
        tunnel_read(edge, slot, bytes, size);
        return;
    }
    if (conn->input && conn->input->is_ws) {
        reader = conn->input->reader;
    } else {
        ws_reader_init(&reader, edge->limits.message_bytes_max);
    }
    size_t done = read_frames(edge, slot, &reader, bytes, size);
    keep(edge, slot, &reader, bytes + done, size - done);
}

void ws_received(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size)
{
    struct edge_input *input = edge->conns[slot].input;
    if (input && input->size > 0) {
        edge_input_add(input, bytes, size);
        ws_go_on(edge, slot);
        return;
    }
    read_with(edge, slot, bytes, size);
}

void ws_go_on(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    struct edge_input *input = conn->input;
    if (input && input->size > 0 && reads(conn)) {
        uint8_t *bytes = input->bytes;
        size_t size = input->size;
        input->bytes = NULL;
        input->size = 0;
        input->capacity = 0;
        read_with(edge, slot, bytes, size);
        mem_free(bytes);
    }
    conn_update_watch(edge, slot);
}

void edge_pause(struct edge *edge, uint32_t slot)
{
    if (edge->conns[slot].phase == CONN_OPEN) {
        edge->conns[slot].flags |= CONN_PAUSED;
    }
}

void edge_resume(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->phase != CONN_OPEN || !(conn->flags & CONN_PAUSED)) {
        return;
    }
    conn->flags &= (uint16_t)~CONN_PAUSED;
    conn->since_ms = edge_now(edge); /* what was not read meanwhile is not late */
    if (edge->calling != slot) {
        conn_go_on_later(edge, slot);
    }
}
