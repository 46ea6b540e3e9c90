#pragma once

/* call - a question to a port of this engine, from the call to its answer.
 *
 * Each is a flow that asks Cassandra one thing after the other. A port's function makes one, fills
 * what follows it, and starts it; its last step gives it up:
 *
 *     struct get {
 *         struct call call; // first
 *         struct cql_ask user;
 *     };
 *     struct get *get = call_create(store, sizeof(*get), &op->op);
 *     if (get) {
 *         call_start(&get->call, get_steps, FLOW_STEPS(get_steps));
 *     }
 *
 * How many there are is bounded: one more is answered OVERLOADED, and the port's function does
 * nothing. A call that is made is answered, whatever happens. */

#include "cassandra/inner.h"
#include "flow/flow.h"

/* A condition whose outcome nobody knows is asked again at most so often. */
#define CALL_CAS_TRIES 6

struct call {
    struct flow flow; /* first */
    struct cassandra *store;
    struct op *op;
    uint32_t tries; /* of a condition */
};

/* NULL: there are too many; answered. Zeroed but for the call. */
void *call_create(struct cassandra *store, size_t size, struct op *op);
void call_start(struct call *call, const struct flow_step *steps, uint8_t count);

/* From the last step, when the asks of the call are given back: answers, and frees the call. */
void call_end(struct call *call, enum err err);

static inline struct call *call_of(struct flow *flow)
{
    return (struct call *)flow;
}

/* Asks what was begun; a refusal fails the flow. */
void call_ask(struct call *call, struct cql_ask *ask);
/* The same; the next step reads ask->op.err. */
void call_try(struct call *call, struct cql_ask *ask);

/* Of a page that was taken: asks the next one, if there is one, and has this step run again. */
void call_more(struct call *call, struct cql_ask *ask);

enum call_cas {
    CALL_APPLIED,
    CALL_NOT_APPLIED, /* its condition did not hold; `ret_row` is what is there */
    CALL_AGAIN,       /* nobody knows: the step that asked is to be run again */
    CALL_FAILED,      /* so has the flow */
};

/* What came of a conditional statement that was asked with call_try, and which it does no harm to
 * repeat. */
enum call_cas call_cas(struct call *call, struct cql_ask *ask, struct cells *ret_row);
