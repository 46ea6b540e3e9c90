/* sessions_revoked - what was revoked, on all nodes.
 *
 * Happy path: what is revoked here is known in this process at once and added to a stream; what
 * others added is read every redis.poll_ms, from where the last reading ended, and told to the
 * process, which tells its listeners. How it fails: what Redis did not take is told again until it
 * does. After the connection was lost the stream is read from its beginning, and what was told
 * lately is told again; where Redis has lost its content, all that this node revoked or read from
 * the truth, the newest OWN_REVOKED_MAX of it, so that processes which start later and can not read
 * the truth know. Who knows a revocation already does not tell its listeners twice. */

#include <string.h>

#include "base/mem.h"
#include "ports/secrets.h"
#include "redis/sessions_redis_inner.h"

#define READ_AT_ONCE 500u
#define LATELY_MS 30000u /* may be lost with a primary whose replica had not heard of it */

/* ---- telling */

static void on_revoked_told(struct redis_telling *telling)
{
    struct sessions_redis *redis = telling->redis;
    struct own_revocation *own = &redis->revoked[telling->number % OWN_REVOKED_MAX];
    if (own->number == telling->number) {
        own->on_its_way = false;
        own->told_ms = telling->op.op.err == OK ? loop_now_ms(redis->loop) : own->told_ms;
    }
}

static struct cht_str revoked_key(const struct sessions_redis *redis, char key[REDIS_KEY_BYTES_MAX])
{
    return (struct cht_str){key,
        redis_key_write(sessions_redis_prefix(redis), REDIS_KEY_REVOKED, (struct cht_str){0}, key)};
}

/* The stream goes when the tokens of its last entry have ended. */
static void tell_end(struct sessions_redis *redis)
{
    char key[REDIS_KEY_BYTES_MAX], ms[REDIS_PLACE_BYTES_MAX];
    struct cht_str words[] = {cht_str_of("PEXPIRE"), revoked_key(redis, key),
        {ms, redis_number_write(redis->options.keep_ms, ms)}};
    struct redis_telling *telling = sessions_redis_telling(redis, NULL);
    sessions_redis_ask(redis, &telling->asker, &telling->op, words, 3);
}

static void tell(struct sessions_redis *redis, struct own_revocation *own)
{
    char key[REDIS_KEY_BYTES_MAX], most[REDIS_PLACE_BYTES_MAX];
    uint8_t bytes[REDIS_REVOCATION_BYTES];
    redis_revocation_write(&own->revocation, bytes);
    struct cht_str words[] = {cht_str_of("XADD"), revoked_key(redis, key), cht_str_of("MAXLEN"),
        cht_str_of("~"), {most, redis_number_write(redis->options.revocations_max, most)},
        cht_str_of("*"), cht_str_of("r"), {(char *)bytes, sizeof(bytes)}};
    struct redis_telling *telling = sessions_redis_telling(redis, on_revoked_told);
    telling->number = own->number;
    own->on_its_way = true;
    sessions_redis_ask(redis, &telling->asker, &telling->op, words, 8);
}

/* One of before the start is in the truth that others read too. */
void sessions_redis_revoke(struct sessions *sessions, const struct revocation *revocation)
{
    struct sessions_redis *redis = sessions_redis_of(sessions);
    sessions_revoke(redis->near, revocation);
    uint64_t number = ++redis->revoked_count;
    struct own_revocation *own = &redis->revoked[number % OWN_REVOKED_MAX];
    *own = (struct own_revocation){.revocation = *revocation, .number = number, .told_ms = 1};
    if (revocation->at == 0 && redis->client) {
        own->revocation.at = loop_wall_ms(redis->loop);
        own->told_ms = 0;
        tell(redis, own);
        tell_end(redis);
    }
}

static bool is_over(const struct sessions_redis *redis, const struct revocation *revocation)
{
    uint64_t now = loop_wall_ms(redis->loop);
    return revocation->at < now && now - revocation->at >= redis->options.keep_ms;
}

