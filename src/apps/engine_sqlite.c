/* engine_sqlite - log and stores in one data directory.
 *
 * Happy path: whichever of the two is opened first opens the directory, which both then share. How
 * it fails: it can not be opened, and a line says why; the disk is full, and the process is not
 * ready. */

#include "engines.h"
#include "house.h"
#include "metrics.h"
#include "sqlite/data_sqlite.h"
#include "worker.h"

static enum err open_data(struct house *house)
{
    struct data_sqlite_options options = {
        .dir = house->settings.app.data,
        .shards = (uint32_t)house->settings.app.shards,
        .retention_ms = house->settings.app.log_retention_ms,
        .reserve_bytes = house->settings.app.reserve_bytes,
        .logger = &house->logger,
    };
    enum err err = house->data ? OK : data_sqlite_open(&options, &house->data);
    if (err == OK) {
        house->boot = data_sqlite_boot(house->data);
    }
    return err;
}

static void close_data(struct house *house)
{
    data_sqlite_close(house->data);
    house->data = NULL;
}

/* Who is sent nothing tries nothing: asking is what looks for space. */
static const char *ails(struct house *house)
{
    bool full = data_sqlite_is_full(house->data);
    data_sqlite_look_for_space(house->data);
    return full ? "disk" : NULL;
}

/* Of the process. */
static void measure(const struct worker *worker, struct metrics *metrics)
{
    metrics->disk_full = worker->index == 0 && data_sqlite_is_full(worker->house->data);
}

static void join_log(struct worker *worker)
{
    worker->log = log_sqlite_create(worker->house->data, worker->world.loop);
}

static void leave_log(struct worker *worker)
{
    log_sqlite_destroy(worker->log);
}

const struct engine log_sqlite_engine = {
    .name = "sqlite",
    .open = open_data,
    .join = join_log,
    .close = close_data,
    .leave = leave_log,
    .ails = ails,
    .measure = measure,
};

static void join_stores(struct worker *worker)
{
    struct data_sqlite *data = worker->house->data;
    worker->rooms = rooms_sqlite_create(data, worker->world.loop);
    worker->history = history_sqlite_create(data, worker->world.loop);
    worker->users = users_sqlite_create(data, worker->world.loop);
}

static void leave_stores(struct worker *worker)
{
    rooms_sqlite_destroy(worker->rooms);
    history_sqlite_destroy(worker->history);
    users_sqlite_destroy(worker->users);
}

const struct engine stores_sqlite_engine = {
    .name = "sqlite",
    .open = open_data,
    .join = join_stores,
    .close = close_data,
    .leave = leave_stores,
    .ails = ails,
    .measure = measure,
};
