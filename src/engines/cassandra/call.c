/* call - see the header.
 *
 * Happy path: made, started, its steps ask, the last one ends it, and the answer comes later in
 * that turn. How it fails: a refusal of Cassandra skips to the last step. */

#include "cassandra/call.h"

#include "base/check.h"
#include "base/logger.h"
#include "base/mem.h"

void *call_create(struct cassandra *store, size_t size, struct op *op)
{
    if (store->call_count >= store->settings->calls_max) {
        op_answer_later(op, store->world->loop, ERR_OVERLOADED);
        return NULL;
    }
    CHECK(size >= sizeof(struct call));
    struct call *call = mem_new(size);
    store->call_count++;
    call->store = store;
    call->op = op;
    return call;
}

void call_start(struct call *call, const struct flow_step *steps, uint8_t count)
{
    flow_start(&call->flow, call->store->world->loop, steps, count);
}

void call_end(struct call *call, enum err err)
{
    struct cassandra *store = call->store;
    CHECK(store->call_count > 0);
    store->call_count--;
    op_answer_later(call->op, store->world->loop, err);
    mem_free(call);
}

void call_ask(struct call *call, struct cql_ask *ask)
{
    cql_client_ask(call->store->client, &call->flow.asker, ask);
}

void call_try(struct call *call, struct cql_ask *ask)
{
    cql_client_ask(call->store->client, flow_tolerate(&call->flow), ask);
}

void call_more(struct call *call, struct cql_ask *ask)
{
    if (ask->next_page.size) {
        cql_client_ask_page(call->store->client, &call->flow.asker, ask);
        flow_again(&call->flow);
    }
}

enum call_cas call_cas(struct call *call, struct cql_ask *ask, struct cells *ret_row)
{
    enum err err = ask->op.err;
    *ret_row = (struct cells){.ask = ask};
    if (err == ERR_UNKNOWN && ++call->tries < CALL_CAS_TRIES) {
        return CALL_AGAIN;
    }
    if (err != OK) {
        flow_fail(&call->flow, err);
        return CALL_FAILED;
    }
    if (ask->applied) {
        return CALL_APPLIED;
    }
    if (!cql_ask_next(ask)) {
        flow_fail(&call->flow, ERR_CORRUPT);
        return CALL_FAILED;
    }
    return CALL_NOT_APPLIED;
}
