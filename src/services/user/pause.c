/* pause - a wait as an op. Nothing here can fail. */

#include "user/user_inner.h"
#include "world/loop.h"

static void on_fire(struct timer *timer)
{
    op_answer(&container_of(timer, struct pause_op, timer)->op, OK);
}

void user_pause(struct user_service *service, struct asker *asker, struct pause_op *op, uint64_t ms)
{
    op_ask(&op->op, asker);
    timer_start(service->deps.world->loop, &op->timer, ms, on_fire);
}
