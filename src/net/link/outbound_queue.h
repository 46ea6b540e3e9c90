#pragma once

/* outbound_queue - what an outbound connection has been given to send and has not sent yet.
 *
 * Two lines of pieces: ordinary writes, and urgent ones, which go first, but never into the middle
 * of a write. Copied bytes lie together in chunks; bytes of a buf are referred to, unless they are
 * few. Bounds are the caller's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"

struct outbound_part;

struct outbound_piece {
    struct buf *buf;
    uint32_t at, end;
    bool ends; /* a write; what follows belongs to another one */
};

/* A ring. */
struct outbound_line {
    struct outbound_piece *pieces;
    uint32_t first, count, capacity;
    uint64_t bytes;
};

struct outbound_queue {
    struct outbound_line ordinary, urgent;
    struct buf *chunk; /* that copied bytes are added to */
    bool is_inside;    /* the first ordinary piece belongs to a write that has begun to leave */
    uint64_t written;  /* ordinary bytes that were added since the last outbound_queue_clear */
    uint64_t left;     /* of them */
};

/* A zeroed queue is empty. */
void outbound_queue_add(
    struct outbound_queue *queue, const struct outbound_part *parts, uint32_t count);
void outbound_queue_add_urgent(struct outbound_queue *queue, const void *bytes, size_t size);

static inline uint64_t outbound_queue_bytes(const struct outbound_queue *queue)
{
    return queue->ordinary.bytes + queue->urgent.bytes;
}

/* The next bytes to leave, in at most `max` parts; answers how many parts. */
int outbound_queue_gather(const struct outbound_queue *queue, struct iovec *ret_parts, int max);

/* So many of the gathered bytes have left. */
void outbound_queue_left(struct outbound_queue *queue, uint64_t size);

/* Empty again; all that was added is forgotten. The memory stays for the next connection. */
void outbound_queue_clear(struct outbound_queue *queue);
void outbound_queue_deinit(struct outbound_queue *queue);
