/* users_write - accounts are made and changed.
 *
 * A name is given once: the account is written first, where nobody finds it, and the one who gets
 * the name by a condition has it for ever; the account of who does not is taken back. So whatever
 * is cut short leaves at most an account without a name, which is none.
 *
 * Happy path: as above; then the name is sorted in among the others. A change has the condition
 * that the row is as it was read, then tells what it made void. How it fails: TAKEN; STALE; UNKNOWN
 * where the outcome of a condition is not known after some tries, or where what became void could
 * not be written down. */

#include "cassandra/revocations_cassandra.h"
#include "cassandra/stamps_shared.h"
#include "cassandra/users_inner.h"

static const struct cht_id all_users;

/* Closes the stamp of all users, unless the outcome is not known. */
static void close_stamp(struct cassandra *store, uint32_t place, enum err err)
{
    if (err != ERR_UNKNOWN) {
        stamps_shared_close(store->shared->users, place);
    }
}

/* ---- making one */

struct create {
    struct call call; /* first */
    const struct user *user;
    struct cql_ask ask;
    uint32_t stamp;
    bool asked;
    bool is_taken;
};

static void look_for_name(struct flow *flow)
{
    struct create *c = (struct create *)flow;
    struct cql_writer *values = store_begin(c->call.store, &c->ask, STORE_NAME_GET);
    cql_put_text(values, c->user->username);
    call_ask(&c->call, &c->ask);
}

static bool is_ours(const struct create *c, struct cells *cells, uint32_t column)
{
    struct cht_id holder = cells_id(cells, column);
    return cht_id_equal(&holder, &c->user->id);
}

static void ask_put_user(struct create *c)
{
    const struct user *user = c->user;
    struct cql_writer *values = store_begin(c->call.store, &c->ask, STORE_USER_PUT);
    cql_put_uuid(values, user->id);
    cql_put_text(values, user->username);
    cql_put_text(values, user->display_name);
    cql_put_text(values, user->bio);
    cql_put_text(values, user->password_hash);
    cells_put_u64(values, user->created);
    cells_put_u64(values, user->token_version);
    cells_put_u64(values, user->voided_at);
    cells_put_u64(values, user->row_version);
    cql_put_boolean(values, user->disabled);
    cql_put_boolean(values, user->deleted);
    call_try(&c->call, &c->ask);
}

/* One that is there already with this name is of an earlier try. */
static void put_user(struct flow *flow)
{
    struct create *c = (struct create *)flow;
    struct cells row = {.ask = &c->ask};
    if (!c->asked && cql_ask_next(&c->ask) && !is_ours(c, &row, 0)) {
        flow_fail(flow, cells_err(&row) == OK ? ERR_TAKEN : ERR_CORRUPT);
        return;
    }
    enum call_cas outcome = c->asked ? call_cas(&c->call, &c->ask, &row) : CALL_AGAIN;
    if (outcome == CALL_AGAIN) {
        c->asked = true;
        ask_put_user(c);
        flow_again(flow);
    } else if (outcome == CALL_NOT_APPLIED) {
        struct cht_str name = cells_lend_text(&row, cells_column(&row, "username"));
        if (!cht_str_equal(name, c->user->username)) {
            flow_fail(flow, ERR_TAKEN);
        }
    }
}

static void claim_name(struct flow *flow)
{
    struct create *c = (struct create *)flow;
    struct cells row;
    enum call_cas outcome = c->asked ? CALL_AGAIN : call_cas(&c->call, &c->ask, &row);
    c->asked = false;
    if (outcome == CALL_AGAIN) {
        struct cql_writer *values = store_begin(c->call.store, &c->ask, STORE_NAME_CLAIM);
        cql_put_text(values, c->user->username);
        cql_put_uuid(values, c->user->id);
        call_try(&c->call, &c->ask);
        flow_again(flow);
    } else if (outcome == CALL_NOT_APPLIED) {
        c->is_taken = !is_ours(c, &row, cells_column(&row, "user_id"));
    }
}

