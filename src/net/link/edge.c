/* edge - the table of connections: accept, read, close.
 *
 * Happy path: a listener is ready, connections get slots, a readable one is read once into the
 * loop's buffer and its bytes go to the HTTP or the WebSocket part. How it fails: at the limits a
 * connection gets one of some spare slots, its 503 or 429, and is closed; out of descriptors the
 * listeners pause until the next sweep. */

#include <openssl/evp.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "link/edge_inner.h"
#include "wire/ws_close.h"

#define ACCEPTS_A_TURN 128
#define SLOTS_MAX ((1u << 24) - 1)
#define SLOT_SHIFT 32

static uint64_t token_of(const struct edge *edge, uint32_t slot)
{
    return (uint64_t)slot << SLOT_SHIFT | edge->conns[slot].generation;
}

/* ---- slots */

static uint32_t take_slot(struct edge *edge, uint32_t capacity)
{
    uint32_t slot = edge->first_free;
    if (slot != EDGE_NOBODY) {
        edge->first_free = edge->colds[slot].next_free;
        return slot;
    }
    if (edge->used >= capacity) {
        return EDGE_NOBODY;
    }
    edge->used++;
    return edge->used - 1;
}

void conn_drop(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    struct conn_cold *cold = &edge->colds[slot];
    if (conn->phase == CONN_ASKED) {
        cold->http->on_gone(cold->http, edge_name(edge, slot));
    }
    out_forget(edge, slot);
    backlog_free(edge, slot);
    edge_input_free(edge, slot);
    http_forget_kept(edge, slot);
    addresses_remove(edge->addresses, cold->address);
    net_close(edge->net, conn->sock);
    edge->stats.connections--;
    edge->uncounted -= cold->http->uncounted ? 1 : 0;
    edge->stats.websockets -= conn->flags & CONN_WS ? 1 : 0;
    edge->stats.closed++;
    uint32_t generation = conn->generation;
    *conn = (struct conn){.generation = generation, .sock = -1};
    cold->next_free = edge->first_free;
    edge->first_free = slot;
}

void conn_update_watch(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    bool reads = conn->phase != CONN_ASKED && !(conn->flags & CONN_PAUSED);
    bool waits = conn->phase == CONN_IDLE && conn->input && conn->backlog;
    uint8_t wanted =
        (uint8_t)((reads && !waits ? NET_READABLE : 0) | (conn->backlog ? NET_WRITABLE : 0));
    if (wanted != conn->watched) {
        conn->watched = wanted;
        net_rewatch(edge->net, conn->sock, &edge->conn_handler, token_of(edge, slot), wanted);
    }
}

void conn_end(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->backlog || conn->busy & BUSY_TOUCHED) {
        conn_enter(edge, slot, CONN_LAST);
        return;
    }
    net_finish(edge->net, conn->sock);
    conn_enter(edge, slot, CONN_LINGER);
    conn->flags &= (uint16_t)~CONN_PAUSED;
    conn_update_watch(edge, slot);
}

/* ---- input that goes on by itself */

static void go_on(struct task *task)
{
    struct edge *edge = container_of(task, struct edge, go_on);
    uint32_t count = edge->waiting_count;
    edge->goes_on = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = edge->waiting[i];
        struct conn *conn = &edge->conns[slot];
        if (!(conn->flags & CONN_WAITING)) {
            continue;
        }
        conn->flags &= (uint16_t)~CONN_WAITING;
        if (conn->phase == CONN_OPEN || conn->phase == CONN_CLOSING) {
            ws_go_on(edge, slot);
        } else {
            http_go_on(edge, slot);
        }
    }
    edge->waiting_count -= count;
    memmove(edge->waiting, edge->waiting + count, edge->waiting_count * sizeof(uint32_t));
}

void conn_go_on_later(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->flags & CONN_WAITING) {
        return;
    }
    conn->flags |= CONN_WAITING;
    if (edge->waiting_count == edge->waiting_capacity) {
        edge->waiting_capacity = edge->waiting_capacity ? edge->waiting_capacity * 2 : 64;
        edge->waiting = mem_resize(edge->waiting, edge->waiting_capacity * sizeof(uint32_t));
    }
    edge->waiting[edge->waiting_count] = slot;
    edge->waiting_count++;
    if (!edge->goes_on) {
        edge->goes_on = true;
        loop_defer(edge->loop, &edge->go_on);
    }
}

/* ---- reading */

static void discard(struct edge *edge, uint32_t slot, int64_t got)
{
    if (got == NET_END || got == NET_BROKEN) {
        conn_drop(edge, slot);
    }
}

