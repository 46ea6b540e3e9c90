/* round - a task for each worker, which comes back to the first.
 *
 * Happy path: out, done there, back, counted. How it fails: a worker that has stopped does not come
 * back, and the round never ends; then the process is ending. */

#include "round.h"

#include "base/check.h"
#include "base/mem.h"
#include "house.h"
#include "worker.h"
#include "world/loop.h"

struct visit {
    struct task task;
    struct round *round;
    struct worker *worker;
};

static void come_back(struct task *task)
{
    struct round *round = container_of(task, struct visit, task)->round;
    round->open--;
    if (round->open == 0) {
        round->ops->end(round);
    }
}

static void visit_here(struct task *task)
{
    struct visit *visit = container_of(task, struct visit, task);
    struct round *round = visit->round;
    round->ops->visit(round, visit->worker);
    task->run = come_back;
    loop_post(round->house->workers[0].world.loop, task);
}

void round_init(struct round *round, struct house *house, const struct round_ops *ops)
{
    *round = (struct round){.ops = ops, .house = house};
    round->visits = mem_array(house->worker_count, sizeof(*round->visits));
    for (uint32_t i = 0; i < house->worker_count; i++) {
        round->visits[i].round = round;
        round->visits[i].worker = &house->workers[i];
    }
}

void round_deinit(struct round *round)
{
    mem_free(round->visits);
}

void round_start(struct round *round)
{
    CHECK(round->open == 0);
    round->open = round->house->worker_count;
    for (uint32_t i = 0; i < round->house->worker_count; i++) {
        round->visits[i].task.run = visit_here;
        loop_post(round->visits[i].worker->world.loop, &round->visits[i].task);
    }
}

bool round_is_under_way(const struct round *round)
{
    return round->open > 0;
}
