/* devices_cassandra - devices, which change by the generation of their refresh token.
 *
 * Every write has a condition, so that all of them have their times from one clock. A device that
 * was revoked is written to end by itself: it is made by UPDATE alone, for what INSERT makes would
 * leave an empty row. Happy path: the condition holds. How it fails: STALE; NOT_FOUND; UNKNOWN as
 * in users_write.c. */

#include <stdlib.h>
#include <string.h>

#include "cassandra/revocations_cassandra.h"
#include "cassandra/users_inner.h"

#define LIST_MAX 1000u

static enum err device_take(
    const struct cql_ask *ask, struct arena *arena, struct device *ret_device)
{
    struct cells cells = {.ask = ask};
    *ret_device = (struct device){
        .user = cells_id(&cells, 0),
        .id = cells_id(&cells, 1),
        .name = cells_text(&cells, 2, arena),
        .generation = cells_u64(&cells, 5),
        .rotated_at = cells_u64(&cells, 6),
        .created = cells_u64(&cells, 7),
        .last_seen = cells_u64(&cells, 8),
        .revoked_at = cells_u64(&cells, 9),
    };
    cells_bytes(&cells, 3, ret_device->refresh_hash, sizeof(ret_device->refresh_hash));
    cells_bytes(&cells, 4, ret_device->previous_hash, sizeof(ret_device->previous_hash));
    return cells_err(&cells);
}

/* ---- writing */

struct put {
    struct call call; /* first */
    const struct device *device;
    struct cql_ask ask;
    uint64_t expected; /* generation, of a change */
    bool is_new, asked;
};

static void ask_put(struct put *p)
{
    const struct device *device = p->device;
    enum store_statement statement = p->is_new ? STORE_DEVICE_ADD : STORE_DEVICE_CHANGE;
    struct cql_writer *values = store_begin(p->call.store, &p->ask, statement);
    cql_put_int(values, device->revoked_at ? (int32_t)REVOCATION_LIFE_S : 0);
    cql_put_text(values, device->name);
    cells_put_bytes(values, device->refresh_hash, sizeof(device->refresh_hash));
    cells_put_bytes(values, device->previous_hash, sizeof(device->previous_hash));
    cells_put_u64(values, device->generation);
    cells_put_u64(values, device->rotated_at);
    cells_put_u64(values, device->created);
    cells_put_u64(values, device->last_seen);
    cells_put_u64(values, device->revoked_at);
    cql_put_uuid(values, device->user);
    cql_put_uuid(values, device->id);
    if (!p->is_new) {
        cells_put_u64(values, p->expected);
    }
    p->asked = true;
    call_try(&p->call, &p->ask);
}

/* Whatever is there is replaced: from the generation that it has. */
static void replace(struct flow *flow)
{
    struct put *p = (struct put *)flow;
    struct cells row;
    enum call_cas outcome = p->asked ? call_cas(&p->call, &p->ask, &row) : CALL_AGAIN;
    if (outcome == CALL_NOT_APPLIED) {
        uint32_t column = cells_column(&row, "generation");
        p->is_new = cells_null(&row, column);
        p->expected = p->is_new ? 0 : cells_u64(&row, column);
        outcome = ++p->call.tries < CALL_CAS_TRIES ? CALL_AGAIN : CALL_FAILED;
        if (outcome == CALL_FAILED) {
            flow_fail(flow, ERR_UNAVAILABLE);
        }
    }
    if (outcome == CALL_AGAIN) {
        ask_put(p);
        flow_again(flow);
    }
}

static void change_expected(struct flow *flow)
{
    ask_put((struct put *)flow);
}

static enum err refused_change(struct cql_ask *ask)
{
    struct cells row = {.ask = ask};
    if (!cql_ask_next(ask)) {
        return ERR_CORRUPT;
    }
    return cells_null(&row, cells_column(&row, "generation")) ? ERR_NOT_FOUND : ERR_STALE;
}

static void tell(struct flow *flow)
{
    struct put *p = (struct put *)flow;
    if (p->ask.op.err != OK || !p->ask.applied) {
        flow_fail(flow, p->ask.op.err != OK ? p->ask.op.err : refused_change(&p->ask));
        return;
    }
    if (p->device->revoked_at) {
        struct revocation revocation = {
            .user = p->device->user, .device = p->device->id, .at = p->device->revoked_at};
        revocation_begin(p->call.store, &p->ask, &revocation);
        call_try(&p->call, &p->ask);
    }
}

