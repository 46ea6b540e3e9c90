/* The shards on a real Pulsar: the contract, and what is particular to them. tests/engines/real/
 * test_bus_pulsar.py starts it. */

#include "pulsar_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulsar/pulsar_partition.h"

enum { WAIT_MS = 60000, CREDIT = 64, MANY = 4000 };

struct worker {
    struct shards_handler handler;
    struct shards *shards;
    bool owns[2];
    uint32_t gains, losses;
    bool holds;      /* does nothing with what it gets */
    uint32_t first;  /* number of the first that it got of shard 0 in this ownership */
    uint32_t held;   /* so many */
    uint32_t newest; /* number of the highest that it got of shard 0 in this ownership */
};

static struct pulsar_engine *engine;
static struct worker workers[PULSAR_NODES];
static uint8_t done[MANY + 1]; /* how often, by number */
static uint32_t done_count;    /* different ones */

static struct worker *of(struct shards_handler *handler)
{
    return container_of(handler, struct worker, handler);
}

/* Commands are posted to shard 0 alone. */
static void begin(struct worker *worker, uint32_t shard)
{
    if (shard == 0) {
        worker->newest = worker->first = worker->held = 0;
    }
}

static void on_gain(struct shards_handler *handler, uint32_t shard)
{
    of(handler)->owns[shard] = true;
    begin(of(handler), shard);
    of(handler)->gains++;
}

static void on_lose(struct shards_handler *handler, uint32_t shard)
{
    of(handler)->owns[shard] = false;
    begin(of(handler), shard);
    of(handler)->losses++;
}

/* A worker never gets a command before an older one that nobody has done. */
static void on_command(struct shards_handler *handler, uint32_t shard,
    const struct position *position, struct buf *command)
{
    struct worker *worker = of(handler);
    uint32_t number;
    assert_true(worker->owns[shard]);
    memcpy(&number, command->bytes, sizeof(number));
    worker->first = worker->first ? worker->first : number;
    if (worker->holds) {
        worker->held++;
        return;
    }
    for (uint32_t older = worker->newest + 1; older < number; older++) {
        assert_true(done[older] > 0);
    }
    worker->newest = number > worker->newest ? number : worker->newest;
    done_count += done[number]++ == 0;
    shards_done(worker->shards, shard, position);
}

static int set_up(void **state)
{
    (void)state;
    memset(workers, 0, sizeof(workers));
    memset(done, 0, sizeof(done));
    done_count = 0;
    return pulsar_engine_setup(engine);
}

static int tear_down(void **state)
{
    (void)state;
    return pulsar_engine_teardown(engine);
}

static void join(uint32_t at)
{
    struct worker *worker = &workers[at];
    if (!engine->nodes[at].client) {
        pulsar_engine_open_node(engine, at);
    }
    *worker = (struct worker){
        .handler = {on_gain, on_command, on_lose}, .shards = engine->nodes[at].shards};
    shards_own(worker->shards, &worker->handler, CREDIT);
}

static bool try_post(uint32_t from, uint32_t number)
{
    struct buf *command = buf_copy(&number, sizeof(number));
    bool taken = shards_try_post(engine->nodes[from].shards, 0, command);
    buf_unref(command);
    return taken;
}

static void post(uint32_t from, uint32_t first, uint32_t count)
{
    for (uint32_t number = first; number < first + count; number++) {
        while (!try_post(from, number)) {
            loop_uv_turn(engine->loop, 1);
        }
    }
}

static bool are_done(void *context)
{
    return done_count >= *(const uint32_t *)context;
}

static void wait_done(uint32_t count)
{
    assert_true(pulsar_engine_until(engine, are_done, &count, WAIT_MS));
    assert_int_equal(done_count, count);
}

static bool owns_all(void *context)
{
    const struct worker *worker = context;
    return worker->owns[0] && worker->owns[1];
}

static void shards_go_over_to_others_and_nothing_is_lost(void **state)
{
    (void)state;
    join(0);
    pulsar_engine_open_node(engine, 2); /* posts, owns nothing */
    post(2, 1, 500);
    join(1);
    post(2, 501, 500);
    wait_done(1000);
    pulsar_engine_close_node(engine, 0); /* a planned stop */
    workers[0].owns[0] = workers[0].owns[1] = false;
    post(2, 1001, 1000);
    wait_done(2000);
    assert_true(pulsar_engine_until(engine, owns_all, &workers[1], WAIT_MS));
    join(0);
    post(2, 2001, 1000);
    wait_done(3000);
    pulsar_engine_close_node(engine, 1);
    workers[1].owns[0] = workers[1].owns[1] = false;
    post(2, 3001, 1000);
    wait_done(4000);
    assert_true(pulsar_engine_until(engine, owns_all, &workers[0], WAIT_MS));
}

