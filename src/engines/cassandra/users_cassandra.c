/* users_cassandra - the port users on Cassandra: reading accounts; the port's table.
 *
 * Happy path: one row for an id; for a name two, one behind the other; for the beginning of a name
 * a piece of the sorted names, and the accounts behind them, until there are enough. How it fails:
 * as Cassandra does (cassandra.h). */

#include "base/check.h"
#include "base/mem.h"
#include "cassandra/many.h"
#include "cassandra/revocations_cassandra.h"
#include "cassandra/stamps_shared.h"
#include "cassandra/users_inner.h"

#define GET_MAX 1000u
#define BLOCKING_MAX 100u
#define NAMES_MORE 8u /* than are wanted: some belong to accounts that are gone */

/* ---- rows */

enum err users_take(const struct cql_ask *ask, struct arena *arena, struct user *ret_user)
{
    struct cells cells = {.ask = ask};
    *ret_user = (struct user){
        .id = cells_id(&cells, 0),
        .username = cells_text(&cells, 1, arena),
        .display_name = cells_text(&cells, 2, arena),
        .bio = cells_text(&cells, 3, arena),
        .password_hash = cells_text(&cells, 4, arena),
        .created = cells_u64(&cells, 5),
        .token_version = cells_u64(&cells, 6),
        .voided_at = cells_u64(&cells, 7),
        .row_version = cells_u64(&cells, 8),
        .disabled = cells_flag(&cells, 9),
        .deleted = cells_flag(&cells, 10),
    };
    return cells_err(&cells);
}

void users_ask_one(struct cassandra *store, struct cql_ask *ask, const struct cht_id *id)
{
    struct cql_writer *values = store_begin(store, ask, STORE_USER_GET);
    cql_put_uuid(values, *id);
}

/* ---- by name */

struct by_name {
    struct call call; /* first */
    struct users_by_name_op *op;
    struct cql_ask ask;
};

static void find_name(struct flow *flow)
{
    struct by_name *b = (struct by_name *)flow;
    struct cql_writer *values = store_begin(b->call.store, &b->ask, STORE_NAME_GET);
    cql_put_text(values, b->op->username);
    call_ask(&b->call, &b->ask);
}

static void get_named(struct flow *flow)
{
    struct by_name *b = (struct by_name *)flow;
    if (!cql_ask_next(&b->ask)) {
        flow_fail(flow, ERR_NOT_FOUND);
        return;
    }
    struct cells cells = {.ask = &b->ask};
    struct cht_id id = cells_id(&cells, 0);
    users_ask_one(b->call.store, &b->ask, &id);
    call_ask(&b->call, &b->ask);
}

static void answer_named(struct flow *flow)
{
    struct by_name *b = (struct by_name *)flow;
    enum err err = flow->err;
    if (err == OK) {
        err = cql_ask_next(&b->ask) ? users_take(&b->ask, &b->op->arena, &b->op->user)
                                    : ERR_NOT_FOUND;
    }
    cql_ask_deinit(&b->ask);
    call_end(&b->call, err);
}

static const struct flow_step by_name_steps[] = {
    {"find_name", find_name}, {"get_named", get_named}, {"answer", answer_named}};

static void by_name(struct users *users, struct users_by_name_op *op)
{
    struct cassandra *store = ((struct users_cassandra *)users)->store;
    struct by_name *b = call_create(store, sizeof(*b), &op->op);
    arena_reset(&op->arena);
    if (b) {
        b->op = op;
        call_start(&b->call, by_name_steps, FLOW_STEPS(by_name_steps));
    }
}

/* ---- by id */

struct get {
    struct call call; /* first */
    struct users_get_op *op;
    struct many many;
};

static bool ask_user(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct get *g = container_of(many, struct get, many);
    if (number == g->op->id_count) {
        return false;
    }
    users_ask_one(g->call.store, ask, &g->op->ids[number]);
    return true;
}

static enum err take_user(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct users_get_op *op = container_of(many, struct get, many)->op;
    return cql_ask_next(ask) ? users_take(ask, &op->arena, &op->users[number]) : OK;
}

static void ask_users(struct flow *flow)
{
    struct get *g = (struct get *)flow;
    g->many.ask = ask_user;
    g->many.take = take_user;
    many_ask(&g->many, g->call.store, &flow->asker, g->op->id_count);
}

static void answer_users(struct flow *flow)
{
    struct get *g = (struct get *)flow;
    struct users_get_op *op = g->op;
    for (uint32_t i = 0; i < op->id_count; i++) {
        if (!cht_id_is_none(&op->users[i].id)) {
            op->users[op->count++] = op->users[i];
        }
    }
    many_deinit(&g->many);
    call_end(&g->call, flow->err);
}

static const struct flow_step get_steps[] = {{"ask_users", ask_users}, {"answer", answer_users}};

static void get(struct users *users, struct users_get_op *op)
{
    CHECK(op->id_count <= GET_MAX);
    struct cassandra *store = ((struct users_cassandra *)users)->store;
    struct get *g = call_create(store, sizeof(*g), &op->op);
    arena_reset(&op->arena);
    op->users = arena_array(&op->arena, op->id_count, sizeof(*op->users));
    op->count = 0;
    if (g) {
        g->op = op;
        call_start(&g->call, get_steps, FLOW_STEPS(get_steps));
    }
}

/* ---- by the beginning of the name */

enum find_phase { ASK_NAMES, ASK_ACCOUNTS, TAKE_ACCOUNTS };

struct find {
    struct call call; /* first */
    enum find_phase phase;
    struct users_find_op *op;
    struct cql_ask names;
    struct many many;
    struct arena arena;
    struct cht_str end; /* behind every name that begins so */
    struct cht_id *ids; /* of this piece, in order */
    struct user *users; /* likewise; without an id: is not there */
    uint32_t id_count;
};

