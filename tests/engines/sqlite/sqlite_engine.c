/* sqlite_engine - opens and closes a data directory around a test.
 *
 * Happy path: a new directory per test. How it fails: an engine that does not open fails the test.
 */

#include "sqlite_engine.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/logger.h"

enum { SHARDS = 4 };

struct state {
    char dir[64];
    struct data_sqlite *data;
    uint64_t reserve_bytes;
};

static struct state the_state;

static struct logger logger;

struct logger *sqlite_engine_logger(void)
{
    if (!logger.service) {
        logger_init(&logger, "test", LOG_LEVEL_WARN, false);
    }
    return &logger;
}

void sqlite_engine_remove(const char *dir)
{
    DIR *opened = opendir(dir);
    const struct dirent *entry;
    while (opened && (entry = readdir(opened)) != NULL) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        unlink(path);
    }
    if (opened) {
        closedir(opened);
    }
    rmdir(dir);
}

static void open_engine(struct contract_engine *engine, bool fresh)
{
    if (fresh) {
        snprintf(the_state.dir, sizeof(the_state.dir), "/tmp/chattifier-test-XXXXXX");
        assert_non_null(mkdtemp(the_state.dir));
    }
    struct data_sqlite_options options = {.dir = the_state.dir,
        .shards = SHARDS,
        .retention_ms = 0,
        .reserve_bytes = the_state.reserve_bytes,
        .logger = sqlite_engine_logger()};
    assert_int_equal(data_sqlite_open(&options, &the_state.data), OK);
    struct loop *loop = &engine->loop.loop;
    engine->log = log_sqlite_create(the_state.data, loop);
    engine->rooms = rooms_sqlite_create(the_state.data, loop);
    engine->history = history_sqlite_create(the_state.data, loop);
    engine->users = users_sqlite_create(the_state.data, loop);
}

static void close_engine(struct contract_engine *engine)
{
    data_sqlite_close(the_state.data);
    the_state.data = NULL;
    test_loop_settle(&engine->loop);
    log_sqlite_destroy(engine->log);
    rooms_sqlite_destroy(engine->rooms);
    history_sqlite_destroy(engine->history);
    users_sqlite_destroy(engine->users);
}

static void forget_engine(struct contract_engine *engine)
{
    sqlite_engine_remove(sqlite_engine_dir(engine));
    the_state.reserve_bytes = 0;
}

void sqlite_engine_reserve(struct contract_engine *engine, uint64_t bytes)
{
    CHECK(engine->state == &the_state);
    the_state.reserve_bytes = bytes;
}

struct data_sqlite *sqlite_engine_data(struct contract_engine *engine)
{
    CHECK(engine->state == &the_state);
    return the_state.data;
}

const char *sqlite_engine_dir(struct contract_engine *engine)
{
    CHECK(engine->state == &the_state);
    return the_state.dir;
}

struct contract_engine *sqlite_engine(void)
{
    static struct contract_engine engine = {
        .name = "sqlite",
        .shards = SHARDS,
        .open = open_engine,
        .close = close_engine,
        .forget = forget_engine,
        .state = &the_state,
    };
    return &engine;
}

void sqlite_engine_write(
    struct contract_engine *engine, const struct history_change *changes, uint32_t count)
{
    static uint64_t index;
    struct history_write_op op = {
        .progress = {.index = ++index}, .changes = changes, .count = count};
    assert_int_equal(ASK(engine, history_write, engine->history, &op), OK);
}

void sqlite_engine_join(struct contract_engine *engine)
{
    struct room_member member = {.user = contract_id(1),
        .role = cht_role_member,
        .state = cht_member_state_joined,
        .joined_seq = 1,
        .changed_seq = 1};
    struct history_change joined = {.kind = CHANGE_MEMBER,
        .room = contract_id(5),
        .seq = 1,
        .member = &member,
        .user = member.user};
    sqlite_engine_write(engine, &joined, 1);
}

void sqlite_engine_run(struct contract_engine *engine, const char *file, const char *text)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/%s", sqlite_engine_dir(engine), file);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}
