/* net_engine - see the header. Happy path: a loop of its own for each test. */

#include "net_engine.h"

#include "loop/loop_uv.h"

static struct logger logger;
static struct loop_uv_options options;
static struct loop_uv *loop;

static void open_loop(struct contract_engine *engine, bool fresh)
{
    (void)fresh;
    struct world world;
    loop = loop_uv_create(&options, &world);
    engine->net = world.net;
    engine->resolver = world.resolver;
}

static void close_loop(struct contract_engine *engine)
{
    (void)engine;
    loop_uv_destroy(loop);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

static void turn_loop(struct contract_engine *engine)
{
    (void)engine;
    loop_uv_turn(loop, 1);
}

struct contract_engine *net_engine(const char *name, bool uring)
{
    static struct contract_engine engine = {
        .open = open_loop, .close = close_loop, .forget = nothing_to_forget, .turn = turn_loop};
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    options = (struct loop_uv_options){.logger = &logger, .uring = uring};
    engine.name = name;
    return &engine;
}

bool net_engine_has_uring(void)
{
    struct contract_engine *engine = net_engine("probe", true);
    open_loop(engine, true);
    bool has = loop_uv_has_uring(loop);
    close_loop(engine);
    return has;
}
