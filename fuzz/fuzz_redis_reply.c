/* fuzz_redis_reply - what a Redis server may say, in pieces of any size.
 *
 * Happy path: the same replies and the same end, whether the bytes come at once or one by one, and
 * no reply is over its bounds. How it fails: a trap, which the fuzzer reports with its input. */

#include <stdint.h>

#include "demand.h"
#include "redis_client/redis_codec.h"
#include "redis_client/redis_refusal.h"

#define ITEMS_MAX 100
#define BYTES_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct tally {
    uint32_t replies, items;
    uint64_t sum; /* of what they say */
    enum redis_read end;
};

static uint32_t add(struct tally *tally, const struct redis_reply *reply, int depth)
{
    uint32_t items = reply->count;
    DEMAND(depth < 12);
    tally->sum = tally->sum * 31 + (uint64_t)reply->kind + (uint64_t)reply->number;
    for (uint32_t i = 0; i < reply->text.size; i++) {
        tally->sum = tally->sum * 31 + (uint8_t)reply->text.at[i];
    }
    if (reply->kind == REDIS_REFUSAL) {
        DEMAND(redis_refusal_of(reply->text));
    }
    for (uint32_t i = 0; i < reply->count; i++) {
        items += add(tally, redis_item(reply, i), depth + 1);
    }
    return items;
}

static void take_all(struct redis_reader *reader, struct tally *tally)
{
    struct arena arena = {0};
    const struct redis_reply *reply;
    while ((tally->end = redis_reader_next(reader, &arena, &reply)) == REDIS_READ_REPLY) {
        tally->replies++;
        DEMAND(add(tally, reply, 0) <= ITEMS_MAX);
    }
    arena_deinit(&arena);
}

static struct tally read_in_pieces(const uint8_t *bytes, size_t size, size_t piece)
{
    struct redis_bounds bounds = {.reply_bytes_max = BYTES_MAX, .reply_items_max = ITEMS_MAX};
    struct redis_reader *reader = redis_reader_create(&bounds);
    struct tally tally = {.end = REDIS_READ_MORE};
    for (size_t at = 0; at < size; at += piece) {
        redis_reader_feed(reader, bytes + at, size - at < piece ? size - at : piece);
        take_all(reader, &tally);
    }
    DEMAND((tally.end == REDIS_READ_BROKEN) == (redis_reader_why(reader)[0] != 0));
    redis_reader_destroy(reader);
    return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > BYTES_MAX) {
        return 0; /* when a long reply is given up depends on its pieces */
    }
    struct tally whole = read_in_pieces(bytes, size, size ? size : 1);
    struct tally single = read_in_pieces(bytes, size, 1);
    DEMAND(whole.replies == single.replies);
    DEMAND(whole.sum == single.sum);
    DEMAND(whole.end == single.end);
    return 0;
}
