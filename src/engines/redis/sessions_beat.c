/* sessions_beat - the node in Redis: its lease, and whether Redis still knows it.
 *
 * Happy path: every redis.beat_ms the lease is written anew; every redis.poll_ms it is looked at,
 * and what others revoked is read. How it fails: a lease that is not there means that Redis has
 * lost what it had; a new connection means that nobody knows what it has, so the node begins a new
 * life. In both cases everything is written again. */

#include "base/logger.h"
#include "redis/sessions_redis_inner.h"

static void write_place(const struct sessions_redis *redis, struct cht_str ret_words[3],
    char text[REDIS_PLACE_BYTES_MAX])
{
    uint32_t node = redis_number_write(redis->options.node, text);
    uint32_t life = redis_life_write(redis->options.boot, redis->life, text + node);
    ret_words[1] = (struct cht_str){text, node};
    ret_words[2] = (struct cht_str){text + node, life};
}

uint32_t sessions_redis_place_write(const struct sessions_redis *redis, char *ret_text)
{
    uint32_t node = redis_number_write(redis->options.node, ret_text);
    ret_text[node] = '#';
    return node + 1 + redis_life_write(redis->options.boot, redis->life, ret_text + node + 1);
}

static void tell_place(struct sessions_redis *redis, const struct redis_script *script,
    const char *lease, void (*on_told)(struct redis_telling *telling))
{
    char key[REDIS_KEY_BYTES_MAX], place[2 * REDIS_PLACE_BYTES_MAX];
    struct cht_str words[4];
    struct redis_telling *telling = sessions_redis_telling(redis, on_told);
    telling->number = redis->life;
    uint32_t size =
        redis_key_write(sessions_redis_prefix(redis), REDIS_KEY_NODES, (struct cht_str){0}, key);
    words[0] = (struct cht_str){key, size};
    write_place(redis, words, place);
    words[3] = cht_str_of(lease);
    struct redis_call call = {.script = script, .words = words, .count = lease ? 4 : 3, .keys = 1};
    sessions_redis_run(redis, &telling->asker, &telling->op, &call);
}

static void beat(struct sessions_redis *redis, void (*on_told)(struct redis_telling *telling))
{
    char lease[REDIS_PLACE_BYTES_MAX];
    const struct redis_settings *settings = redis->options.config->settings;
    uint32_t size = redis_number_write(settings->lease_ms, lease);
    lease[size] = 0;
    redis->beat_at_ms = loop_now_ms(redis->loop) + settings->beat_ms;
    tell_place(redis, &redis->scripts.beat, lease, on_told);
}

/* A node whose worker is about to end. */
void sessions_redis_leave(struct sessions_redis *redis)
{
    if (redis->client) {
        timer_stop(&redis->tick);
        tell_place(redis, &redis->scripts.leave, NULL, NULL);
    }
}

/* In this order: who is counted by a lease needs the lease. */
static void write_all(struct sessions_redis *redis)
{
    const struct redis_settings *settings = redis->options.config->settings;
    redis->unsure_until_ms = loop_now_ms(redis->loop) + 3 * settings->poll_ms +
                             settings->retry_max_ms + settings->open_ms;
    beat(redis, NULL);
    sessions_redis_publish(redis);
}

bool sessions_redis_is_unsure(const struct sessions_redis *redis)
{
    return loop_now_ms(redis->loop) < redis->unsure_until_ms;
}

/* ---- every redis.poll_ms */

static bool is_known(const struct sessions_redis *redis, const struct redis_reply *reply)
{
    char life[REDIS_PLACE_BYTES_MAX];
    uint32_t size = redis_life_write(redis->options.boot, redis->life, life);
    struct cht_str there = redis_text(reply);
    return there.size > size && there.at[size] == ':' &&
           cht_str_equal((struct cht_str){there.at, size}, (struct cht_str){life, size});
}

void sessions_redis_content_lost(struct sessions_redis *redis)
{
    LOG_WARN(
        redis->logger, "redis.content_lost", "node=%llu", (unsigned long long)redis->options.node);
    write_all(redis);
    sessions_redis_revoked_again(redis, true);
}

static void on_looked(struct redis_telling *telling)
{
    struct sessions_redis *redis = telling->redis;
    redis->looking = false;
    if (telling->op.op.err == OK && telling->number == redis->life &&
        !is_known(redis, telling->op.reply)) {
        sessions_redis_content_lost(redis);
    }
}

static void on_beaten(struct redis_telling *telling)
{
    struct sessions_redis *redis = telling->redis;
    if (telling->op.op.err == OK && telling->number == redis->life &&
        redis_number(telling->op.reply) == 0) {
        sessions_redis_content_lost(redis);
    }
}

/* Before anything was written: a node that was never there, or was forgotten, finds nothing. */
static void on_first_look(struct redis_telling *telling)
{
    bool lost = telling->op.op.err == OK && telling->op.reply->kind == REDIS_NIL;
    sessions_redis_revoked_again(telling->redis, lost);
}

static void look(struct sessions_redis *redis, void (*on_seen)(struct redis_telling *telling))
{
    char key[REDIS_KEY_BYTES_MAX], node[REDIS_PLACE_BYTES_MAX];
    struct redis_telling *telling = sessions_redis_telling(redis, on_seen);
    uint32_t key_size =
        redis_key_write(sessions_redis_prefix(redis), REDIS_KEY_NODES, (struct cht_str){0}, key);
    struct cht_str words[] = {
        cht_str_of("HGET"), {key, key_size}, {node, redis_number_write(redis->options.node, node)}};
    telling->number = redis->life;
    sessions_redis_ask(redis, &telling->asker, &telling->op, words, 3);
}

void sessions_redis_on_ready(struct sessions_redis *redis)
{
    redis->life++;
    look(redis, on_first_look);
    write_all(redis);
}

static void on_tick(struct timer *timer)
{
    struct sessions_redis *redis = container_of(timer, struct sessions_redis, tick);
    if (redis_client_is_ready(redis->client)) {
        if (!redis->looking) {
            redis->looking = true;
            look(redis, on_looked);
        }
        sessions_redis_read_revoked(redis);
        sessions_redis_publish_some(redis);
        if (loop_now_ms(redis->loop) >= redis->beat_at_ms) {
            beat(redis, on_beaten);
            sessions_redis_tell_revoked(redis);
            sessions_redis_rotate(redis);
        }
    }
    timer_start(redis->loop, timer, redis->options.config->settings->poll_ms, on_tick);
}

void sessions_redis_start_beating(struct sessions_redis *redis)
{
    timer_start(redis->loop, &redis->tick, redis->options.config->settings->poll_ms, on_tick);
}
