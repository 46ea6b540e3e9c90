/* relay_tunnel - the bytes of a WebSocket, both ways.
 *
 * Happy path: what one side says is given to the other as it came. How it fails: a side that takes
 * nothing more stops the other one from being read; a side that ends, ends the other when
 * everything before has left. */

#include "base/check.h"
#include "base/mem.h"
#include "relay/relay_inner.h"
#include "wire/ws_close.h"

#define PROTOCOL_BYTES 64

static struct line *find(struct edge_ws_handler *ws, uint32_t slot)
{
    struct relay *relay = container_of(ws, struct relay, ws);
    return slot < relay->tunnel_capacity ? relay->tunnels[slot] : NULL;
}

/* ---- the client's side */

/* As much as the line's queue takes: then it drains, and the rest comes again. */
static size_t on_bytes(struct edge_ws_handler *ws, uint32_t slot, uint8_t *bytes, size_t size)
{
    struct line *line = find(ws, slot);
    enum err err = OK;
    size_t taken = 0;
    while (taken < size && err == OK) {
        size_t left = size - taken;
        size_t part = left < RELAY_TUNNEL_BYTES ? left : RELAY_TUNNEL_BYTES;
        err = outbound_write(line->outbound, bytes + taken, part);
        taken += err == OK ? part : 0;
    }
    return err == ERR_CLOSED ? size : taken; /* then on_closed of the line follows */
}

static void on_drained(struct edge_ws_handler *ws, uint32_t slot)
{
    outbound_resume(find(ws, slot)->outbound);
}

static void forget(struct line *line)
{
    struct relay *relay = line->relay;
    CHECK(relay->tunnels[line->slot] == line);
    relay->tunnels[line->slot] = NULL;
    relay->stats.tunnels--;
    line->is_tunnel = false;
}

static void on_closed(struct edge_ws_handler *ws, uint32_t slot, uint16_t code)
{
    struct line *line = find(ws, slot);
    (void)code;
    if (line) {
        forget(line);
        relay_line_destroy(line);
    }
}

void relay_tunnels_init(struct relay *relay)
{
    relay->ws = (struct edge_ws_handler){
        .on_bytes = on_bytes, .on_drained = on_drained, .on_closed = on_closed};
}

/* ---- the instance's side */

static void remember(struct line *line, uint32_t slot)
{
    struct relay *relay = line->relay;
    if (slot >= relay->tunnel_capacity) {
        uint32_t capacity = (slot + 1) * 2;
        relay->tunnels = mem_resize(relay->tunnels, capacity * sizeof(struct line *));
        for (uint32_t i = relay->tunnel_capacity; i < capacity; i++) {
            relay->tunnels[i] = NULL;
        }
        relay->tunnel_capacity = capacity;
    }
    CHECK(!relay->tunnels[slot]);
    relay->tunnels[slot] = line;
    relay->stats.tunnels++;
    line->slot = slot;
    line->is_tunnel = true;
}

static const char *protocol_of(const struct http_reply *reply, char ret_text[PROTOCOL_BYTES])
{
    struct cht_str name = http1_field(reply->fields, reply->field_count, "sec-websocket-protocol");
    if (!http1_is_token(name) || name.size >= PROTOCOL_BYTES) {
        return NULL;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        ret_text[i] = name.at[i];
    }
    ret_text[name.size] = 0;
    return ret_text;
}

/* There is nothing of earlier turns before it, so only a limit that is narrower than a turn
 * refuses. */
static void push(struct line *line, const void *bytes, size_t size)
{
    struct edge *edge = line->relay->options.edge;
    if (!edge_push_bytes(edge, line->slot, bytes, size)) {
        edge_close(edge, line->slot, WS_CLOSE_TOO_SLOW, NULL);
    }
}

void relay_tunnel_open(
    struct line *line, struct conn_id conn, const struct http_reply *reply, struct cht_str rest)
{
    struct edge *edge = line->relay->options.edge;
    char protocol[PROTOCOL_BYTES];
    edge_upgrade(edge, conn, &line->relay->ws, protocol_of(reply, protocol));
    if (!edge_is_open(edge, conn)) {
        relay_line_destroy(line); /* the client is gone */
        return;
    }
    remember(line, conn.slot);
    outbound_narrow(line->outbound, RELAY_TUNNEL_BYTES, RELAY_TUNNEL_BYTES);
    if (rest.size > 0) {
        push(line, rest.at, rest.size);
    }
}

size_t relay_tunnel_input(struct line *line, const uint8_t *bytes, size_t size)
{
    struct edge *edge = line->relay->options.edge;
    if (edge_queued_bytes(edge, line->slot) > 0) {
        outbound_hold(line->outbound); /* until on_drained */
        return 0;
    }
    push(line, bytes, size);
    return size;
}

void relay_tunnel_drained(struct line *line)
{
    edge_resume(line->relay->options.edge, line->slot);
}

void relay_tunnel_lost(struct line *line)
{
    uint32_t slot = line->slot;
    forget(line);
    edge_close(line->relay->options.edge, slot, WS_CLOSE_RESTART, NULL);
}
