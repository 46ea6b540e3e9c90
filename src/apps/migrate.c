/* migrate - makes the tables of the stores on Cassandra: `chattifier migrate`.
 *
 * Happy path: connects, makes what is missing, says which version there is, exit 0. May be run
 * again, and on several machines at once. How it fails: the line was logged, exit 1. */

#include <stdio.h>

#include "all_settings.h"
#include "base/logger.h"
#include "cassandra/cassandra.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"
#include "roles.h"

struct migrating {
    struct logger logger;
    struct all_settings settings;
    struct cassandra_shared shared;
    struct world world;
    struct loop_uv *loop;
    struct outbounds *outbounds;
    struct cassandra *store;
    struct cassandra_schema_op op;
};

static void open_world(struct migrating *m)
{
    struct loop_uv_options options = {.logger = &m->logger};
    m->loop = loop_uv_create(&options, &m->world);
    m->outbounds = outbounds_create(&m->world);
    cassandra_shared_init(&m->shared, false);
}

static void close_world(struct migrating *m)
{
    if (m->store) {
        cassandra_close(m->store);
        do {
            loop_uv_turn(m->loop, 1);
        } while (!cassandra_is_idle(m->store));
    }
    cassandra_destroy(m->store);
    outbounds_destroy(m->outbounds);
    loop_uv_destroy(m->loop);
    cassandra_shared_deinit(&m->shared);
}

static enum err make_tables(struct migrating *m)
{
    struct cassandra_options options = {.world = &m->world,
        .outbounds = m->outbounds,
        .settings = &m->settings.cassandra,
        .shared = &m->shared};
    enum err err = cassandra_create(&options, &m->store);
    if (err != OK) {
        return err;
    }
    cassandra_migrate(m->store, asker_nobody(), &m->op);
    while (m->op.op.asked) {
        loop_uv_turn(m->loop, 100);
    }
    return m->op.op.err;
}

int role_migrate(const struct options *options)
{
    struct migrating m = {0};
    all_settings_fill(&m.settings, options->settings);
    const struct app_settings *app = &m.settings.app;
    logger_init(&m.logger, "migrate", (enum log_level)app->log_level, app->log_format == 1);
    open_world(&m);
    enum err err = make_tables(&m);
    if (err == OK) {
        printf("keyspace %s has version %u\n", m.settings.cassandra.keyspace, m.op.version);
    }
    close_world(&m);
    return err == OK ? 0 : 1;
}
