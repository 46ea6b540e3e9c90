/* outbound_queue - see the header.
 *
 * Happy path: the writes of a turn lie in one piece of a chunk and leave in one send. What a send
 * took is taken off in the order in which it was gathered: the rest of a write that has begun, the
 * urgent ones, the others. How it fails: it does not; whoever adds has looked for room before. */

#include "link/outbound_queue.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "link/outbound.h"

#define CHUNK_BYTES (16u * 1024)
#define COPY_BYTES_MAX 256u
#define PIECES_MIN 8u

/* ---- lines */

static struct outbound_piece *piece_at(const struct outbound_line *line, uint32_t index)
{
    return &line->pieces[(line->first + index) & (line->capacity - 1)];
}

/* The capacity is a power of two. */
static void grow(struct outbound_line *line)
{
    uint32_t capacity = line->capacity ? line->capacity * 2 : PIECES_MIN;
    struct outbound_piece *pieces = mem_array(capacity, sizeof(*pieces));
    for (uint32_t i = 0; i < line->count; i++) {
        pieces[i] = *piece_at(line, i);
    }
    mem_free(line->pieces);
    line->pieces = pieces;
    line->first = 0;
    line->capacity = capacity;
}

static void add_piece(struct outbound_line *line, struct outbound_piece piece)
{
    if (line->count == line->capacity) {
        grow(line);
    }
    line->count++;
    *piece_at(line, line->count - 1) = piece;
    line->bytes += piece.end - piece.at;
}

static struct outbound_piece *last_piece(const struct outbound_line *line)
{
    return line->count ? piece_at(line, line->count - 1) : NULL;
}

static void drop_first(struct outbound_line *line)
{
    buf_unref(piece_at(line, 0)->buf);
    line->first = (line->first + 1) & (line->capacity - 1);
    line->count--;
}

static void clear_line(struct outbound_line *line)
{
    while (line->count) {
        drop_first(line);
    }
    line->first = 0;
    line->bytes = 0;
}

/* ---- adding */

/* Room for `size` bytes behind what the chunk has; pieces refer to it, each to its own bytes. */
static struct buf *chunk_for(struct outbound_queue *queue, size_t size)
{
    if (queue->chunk && queue->chunk->capacity - queue->chunk->size < size) {
        buf_unref(queue->chunk);
        queue->chunk = NULL;
    }
    if (!queue->chunk) {
        queue->chunk = buf_create(size > CHUNK_BYTES ? size : CHUNK_BYTES);
    }
    return queue->chunk;
}

static void copy(
    struct outbound_queue *queue, struct outbound_line *line, const void *bytes, size_t size)
{
    struct buf *chunk = chunk_for(queue, size);
    struct outbound_piece *last = last_piece(line);
    uint32_t at = chunk->size;
    memcpy(chunk->bytes + at, bytes, size);
    chunk->size += (uint32_t)size;
    if (last && last->buf == chunk && last->end == at) {
        last->end = chunk->size;
        last->ends = false;
        line->bytes += size;
        return;
    }
    add_piece(line, (struct outbound_piece){buf_ref(chunk), at, chunk->size, false});
}

static void refer(struct outbound_line *line, const struct outbound_part *part)
{
    const uint8_t *bytes = part->bytes;
    CHECK(bytes >= part->buf->bytes);
    size_t at = (size_t)(bytes - part->buf->bytes);
    CHECK(part->size <= part->buf->size);
    CHECK(at <= part->buf->size - part->size);
    add_piece(line, (struct outbound_piece){
                        buf_ref(part->buf), (uint32_t)at, (uint32_t)(at + part->size), false});
}

static void end_write(struct outbound_line *line)
{
    struct outbound_piece *last = last_piece(line);
    if (last) {
        last->ends = true;
    }
}

