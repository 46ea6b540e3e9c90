/* sessions_passes - tickets and limits in Redis.
 *
 * Happy path: SET with an end, GETDEL, a script. How it fails: a ticket that Redis surely did not
 * get is kept by the process, and found there by who asks the same process; if nobody knows whether
 * it got it, or gave it away, it is no ticket, since it could be used twice. A limit without Redis
 * is the process's. */

#include "base/mem.h"
#include "redis/sessions_redis_inner.h"

/* Surely nothing happened. */
static bool is_not_done(enum err err)
{
    return err != OK && err != ERR_UNKNOWN;
}

/* ---- tickets */

struct passing {
    struct flow flow; /* first */
    struct sessions_redis *redis;
    struct sessions_ticket_op *asked;
    struct sessions_ticket_op near;
    struct redis_op op;
    enum err err;
};

static struct cht_str ticket_key(const struct passing *p, char key[REDIS_KEY_BYTES_MAX])
{
    static const char digits[] = "0123456789abcdef";
    char hash[64];
    for (uint32_t i = 0; i < 32; i++) {
        hash[2 * i] = digits[p->asked->ticket.secret_hash[i] >> 4];
        hash[2 * i + 1] = digits[p->asked->ticket.secret_hash[i] & 15];
    }
    return (struct cht_str){key, redis_key_write(sessions_redis_prefix(p->redis), REDIS_KEY_TICKET,
                                     (struct cht_str){hash, 64}, key)};
}

static void put_redis(struct flow *flow)
{
    struct passing *p = (struct passing *)flow;
    char key[REDIS_KEY_BYTES_MAX], ms[REDIS_PLACE_BYTES_MAX];
    uint8_t value[REDIS_TICKET_BYTES_MAX];
    uint64_t now = loop_wall_ms(p->redis->loop);
    uint64_t until = p->asked->ticket.valid_until;
    struct cht_str words[] = {cht_str_of("SET"), ticket_key(p, key),
        {(char *)value, redis_ticket_write(&p->asked->ticket, value)}, cht_str_of("PX"),
        {ms, redis_number_write(until > now ? until - now : 1, ms)}};
    sessions_redis_ask(p->redis, flow_tolerate(flow), &p->op, words, 5);
}

static void put_process(struct flow *flow)
{
    struct passing *p = (struct passing *)flow;
    p->err = p->op.op.err == OK ? OK : ERR_UNAVAILABLE;
    if (is_not_done(p->op.op.err)) {
        p->near.ticket = p->asked->ticket;
        sessions_ticket_put(p->redis->near, flow_tolerate(flow), &p->near);
    }
}

static void end_put(struct flow *flow)
{
    struct passing *p = (struct passing *)flow;
    struct sessions_ticket_op *asked = p->asked;
    enum err err = is_not_done(p->op.op.err) ? p->near.op.err : p->err;
    redis_op_deinit(&p->op);
    mem_free(p);
    op_answer(&asked->op, err);
}

static void take_redis(struct flow *flow)
{
    struct passing *p = (struct passing *)flow;
    char key[REDIS_KEY_BYTES_MAX];
    struct cht_str words[] = {cht_str_of("GETDEL"), ticket_key(p, key)};
    sessions_redis_ask(p->redis, flow_tolerate(flow), &p->op, words, 2);
}

/* Which Redis has none of: one that it never got. */
static void take_process(struct flow *flow)
{
    struct passing *p = (struct passing *)flow;
    enum err err = p->op.op.err;
    bool there = err == OK && redis_text(p->op.reply).size > 0;
    p->near.ticket = p->asked->ticket;
    if (err == ERR_UNKNOWN) {
        p->err = ERR_UNAVAILABLE;
    } else if (there) {
        bool reads = redis_ticket_read(redis_text(p->op.reply), &p->near.ticket);
        bool holds = reads && loop_wall_ms(p->redis->loop) < p->near.ticket.valid_until;
        p->err = holds ? OK : ERR_NOT_FOUND;
    }
    if (err != ERR_UNKNOWN && !there) {
        sessions_ticket_take(p->redis->near, flow_tolerate(flow), &p->near);
        p->err = ERR_AGAIN; /* as that says */
    }
}

