/* sessions_connected - who is connected to this node, told to Redis.
 *
 * Happy path of a connection that opens: the process counts it, then a script counts it with all
 * others of the user and writes it; it is remembered here by its slot, for as long as it is open.
 * Changes are told without waiting. How it fails: without Redis the process's count is the answer;
 * what could not be told is written when Redis is back, and a connection that closed meanwhile
 * belongs to the node's life before that, which does not count. */

#include "base/mem.h"
#include "redis/sessions_redis_inner.h"

#define PUBLISH_AT_ONCE 256u /* on their way, when all are written again */
#define OWN_FIRST 256u
#define ROTATION_MS 3600000u /* in which every connection is written again */

/* ---- by slot */

static void own_grow(struct sessions_redis *redis, uint32_t slot)
{
    bool publishes = redis->publish_at < redis->own_capacity;
    uint32_t capacity = redis->own_capacity ? redis->own_capacity : OWN_FIRST;
    while (capacity <= slot) {
        capacity *= 2;
    }
    if (capacity > redis->own_capacity) {
        redis->own = mem_resize(redis->own, (size_t)capacity * sizeof(*redis->own));
        for (uint32_t i = redis->own_capacity; i < capacity; i++) {
            redis->own[i] = (struct own_connection){0};
        }
        redis->own_capacity = capacity;
        redis->publish_at = publishes ? redis->publish_at : capacity;
    }
}

static bool is_same(const struct session *one, const struct session *other)
{
    return one->node == other->node && one->boot == other->boot && one->slot == other->slot &&
           one->generation == other->generation;
}

static struct own_connection *own_find(struct sessions_redis *redis, const struct session *session)
{
    struct own_connection *own =
        session->slot < redis->own_capacity ? &redis->own[session->slot] : NULL;
    return own && own->taken && is_same(&own->session, session) ? own : NULL;
}

/* One that is there stays as it is. */
static void own_put(struct sessions_redis *redis, const struct session *session)
{
    if (own_find(redis, session)) {
        return;
    }
    own_grow(redis, session->slot);
    redis->own[session->slot] = (struct own_connection){
        .session = *session, .state = cht_presence_state_online, .taken = true};
}

static void own_forget(struct sessions_redis *redis, const struct session *session)
{
    struct own_connection *own = own_find(redis, session);
    if (own) {
        own->taken = false;
    }
}

/* ---- texts of a connection */

struct words {
    char key[REDIS_KEY_BYTES_MAX], nodes[REDIS_KEY_BYTES_MAX];
    char field[REDIS_FIELD_BYTES_MAX], value[REDIS_VALUE_BYTES_MAX];
    char seen[REDIS_PLACE_BYTES_MAX];
    struct cht_str user_key, nodes_key, field_text, value_text, generation, seen_ms;
};

static void fill_words(const struct sessions_redis *redis, const struct session *session,
    enum cht_presence_state state, struct words *ret_words)
{
    struct words *w = ret_words;
    const char *prefix = sessions_redis_prefix(redis);
    uint64_t seen_ms = redis->options.config->settings->seen_s * 1000;
    w->user_key = (struct cht_str){w->key, redis_user_key_write(prefix, &session->user, w->key)};
    w->nodes_key = (struct cht_str){
        w->nodes, redis_key_write(prefix, REDIS_KEY_NODES, (struct cht_str){0}, w->nodes)};
    w->field_text = (struct cht_str){w->field, redis_field_write(session, redis->life, w->field)};
    w->value_text = (struct cht_str){w->value, redis_value_write(session, state, w->value)};
    w->generation =
        (struct cht_str){w->value + REDIS_GENERATION_AT, w->value_text.size - REDIS_GENERATION_AT};
    w->seen_ms = (struct cht_str){w->seen, redis_number_write(seen_ms, w->seen)};
}

/* ---- enter */

struct entering {
    struct flow flow; /* first */
    struct sessions_redis *redis;
    struct sessions_enter_op *asked;
    struct sessions_enter_op near;
    struct redis_op op;
    enum err err;
};

static void enter_process(struct flow *flow)
{
    struct entering *e = (struct entering *)flow;
    sessions_enter(e->redis->near, flow_tolerate(flow), &e->near);
}

static void enter_redis(struct flow *flow)
{
    struct entering *e = (struct entering *)flow;
    char user_max[REDIS_PLACE_BYTES_MAX], device_max[REDIS_PLACE_BYTES_MAX];
    char replaces[CHT_ID_TEXT_SIZE];
    struct words w;
    e->err = e->near.op.err;
    if (e->err != OK) {
        flow_skip_to_end(flow);
        return;
    }
    own_put(e->redis, &e->asked->session);
    fill_words(e->redis, &e->asked->session, cht_presence_state_online, &w);
    bool replacing = !cht_id_is_none(&e->asked->replaces);
    cht_id_to_text(&e->asked->replaces, replaces);
    struct cht_str words[] = {w.user_key, w.nodes_key, w.field_text, w.value_text,
        {replaces, replacing ? CHT_ID_TEXT_SIZE : 0},
        {user_max, redis_number_write(e->asked->user_max, user_max)},
        {device_max, redis_number_write(e->asked->device_max, device_max)}, w.seen_ms};
    struct redis_call call = {
        .script = &e->redis->scripts.enter, .words = words, .count = 8, .keys = 2};
    sessions_redis_run(e->redis, flow_tolerate(flow), &e->op, &call);
}