void outbound_queue_add(
    struct outbound_queue *queue, const struct outbound_part *parts, uint32_t count)
{
    uint64_t before = queue->ordinary.bytes;
    for (const struct outbound_part *part = parts; part < parts + count; part++) {
        if (part->buf && part->size > COPY_BYTES_MAX) {
            refer(&queue->ordinary, part);
        } else if (part->size > 0) {
            copy(queue, &queue->ordinary, part->bytes, part->size);
        }
    }
    end_write(&queue->ordinary);
    queue->written += queue->ordinary.bytes - before;
}

void outbound_queue_add_urgent(struct outbound_queue *queue, const void *bytes, size_t size)
{
    if (size > 0) {
        copy(queue, &queue->urgent, bytes, size);
        end_write(&queue->urgent);
    }
}

/* ---- leaving */

/* How many of the first ordinary pieces are the rest of a write that has begun. */
static uint32_t count_begun(const struct outbound_queue *queue)
{
    uint32_t count = 0;
    while (queue->is_inside && count < queue->ordinary.count) {
        count++;
        if (piece_at(&queue->ordinary, count - 1)->ends) {
            break;
        }
    }
    return count;
}

static int gather(const struct outbound_line *line, uint32_t from, uint32_t until,
    struct iovec *ret_parts, int max)
{
    int count = 0;
    for (uint32_t i = from; i < until && count < max; i++) {
        const struct outbound_piece *piece = piece_at(line, i);
        ret_parts[count] = (struct iovec){piece->buf->bytes + piece->at, piece->end - piece->at};
        count++;
    }
    return count;
}

int outbound_queue_gather(const struct outbound_queue *queue, struct iovec *ret_parts, int max)
{
    const struct outbound_line *ordinary = &queue->ordinary, *urgent = &queue->urgent;
    uint32_t begun = urgent->count ? count_begun(queue) : 0;
    int count = gather(ordinary, 0, begun, ret_parts, max);
    count += gather(urgent, 0, urgent->count, ret_parts + count, max - count);
    return count + gather(ordinary, begun, ordinary->count, ret_parts + count, max - count);
}

/* Takes at most `size` bytes off the first piece; answers how many. */
static uint64_t take_off(struct outbound_line *line, uint64_t size, bool *ret_ends_write)
{
    struct outbound_piece *piece = piece_at(line, 0);
    uint32_t there = piece->end - piece->at;
    uint32_t part = size < there ? (uint32_t)size : there;
    *ret_ends_write = part == there && piece->ends;
    piece->at += part;
    line->bytes -= part;
    if (part == there) {
        drop_first(line);
    }
    return part;
}

/* Nobody refers to the chunk any more: it is filled anew, or given back if one write was large. */
static void reuse_chunk(struct outbound_queue *queue)
{
    struct buf *chunk = queue->chunk;
    if (!chunk || outbound_queue_bytes(queue) > 0) {
        return;
    }
    chunk->size = 0;
    if (chunk->capacity > CHUNK_BYTES) {
        buf_unref(chunk);
        queue->chunk = NULL;
    }
}

void outbound_queue_left(struct outbound_queue *queue, uint64_t size)
{
    CHECK(size <= outbound_queue_bytes(queue));
    while (size > 0) {
        bool ends;
        if (queue->urgent.count && !queue->is_inside) {
            size -= take_off(&queue->urgent, size, &ends);
            continue;
        }
        uint64_t part = take_off(&queue->ordinary, size, &ends);
        queue->is_inside = !ends;
        queue->left += part;
        size -= part;
    }
    reuse_chunk(queue);
}

void outbound_queue_clear(struct outbound_queue *queue)
{
    clear_line(&queue->ordinary);
    clear_line(&queue->urgent);
    queue->is_inside = false;
    queue->written = 0;
    queue->left = 0;
    reuse_chunk(queue);
}

void outbound_queue_deinit(struct outbound_queue *queue)
{
    outbound_queue_clear(queue);
    buf_unref(queue->chunk);
    mem_free(queue->ordinary.pieces);
    mem_free(queue->urgent.pieces);
}
