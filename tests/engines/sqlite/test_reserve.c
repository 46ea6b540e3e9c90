/* The reserve on a disk that is full for a while. */

#include "sqlite_engine.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { RESERVE_BYTES = 4 << 20 };

/* A file that may not be longer is what a full disk is to a reserve. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void who_looks_for_space_finds_it_though_nobody_writes(void **state)
{
    struct contract_engine *engine = *state;
    struct stat status;
    char path[128];
    signal(SIGXFSZ, SIG_IGN);
    limit_files(RESERVE_BYTES / 8);
    engine->close(engine);
    sqlite_engine_reserve(engine, RESERVE_BYTES);
    engine->open(engine, false);
    struct data_sqlite *data = sqlite_engine_data(engine);
    data_sqlite_look_for_space(data);
    assert_true(data_sqlite_is_full(data));
    limit_files(RLIM_INFINITY);
    time_t until = time(NULL) + 30;
    while (data_sqlite_is_full(data) && time(NULL) < until) {
        data_sqlite_look_for_space(data);
        sched_yield();
    }
    assert_false(data_sqlite_is_full(data));
    snprintf(path, sizeof(path), "%s/store.db-wal", sqlite_engine_dir(engine));
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_blocks * 512 >= RESERVE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"who_looks_for_space_finds_it_though_nobody_writes",
            who_looks_for_space_finds_it_though_nobody_writes, contract_setup, contract_teardown,
            sqlite_engine()},
    };
    return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