static void read_once(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    bool ws = (conn->flags & CONN_WS) != 0;
    size_t most = ws ? EDGE_READ_BYTES : EDGE_HTTP_READ_BYTES;
    if (conn->flags & CONN_TUNNEL) {
        most = EDGE_TUNNEL_READ_BYTES;
    }
    int64_t got = net_recv(edge->net, conn->sock, edge->buffer, most);
    if (got == NET_WOULD_BLOCK) {
        return;
    }
    if (conn->phase == CONN_LAST || conn->phase == CONN_LINGER) {
        discard(edge, slot, got);
        return;
    }
    if (got <= 0) {
        ws_tell_closed(edge, slot, WS_CLOSE_LOST);
        conn_drop(edge, slot);
        return;
    }
    edge->stats.bytes_in += (uint64_t)got;
    conn->last_in_ms = edge_now(edge);
    conn->misses = 0;
    if (ws) {
        ws_received(edge, slot, edge->buffer, (size_t)got);
    } else {
        http_received(edge, slot, edge->buffer, (size_t)got);
    }
}

static bool wants_bytes(const struct conn *conn)
{
    return conn->phase != CONN_ASKED && !(conn->flags & (CONN_PAUSED | CONN_WAITING)) &&
           !(conn->phase == CONN_IDLE && conn->input && conn->backlog);
}

static void on_conn_ready(struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct edge *edge = container_of(handler, struct edge, conn_handler);
    struct conn_id name = {(uint32_t)(token >> SLOT_SHIFT), (uint32_t)token};
    if (!edge_is(edge, name)) {
        return;
    }
    struct conn *conn = &edge->conns[name.slot];
    if (events & NET_WRITABLE && conn->backlog) {
        backlog_drain(edge, name.slot);
    }
    if (!edge_is(edge, name)) {
        return;
    }
    if (wants_bytes(conn)) {
        if (events & (NET_READABLE | NET_CLOSED)) {
            read_once(edge, name.slot);
        }
    } else if (events & NET_CLOSED) {
        ws_tell_closed(edge, name.slot, WS_CLOSE_LOST);
        conn_drop(edge, name.slot);
    } else if (!(conn->flags & CONN_WAITING)) {
        conn_update_watch(edge, name.slot);
    }
}

/* ---- accepting */

static void refuse(struct edge *edge, uint32_t slot, int status)
{
    edge->stats.refused++;
    http_refuse(edge, slot, status);
}

static uint32_t counted(const struct edge *edge)
{
    return edge->stats.connections - edge->uncounted;
}

/* Those that do not count have slots of their own, so that they get in when all others are taken.
 */
static bool has_room(const struct edge *edge, const struct edge_http_handler *handler)
{
    return handler->uncounted ? edge->uncounted < EDGE_UNCOUNTED_SLOTS
                              : counted(edge) < edge->capacity - EDGE_UNCOUNTED_SLOTS;
}

/* The slot of a new connection, or EDGE_NOBODY: then the socket is closed. */
static uint32_t open_slot(
    struct edge *edge, struct edge_http_handler *handler, int sock, const struct net_address *peer)
{
    uint32_t slot = has_room(edge, handler) ? take_slot(edge, edge->capacity) : EDGE_NOBODY;
    if (slot == EDGE_NOBODY) {
        net_close(edge->net, sock);
        return slot;
    }
    struct conn *conn = &edge->conns[slot];
    uint32_t generation = conn->generation + 1;
    *conn = (struct conn){
        .generation = generation ? generation : 1, .sock = sock, .watched = NET_READABLE};
    edge->colds[slot] =
        (struct conn_cold){.peer = *peer, .address = ADDRESS_UNCOUNTED, .http = handler};
    conn_enter(edge, slot, CONN_IDLE);
    conn->last_in_ms = conn->since_ms;
    edge->stats.connections++;
    edge->uncounted += handler->uncounted ? 1 : 0;
    if (net_watch(edge->net, sock, &edge->conn_handler, token_of(edge, slot), NET_READABLE)) {
        conn_drop(edge, slot);
        return EDGE_NOBODY;
    }
    return slot;
}

static bool is_over_limit(struct edge *edge, uint32_t slot)
{
    struct arrival arrival = {
        .peer = &edge->colds[slot].peer,
        .limits = {edge->limits.connections_per_address,
            edge->limits.connects_per_second_per_address},
        .now_ms = edge_now(edge),
    };
    enum address_verdict verdict = addresses_add(edge->addresses, &arrival);
    edge->colds[slot].address = arrival.entry;
    return verdict != ADDRESS_FINE;
}

static void admit(
    struct edge *edge, struct listener *listener, int sock, const struct net_address *peer)
{
    uint32_t slot = open_slot(edge, listener->handler, sock, peer);
    if (slot == EDGE_NOBODY) {
        edge->stats.refused++;
        return;
    }
    edge->stats.accepted++;
    if (listener->handler->uncounted) {
        return;
    }
    if (counted(edge) > edge->limits.connections_max) {
        refuse(edge, slot, 503);
    } else if (is_over_limit(edge, slot)) {
        refuse(edge, slot, 429);
    }
}

static void accept_some(struct edge *edge, struct listener *listener)
{
    for (int i = 0; i < ACCEPTS_A_TURN && listener->sock >= 0; i++) {
        int sock;
        struct net_address peer;
        enum err err = net_accept(edge->net, listener->sock, &sock, &peer);
        if (err == ERR_FULL) {
            listener->paused = true;
            uint64_t token = (uint64_t)(listener - edge->listeners);
            net_rewatch(edge->net, listener->sock, &edge->accept_handler, token, 0);
        }
        if (err) {
            break;
        }
        admit(edge, listener, sock, &peer);
    }
    edge_time_start(edge);
}