static uint32_t level_of(uint32_t at)
{
    char key[32];
    int size = snprintf(key, sizeof(key), "worker-%u/0", (unsigned)at);
    return pulsar_key_hash(key, (size_t)size) % 32768;
}

static bool holds_all(void *context)
{
    return ((const struct worker *)context)->held == CREDIT;
}

static bool owns_none(void *context)
{
    return !((const struct worker *)context)->owns[0];
}

/* What lay there when it lost the shard is younger than what it had been given. */
static void who_gets_a_shard_back_begins_with_the_oldest_command(void **state)
{
    uint32_t low = level_of(0) < level_of(1) ? 0 : 1, high = 1 - low;
    (void)state;
    join(high);
    workers[high].holds = true;
    post(high, 1, 300);
    assert_true(pulsar_engine_until(engine, holds_all, &workers[high], WAIT_MS));
    join(low);
    workers[low].holds = true;
    assert_true(pulsar_engine_until(engine, holds_all, &workers[low], WAIT_MS));
    assert_true(pulsar_engine_until(engine, owns_none, &workers[high], WAIT_MS));
    assert_int_equal(workers[low].first, 1);
    pulsar_engine_close_node(engine, low);
    assert_true(pulsar_engine_until(engine, holds_all, &workers[high], WAIT_MS));
    assert_int_equal(workers[high].first, 1);
}

static void a_release_gives_the_shard_to_another_and_it_may_come_back(void **state)
{
    (void)state;
    join(0);
    assert_true(pulsar_engine_until(engine, owns_all, &workers[0], WAIT_MS));
    join(1);
    post(0, 1, 100);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t at = 0; at < 2; at++) {
            if (workers[at].owns[0]) {
                workers[at].owns[0] = false;
                shards_release(workers[at].shards, 0);
            }
        }
        post(0, 101 + 100 * round, 100);
        wait_done(200 + 100 * round);
    }
}

static void nothing_is_lost_while_the_topic_moves(void **state)
{
    (void)state;
    join(0);
    for (uint32_t first = 1; first <= 2000; first += 500) {
        post(0, first, 500);
        pulsar_engine_unload(engine, 0);
    }
    wait_done(2000);
    assert_true(workers[0].losses > 0);
}

static void nothing_is_lost_when_the_broker_is_killed_and_comes_back(void **state)
{
    (void)state;
    if (!getenv("PULSAR_RESTART")) {
        skip();
    }
    join(0);
    post(0, 1, 500);
    wait_done(500);
    post(0, 501, 300);
    pulsar_engine_restart(engine);
    post(0, 801, 200);
    wait_done(1000);
}

static void too_many_without_a_receipt_are_refused_and_then_there_is_room(void **state)
{
    uint32_t taken = 0;
    (void)state;
    while (try_post(0, taken + 1)) {
        taken++;
    }
    assert_int_equal(taken, shards_pulsar_options_default().posts_max);
    join(0);
    wait_done(taken);
    assert_true(try_post(0, taken + 1));
    wait_done(taken + 1);
    assert_int_equal(shards_pulsar_stats(engine->nodes[0].shards).refused, 1);
}

/* What the log asks before a writer is opened again. */
static void the_owner_of_a_shard_is_who_was_told(void **state)
{
    (void)state;
    struct log_pulsar_owner *owner = shards_pulsar_owner(engine->nodes[0].shards);
    assert_false(owner->owns(owner, 0));
    join(0);
    assert_true(pulsar_engine_until(engine, owns_all, &workers[0], WAIT_MS));
    assert_true(owner->owns(owner, 0));
    workers[0].owns[0] = false;
    shards_release(workers[0].shards, 0);
    assert_false(owner->owns(owner, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        TEST(shards_go_over_to_others_and_nothing_is_lost),
        TEST(who_gets_a_shard_back_begins_with_the_oldest_command),
        TEST(a_release_gives_the_shard_to_another_and_it_may_come_back),
        TEST(nothing_is_lost_while_the_topic_moves),
        TEST(nothing_is_lost_when_the_broker_is_killed_and_comes_back),
        TEST(too_many_without_a_receipt_are_refused_and_then_there_is_room),
        TEST(the_owner_of_a_shard_is_who_was_told),
    };
    if (count != 4) {
        return 2;
    }
    engine = pulsar_engine("shards_pulsar", words[1], words[2], words[3]);
    int failed = shards_contract(&engine->contract);
    return failed + cmocka_run_group_tests_name("shards_pulsar_particular", tests, NULL, NULL);
}
