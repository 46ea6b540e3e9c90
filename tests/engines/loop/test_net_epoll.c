/* The port net of a loop keeps its contract. */

#include "contract.h"
#include "loop/loop_uv.h"

static struct logger logger;
static struct loop_uv *loop;
static struct world world;

static void open_loop(struct contract_engine *engine, bool fresh)
{
    (void)fresh;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    struct loop_uv_options options = {.logger = &logger};
    loop = loop_uv_create(&options, &world);
    engine->net = world.net;
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

int main(void)
{
    struct contract_engine engine = {
        .name = "net_epoll", .open = open_loop, .close = close_loop, .forget = nothing_to_forget};
    return net_contract(&engine);
}
