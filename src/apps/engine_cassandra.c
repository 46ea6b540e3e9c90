/* engine_cassandra - users, rooms and history on Cassandra.
 *
 * Happy path: each worker's store begins to connect, and the first one looks whether the tables are
 * there. How it fails: a setting that is wrong, nodes that do not answer and tables that are
 * missing are a line, and no start. Nodes that go away later are waited for: what is asked
 * meanwhile is refused, and what was acknowledged waits in the log. */

#include "base/mem.h"
#include "cassandra/cassandra.h"
#include "engines.h"
#include "house.h"
#include "services.h"
#include "worker.h"

#define CHECK_TRIES 6u

struct stores {
    struct cassandra_shared shared;
    struct cassandra **of_worker;
};

/* Others may be starting as well. */
static enum err check(struct house *house, struct cassandra *store)
{
    struct cassandra_schema_op op = {0};
    enum err err = ERR_UNAVAILABLE;
    for (uint32_t i = 0; i < CHECK_TRIES && err == ERR_UNAVAILABLE; i++) {
        cassandra_check(store, asker_nobody(), &op);
        err = house_wait(house, &op.op);
    }
    if (err == ERR_UNAVAILABLE) {
        LOG_ERROR(&house->logger, "store.refused", "keyspace=%s reason=\"no quorum answers\"",
            house->settings.cassandra.keyspace);
    }
    return err;
}

static enum err open_stores(struct house *house)
{
    struct stores *stores = mem_new(sizeof(*stores));
    house->shared[ENGINE_STORES] = stores;
    stores->of_worker = mem_array(house->worker_count, sizeof(*stores->of_worker));
    cassandra_shared_init(&stores->shared, house->services == SERVICES_ALL);
    enum err err = OK;
    for (uint32_t i = 0; i < house->worker_count && err == OK; i++) {
        struct worker *worker = &house->workers[i];
        struct cassandra_options options = {.world = &worker->world,
            .outbounds = worker_outbounds(worker),
            .settings = &house->settings.cassandra,
            .shared = &stores->shared};
        err = cassandra_create(&options, &stores->of_worker[i]);
    }
    return err == OK ? check(house, stores->of_worker[0]) : err;
}

static void join_stores(struct worker *worker)
{
    const struct stores *stores = worker->house->shared[ENGINE_STORES];
    struct cassandra *store = stores->of_worker[worker->index];
    worker->rooms = rooms_cassandra_create(store);
    worker->history = history_cassandra_create(store);
    worker->users = users_cassandra_create(store);
}

/* So that no service is gone whose question is on its way, however long Cassandra takes. */
static void fall_silent(struct worker *worker)
{
    const struct stores *stores = worker->house->shared[ENGINE_STORES];
    cassandra_close(stores->of_worker[worker->index]);
}

static void close_stores(struct house *house)
{
    struct stores *stores = house->shared[ENGINE_STORES];
    if (!stores) {
        return;
    }
    for (uint32_t i = 0; i < house->worker_count; i++) {
        cassandra_destroy(stores->of_worker[i]);
    }
    cassandra_shared_deinit(&stores->shared);
    mem_free(stores->of_worker);
    mem_free(stores);
    house->shared[ENGINE_STORES] = NULL;
}

static void leave_stores(struct worker *worker)
{
    rooms_cassandra_destroy(worker->rooms);
    history_cassandra_destroy(worker->history);
    users_cassandra_destroy(worker->users);
}

const struct engine stores_cassandra_engine = {
    .name = "cassandra",
    .reaches = true,
    .open = open_stores,
    .join = join_stores,
    .fall_silent = fall_silent,
    .close = close_stores,
    .leave = leave_stores,
};