/* Those that Redis has not taken, and those that it took after that moment. */
static void tell_again(struct sessions_redis *redis, uint64_t taken_after_ms)
{
    uint64_t count = redis->revoked_count;
    uint64_t told = 0;
    for (uint64_t number = count > OWN_REVOKED_MAX ? count - OWN_REVOKED_MAX + 1 : 1;
         number <= count; number++) {
        struct own_revocation *own = &redis->revoked[number % OWN_REVOKED_MAX];
        bool taken = own->told_ms > 0 && own->told_ms <= taken_after_ms;
        if (!own->on_its_way && !taken && !is_over(redis, &own->revocation)) {
            tell(redis, own);
            told++;
        }
    }
    if (told > 0) {
        tell_end(redis);
    }
}

void sessions_redis_tell_revoked(struct sessions_redis *redis)
{
    tell_again(redis, UINT64_MAX);
}

void sessions_redis_revoked_again(struct sessions_redis *redis, bool content_lost)
{
    uint64_t now = loop_now_ms(redis->loop);
    redis->cursor[0] = 0;
    tell_again(redis, !content_lost && now > LATELY_MS ? now - LATELY_MS : 0);
}

/* ---- reading */

struct reading {
    struct redis_op op;
    struct asker asker;
    struct sessions_redis *redis;
    char cursor[sizeof(((struct sessions_redis *)0)->cursor)]; /* when it was asked */
};

/* The process would call a token of it revoked. */
static bool is_known(const struct sessions_redis *redis, const struct revocation *revocation)
{
    bool of_device = !cht_id_is_none(&revocation->device);
    struct identity who = {.user = revocation->user,
        .device = revocation->device,
        .token_version = of_device ? UINT64_MAX : revocation->version - 1,
        .issued_at = UINT64_MAX};
    bool voids_nothing = !of_device && revocation->version == 0;
    return voids_nothing || sessions_standing(redis->near, &who) == TOKEN_REVOKED;
}

static void take_entry(struct sessions_redis *redis, const struct redis_reply *entry)
{
    struct revocation revocation;
    struct cht_str place = redis_text(redis_item(entry, 0));
    struct cht_str bytes = redis_text(redis_item(redis_item(entry, 1), 1));
    if (place.size == 0 || place.size >= sizeof(redis->cursor) || memchr(place.at, 0, place.size)) {
        return;
    }
    memcpy(redis->cursor, place.at, place.size);
    redis->cursor[place.size] = 0;
    if (redis_revocation_read(bytes, &revocation) && !is_over(redis, &revocation) &&
        !is_known(redis, &revocation)) {
        sessions_revoke(redis->near, &revocation);
    }
}

/* {{key, {entries ...}}}; nothing new: nil. Answers how many there were. */
static uint32_t take_entries(struct sessions_redis *redis, const struct redis_reply *reply)
{
    const struct redis_reply *entries = redis_item(redis_item(reply, 0), 1);
    const struct redis_reply *entry;
    uint32_t count = 0;
    while ((entry = redis_item(entries, count)) != NULL) {
        take_entry(redis, entry);
        count++;
    }
    return count;
}

/* If it was asked from somewhere else meanwhile, this is old; the next tick asks. */
static void on_read(struct asker *asker, struct op *op)
{
    struct reading *reading = container_of(asker, struct reading, asker);
    struct sessions_redis *redis = reading->redis;
    bool good = op->err == OK && strcmp(reading->cursor, redis->cursor) == 0;
    uint32_t count = good ? take_entries(redis, reading->op.reply) : 0;
    bool moved = good && strcmp(reading->cursor, redis->cursor) != 0;
    redis_op_deinit(&reading->op);
    mem_free(reading);
    redis->reading = false;
    if (moved && count >= READ_AT_ONCE) {
        sessions_redis_read_revoked(redis);
    }
}

void sessions_redis_read_revoked(struct sessions_redis *redis)
{
    char key[REDIS_KEY_BYTES_MAX], most[REDIS_PLACE_BYTES_MAX];
    if (redis->reading) {
        return;
    }
    struct reading *reading = mem_new(sizeof(*reading));
    reading->redis = redis;
    reading->asker.on_answer = on_read;
    memcpy(reading->cursor, redis->cursor, sizeof(reading->cursor));
    struct cht_str words[] = {cht_str_of("XREAD"), cht_str_of("COUNT"),
        {most, redis_number_write(READ_AT_ONCE, most)}, cht_str_of("STREAMS"),
        revoked_key(redis, key), cht_str_of(*redis->cursor ? redis->cursor : "0-0")};
    redis->reading = true;
    sessions_redis_ask(redis, &reading->asker, &reading->op, words, 6);
}
