/* edge_backlog - what a socket did not take yet.
 *
 * Happy path: most connections have none. A slow one keeps references to shared blocks and copies
 * of small rests, in order; when the socket is writable again they leave, gathered. How it fails:
 * the caller bounds what is added; a broken socket drops the connection. */

#include <string.h>

#include "base/mem.h"
#include "chattifier/uncleared.h"
#include "link/edge_inner.h"
#include "wire/ws_close.h"

#define PARTS_MAX 64
#define DRAIN_BYTES_MAX (256u * 1024)
#define COPY_BYTES_MAX 256u

struct rest {
    uint8_t kind; /* enum piece_kind; bytes are owned */
    uint32_t at;
    uint32_t size; /* at .. size is to be sent */
    union {
        uint8_t *bytes;
        struct edge_block *block;
        struct buf *buf;
    };
};

struct edge_backlog {
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
    struct rest rests[];
};

static void add(struct edge *edge, uint32_t slot, struct rest rest)
{
    struct conn *conn = &edge->conns[slot];
    struct edge_backlog *backlog = conn->backlog;
    if (!backlog) {
        edge->colds[slot].progress_ms = edge_now(edge);
        conn->busy |= BUSY_BACKLOG;
    }
    if (backlog && backlog->first > 0 && backlog->first + backlog->count == backlog->capacity) {
        memmove(backlog->rests, backlog->rests + backlog->first, backlog->count * sizeof(rest));
        backlog->first = 0;
    }
    uint32_t capacity = backlog ? backlog->capacity : 0;
    if (!backlog || backlog->count == capacity) {
        capacity = capacity ? capacity * 2 : 4;
        uint32_t count = backlog ? backlog->count : 0;
        backlog = mem_resize(backlog, sizeof(*backlog) + capacity * sizeof(rest));
        backlog->first = 0;
        backlog->count = count;
        backlog->capacity = capacity;
        conn->backlog = backlog;
    }
    backlog->rests[backlog->first + backlog->count] = rest;
    backlog->count++;
    conn->queued += rest.size - rest.at;
    edge->stats.queued_bytes += rest.size - rest.at;
}

void backlog_add_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    if (size > 0) {
        struct rest rest = {
            .kind = PIECE_BYTES, .size = (uint32_t)size, .bytes = mem_copy(bytes, size)};
        add(edge, slot, rest);
    }
}

void backlog_add_block(struct edge *edge, uint32_t slot, struct edge_block *block, uint32_t from)
{
    if (block->size - from <= COPY_BYTES_MAX) {
        backlog_add_bytes(edge, slot, block->bytes + from, block->size - from);
        return;
    }
    block->refs++;
    add(edge, slot,
        (struct rest){.kind = PIECE_BLOCK, .at = from, .size = block->size, .block = block});
}

void backlog_add_buf(struct edge *edge, uint32_t slot, struct buf *buf, uint32_t from)
{
    if (buf->size > from) {
        struct rest rest = {.kind = PIECE_BUF, .at = from, .size = buf->size, .buf = buf_ref(buf)};
        add(edge, slot, rest);
    }
}

static void release(struct rest *rest)
{
    switch ((enum piece_kind)rest->kind) {
    case PIECE_BYTES:
        mem_free(rest->bytes);
        break;
    case PIECE_BLOCK:
        block_unref(rest->block);
        break;
    case PIECE_BUF:
        buf_unref(rest->buf);
        break;
    }
}

static void *bytes_of(const struct rest *rest)
{
    switch ((enum piece_kind)rest->kind) {
    case PIECE_BLOCK:
        return rest->block->bytes + rest->at;
    case PIECE_BUF:
        return rest->buf->bytes + rest->at;
    case PIECE_BYTES:
        break;
    }
    return rest->bytes + rest->at;
}

void backlog_free(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    struct edge_backlog *backlog = conn->backlog;
    if (!backlog) {
        return;
    }
    for (uint32_t i = 0; i < backlog->count; i++) {
        release(&backlog->rests[backlog->first + i]);
    }
    edge->stats.queued_bytes -= conn->queued;
    conn->queued = 0;
    conn->backlog = NULL;
    conn->busy &= (uint8_t)~BUSY_BACKLOG;
    mem_free(backlog);
}

static void left(struct edge *edge, uint32_t slot, uint32_t size)
{
    struct conn *conn = &edge->conns[slot];
    struct edge_backlog *backlog = conn->backlog;
    conn->queued -= size;
    edge->stats.queued_bytes -= size;
    edge->colds[slot].progress_ms = edge_now(edge);
    while (size > 0) {
        struct rest *rest = &backlog->rests[backlog->first];
        uint32_t part = rest->size - rest->at;
        if (size < part) {
            rest->at += size;
            return;
        }
        size -= part;
        release(rest);
        backlog->first++;
        backlog->count--;
    }
}

static int64_t send_some(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    struct edge_backlog *backlog = conn->backlog;
    struct iovec parts[PARTS_MAX] CHT_UNCLEARED;
    int count = 0;
    for (; count < PARTS_MAX && (uint32_t)count < backlog->count; count++) {
        const struct rest *rest = &backlog->rests[backlog->first + (uint32_t)count];
        parts[count] = (struct iovec){bytes_of(rest), rest->size - rest->at};
    }
    int64_t sent = net_send(edge->net, conn->sock, parts, count);
    edge->stats.sends++;
    if (sent > 0) {
        edge->stats.bytes_out += (uint64_t)sent;
        left(edge, slot, (uint32_t)sent);
    }
    return sent;
}

static void drained(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    backlog_free(edge, slot);
    conn_update_watch(edge, slot);
    if (conn->phase == CONN_LAST && !(conn->busy & BUSY_TOUCHED)) {
        conn_end(edge, slot);
    } else if (conn->phase == CONN_OPEN && conn->flags & (CONN_GAP | CONN_TUNNEL)) {
        ws_drained(edge, slot);
    } else if (conn->phase == CONN_IDLE && conn->input) {
        conn_go_on_later(edge, slot);
    }
}

void backlog_drain(struct edge *edge, uint32_t slot)
{
    int64_t sent = 1;
    uint32_t budget = DRAIN_BYTES_MAX;
    while (sent > 0 && edge->conns[slot].queued > 0 && budget > 0) {
        sent = send_some(edge, slot);
        budget -= sent > 0 && (uint64_t)sent < budget ? (uint32_t)sent : budget;
    }
    if (sent == NET_BROKEN) {
        ws_tell_closed(edge, slot, WS_CLOSE_LOST);
        conn_drop(edge, slot);
    } else if (edge->conns[slot].queued == 0) {
        drained(edge, slot);
    }
}
