#pragma once

/* flow - work that ends: a list of named steps.
 *
 * A step starts any number of ops and returns; when all of them are answered the next step runs.
 * The first error (of an op, or by flow_fail) skips to the last step, but only after every op in
 * flight has answered, so no engine ever holds dead memory. The last step always runs, asks
 * nothing, gives back what was taken, and is the only exit: the flow's memory may be gone after it.
 *
 *     struct sign_in {
 *         struct flow flow;
 *         struct users_by_name_op by_name;
 *         ...
 *     };
 *     static const struct flow_step sign_in_steps[] = {
 *         {"find_user", find_user}, {"check_password", check_password},
 *         {"make_tokens", make_tokens}, {"finish", finish},
 *     };
 *     flow_start(&f->flow, loop, sign_in_steps, FLOW_STEPS(sign_in_steps));
 *
 * Rules
 *  1. Steps run on the loop, one after the other, never one inside another, whatever answers when.
 *  2. A step that asked nothing is followed at once by the next one.
 *  3. flow_again makes the same step run once more when its ops are answered: a loop.
 *  4. flow_skip_to_end goes to the last step without an error.
 *  5. A flow holds handles ({slot, generation}), never pointers, to connections and rooms: it may
 *     outlive them.
 *  6. Locals that a later step needs live in the struct.
 *  7. An op whose failure is an answer and not an error ("not found") is asked with flow_tolerate.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "flow/op.h"

struct flow;

struct flow_step {
    const char *name;
    void (*run)(struct flow *flow);
};

#define FLOW_STEPS(steps) ((uint8_t)(sizeof(steps) / sizeof((steps)[0])))

struct flow {
    struct asker asker; /* pass &flow->asker to ports */
    struct asker tolerant;
    struct loop *loop;
    const struct flow_step *steps;
    uint8_t step_count;
    uint8_t at;
    uint16_t pending; /* ops in flight */
    bool in_step;
    bool again;
    bool skip;
    enum err err; /* the first error, read by the last step */
};

/* Runs the first step at once. `flow` is the first member of the caller's struct. */
void flow_start(
    struct flow *flow, struct loop *loop, const struct flow_step *steps, uint8_t step_count);

/* From inside a step: this flow has failed. The first error stays. */
void flow_fail(struct flow *flow, enum err err);

/* From inside a step: run this step again when its ops are answered. */
void flow_again(struct flow *flow);

/* From inside a step: go to the last step, without an error. */
void flow_skip_to_end(struct flow *flow);

/* An asker for ops whose refusal does not fail the flow: the next step reads op.err. */
static inline struct asker *flow_tolerate(struct flow *flow)
{
    return &flow->tolerant;
}

/* For op_ask alone: if `asker` is a flow's, one more op is in flight. */
void flow_count_op(struct asker *asker);

/* The name of the step that the flow is in, for traces. */
const char *flow_step_name(const struct flow *flow);

/* Writes the last steps that flows of this thread have run, newest last: what was going on, for a
 * panic. */
void flow_print_last_steps(int fd);
