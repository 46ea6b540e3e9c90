#pragma once

/* redis_codec - commands into bytes, bytes into replies: the protocol of Redis (RESP2), by hiredis.
 *
 * Pure: no connection, no clock. This is the one place that knows hiredis, of which only the reader
 * and the formatter are used. The reader is given bytes as they come and gives replies when they
 * are whole; whatever the bytes are, it ends in a reply, in waiting for more, or in "broken", and
 * holds no more than its bounds. */

#include "base/arena.h"
#include "base/buf.h"
#include "redis_client/redis_reply.h"

#define REDIS_WORDS_MAX 160u /* of a command */
#define REDIS_SHA_SIZE 40u
#define REDIS_DEPTH_MAX 7u /* lists within lists */

struct redis_bounds {
    uint32_t reply_bytes_max; /* of one reply on the wire */
    uint32_t reply_items_max; /* in all lists of one reply together */
};

enum redis_read {
    REDIS_READ_REPLY,
    REDIS_READ_MORE,
    REDIS_READ_BROKEN, /* no byte behind it has a meaning: the connection is of no use */
};

struct redis_reader;

struct redis_reader *redis_reader_create(const struct redis_bounds *bounds);
void redis_reader_destroy(struct redis_reader *reader); /* NULL is fine */

/* As if no byte had come: for the next connection. */
void redis_reader_reset(struct redis_reader *reader);

/* Takes all of them. */
void redis_reader_feed(struct redis_reader *reader, const void *bytes, size_t size);

/* The next reply. Its tree is in `arena` then, whatever was there before is gone. Until then
 * `arena` is not touched. */
enum redis_read redis_reader_next(
    struct redis_reader *reader, struct arena *arena, const struct redis_reply **ret_reply);

/* Why it is broken. */
const char *redis_reader_why(const struct redis_reader *reader);

/* One command of 1 to REDIS_WORDS_MAX words of any bytes; one reference. */
struct buf *redis_command(const struct cht_str *words, uint32_t count);

/* Of a command whose words are EVALSHA, a digest of REDIS_SHA_SIZE characters and more: the same
 * with EVAL and the text of the script. */
struct buf *redis_command_whole(const struct buf *evalsha, struct cht_str script);