static void end_take(struct flow *flow)
{
    struct passing *p = (struct passing *)flow;
    struct sessions_ticket_op *asked = p->asked;
    enum err err = p->err == ERR_AGAIN ? p->near.op.err : p->err;
    if (err == OK) {
        asked->ticket = p->near.ticket;
    }
    redis_op_deinit(&p->op);
    mem_free(p);
    op_answer(&asked->op, err);
}

static void pass(
    struct sessions *sessions, struct sessions_ticket_op *op, const struct flow_step *steps)
{
    struct passing *p = mem_new(sizeof(*p));
    p->redis = sessions_redis_of(sessions);
    p->asked = op;
    flow_start(&p->flow, p->redis->loop, steps, 3);
}

void sessions_redis_ticket_put(struct sessions *sessions, struct sessions_ticket_op *op)
{
    static const struct flow_step steps[3] = {
        {"put_redis", put_redis}, {"put_process", put_process}, {"end_put", end_put}};
    pass(sessions, op, steps);
}

void sessions_redis_ticket_take(struct sessions *sessions, struct sessions_ticket_op *op)
{
    static const struct flow_step steps[3] = {
        {"take_redis", take_redis}, {"take_process", take_process}, {"end_take", end_take}};
    pass(sessions, op, steps);
}

/* ---- limits */

struct limiting {
    struct flow flow; /* first */
    struct sessions_redis *redis;
    struct sessions_limit_op *asked;
    struct sessions_limit_op near;
    struct redis_op op;
};

static struct cht_str take_word(uint32_t take, char text[REDIS_PLACE_BYTES_MAX])
{
    if (take == LIMIT_GIVE_ALL) {
        return cht_str_of("all");
    }
    return take == LIMIT_GIVE_ONE ? cht_str_of("one")
                                  : (struct cht_str){text, redis_number_write(take, text)};
}

static void limit_redis(struct flow *flow)
{
    struct limiting *l = (struct limiting *)flow;
    char key[REDIS_KEY_BYTES_MAX];
    char burst[REDIS_PLACE_BYTES_MAX], refill[REDIS_PLACE_BYTES_MAX], take[REDIS_PLACE_BYTES_MAX];
    struct cht_str words[] = {{key, redis_key_write(sessions_redis_prefix(l->redis),
                                        REDIS_KEY_LIMIT, l->asked->key, key)},
        {burst, redis_number_write(l->asked->burst, burst)},
        {refill, redis_number_write(l->asked->refill_us, refill)}, take_word(l->asked->take, take)};
    struct redis_call call = {
        .script = &l->redis->scripts.limit, .words = words, .count = 4, .keys = 1};
    sessions_redis_run(l->redis, flow_tolerate(flow), &l->op, &call);
}

static bool has_answer(const struct limiting *l)
{
    return l->op.op.err == OK && l->op.reply->kind == REDIS_NUMBER && l->op.reply->number >= 0;
}

static void limit_process(struct flow *flow)
{
    struct limiting *l = (struct limiting *)flow;
    if (!has_answer(l)) {
        l->near.key = l->asked->key;
        l->near.burst = l->asked->burst;
        l->near.refill_us = l->asked->refill_us;
        l->near.take = l->asked->take;
        sessions_limit(l->redis->near, flow_tolerate(flow), &l->near);
    }
}

static void end_limit(struct flow *flow)
{
    struct limiting *l = (struct limiting *)flow;
    struct sessions_limit_op *asked = l->asked;
    bool answered = has_answer(l);
    asked->wait_ms = answered ? redis_number(l->op.reply) : l->near.wait_ms;
    enum err err = asked->wait_ms > 0 ? ERR_RATE_LIMITED : OK;
    err = answered ? err : l->near.op.err;
    redis_op_deinit(&l->op);
    mem_free(l);
    op_answer(&asked->op, err);
}

void sessions_redis_limit(struct sessions *sessions, struct sessions_limit_op *op)
{
    static const struct flow_step steps[] = {
        {"limit_redis", limit_redis}, {"limit_process", limit_process}, {"end_limit", end_limit}};
    struct limiting *l = mem_new(sizeof(*l));
    l->redis = sessions_redis_of(sessions);
    l->asked = op;
    flow_start(&l->flow, l->redis->loop, steps, FLOW_STEPS(steps));
}
