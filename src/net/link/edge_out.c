/* edge_out - the output of a turn.
 *
 * Happy path: a connection that gets one shared block and nothing else stores a pointer and is
 * listed; at the turn's end its block goes out in one send of a batch and nothing was allocated.
 * Anything more makes a cell: a list of replies and one of pushes, whose pieces and bytes live in
 * arrays that are emptied after the turn; they leave in one send too. How it fails: what the socket
 * does not take becomes the connection's backlog; a broken socket drops the connection. */

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "chattifier/uncleared.h"
#include "link/edge_inner.h"
#include "wire/ws_close.h"

#define PARTS_MAX 64
#define SENDS_MAX 256
#define COPY_BYTES_MAX (16u * 1024)
#define KEPT_BYTES (1u << 20)
#define REPLY_BYTES_EXTRA (1u << 20)

/* ---- cells and pieces */

static void grow(void *array, uint32_t *capacity, size_t item)
{
    void **at = array;
    *capacity = *capacity ? *capacity * 2 : 256;
    *at = mem_resize(*at, *capacity * item);
}

static void touch(struct edge *edge, uint32_t slot)
{
    struct turn_output *out = &edge->out;
    if (edge->conns[slot].busy & BUSY_TOUCHED) {
        return;
    }
    edge->conns[slot].busy |= BUSY_TOUCHED;
    if (out->touched_count == out->touched_capacity) {
        grow(&out->touched, &out->touched_capacity, sizeof(*out->touched));
    }
    out->touched[out->touched_count] = slot;
    out->touched_count++;
}

static uint32_t add_piece(struct edge *edge, struct piece piece)
{
    struct turn_output *out = &edge->out;
    if (out->piece_count == out->piece_capacity) {
        grow(&out->pieces, &out->piece_capacity, sizeof(*out->pieces));
    }
    if (out->piece_count == 0) {
        out->pieces[0] = (struct piece){0};
        out->piece_count = 1;
    }
    uint32_t index = out->piece_count;
    out->pieces[index] = piece;
    out->piece_count++;
    return index;
}

static void link_reply(struct edge *edge, uint32_t cell_index, uint32_t piece)
{
    struct cell *cell = &edge->out.cells[cell_index];
    if (cell->reply_last) {
        edge->out.pieces[cell->reply_last].next = piece;
    } else {
        cell->reply_first = piece;
    }
    cell->reply_last = piece;
}

static void link_push(struct edge *edge, uint32_t cell_index, uint32_t piece)
{
    struct cell *cell = &edge->out.cells[cell_index];
    if (cell->push_last) {
        edge->out.pieces[cell->push_last].next = piece;
    } else {
        cell->push_first = piece;
    }
    cell->push_last = piece;
}

/* The connection's cell; a block that was alone becomes its first push. */
static uint32_t cell_of(struct edge *edge, uint32_t slot)
{
    struct turn_output *out = &edge->out;
    struct conn *conn = &edge->conns[slot];
    if (conn->cell) {
        return conn->cell;
    }
    if (out->cell_count + 1 >= out->cell_capacity) {
        grow(&out->cells, &out->cell_capacity, sizeof(*out->cells));
    }
    if (out->cell_count == 0) {
        out->cell_count = 1;
    }
    uint32_t index = out->cell_count;
    out->cells[index] = (struct cell){0};
    out->cell_count++;
    touch(edge, slot);
    conn->cell = index;
    if (conn->block) {
        out->cells[index].bytes = conn->block->size;
        link_push(edge, index,
            add_piece(edge, (struct piece){.kind = PIECE_BLOCK, .block = conn->block}));
        conn->block = NULL;
    }
    return index;
}

/* Copies bytes behind those of the turn. */
static struct piece copied(struct edge *edge, const void *bytes, size_t size)
{
    struct turn_output *out = &edge->out;
    CHECK(size <= UINT32_MAX);
    if (size > out->capacity - out->size) {
        size_t needed = out->size + size;
        out->capacity = needed < 32 * 1024 ? 64 * 1024 : needed * 2;
        out->bytes = mem_resize(out->bytes, out->capacity);
    }
    if (size > 0) {
        memcpy(out->bytes + out->size, bytes, size);
    }
    struct piece piece = {.kind = PIECE_BYTES, .at = out->size, .size = (uint32_t)size};
    out->size += size;
    return piece;
}

