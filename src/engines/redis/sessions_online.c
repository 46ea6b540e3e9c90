/* sessions_online - where users are connected, on all nodes.
 *
 * Happy path: the process is asked, and Redis for a hundred users at a time, all at once; Redis'
 * answer counts. How it fails: where Redis does not answer, or answers in another form, what the
 * process knows is the answer; while this node writes its connections again, it is added. When
 * Redis does not know this node it has lost what it had: then, and for as long as others may need
 * to write theirs again, everybody may be everywhere. */

#include "base/mem.h"
#include "redis/sessions_redis_inner.h"

#define USERS_AT_ONCE 100u
#define NODES_MAX (sizeof(((struct online_user *)0)->nodes) / sizeof(uint64_t))

struct looking {
    struct flow flow; /* first */
    struct sessions_redis *redis;
    struct sessions_online_op *asked;
    struct sessions_online_op near;
    uint64_t life; /* of the node, when it asked */
    uint32_t part_count;
    struct redis_op parts[];
};

static uint32_t size_of_part(const struct looking *l, uint32_t part)
{
    uint32_t left = l->asked->count - part * USERS_AT_ONCE;
    return left < USERS_AT_ONCE ? left : USERS_AT_ONCE;
}

static void ask_part(struct looking *l, uint32_t part)
{
    char keys[USERS_AT_ONCE + 1][REDIS_KEY_BYTES_MAX], place[2 * REDIS_PLACE_BYTES_MAX];
    struct cht_str words[USERS_AT_ONCE + 2];
    const char *prefix = sessions_redis_prefix(l->redis);
    uint32_t count = size_of_part(l, part);
    words[0] = (struct cht_str){
        keys[0], redis_key_write(prefix, REDIS_KEY_NODES, (struct cht_str){0}, keys[0])};
    for (uint32_t i = 0; i < count; i++) {
        const struct cht_id *user = &l->asked->users[part * USERS_AT_ONCE + i];
        words[i + 1] =
            (struct cht_str){keys[i + 1], redis_user_key_write(prefix, user, keys[i + 1])};
    }
    words[count + 1] = (struct cht_str){place, sessions_redis_place_write(l->redis, place)};
    struct redis_call call = {
        .script = &l->redis->scripts.online, .words = words, .count = count + 2, .keys = count + 1};
    sessions_redis_run(l->redis, flow_tolerate(&l->flow), &l->parts[part], &call);
}

static void ask_both(struct flow *flow)
{
    struct looking *l = (struct looking *)flow;
    l->near.users = l->asked->users;
    l->near.count = l->asked->count;
    sessions_online(l->redis->near, flow_tolerate(flow), &l->near);
    for (uint32_t i = 0; i < l->part_count; i++) {
        ask_part(l, i);
    }
}

static void add_node(struct online_user *online, uint64_t node)
{
    for (uint32_t i = 0; i < online->node_count; i++) {
        if (online->nodes[i] == node) {
            return;
        }
    }
    if (online->node_count == NODES_MAX) {
        online->everywhere = true;
        return;
    }
    online->nodes[online->node_count++] = node;
}

static void add_state(struct online_user *online, uint64_t state)
{
    if (state > 0 && state < (uint64_t)online->state) {
        online->state = (enum cht_presence_state)state;
    }
}

/* {seen, state, nodes ...} */
static void take_answer(
    struct online_user *online, const struct redis_reply *answer, bool beside_process)
{
    uint64_t seen;
    const struct redis_reply *node;
    if (answer && !beside_process) {
        online->state = cht_presence_state_offline;
        online->node_count = 0;
        online->everywhere = false;
    }
    if (redis_u64_read(redis_text(redis_item(answer, 0)), &seen) && seen > online->last_seen) {
        online->last_seen = seen;
    }
    add_state(online, redis_number(redis_item(answer, 1)));
    for (uint32_t i = 2; (node = redis_item(answer, i)) != NULL; i++) {
        uint64_t number;
        if (redis_u64_read(redis_text(node), &number)) {
            add_node(online, number);
        }
    }
}

/* False: Redis does not know who asked, or nothing. */
static bool take_part(struct looking *l, uint32_t part, bool beside_process)
{
    const struct redis_op *op = &l->parts[part];
    bool knows = op->op.err == OK && redis_number(redis_item(op->reply, 0)) == 1;
    for (uint32_t i = 0; op->op.err == OK && i < size_of_part(l, part); i++) {
        take_answer(&l->near.online[part * USERS_AT_ONCE + i], redis_item(op->reply, i + 1),
            beside_process || !knows);
    }
    return knows;
}

static void add_everywhere(struct sessions_online_op *op)
{
    for (uint32_t i = 0; i < op->count; i++) {
        op->online[i].everywhere = true;
    }
}

static void take_parts(struct looking *l)
{
    struct sessions_redis *redis = l->redis;
    bool beside_process = sessions_redis_is_publishing(redis);
    bool unsure = sessions_redis_is_unsure(redis), lost = false;
    for (uint32_t part = 0; part < l->part_count; part++) {
        bool knows = take_part(l, part, beside_process);
        lost = lost || (!knows && l->parts[part].op.err == OK && l->life == redis->life);
        unsure = unsure || !knows;
        redis_op_deinit(&l->parts[part]);
    }
    if (unsure) {
        add_everywhere(&l->near);
    }
    if (lost && !sessions_redis_is_unsure(redis)) {
        sessions_redis_content_lost(redis);
    }
}

static void end_looking(struct flow *flow)
{
    struct looking *l = (struct looking *)flow;
    struct sessions_online_op *asked = l->asked;
    take_parts(l);
    arena_deinit(&asked->arena);
    asked->arena = l->near.arena;
    asked->online = l->near.online;
    mem_free(l);
    op_answer(&asked->op, OK);
}

void sessions_redis_online(struct sessions *sessions, struct sessions_online_op *op)
{
    static const struct flow_step steps[] = {{"ask_both", ask_both}, {"end_looking", end_looking}};
    uint32_t parts = (op->count + USERS_AT_ONCE - 1) / USERS_AT_ONCE;
    struct looking *l = mem_new(sizeof(*l) + parts * sizeof(l->parts[0]));
    l->redis = sessions_redis_of(sessions);
    l->asked = op;
    l->life = l->redis->life;
    l->part_count = parts;
    flow_start(&l->flow, l->redis->loop, steps, FLOW_STEPS(steps));
}
