/* blocks_cassandra - who has blocked whom, from either end: two tables with the same rows.
 *
 * `blocks` is what its user sees and counts, `blocks_by_other` what holds. A block is put into the
 * first and then into the second, and taken out the other way round; so what was cut short is in
 * the list of its user, who repeats it, and nothing holds that is not in the list.
 *
 * Happy path: count, put, put. How it fails: FULL; as Cassandra does. */

#include "cassandra/users_inner.h"

#define LIST_MAX 10000u

static int32_t limit_of(uint32_t limit)
{
    return limit < INT32_MAX ? (int32_t)limit + 1 : INT32_MAX;
}

static void ask_half(struct call *call, struct cql_ask *ask, enum store_statement statement,
    const struct cht_id *user, uint32_t limit)
{
    struct cql_writer *values = store_begin(call->store, ask, statement);
    cql_put_uuid(values, *user);
    cql_put_int(values, limit_of(limit));
    call_ask(call, ask);
}

/* ---- changing */

struct change {
    struct call call; /* first */
    const struct users_block_op *op;
    struct cql_ask ask;
    uint64_t since;
    uint32_t count;
    bool is_there;
};

static void ask_all(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    if (c->op->on) {
        ask_half(&c->call, &c->ask, STORE_BLOCKS_GET, &c->op->user, c->op->blocks_max);
    }
}

static void count_all(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    struct cells cells = {.ask = &c->ask};
    if (!c->op->on) {
        return;
    }
    while (cql_ask_next(&c->ask)) {
        struct cht_id other = cells_id(&cells, 0);
        c->count++;
        if (cht_id_equal(&other, &c->op->other)) {
            c->is_there = true;
            c->since = cells_u64(&cells, 1);
        }
    }
    if (cells.bad) {
        flow_fail(flow, ERR_CORRUPT);
    } else if (!c->is_there && c->ask.next_page.size) {
        call_more(&c->call, &c->ask);
    } else if (!c->is_there && c->count >= c->op->blocks_max) {
        flow_fail(flow, ERR_FULL);
    }
}

/* `seen`: the half that its user sees; user and other are the other way round in the other one. */
static void ask_change(struct change *c, bool seen)
{
    static const enum store_statement halves[2][2] = {
        {STORE_BLOCK_BY_OTHER_DROP, STORE_BLOCK_BY_OTHER_PUT}, {STORE_BLOCK_DROP, STORE_BLOCK_PUT}};
    const struct users_block_op *op = c->op;
    struct cql_writer *values = store_begin(c->call.store, &c->ask, halves[seen][op->on]);
    cql_put_uuid(values, seen ? op->user : op->other);
    cql_put_uuid(values, seen ? op->other : op->user);
    if (op->on) {
        cells_put_u64(values, c->is_there ? c->since : op->at);
    }
    call_ask(&c->call, &c->ask);
}

static void change_first(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    ask_change(c, c->op->on);
}

static void change_second(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    ask_change(c, !c->op->on);
}

static void answer_change(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    cql_ask_deinit(&c->ask);
    call_end(&c->call, flow->err);
}

static const struct flow_step change_steps[] = {{"ask_all", ask_all}, {"count_all", count_all},
    {"change_first", change_first}, {"change_second", change_second}, {"answer", answer_change}};

void blocks_change(struct cassandra *store, struct users_block_op *op)
{
    struct change *c = call_create(store, sizeof(*c), &op->op);
    if (c) {
        c->op = op;
        call_start(&c->call, change_steps, FLOW_STEPS(change_steps));
    }
}

/* ---- whom one has blocked */

struct list {
    struct call call; /* first */
    struct users_blocks_op *op;
    struct cql_ask ask;
};

static void ask_list(struct flow *flow)
{
    struct list *l = (struct list *)flow;
    ask_half(&l->call, &l->ask, STORE_BLOCKS_GET, &l->op->user, LIST_MAX - 1);
}

static void take_list(struct flow *flow)
{
    struct list *l = (struct list *)flow;
    struct users_blocks_op *op = l->op;
    struct cells cells = {.ask = &l->ask};
    while (cql_ask_next(&l->ask)) {
        op->others = arena_grown(&op->arena, op->others, op->count, sizeof(*op->others));
        op->others[op->count++] = cells_id(&cells, 0);
    }
    if (cells.bad) {
        flow_fail(flow, ERR_CORRUPT);
        return;
    }
    call_more(&l->call, &l->ask);
}

static void answer_list(struct flow *flow)
{
    struct list *l = (struct list *)flow;
    cql_ask_deinit(&l->ask);
    call_end(&l->call, flow->err);
}

static const struct flow_step list_steps[] = {
    {"ask_list", ask_list}, {"take_list", take_list}, {"answer", answer_list}};