void out_reply(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    uint32_t cell = cell_of(edge, slot);
    edge->out.cells[cell].bytes += size;
    link_reply(edge, cell, add_piece(edge, copied(edge, bytes, size)));
}

void out_reply_buf_take(struct edge *edge, uint32_t slot, struct buf *buf)
{
    uint32_t cell = cell_of(edge, slot);
    edge->out.cells[cell].bytes += buf->size;
    struct piece piece = {.kind = PIECE_BUF, .buf = buf, .size = buf->size};
    link_reply(edge, cell, add_piece(edge, piece));
}

void out_push_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    uint32_t cell = cell_of(edge, slot);
    edge->out.cells[cell].bytes += size;
    link_push(edge, cell, add_piece(edge, copied(edge, bytes, size)));
}

uint64_t out_bytes_of_turn(const struct edge *edge, uint32_t slot)
{
    const struct conn *conn = &edge->conns[slot];
    if (conn->cell) {
        return edge->out.cells[conn->cell].bytes;
    }
    return conn->block ? conn->block->size : 0;
}

/* ---- what services call */

static bool may_queue(const struct edge *edge, uint32_t slot, size_t size)
{
    const struct conn *conn = &edge->conns[slot];
    uint64_t have = conn->queued + out_bytes_of_turn(edge, slot);
    if (have == 0) {
        return true;
    }
    bool total_is_full =
        conn->queued > 0 && edge->stats.queued_bytes + size > edge->limits.queued_bytes_total_max;
    return have + size <= edge->limits.queued_bytes_max && !total_is_full;
}

static __attribute__((noinline)) bool push_more(
    struct edge *edge, uint32_t slot, struct edge_block *block)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->phase != CONN_OPEN) {
        return false;
    }
    if (!may_queue(edge, slot, block->size)) {
        conn->flags |= CONN_GAP;
        return false;
    }
    uint32_t cell = cell_of(edge, slot);
    edge->out.cells[cell].bytes += block->size;
    block->refs++;
    link_push(edge, cell, add_piece(edge, (struct piece){.kind = PIECE_BLOCK, .block = block}));
    return true;
}

bool edge_push(struct edge *edge, uint32_t slot, struct edge_block *block)
{
    struct conn *conn = &edge->conns[slot];
    struct turn_output *out = &edge->out;
    if (conn->phase != CONN_OPEN || conn->busy || out->touched_count == out->touched_capacity) {
        return push_more(edge, slot, block);
    }
    conn->block = block;
    conn->busy = BUSY_TOUCHED;
    block->refs++;
    out->touched[out->touched_count] = slot;
    out->touched_count++;
    return true;
}

bool edge_push_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->phase != CONN_OPEN) {
        return false;
    }
    if (!may_queue(edge, slot, size)) {
        conn->flags |= CONN_GAP;
        return false;
    }
    out_push_bytes(edge, slot, bytes, size);
    return true;
}

void edge_reply(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    if (edge->conns[slot].phase == CONN_OPEN) {
        out_reply(edge, slot, bytes, size);
    }
}

uint32_t edge_queued_bytes(const struct edge *edge, uint32_t slot)
{
    return edge->conns[slot].queued;
}

/* ---- the end of the turn */

/* Goes through the pieces of a cell: replies, then pushes. */
struct walk {
    const struct cell *cell;
    uint32_t at;
    bool in_pushes;
};

static uint32_t walk_next(const struct edge *edge, struct walk *walk)
{
    if (walk->at) {
        walk->at = edge->out.pieces[walk->at].next;
    } else if (!walk->in_pushes) {
        walk->at = walk->cell->reply_first;
    }
    if (!walk->at && !walk->in_pushes) {
        walk->in_pushes = true;
        walk->at = walk->cell->push_first;
    }
    return walk->at;
}

static void release(struct piece *piece)
{
    if (piece->kind == PIECE_BLOCK) {
        block_unref(piece->block);
    } else if (piece->kind == PIECE_BUF) {
        buf_unref(piece->buf);
    }
}

static struct iovec bytes_of(const struct edge *edge, const struct piece *piece)
{
    switch ((enum piece_kind)piece->kind) {
    case PIECE_BLOCK:
        return (struct iovec){piece->block->bytes, piece->block->size};
    case PIECE_BUF:
        return (struct iovec){piece->buf->bytes, piece->buf->size};
    case PIECE_BYTES:
        break;
    }
    return (struct iovec){edge->out.bytes + piece->at, piece->size};
}

