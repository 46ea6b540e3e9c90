/* pause - a wait as an op. Nothing here can fail. */

#include "flow/pause.h"

#include "base/task.h"

static void on_fire(struct timer *timer)
{
    op_answer(&container_of(timer, struct pause_op, timer)->op, OK);
}

void pause_ask(struct loop *loop, struct asker *asker, struct pause_op *op, uint64_t ms)
{
    op_ask(&op->op, asker);
    timer_start(loop, &op->timer, ms, on_fire);
}
