/* edge_time - deadlines of all connections, by a sweep over stamps.
 *
 * Happy path: a timer looks at an eighth of the table at a time; no connection has a timer of its
 * own, and without connections no timer runs. How it fails: it does not; a deadline is noticed late
 * by at most the period, an eighth to a quarter of the shortest one. */

#include "link/edge_inner.h"
#include "wire/ws_close.h"
#include "wire/ws_frame.h"

#define PERIOD_MS_MIN 8
#define PERIOD_MS_MAX 1000
#define SLICES 8u
#define SLICE_MIN 1024u

static uint32_t period_ms(const struct edge *edge)
{
    const struct edge_limits *l = &edge->limits;
    const uint32_t all[] = {l->header_timeout_ms, l->body_timeout_ms, l->keep_alive_ms,
        l->heartbeat_ms, l->message_timeout_ms, l->close_timeout_ms};
    uint32_t least = PERIOD_MS_MAX * 4;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        least = all[i] > 0 && all[i] < least ? all[i] : least;
    }
    return least / 4 > PERIOD_MS_MIN ? least / 4 : PERIOD_MS_MIN;
}

static bool past(const struct edge *edge, uint32_t since_ms, uint32_t limit_ms)
{
    return limit_ms > 0 && edge_now(edge) - since_ms >= limit_ms;
}

/* Heartbeats, unfinished messages, and output that does not move. */
static void check_open(struct edge *edge, uint32_t slot)
{
    static const uint8_t ping[2] = {0x80 | WS_PING, 0};
    struct conn *conn = &edge->conns[slot];
    uint32_t beat_ms = edge->limits.heartbeat_ms;
    if (conn->backlog && past(edge, edge->colds[slot].progress_ms, beat_ms * 2)) {
        ws_tell_closed(edge, slot, WS_CLOSE_TOO_SLOW);
        conn_drop(edge, slot);
    } else if (conn->flags & CONN_TUNNEL) {
        return; /* its ends look after each other */
    } else if (conn->input && !(conn->flags & CONN_PAUSED) &&
               past(edge, conn->since_ms, edge->limits.message_timeout_ms)) {
        ws_fail(edge, slot, WS_CLOSE_PROTOCOL, "unfinished message");
    } else if (!(conn->flags & CONN_PAUSED) &&
               past(edge, conn->last_in_ms, beat_ms * (conn->misses + 1u))) {
        if (conn->misses >= 2) {
            ws_fail(edge, slot, WS_CLOSE_SILENT, "heartbeat missed");
            return;
        }
        conn->misses++;
        out_reply(edge, slot, ping, sizeof(ping));
    }
}

static void check_request(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    const struct edge_limits *limits = &edge->limits;
    uint32_t limit_ms =
        conn->phase == CONN_HEAD ? limits->header_timeout_ms : limits->body_timeout_ms;
    if (past(edge, conn->since_ms, limit_ms)) {
        http_refuse(edge, slot, 408);
    }
}

static void check_idle(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    const struct edge_limits *limits = &edge->limits;
    bool stuck =
        conn->backlog && past(edge, edge->colds[slot].progress_ms, limits->body_timeout_ms);
    uint32_t limit_ms =
        conn->flags & CONN_AGAIN ? limits->keep_alive_ms : limits->header_timeout_ms;
    if (stuck || (!conn->backlog && past(edge, conn->since_ms, limit_ms))) {
        conn_drop(edge, slot);
    }
}

static void check(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    switch ((enum conn_phase)conn->phase) {
    case CONN_IDLE:
        check_idle(edge, slot);
        break;
    case CONN_HEAD:
    case CONN_BODY:
        check_request(edge, slot);
        break;
    case CONN_OPEN:
        check_open(edge, slot);
        break;
    case CONN_LAST:
        if (conn->backlog &&
            past(edge, edge->colds[slot].progress_ms, edge->limits.close_timeout_ms)) {
            conn_drop(edge, slot);
        }
        break;
    case CONN_CLOSING:
    case CONN_LINGER:
        if (past(edge, conn->since_ms, edge->limits.close_timeout_ms)) {
            conn_drop(edge, slot);
        }
        break;
    case CONN_ASKED:
    case CONN_FREE:
        break;
    }
}

static bool resume_listeners(struct edge *edge)
{
    bool paused = false;
    for (uint32_t i = 0; i < edge->listener_count; i++) {
        struct listener *listener = &edge->listeners[i];
        if (listener->paused && listener->sock >= 0) {
            listener->paused = false;
            net_rewatch(edge->net, listener->sock, &edge->accept_handler, i, NET_READABLE);
            paused = true;
        }
    }
    return paused;
}

static void on_sweep(struct timer *timer)
{
    struct edge *edge = container_of(timer, struct edge, sweep);
    bool paused = resume_listeners(edge);
    uint32_t slice = edge->used / SLICES + 1;
    slice = slice > SLICE_MIN ? slice : SLICE_MIN;
    for (uint32_t i = 0; i < slice && i < edge->used; i++) {
        uint32_t slot = edge->sweep_at < edge->used ? edge->sweep_at : 0;
        edge->sweep_at = slot + 1;
        check(edge, slot);
    }
    if (edge->stats.connections > 0 || paused) {
        edge_time_start(edge);
    }
}

void edge_time_start(struct edge *edge)
{
    if (!edge->sweep.loop) {
        uint32_t slices = edge->used / SLICE_MIN + 1;
        slices = slices < SLICES ? slices : SLICES;
        timer_start(edge->loop, &edge->sweep, period_ms(edge) / slices + 1, on_sweep);
    }
}