/* The rest of a piece, of which `from` bytes have left, becomes backlog. */
static void keep_piece(struct edge *edge, uint32_t slot, const struct piece *piece, uint32_t from)
{
    if (piece->kind == PIECE_BLOCK) {
        backlog_add_block(edge, slot, piece->block, from);
    } else if (piece->kind == PIECE_BUF) {
        backlog_add_buf(edge, slot, piece->buf, from);
    } else {
        backlog_add_bytes(edge, slot, edge->out.bytes + piece->at + from, piece->size - from);
    }
}

static int64_t count_sent(struct edge *edge, int64_t sent)
{
    edge->stats.sends++;
    edge->stats.bytes_out += sent > 0 ? (uint64_t)sent : 0;
    return sent;
}

/* Many small parts leave faster as one. */
static int64_t send_parts(
    struct edge *edge, int sock, const struct iovec *parts, int count, size_t total)
{
    if (count == 1 || total > COPY_BYTES_MAX) {
        return count_sent(edge, net_send(edge->net, sock, parts, count));
    }
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        memcpy(edge->scratch + at, parts[i].iov_base, parts[i].iov_len);
        at += parts[i].iov_len;
    }
    struct iovec one = {edge->scratch, total};
    return count_sent(edge, net_send(edge->net, sock, &one, 1));
}

/* Sends up to PARTS_MAX pieces after `walk` and moves it behind those that have left; `ret_partly`
 * is what left of the next one. NET_BROKEN, NET_WOULD_BLOCK (the socket is full), 0 (nothing left
 * to send), or 1 (go on). */
static int64_t send_some(struct edge *edge, uint32_t slot, struct walk *walk, uint32_t *ret_partly)
{
    struct iovec parts[PARTS_MAX] CHT_UNCLEARED;
    int count = 0;
    size_t total = 0;
    struct walk ahead = *walk;
    while (count < PARTS_MAX && walk_next(edge, &ahead)) {
        parts[count] = bytes_of(edge, &edge->out.pieces[ahead.at]);
        total += parts[count].iov_len;
        count++;
    }
    if (count == 0) {
        return 0;
    }
    int64_t sent = total == 0 ? 0 : send_parts(edge, edge->conns[slot].sock, parts, count, total);
    if (sent == NET_BROKEN) {
        return NET_BROKEN;
    }
    size_t left = sent > 0 ? (size_t)sent : 0;
    for (int i = 0; i < count; i++) {
        if (left < parts[i].iov_len) {
            *ret_partly = (uint32_t)left;
            return NET_WOULD_BLOCK;
        }
        left -= parts[i].iov_len;
        walk_next(edge, walk);
    }
    return 1;
}

static void release_cell(struct edge *edge, const struct cell *cell)
{
    struct walk all = {.cell = cell};
    while (walk_next(edge, &all)) {
        release(&edge->out.pieces[all.at]);
    }
}

/* False if the socket is broken. */
static bool flush_cell(struct edge *edge, uint32_t slot, uint32_t index)
{
    struct cell cell = edge->out.cells[index];
    struct walk walk = {.cell = &cell};
    uint32_t partly = 0;
    int64_t result = edge->conns[slot].backlog ? NET_WOULD_BLOCK : 1;
    while (result > 0) {
        result = send_some(edge, slot, &walk, &partly);
    }
    while (result == NET_WOULD_BLOCK && walk_next(edge, &walk)) {
        keep_piece(edge, slot, &edge->out.pieces[walk.at], partly);
        partly = 0;
    }
    release_cell(edge, &cell);
    return result != NET_BROKEN;
}

static void flushed(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->backlog) {
        conn_update_watch(edge, slot);
        uint64_t most = (uint64_t)edge->limits.queued_bytes_max + REPLY_BYTES_EXTRA;
        if (conn->phase == CONN_OPEN && conn->queued > most) {
            ws_fail(edge, slot, WS_CLOSE_TOO_SLOW, NULL);
        }
        return;
    }
    if (conn->phase == CONN_LAST) {
        conn_end(edge, slot);
    } else if (conn->phase == CONN_IDLE && conn->input) {
        conn_go_on_later(edge, slot);
    }
}

