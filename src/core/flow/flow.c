/* flow - the driver of step lists.
 *
 * Happy path: run a step, wait until its ops are answered, run the next; the last one is the end.
 * How it fails: an error jumps to the last step once nothing is in flight. An op that answers
 * inside the step that asked it is caught here. */

#include "flow/flow.h"

#include <stdio.h>
#include <unistd.h>

#include "base/check.h"

#define LAST_STEPS 64

/* Per thread, as each loop has one; only read when the process ends in a failed check. */
static _Thread_local const char *last_steps[LAST_STEPS];
static _Thread_local unsigned last_step_count;

static bool is_last(const struct flow *flow)
{
    return flow->at + 1 == flow->step_count;
}

static void go_on(struct flow *flow)
{
    if (flow->err != OK || flow->skip) {
        flow->at = (uint8_t)(flow->step_count - 1);
    } else if (!flow->again) {
        flow->at++;
    }
    flow->again = false;
}

/* Runs steps until one waits. Touches nothing after the last one: it may have freed the flow. */
static void run_steps(struct flow *flow)
{
    for (;;) {
        const struct flow_step *step = &flow->steps[flow->at];
        last_steps[last_step_count++ % LAST_STEPS] = step->name;
        if (is_last(flow)) {
            step->run(flow);
            return;
        }
        flow->in_step = true;
        step->run(flow);
        flow->in_step = false;
        if (flow->pending > 0) {
            return;
        }
        go_on(flow);
    }
}

static void op_answered(struct flow *flow)
{
    CHECK(!flow->in_step);
    CHECK(flow->pending > 0);
    flow->pending--;
    if (flow->pending == 0) {
        go_on(flow);
        run_steps(flow);
    }
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct flow *flow = container_of(asker, struct flow, asker);
    if (op->err != OK && flow->err == OK) {
        flow->err = op->err;
    }
    op_answered(flow);
}

static void on_tolerated_answer(struct asker *asker, struct op *op)
{
    (void)op;
    op_answered(container_of(asker, struct flow, tolerant));
}

void flow_count_op(struct asker *asker)
{
    struct flow *flow = NULL;
    if (asker->on_answer == on_answer) {
        flow = container_of(asker, struct flow, asker);
    } else if (asker->on_answer == on_tolerated_answer) {
        flow = container_of(asker, struct flow, tolerant);
    }
    if (flow) {
        CHECK(flow->in_step);
        CHECK(flow->pending < UINT16_MAX);
        flow->pending++;
    }
}

void flow_start(
    struct flow *flow, struct loop *loop, const struct flow_step *steps, uint8_t step_count)
{
    CHECK(step_count >= 1);
    *flow = (struct flow){
        .asker = {on_answer},
        .tolerant = {on_tolerated_answer},
        .loop = loop,
        .steps = steps,
        .step_count = step_count,
    };
    run_steps(flow);
}

void flow_fail(struct flow *flow, enum err err)
{
    CHECK(flow->in_step);
    CHECK(err != OK);
    if (flow->err == OK) {
        flow->err = err;
    }
}

void flow_again(struct flow *flow)
{
    CHECK(flow->in_step);
    flow->again = true;
}

void flow_skip_to_end(struct flow *flow)
{
    CHECK(flow->in_step);
    flow->skip = true;
}

const char *flow_step_name(const struct flow *flow)
{
    return flow->steps[flow->at].name;
}

void flow_print_last_steps(int fd)
{
    unsigned count = last_step_count < LAST_STEPS ? last_step_count : LAST_STEPS;
    for (unsigned i = last_step_count - count; i != last_step_count; i++) {
        dprintf(fd, "step: %s\n", last_steps[i % LAST_STEPS]);
    }
}
