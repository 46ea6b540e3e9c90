/* at_once - see the header. Happy path: a job is run and its op answered by the loop. How it fails:
 * it does not. */

#include "at_once.h"

#include "base/mem.h"
#include "journal.h"
#include "store.h"

#define SHARDS 4

struct call {
    struct task task;
    void (*run)(void *context);
    void *context;
};

struct house {
    struct desk desk; /* first */
    struct contract_engine *engine;
    struct journal journal;
    struct store store;
    struct journal_port log;
    struct store_port stores;
};

static struct house house;

static void ask(struct desk *desk, const struct job *asked)
{
    struct job job = *asked;
    enum err err = job.run(&job);
    mem_free(job.data);
    op_answer_later(job.op, &((struct house *)desk)->engine->loop.loop, err);
}

static void run_call(struct task *task)
{
    struct call *call = container_of(task, struct call, task);
    call->run(call->context);
    mem_free(call);
}

static void soon(struct desk *desk, void (*run)(void *context), void *context)
{
    struct call *call = mem_new(sizeof(*call));
    *call = (struct call){{NULL, run_call}, run, context};
    loop_defer(&((struct house *)desk)->engine->loop.loop, &call->task);
}

static uint64_t wall_ms(struct desk *desk)
{
    return loop_wall_ms(&((struct house *)desk)->engine->loop.loop);
}

static void open_models(struct contract_engine *engine, bool fresh)
{
    house.desk = (struct desk){ask, soon, wall_ms, 1};
    house.engine = engine;
    if (fresh) {
        journal_init(&house.journal, SHARDS, (struct dice){1}, NULL);
        house.store = (struct store){0};
    }
    journal_join(&house.log, &house.journal, &house.desk);
    store_join(&house.stores, &house.store, &house.desk);
    engine->log = &house.log.log;
    engine->rooms = &house.stores.rooms;
    engine->history = &house.stores.history;
}

/* Calls that are on their way find that nobody follows any more. */
static void close_models(struct contract_engine *engine)
{
    journal_leave(&house.journal, 1);
    test_loop_settle(&engine->loop);
}

static void forget(struct contract_engine *engine)
{
    (void)engine;
    journal_deinit(&house.journal);
    store_deinit(&house.store);
}

struct contract_engine *at_once_engine(const char *name)
{
    static struct contract_engine engine;
    engine = (struct contract_engine){.name = name,
        .shards = SHARDS,
        .open = open_models,
        .close = close_models,
        .forget = forget};
    return &engine;
}
