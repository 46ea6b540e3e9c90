/* The contracts of mail and cast, between workers of one process. */

#include "contract.h"

#include "local/bus_local.h"

enum { MAILS_MAX = 64 };

static struct bus_local *bus;

static void open_bus(struct contract_engine *engine, bool fresh)
{
    struct bus_local_options options = {.workers = CONTRACT_MAILS,
        .shards = 1,
        .boot = 1,
        .commands_max = 1,
        .mails_max = MAILS_MAX};
    struct shards *shards;
    (void)fresh;
    bus = bus_local_create(&options);
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        bus_local_join(bus, i, &engine->loop.world, &shards, &engine->mails[i], &engine->casts[i]);
    }
}

static void close_bus(struct contract_engine *engine)
{
    (void)engine;
    bus_local_destroy(bus);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

int main(void)
{
    struct contract_engine engine = {
        .name = "mail_local", .open = open_bus, .close = close_bus, .forget = nothing_to_forget};
    int failed = mail_contract(&engine);
    engine.name = "cast_local";
    return failed + cast_contract(&engine);
}
