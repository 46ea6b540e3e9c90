/* redis_codec - hiredis' reader with an arena behind it, and its formatter.
 *
 * Happy path: hiredis calls make_text and its likes for each value, which fill the place that the
 * list above it has for them. How it fails: a value that is over a bound is refused to hiredis,
 * which then says that it is out of memory; the reader stays broken until it is reset. Debian 12
 * has hiredis 0.14, Debian 13 has 1.2, whose reader also knows the third version of the protocol,
 * which is never asked for: its values are taken for what they resemble, or refused. */

#include "redis_client/redis_codec.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#if HIREDIS_MAJOR >= 1
#define ITEM_COUNT size_t
#else
#define ITEM_COUNT int
#endif

#define KEPT_BYTES (64u * 1024) /* of hiredis' buffer between two replies */

struct redis_reader {
    struct redisReader *inner;
    struct redis_bounds bounds;
    struct arena arena; /* of the reply that is being read */
    struct redis_reply *root;
    uint32_t items;  /* in it so far */
    uint64_t bytes;  /* that came since the last reply was whole */
    const char *why; /* broken; NULL: it is not */
};

/* ---- what hiredis calls. Whatever is answered is only looked at as "not NULL", or given back as
 * the `obj` of a list */

/* The value's place; NULL: there is none. */
static struct redis_reply *place_of(const redisReadTask *task)
{
    struct redis_reader *reader = task->privdata;
    if (!task->parent) {
        reader->root = arena_take(&reader->arena, sizeof(*reader->root));
        return reader->root;
    }
    struct redis_reply *list = task->parent->obj;
    CHECK(task->idx >= 0);
    CHECK((uint32_t)task->idx < list->count);
    return &list->items[task->idx];
}

static enum redis_kind kind_of_text(int type)
{
    switch (type) {
    case REDIS_REPLY_STATUS:
        return REDIS_STATUS;
    case REDIS_REPLY_ERROR:
        return REDIS_REFUSAL;
    default:
        return REDIS_TEXT;
    }
}

static void *make_text(const redisReadTask *task, char *bytes, size_t size)
{
    struct redis_reader *reader = task->privdata;
    if (size > reader->bounds.reply_bytes_max) {
        return NULL;
    }
    struct redis_reply *reply = place_of(task);
    reply->kind = kind_of_text(task->type);
    reply->text = (struct cht_str){arena_copy(&reader->arena, bytes, size), (uint32_t)size};
    return reply;
}

/* hiredis 1.2 has no bound of its own. */
static bool is_too_deep(const redisReadTask *task)
{
    uint32_t depth = 1;
    for (; task->parent; task = task->parent) {
        depth++;
    }
    return depth > REDIS_DEPTH_MAX;
}

static void *make_list(const redisReadTask *task, ITEM_COUNT count)
{
    struct redis_reader *reader = task->privdata;
    uint64_t left = reader->bounds.reply_items_max - reader->items;
    if ((uint64_t)count > left || is_too_deep(task)) { /* a negative one too */
        return NULL;
    }
    struct redis_reply *reply = place_of(task);
    reader->items += (uint32_t)count;
    reply->kind = REDIS_LIST;
    reply->count = (uint32_t)count;
    reply->items = arena_array(&reader->arena, (size_t)count, sizeof(*reply->items));
    return reply;
}

static void *make_number(const redisReadTask *task, long long number)
{
    struct redis_reply *reply = place_of(task);
    reply->kind = REDIS_NUMBER;
    reply->number = number;
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    struct redis_reply *reply = place_of(task);
    reply->kind = REDIS_NIL;
    return reply;
}

#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double number, char *text, size_t size)
{
    (void)task, (void)number, (void)text, (void)size;
    return NULL;
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)task, (void)value;
    return NULL;
}
#endif

/* The arena has them all. */
static void free_nothing(void *reply)
{
    (void)reply;
}

static redisReplyObjectFunctions functions = {
    .createString = make_text,
    .createArray = make_list,
    .createInteger = make_number,
    .createNil = make_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .freeObject = free_nothing,
};

/* ---- reading */

static void begin(struct redis_reader *reader)
{
    reader->inner = redisReaderCreateWithFunctions(&functions);
    CHECK(reader->inner);
    reader->inner->privdata = reader;
    reader->inner->maxbuf = KEPT_BYTES;
    reader->root = NULL;
    reader->items = 0;
    reader->bytes = 0;
    reader->why = NULL;
}