static void answer_put(struct flow *flow)
{
    struct put *p = (struct put *)flow;
    enum err err = flow->err == OK && p->ask.op.err != OK ? ERR_UNKNOWN : flow->err;
    cql_ask_deinit(&p->ask);
    call_end(&p->call, err);
}

static const struct flow_step put_steps[] = {
    {"replace", replace}, {"tell", tell}, {"answer", answer_put}};
static const struct flow_step change_steps[] = {
    {"change_expected", change_expected}, {"tell", tell}, {"answer", answer_put}};

void devices_put(struct cassandra *store, struct users_device_put_op *op)
{
    struct put *p = call_create(store, sizeof(*p), &op->op);
    if (p) {
        p->device = &op->device;
        p->is_new = true;
        call_start(&p->call, put_steps, FLOW_STEPS(put_steps));
    }
}

void devices_change(struct cassandra *store, struct users_device_change_op *op)
{
    struct put *p = call_create(store, sizeof(*p), &op->op);
    if (p) {
        p->device = &op->device;
        p->expected = op->expect_generation;
        call_start(&p->call, change_steps, FLOW_STEPS(change_steps));
    }
}

/* ---- reading one */

struct get_one {
    struct call call; /* first */
    struct users_device_get_op *op;
    struct cql_ask ask;
};

static void ask_one(struct flow *flow)
{
    struct get_one *g = (struct get_one *)flow;
    struct cql_writer *values = store_begin(g->call.store, &g->ask, STORE_DEVICE_GET);
    cql_put_uuid(values, g->op->user);
    cql_put_uuid(values, g->op->device_id);
    call_ask(&g->call, &g->ask);
}

static void answer_one(struct flow *flow)
{
    struct get_one *g = (struct get_one *)flow;
    enum err err = flow->err;
    if (err == OK) {
        err = cql_ask_next(&g->ask) ? device_take(&g->ask, &g->op->arena, &g->op->device)
                                    : ERR_NOT_FOUND;
    }
    cql_ask_deinit(&g->ask);
    call_end(&g->call, err);
}

static const struct flow_step get_steps[] = {{"ask_one", ask_one}, {"answer", answer_one}};

void devices_get(struct cassandra *store, struct users_device_get_op *op)
{
    struct get_one *g = call_create(store, sizeof(*g), &op->op);
    arena_reset(&op->arena);
    if (g) {
        g->op = op;
        call_start(&g->call, get_steps, FLOW_STEPS(get_steps));
    }
}

/* ---- reading those that are signed in */

struct list {
    struct call call; /* first */
    struct users_devices_op *op;
    struct cql_ask ask;
};

static void ask_devices(struct flow *flow)
{
    struct list *l = (struct list *)flow;
    struct cql_writer *values = store_begin(l->call.store, &l->ask, STORE_DEVICES_GET);
    cql_put_uuid(values, l->op->user);
    call_ask(&l->call, &l->ask);
}

static void take_devices(struct flow *flow)
{
    struct list *l = (struct list *)flow;
    struct users_devices_op *op = l->op;
    enum err err = OK;
    while (err == OK && op->count < LIST_MAX && cql_ask_next(&l->ask)) {
        op->devices = arena_grown(&op->arena, op->devices, op->count, sizeof(*op->devices));
        struct device *device = &op->devices[op->count];
        err = device_take(&l->ask, &op->arena, device);
        op->count += device->revoked_at == 0;
    }
    if (err != OK) {
        flow_fail(flow, err);
    } else if (op->count < LIST_MAX) {
        call_more(&l->call, &l->ask);
    }
}

static int compare(const void *a, const void *b)
{
    const struct device *left = a, *right = b;
    if (left->created != right->created) {
        return left->created < right->created ? -1 : 1;
    }
    return memcmp(&left->id, &right->id, sizeof(left->id));
}

static void answer_list(struct flow *flow)
{
    struct list *l = (struct list *)flow;
    if (l->op->count > 1) {
        qsort(l->op->devices, l->op->count, sizeof(*l->op->devices), compare);
    }
    cql_ask_deinit(&l->ask);
    call_end(&l->call, flow->err);
}

static const struct flow_step list_steps[] = {
    {"ask_devices", ask_devices}, {"take_devices", take_devices}, {"answer", answer_list}};

void devices_list(struct cassandra *store, struct users_devices_op *op)
{
    struct list *l = call_create(store, sizeof(*l), &op->op);
    arena_reset(&op->arena);
    op->devices = NULL;
    op->count = 0;
    if (l) {
        l->op = op;
        call_start(&l->call, list_steps, FLOW_STEPS(list_steps));
    }
}