/* Or its account is taken back. */
static void sort_name(struct flow *flow)
{
    struct create *c = (struct create *)flow;
    const struct user *user = c->user;
    if (c->is_taken) {
        struct cql_writer *values = store_begin(c->call.store, &c->ask, STORE_USER_FORGET);
        cql_put_uuid(values, user->id);
        cql_put_text(values, user->username);
        call_try(&c->call, &c->ask);
        return;
    }
    struct cql_writer *values = store_begin(c->call.store, &c->ask, STORE_NAME_SORT);
    cql_put_text(values, users_beginning(user->username));
    cql_put_text(values, user->username);
    cql_put_uuid(values, user->id);
    call_ask(&c->call, &c->ask);
}

static void answer_created(struct flow *flow)
{
    struct create *c = (struct create *)flow;
    enum err err = flow->err == OK && c->is_taken ? ERR_TAKEN : flow->err;
    close_stamp(c->call.store, c->stamp, err);
    cql_ask_deinit(&c->ask);
    call_end(&c->call, err);
}

static const struct flow_step create_steps[] = {{"look_for_name", look_for_name},
    {"put_user", put_user}, {"claim_name", claim_name}, {"sort_name", sort_name},
    {"answer", answer_created}};

void users_cassandra_create_one(struct cassandra *store, struct users_create_op *op)
{
    struct create *c = call_create(store, sizeof(*c), &op->op);
    if (c) {
        c->user = &op->user;
        c->stamp = stamps_shared_open(store->shared->users, &all_users);
        call_start(&c->call, create_steps, FLOW_STEPS(create_steps));
    }
}

/* ---- changing one */

struct change {
    struct call call; /* first */
    const struct user *user;
    struct cql_ask row, revocation, devices;
    uint32_t stamp;
};

static void change_row(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    const struct user *user = c->user;
    struct cql_writer *values = store_begin(c->call.store, &c->row, STORE_USER_CHANGE);
    cql_put_text(values, user->display_name);
    cql_put_text(values, user->bio);
    cql_put_text(values, user->password_hash);
    cells_put_u64(values, user->token_version);
    cells_put_u64(values, user->voided_at);
    cql_put_boolean(values, user->disabled);
    cql_put_boolean(values, user->deleted);
    cells_put_u64(values, user->row_version + 1);
    cql_put_uuid(values, user->id);
    cells_put_u64(values, user->row_version);
    call_ask(&c->call, &c->row);
}

/* A row that is not there has no version. */
static enum err refused_change(struct cql_ask *ask)
{
    struct cells row = {.ask = ask};
    if (!cql_ask_next(ask)) {
        return ERR_CORRUPT;
    }
    return cells_null(&row, cells_column(&row, "row_version")) ? ERR_NOT_FOUND : ERR_STALE;
}

static void tell(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    const struct user *user = c->user;
    if (!c->row.applied) {
        flow_fail(flow, refused_change(&c->row));
        return;
    }
    if (user->voided_at) {
        struct revocation revocation = {
            .user = user->id, .version = user->token_version, .at = user->voided_at};
        revocation_begin(c->call.store, &c->revocation, &revocation);
        call_try(&c->call, &c->revocation);
    }
    if (user->deleted) {
        struct cql_writer *values = store_begin(c->call.store, &c->devices, STORE_DEVICES_DROP);
        cql_put_uuid(values, user->id);
        call_try(&c->call, &c->devices);
    }
}

static void answer_changed(struct flow *flow)
{
    struct change *c = (struct change *)flow;
    bool half_done = c->revocation.op.err != OK || c->devices.op.err != OK;
    enum err err = flow->err == OK && half_done ? ERR_UNKNOWN : flow->err;
    close_stamp(c->call.store, c->stamp, flow->err);
    cql_ask_deinit(&c->row);
    cql_ask_deinit(&c->revocation);
    cql_ask_deinit(&c->devices);
    call_end(&c->call, err);
}

static const struct flow_step change_steps[] = {
    {"change_row", change_row}, {"tell", tell}, {"answer", answer_changed}};

void users_cassandra_change(struct cassandra *store, struct users_change_op *op)
{
    struct change *c = call_create(store, sizeof(*c), &op->op);
    if (c) {
        c->user = &op->user;
        c->stamp = stamps_shared_open(store->shared->users, &all_users);
        call_start(&c->call, change_steps, FLOW_STEPS(change_steps));
    }
}