/* The piece that follows the last one. */
static void ask_names(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    const struct users_find_op *op = f->op;
    if (f->names.next_page.size) {
        cql_client_ask_page(f->call.store->client, &flow->asker, &f->names);
        return;
    }
    struct cql_writer *values = store_begin(f->call.store, &f->names, STORE_NAMES_FIND);
    cql_put_text(values, users_beginning(op->prefix));
    cql_put_text(values, op->prefix);
    cql_put_text(values, f->end);
    f->names.page_rows = op->limit + NAMES_MORE;
    call_ask(&f->call, &f->names);
}

static bool ask_found(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct find *f = container_of(many, struct find, many);
    if (number == f->id_count) {
        return false;
    }
    users_ask_one(f->call.store, ask, &f->ids[number]);
    return true;
}

static enum err take_found(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct find *f = container_of(many, struct find, many);
    return cql_ask_next(ask) ? users_take(ask, &f->op->arena, &f->users[number]) : OK;
}

static void ask_accounts(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    struct cells cells = {.ask = &f->names};
    f->ids = NULL;
    f->id_count = 0;
    while (cql_ask_next(&f->names)) {
        f->ids = arena_grown(&f->arena, f->ids, f->id_count, sizeof(*f->ids));
        f->ids[f->id_count++] = cells_id(&cells, 1);
    }
    if (cells.bad) {
        flow_fail(flow, ERR_CORRUPT);
        return;
    }
    f->users = arena_array(&f->arena, f->id_count, sizeof(*f->users));
    f->many.ask = ask_found;
    f->many.take = take_found;
    many_ask(&f->many, f->call.store, &flow->asker, f->id_count);
}

static void take_accounts(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    struct users_find_op *op = f->op;
    for (uint32_t i = 0; i < f->id_count && op->count < op->limit; i++) {
        const struct user *user = &f->users[i];
        if (!cht_id_is_none(&user->id) && !user->deleted && !user->disabled) {
            op->users[op->count++] = *user;
        }
    }
}

/* Names, their accounts, and what of them is to be shown; until that is enough. */
static void find_more(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    if (f->phase == TAKE_ACCOUNTS) {
        take_accounts(flow);
        if (f->op->count == f->op->limit || !f->names.next_page.size) {
            return;
        }
        f->phase = ASK_NAMES;
    }
    if (f->phase == ASK_NAMES) {
        ask_names(flow);
    } else {
        ask_accounts(flow);
    }
    f->phase++;
    flow_again(flow);
}

static void answer_found(struct flow *flow)
{
    struct find *f = (struct find *)flow;
    many_deinit(&f->many);
    cql_ask_deinit(&f->names);
    arena_deinit(&f->arena);
    call_end(&f->call, flow->err);
}

static const struct flow_step find_steps[] = {{"find_more", find_more}, {"answer", answer_found}};

static void find(struct users *users, struct users_find_op *op)
{
    struct cassandra *store = ((struct users_cassandra *)users)->store;
    arena_reset(&op->arena);
    op->users = arena_array(&op->arena, op->limit, sizeof(*op->users));
    op->count = 0;
    if (op->prefix.size < USERS_BEGINNING_BYTES) {
        op_answer_later(&op->op, store->world->loop, ERR_UNSUPPORTED);
        return;
    }
    struct find *f = call_create(store, sizeof(*f), &op->op);
    if (f) {
        f->op = op;
        char *end = arena_take(&f->arena, op->prefix.size + 1u);
        __builtin_memcpy(end, op->prefix.at, op->prefix.size);
        end[op->prefix.size] = 0x7f;
        f->end = (struct cht_str){end, op->prefix.size + 1};
        call_start(&f->call, find_steps, FLOW_STEPS(find_steps));
    }
}

/* ---- the port */

#define PORT(name, op_type, run)                                                                   \
    static void name(struct users *users, struct op_type *op)                                      \
    {                                                                                              \
        run(((struct users_cassandra *)users)->store, op);                                         \
    }

PORT(create, users_create_op, users_cassandra_create_one)
PORT(change, users_change_op, users_cassandra_change)
PORT(device_put, users_device_put_op, devices_put)
PORT(device_get, users_device_get_op, devices_get)
PORT(device_change, users_device_change_op, devices_change)
PORT(devices, users_devices_op, devices_list)
PORT(revoked, users_revoked_op, revocations_get)
PORT(block, users_block_op, blocks_change)
PORT(blocks, users_blocks_op, blocks_list)
PORT(apart, users_apart_op, blocks_apart)

static void blocking(struct users *users, struct users_blocking_op *op)
{
    CHECK(op->id_count <= BLOCKING_MAX);
    blocks_among(((struct users_cassandra *)users)->store, op);
}

static uint64_t stamp(struct users *users)
{
    static const struct cht_id all = {{0}};
    return stamps_shared_get(((struct users_cassandra *)users)->store->shared->users, &all);
}

static const struct users_ops ops = {
    .create = create,
    .by_name = by_name,
    .get = get,
    .find = find,
    .change = change,
    .device_put = device_put,
    .device_get = device_get,
    .device_change = device_change,
    .devices = devices,
    .revoked = revoked,
    .block = block,
    .blocks = blocks,
    .apart = apart,
    .blocking = blocking,
    .stamp = stamp,
};

struct users *users_cassandra_create(struct cassandra *store)
{
    struct users_cassandra *users = mem_new(sizeof(*users));
    *users = (struct users_cassandra){{&ops}, store};
    return &users->users;
}

void users_cassandra_destroy(struct users *users)
{
    mem_free(users);
}
