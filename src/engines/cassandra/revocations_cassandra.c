/* revocations_cassandra - see the header.
 *
 * Happy path: every slice is read from its newest row on, all at a time; the newest of what they
 * have is the answer, turned round. How it fails: as the slowest slice does. */

#include "cassandra/revocations_cassandra.h"

#include <stdlib.h>

#include "cassandra/many.h"

#define SLICES 16u /* for ever: the rows are where they are */

void revocation_begin(
    struct cassandra *store, struct cql_ask *ask, const struct revocation *revocation)
{
    struct cql_writer *values = store_begin(store, ask, STORE_REVOCATION_PUT);
    cql_put_int(values, revocation->user.bytes[15] % SLICES);
    cells_put_u64(values, revocation->at);
    cql_put_uuid(values, revocation->user);
    cql_put_uuid(values, revocation->device);
    cells_put_u64(values, revocation->version);
}

struct revoked {
    struct call call; /* first */
    struct users_revoked_op *op;
    struct many slices;
};

static bool ask_slice(struct many *many, struct cql_ask *ask, uint32_t slice)
{
    const struct revoked *r = container_of(many, struct revoked, slices);
    if (slice == SLICES) {
        return false;
    }
    struct cql_writer *values = store_begin(r->call.store, ask, STORE_REVOCATIONS_GET);
    cql_put_int(values, (int32_t)slice);
    cells_put_u64(values, r->op->since);
    cql_put_int(values, r->op->limit < INT32_MAX ? (int32_t)r->op->limit : INT32_MAX);
    return true;
}

static enum err take_slice(struct many *many, struct cql_ask *ask, uint32_t slice)
{
    (void)slice;
    struct users_revoked_op *op = container_of(many, struct revoked, slices)->op;
    struct cells cells = {.ask = ask};
    while (cql_ask_next(ask)) {
        op->revoked = arena_grown(&op->arena, op->revoked, op->count, sizeof(*op->revoked));
        op->revoked[op->count++] = (struct revocation){
            .at = cells_u64(&cells, 0),
            .user = cells_id(&cells, 1),
            .device = cells_id(&cells, 2),
            .version = cells_u64(&cells, 3),
        };
    }
    return cells_err(&cells);
}

static void ask_slices(struct flow *flow)
{
    struct revoked *r = (struct revoked *)flow;
    r->slices.ask = ask_slice;
    r->slices.take = take_slice;
    many_ask(&r->slices, r->call.store, &flow->asker, SLICES);
}

static int compare(const void *a, const void *b)
{
    const struct revocation *left = a, *right = b;
    if (left->at != right->at) {
        return left->at < right->at ? -1 : 1;
    }
    return __builtin_memcmp(&left->user, &right->user, 2 * sizeof(left->user));
}

static void answer_revoked(struct flow *flow)
{
    struct revoked *r = (struct revoked *)flow;
    struct users_revoked_op *op = r->op;
    if (op->count > 1) {
        qsort(op->revoked, op->count, sizeof(*op->revoked), compare);
    }
    uint32_t left_out = op->count > op->limit ? op->count - op->limit : 0;
    op->revoked = left_out ? op->revoked + left_out : op->revoked;
    op->count -= left_out;
    many_deinit(&r->slices);
    call_end(&r->call, flow->err);
}

static const struct flow_step steps[] = {{"ask_slices", ask_slices}, {"answer", answer_revoked}};

void revocations_get(struct cassandra *store, struct users_revoked_op *op)
{
    struct revoked *r = call_create(store, sizeof(*r), &op->op);
    arena_reset(&op->arena);
    op->revoked = NULL;
    op->count = 0;
    if (r) {
        r->op = op;
        call_start(&r->call, steps, FLOW_STEPS(steps));
    }
}