void blocks_list(struct cassandra *store, struct users_blocks_op *op)
{
    struct list *l = call_create(store, sizeof(*l), &op->op);
    arena_reset(&op->arena);
    op->others = NULL;
    op->count = 0;
    if (l) {
        l->op = op;
        call_start(&l->call, list_steps, FLOW_STEPS(list_steps));
    }
}

/* ---- from either end */

struct apart {
    struct call call; /* first */
    struct users_apart_op *op;
    struct cql_ask halves[2];
};

static void ask_halves(struct flow *flow)
{
    struct apart *a = (struct apart *)flow;
    const struct users_apart_op *op = a->op;
    ask_half(&a->call, &a->halves[0], STORE_BLOCKS_GET, &op->user, op->limit);
    ask_half(&a->call, &a->halves[1], STORE_BLOCKS_BY_OTHER_GET, &op->user, op->limit);
}

static enum err take_half(struct apart *a, struct cql_ask *ask)
{
    struct users_apart_op *op = a->op;
    struct cells cells = {.ask = ask};
    while (!op->more && cql_ask_next(ask)) {
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        op->apart = arena_grown(&op->arena, op->apart, op->count, sizeof(*op->apart));
        op->apart[op->count++] =
            (struct cht_apart){.user = cells_id(&cells, 0), .since = cells_u64(&cells, 1)};
    }
    return cells_err(&cells);
}

static void take_halves(struct flow *flow)
{
    struct apart *a = (struct apart *)flow;
    bool ended = true;
    for (int i = 0; i < 2; i++) {
        enum err err = take_half(a, &a->halves[i]);
        if (err != OK) {
            flow_fail(flow, err);
            return;
        }
        if (!a->op->more && a->halves[i].next_page.size) {
            cql_client_ask_page(a->call.store->client, &flow->asker, &a->halves[i]);
            ended = false;
        }
    }
    if (!ended) {
        flow_again(flow);
    }
}

static void answer_apart(struct flow *flow)
{
    struct apart *a = (struct apart *)flow;
    cql_ask_deinit(&a->halves[0]);
    cql_ask_deinit(&a->halves[1]);
    call_end(&a->call, flow->err);
}

static const struct flow_step apart_steps[] = {
    {"ask_halves", ask_halves}, {"take_halves", take_halves}, {"answer", answer_apart}};

void blocks_apart(struct cassandra *store, struct users_apart_op *op)
{
    struct apart *a = call_create(store, sizeof(*a), &op->op);
    arena_reset(&op->arena);
    op->apart = NULL;
    op->count = 0;
    op->more = false;
    if (a) {
        a->op = op;
        call_start(&a->call, apart_steps, FLOW_STEPS(apart_steps));
    }
}

/* ---- of some people, who has blocked one */

struct among {
    struct call call; /* first */
    struct users_blocking_op *op;
    struct cql_ask ask;
};

static void ask_among(struct flow *flow)
{
    struct among *a = (struct among *)flow;
    const struct users_blocking_op *op = a->op;
    for (uint32_t i = 0; i < op->id_count; i++) {
        a->op->blocking[i] = false;
    }
    if (op->id_count == 0) {
        return;
    }
    struct cql_writer *values = store_begin(a->call.store, &a->ask, STORE_BLOCKS_AMONG);
    cql_put_uuid(values, op->author);
    cql_put_list(values);
    for (uint32_t i = 0; i < op->id_count; i++) {
        cql_put_uuid(values, op->ids[i]);
    }
    cql_put_list_end(values);
    a->ask.page_rows = op->id_count;
    call_ask(&a->call, &a->ask);
}

static void take_among(struct flow *flow)
{
    struct among *a = (struct among *)flow;
    struct users_blocking_op *op = a->op;
    struct cells cells = {.ask = &a->ask};
    if (op->id_count == 0) {
        return;
    }
    while (cql_ask_next(&a->ask)) {
        struct cht_id user = cells_id(&cells, 0);
        for (uint32_t i = 0; i < op->id_count; i++) {
            op->blocking[i] |= cht_id_equal(&user, &op->ids[i]);
        }
    }
    if (cells.bad) {
        flow_fail(flow, ERR_CORRUPT);
        return;
    }
    call_more(&a->call, &a->ask);
}

static void answer_among(struct flow *flow)
{
    struct among *a = (struct among *)flow;
    cql_ask_deinit(&a->ask);
    call_end(&a->call, flow->err);
}

static const struct flow_step among_steps[] = {
    {"ask_among", ask_among}, {"take_among", take_among}, {"answer", answer_among}};

void blocks_among(struct cassandra *store, struct users_blocking_op *op)
{
    struct among *a = call_create(store, sizeof(*a), &op->op);
    if (a) {
        a->op = op;
        call_start(&a->call, among_steps, FLOW_STEPS(among_steps));
    }
}
