/* The contracts of mail and cast, between workers of one process. */

#include "contract.h"

#include "local/bus_local.h"

#include <string.h>

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

/* The name of a port chooses its suite: a program says one plan. */
int main(int count, char **words)
{
    struct contract_engine engine = {
        .open = open_bus, .close = close_bus, .forget = nothing_to_forget};
    if (count > 1 && strcmp(words[1], "cast") == 0) {
        engine.name = "cast_local";
        return cast_contract(&engine);
    }
    engine.name = "mail_local";
    return mail_contract(&engine);
}