struct redis_reader *redis_reader_create(const struct redis_bounds *bounds)
{
    struct redis_reader *reader = mem_new(sizeof(*reader));
    reader->bounds = *bounds;
    begin(reader);
    return reader;
}

void redis_reader_destroy(struct redis_reader *reader)
{
    if (reader) {
        redisReaderFree(reader->inner);
        arena_deinit(&reader->arena);
        mem_free(reader);
    }
}

void redis_reader_reset(struct redis_reader *reader)
{
    redisReaderFree(reader->inner);
    arena_reset(&reader->arena);
    begin(reader);
}

void redis_reader_feed(struct redis_reader *reader, const void *bytes, size_t size)
{
    reader->bytes += size;
    if (!reader->why && redisReaderFeed(reader->inner, bytes, size) != REDIS_OK) {
        reader->why = "what came can not be kept";
    }
}

static enum redis_read broken(struct redis_reader *reader, const char *why)
{
    reader->why = why;
    return REDIS_READ_BROKEN;
}

/* The reply and its arena leave; the other arena, emptied, is for the next one. */
static void hand_over(
    struct redis_reader *reader, struct arena *arena, const struct redis_reply **ret_reply)
{
    struct arena emptied = *arena;
    arena_reset(&emptied);
    *arena = reader->arena;
    *ret_reply = reader->root;
    reader->arena = emptied;
    reader->root = NULL;
    reader->items = 0;
    reader->bytes = reader->inner->len - reader->inner->pos;
}

enum redis_read redis_reader_next(
    struct redis_reader *reader, struct arena *arena, const struct redis_reply **ret_reply)
{
    void *reply = NULL;
    if (reader->why) {
        return REDIS_READ_BROKEN;
    }
    int result = redisReaderGetReply(reader->inner, &reply);
    if (result != REDIS_OK) {
        bool over = reader->inner->err == REDIS_ERR_OOM;
        return broken(reader, over ? "a reply is over its bound" : reader->inner->errstr);
    }
    if (!reply) {
        bool over = reader->bytes > reader->bounds.reply_bytes_max;
        return over ? broken(reader, "a reply is over its bound") : REDIS_READ_MORE;
    }
    hand_over(reader, arena, ret_reply);
    return REDIS_READ_REPLY;
}

const char *redis_reader_why(const struct redis_reader *reader)
{
    return reader->why ? reader->why : "";
}

/* ---- writing */

struct buf *redis_command(const struct cht_str *words, uint32_t count)
{
    const char *texts[REDIS_WORDS_MAX];
    size_t sizes[REDIS_WORDS_MAX];
    char *command = NULL;
    CHECK(count > 0);
    CHECK(count <= REDIS_WORDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        texts[i] = words[i].size > 0 ? words[i].at : "";
        sizes[i] = words[i].size;
    }
    long long size = redisFormatCommandArgv(&command, (int)count, texts, sizes);
    CHECK(size > 0);
    struct buf *buf = buf_copy(command, (size_t)size);
    redisFreeCommand(command);
    return buf;
}

struct buf *redis_command_whole(const struct buf *evalsha, struct cht_str script)
{
    static const char before[] = "$7\r\nEVALSHA\r\n$40\r\n";
    const uint8_t *line_end = memchr(evalsha->bytes, '\n', evalsha->size);
    CHECK(line_end);
    size_t line = (size_t)(line_end - evalsha->bytes) + 1;
    size_t skipped = line + sizeof(before) - 1 + REDIS_SHA_SIZE + 2;
    CHECK(skipped <= evalsha->size);
    CHECK(memcmp(evalsha->bytes + line, before, sizeof(before) - 1) == 0);
    char eval[64];
    int eval_size = snprintf(eval, sizeof(eval), "$4\r\nEVAL\r\n$%u\r\n", script.size);
    size_t size = line + (size_t)eval_size + script.size + 2 + evalsha->size - skipped;
    struct buf *buf = buf_create(size);
    uint8_t *at = buf->bytes;
    at = (uint8_t *)memcpy(at, evalsha->bytes, line) + line;
    at = (uint8_t *)memcpy(at, eval, (size_t)eval_size) + eval_size;
    at = (uint8_t *)memcpy(at, script.at, script.size) + script.size;
    at = (uint8_t *)memcpy(at, "\r\n", 2) + 2;
    memcpy(at, evalsha->bytes + skipped, evalsha->size - skipped);
    buf->size = (uint32_t)size;
    return buf;
}
