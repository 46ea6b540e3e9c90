/* op - questions and their one answer.
 *
 * Happy path: op_ask, the engine works, op_answer calls the asker. How it fails: answering twice,
 * or from inside the asking step, is a broken program and is caught in its first test. */

#include "flow/op.h"

#include <stddef.h>

#include "base/check.h"
#include "flow/flow.h"
#include "world/loop.h"

static void hear_nothing(struct asker *asker, struct op *op)
{
    (void)asker;
    (void)op;
}

struct asker *asker_nobody(void)
{
    static struct asker nobody = {hear_nothing};
    return &nobody;
}

void op_ask(struct op *op, struct asker *asker)
{
    CHECK(!op->asked);
    CHECK(asker);
    op->asker = asker;
    op->asked = true;
    op->err = OK;
    flow_count_op(asker);
}

void op_answer(struct op *op, enum err err)
{
    CHECK(op->asked);
    op->asked = false;
    op->err = err;
    op->asker->on_answer(op->asker, op);
}

static void answer_task(struct task *task)
{
    struct op *op = container_of(task, struct op, task);
    op_answer(op, op->err);
}

void op_answer_later(struct op *op, struct loop *loop, enum err err)
{
    CHECK(op->asked);
    op->err = err;
    op->task.run = answer_task;
    loop_defer(loop, &op->task);
}

void op_answer_prepare(struct op *op, enum err err)
{
    CHECK(op->asked);
    op->err = err;
    op->task.run = answer_task;
}

void op_answer_from(struct op *op, struct loop *loop, enum err err)
{
    op_answer_prepare(op, err);
    loop_post(loop, &op->task);
}