static void on_listener_ready(struct net_handler *handler, uint64_t token, uint32_t events)
{
    (void)events;
    struct edge *edge = container_of(handler, struct edge, accept_handler);
    accept_some(edge, &edge->listeners[token]);
}

/* ---- the whole */

static void on_turn_end(struct loop_hook *hook)
{
    struct edge *edge = container_of(hook, struct edge, turn_end);
    bool waits = false;
    for (uint32_t i = 0; i < edge->ws_handler_count; i++) {
        struct edge_ws_handler *handler = edge->ws_handlers[i];
        waits |= handler->on_turn_end && !handler->on_turn_end(handler);
    }
    if (!waits) {
        out_flush(edge);
    }
}

struct edge *edge_create(
    const struct world *world, const struct edge_limits *limits, struct addresses *addresses)
{
    struct edge *edge = mem_new(sizeof(*edge));
    uint32_t most = limits->connections_max;
    edge->capacity = (most < SLOTS_MAX - EDGE_SPARE_SLOTS ? most : SLOTS_MAX - EDGE_SPARE_SLOTS) +
                     EDGE_SPARE_SLOTS;
    edge->world = world;
    edge->loop = world->loop;
    edge->net = world->net;
    edge->first_free = EDGE_NOBODY;
    edge->calling = EDGE_NOBODY;
    edge->conns = mem_array(edge->capacity, sizeof(struct conn));
    edge->colds = mem_array(edge->capacity, sizeof(struct conn_cold));
    edge->buffer = mem_resize(NULL, EDGE_READ_BYTES);
    edge->scratch = mem_resize(NULL, EDGE_SCRATCH_BYTES);
    edge->path = mem_resize(NULL, HTTP_LINE_BYTES_MAX);
    edge->conn_handler.on_ready = on_conn_ready;
    edge->accept_handler.on_ready = on_listener_ready;
    edge->go_on.run = go_on;
    edge->turn_end.run = on_turn_end;
    edge_set_limits(edge, limits);
    edge->addresses = addresses;
    edge->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    CHECK(edge->sha1);
    CHECK(net_add_handler(edge->net, &edge->conn_handler) == OK);
    CHECK(net_add_handler(edge->net, &edge->accept_handler) == OK);
    loop_add_turn_end(edge->loop, &edge->turn_end);
    return edge;
}

enum err edge_listen(struct edge *edge, const char *host, uint16_t port, bool shared,
    struct edge_http_handler *handler, uint16_t *ret_port)
{
    if (edge->listener_count == EDGE_LISTENERS_MAX) {
        return ERR_FULL;
    }
    struct listener *listener = &edge->listeners[edge->listener_count];
    enum err err = net_listen(edge->net, host, port, shared, &listener->sock);
    if (err) {
        return err;
    }
    listener->handler = handler;
    err = net_watch(
        edge->net, listener->sock, &edge->accept_handler, edge->listener_count, NET_READABLE);
    if (err) {
        net_close(edge->net, listener->sock);
        return err;
    }
    edge->listener_count++;
    if (ret_port) {
        *ret_port = net_local_port(edge->net, listener->sock);
    }
    return OK;
}

void edge_stop_listening(struct edge *edge)
{
    for (uint32_t i = 0; i < edge->listener_count; i++) {
        if (edge->listeners[i].sock >= 0) {
            net_close(edge->net, edge->listeners[i].sock);
            edge->listeners[i].sock = -1;
        }
    }
}

void edge_close_all(struct edge *edge, uint16_t code, const char *reason)
{
    edge->stopping = true;
    for (uint32_t slot = 0; slot < edge->used; slot++) {
        uint8_t phase = edge->conns[slot].phase;
        if (phase == CONN_OPEN) {
            edge_close(edge, slot, code, reason);
        } else if (phase == CONN_IDLE && slot != edge->calling) {
            conn_end(edge, slot);
        }
    }
}

struct edge_stats edge_stats(const struct edge *edge)
{
    return edge->stats;
}

void edge_set_limits(struct edge *edge, const struct edge_limits *limits)
{
    edge->limits = *limits;
    uint32_t most = edge->capacity - EDGE_SPARE_SLOTS;
    if (edge->limits.connections_max > most) {
        edge->limits.connections_max = most;
    }
}

void edge_destroy(struct edge *edge)
{
    if (!edge) {
        return;
    }
    edge_stop_listening(edge);
    for (uint32_t slot = 0; slot < edge->used; slot++) {
        if (edge->conns[slot].phase != CONN_FREE) {
            edge->conns[slot].phase = CONN_LAST;
            conn_drop(edge, slot);
        }
    }
    timer_stop(&edge->sweep);
    out_deinit(edge);
    mem_free(edge->waiting);
    mem_free(edge->conns);
    mem_free(edge->colds);
    mem_free(edge->buffer);
    mem_free(edge->scratch);
    mem_free(edge->path);
    EVP_MD_free(edge->sha1);
    mem_free(edge);
}
