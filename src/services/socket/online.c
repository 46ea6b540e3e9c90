/* online - see the header. Happy path: a flow of two steps that frees itself. How it fails: then
 * nothing is told, and the next change of presence is. */

#include "online.h"

#include "base/arena.h"
#include "base/mem.h"
#include "flow/flow.h"
#include "watches.h"

struct online_flow {
    struct flow flow;
    struct socket_service *service;
    struct sessions_online_op op;
    struct cht_id *users;
    uint32_t number;
};

static void ask_sessions(struct flow *flow)
{
    struct online_flow *f = (struct online_flow *)flow;
    sessions_online(f->service->deps.sessions, &flow->asker, &f->op);
}

static void tell_watchers(struct flow *flow)
{
    struct online_flow *f = (struct online_flow *)flow;
    for (uint32_t i = 0; flow->err == OK && i < f->op.count; i++) {
        watches_on_state(f->service, &f->op.online[i], f->number);
    }
    arena_deinit(&f->op.arena);
    mem_free(f->users);
    mem_free(f);
}

void online_ask(struct socket_service *service, const struct cht_ids *users)
{
    static const struct flow_step steps[] = {
        {"ask_sessions", ask_sessions}, {"tell_watchers", tell_watchers}};
    struct online_flow *f = mem_new(sizeof(*f));
    f->service = service;
    f->number = ++service->presence_number;
    f->users = mem_copy(users->at, users->count * sizeof(*users->at));
    f->op.users = f->users;
    f->op.count = users->count;
    flow_start(&f->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}