static void flush_conn(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (!(conn->busy & BUSY_TOUCHED)) {
        return;
    }
    if (conn->block) { /* came while others were flushed */
        cell_of(edge, slot);
    }
    uint32_t cell = conn->cell;
    conn->busy &= (uint8_t)~BUSY_TOUCHED;
    conn->cell = 0;
    if (cell && !flush_cell(edge, slot, cell)) {
        conn->flags |= CONN_BROKEN;
    }
    if (conn->flags & CONN_BROKEN) {
        ws_tell_closed(edge, slot, WS_CLOSE_LOST);
        conn_drop(edge, slot);
    } else {
        flushed(edge, slot);
    }
}

/* ---- what nearly every delivery is, so each instruction counts (bench/budget) */

/* Sends of connections that have one block alone. There is no backlog in front of it, or edge_push
 * had made a cell. */
struct batch {
    uint32_t count;
    uint32_t slots[SENDS_MAX];
    struct net_send sends[SENDS_MAX];
};

static void stays(struct edge *edge, uint32_t slot)
{
    edge->out.touched[edge->out.touched_count] = slot;
    edge->out.touched_count++;
}

/* The socket did not take it whole, or something waits for it to leave: flush_conn sees to it. */
static __attribute__((noinline)) void block_stays(
    struct edge *edge, uint32_t slot, struct edge_block *block, int64_t sent)
{
    uint32_t left = sent > 0 ? (uint32_t)sent : 0;
    if (sent == NET_BROKEN) {
        edge->conns[slot].flags |= CONN_BROKEN;
    } else if (left < block->size) {
        backlog_add_block(edge, slot, block, left);
    }
    edge->conns[slot].busy |= BUSY_TOUCHED;
    stays(edge, slot);
}

static void batch_send(struct edge *edge, struct batch *batch)
{
    net_send_many(edge->net, batch->sends, batch->count);
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t slot = batch->slots[i];
        struct conn *conn = &edge->conns[slot];
        struct edge_block *block = conn->block;
        int64_t sent = count_sent(edge, batch->sends[i].result);
        conn->block = NULL;
        conn->busy = 0;
        if (sent != (int64_t)block->size || conn->phase != CONN_OPEN) {
            block_stays(edge, slot, block, sent);
        }
        block_unref(block);
    }
    batch->count = 0;
}

/* Takes from the list who has one block alone and is done with it. Calls nobody back, so a
 * connection and its block are there until the batch is. */
static void flush_blocks(struct edge *edge)
{
    struct turn_output *out = &edge->out;
    struct batch batch CHT_UNCLEARED;
    uint32_t count = out->touched_count;
    batch.count = 0;
    out->touched_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i + 8 < count) {
            __builtin_prefetch(&edge->conns[out->touched[i + 8]], 1);
        }
        uint32_t slot = out->touched[i];
        const struct conn *conn = &edge->conns[slot];
        if (!conn->block) {
            stays(edge, slot);
            continue;
        }
        batch.slots[batch.count] = slot;
        batch.sends[batch.count] = (struct net_send){
            .bytes = conn->block->bytes, .size = conn->block->size, .sock = conn->sock};
        batch.count++;
        if (batch.count == SENDS_MAX) {
            batch_send(edge, &batch);
        }
    }
    batch_send(edge, &batch);
}

void out_forget(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (conn->cell) {
        struct cell cell = edge->out.cells[conn->cell];
        release_cell(edge, &cell);
    } else if (conn->block) {
        block_unref(conn->block);
    }
    conn->cell = 0;
    conn->block = NULL;
    conn->busy &= (uint8_t)~BUSY_TOUCHED;
}

void out_flush(struct edge *edge)
{
    struct turn_output *out = &edge->out;
    flush_blocks(edge);
    for (uint32_t i = 0; i < out->touched_count; i++) {
        flush_conn(edge, out->touched[i]);
    }
    out->touched_count = 0;
    out->piece_count = 0;
    out->cell_count = 0;
    out->size = 0;
    if (out->capacity > KEPT_BYTES) {
        out->capacity = KEPT_BYTES;
        out->bytes = mem_resize(out->bytes, out->capacity);
    }
}

void out_deinit(struct edge *edge)
{
    mem_free(edge->out.touched);
    mem_free(edge->out.pieces);
    mem_free(edge->out.cells);
    mem_free(edge->out.bytes);
}