/* Whom the process did not find. */
static void read_replaced(struct entering *e)
{
    struct cht_str field = redis_text(redis_item(e->op.reply, 1));
    struct cht_str value = redis_text(redis_item(e->op.reply, 2));
    if (e->near.replaced.node == 0 && field.size > 0 &&
        redis_connection_read(field, value, &e->near.replaced)) {
        e->near.replaced.user = e->asked->session.user;
    }
}

/* Without an answer it is in, as far as anybody here knows. */
static void judge(struct flow *flow)
{
    struct entering *e = (struct entering *)flow;
    const struct redis_reply *entered = redis_item(e->op.reply, 0);
    if (e->op.op.err != OK || !entered || entered->kind != REDIS_NUMBER) {
        return;
    }
    read_replaced(e);
    if (entered->number == 0) {
        e->err = ERR_RATE_LIMITED;
        own_forget(e->redis, &e->asked->session);
        sessions_remove(e->redis->near, &e->asked->session);
    }
}

static void end_entering(struct flow *flow)
{
    struct entering *e = (struct entering *)flow;
    struct sessions_enter_op *asked = e->asked;
    enum err err = e->err;
    asked->replaced = e->near.replaced;
    asked->rates = err == OK ? e->near.rates : NULL;
    redis_op_deinit(&e->op);
    mem_free(e);
    op_answer(&asked->op, err);
}

void sessions_redis_enter(struct sessions *sessions, struct sessions_enter_op *op)
{
    static const struct flow_step steps[] = {{"enter_process", enter_process},
        {"enter_redis", enter_redis}, {"judge", judge}, {"end_entering", end_entering}};
    struct entering *e = mem_new(sizeof(*e));
    e->redis = sessions_redis_of(sessions);
    e->asked = op;
    e->near.session = op->session;
    e->near.replaces = op->replaces;
    e->near.user_max = op->user_max;
    e->near.device_max = op->device_max;
    flow_start(&e->flow, e->redis->loop, steps, FLOW_STEPS(steps));
}

/* ---- changes */

void sessions_redis_remove(struct sessions *sessions, const struct session *session)
{
    struct sessions_redis *redis = sessions_redis_of(sessions);
    struct words w;
    sessions_remove(redis->near, session);
    own_forget(redis, session);
    if (!redis->client) {
        return;
    }
    fill_words(redis, session, cht_presence_state_offline, &w);
    struct cht_str words[] = {w.user_key, w.field_text, w.generation, w.seen_ms};
    struct redis_call call = {
        .script = &redis->scripts.remove, .words = words, .count = 4, .keys = 1};
    struct redis_telling *telling = sessions_redis_telling(redis, NULL);
    sessions_redis_run(redis, &telling->asker, &telling->op, &call);
}

static void put(struct sessions_redis *redis, const struct own_connection *own, bool changed,
    struct redis_telling *telling)
{
    struct words w;
    fill_words(redis, &own->session, own->state, &w);
    struct cht_str words[] = {
        w.user_key, w.field_text, w.value_text, cht_str_of(changed ? "1" : "0"), w.seen_ms};
    struct redis_call call = {.script = &redis->scripts.put, .words = words, .count = 5, .keys = 1};
    sessions_redis_run(redis, &telling->asker, &telling->op, &call);
}

void sessions_redis_set_state(
    struct sessions *sessions, const struct session *session, enum cht_presence_state state)
{
    struct sessions_redis *redis = sessions_redis_of(sessions);
    sessions_set_state(redis->near, session, state);
    struct own_connection *own = own_find(redis, session);
    if (own && redis->client) {
        own->state = state;
        put(redis, own, true, sessions_redis_telling(redis, NULL));
    }
}

/* ---- all of them again */

/* What found no room is tried again; what was lost with the connection is written with the next. */
static void on_published(struct redis_telling *telling)
{
    struct sessions_redis *redis = telling->redis;
    redis->publish_flying--;
    redis->stats.published += telling->op.op.err == OK;
    if (telling->op.op.err == ERR_FULL && telling->number < redis->publish_at) {
        redis->publish_at = (uint32_t)telling->number;
    } else if (telling->op.op.err == OK) {
        sessions_redis_publish_some(redis);
    }
}

static void publish_one(struct sessions_redis *redis, const struct own_connection *own)
{
    struct redis_telling *telling = sessions_redis_telling(redis, on_published);
    telling->number = own->session.slot;
    redis->publish_flying++;
    put(redis, own, false, telling);
}

void sessions_redis_publish_some(struct sessions_redis *redis)
{
    while (redis->publish_at < redis->own_capacity && redis->publish_flying < PUBLISH_AT_ONCE) {
        const struct own_connection *own = &redis->own[redis->publish_at++];
        if (own->taken) {
            publish_one(redis, own);
        }
    }
}

void sessions_redis_publish(struct sessions_redis *redis)
{
    redis->publish_at = 0;
    sessions_redis_publish_some(redis);
}

bool sessions_redis_is_publishing(const struct sessions_redis *redis)
{
    return redis->publish_at < redis->own_capacity || redis->publish_flying > 0;
}

void sessions_redis_rotate(struct sessions_redis *redis)
{
    uint64_t beats = ROTATION_MS / redis->options.config->settings->beat_ms + 1;
    uint64_t slots = redis->own_capacity / beats + 1;
    for (uint64_t i = 0; i < slots && redis->own_capacity > 0; i++) {
        const struct own_connection *own = &redis->own[redis->rotation++ % redis->own_capacity];
        if (own->taken && redis->publish_flying < PUBLISH_AT_ONCE) {
            publish_one(redis, own);
        }
    }
}
