/* The contract of the port shards. Workers 1 and 2 are two processes as far as they know. Delivery
 * is at least once, so these sentences are about the first time that a command comes. */

#include "contract.h"

#include <string.h>

enum { CREDIT = 8, GOT_MAX = 4096, STEP_MS = 5, WAIT_MS = 30000, CALM_MS = 100 };

struct got {
    uint32_t shard;
    uint16_t number;
    bool done;
    struct position position;
};

struct worker {
    struct shards_handler handler;
    struct shards *shards;
    bool owns[CONTRACT_SHARDS_MAX];
    uint32_t since[CONTRACT_SHARDS_MAX]; /* the first that it got in this ownership */
    struct got got[GOT_MAX];
    uint32_t count;
    uint32_t not_done;
    bool does_all; /* at once */
};

static struct worker workers[2];
static struct contract_engine *engine;

static struct worker *of(struct shards_handler *handler)
{
    return container_of(handler, struct worker, handler);
}

static void forget(struct worker *worker, uint32_t shard)
{
    for (uint32_t i = worker->since[shard]; i < worker->count; i++) {
        struct got *got = &worker->got[i];
        if (got->shard == shard && !got->done) {
            got->done = true;
            worker->not_done--;
        }
    }
    worker->owns[shard] = false;
}

static void on_gain(struct shards_handler *handler, uint32_t shard)
{
    assert_false(of(handler)->owns[shard]);
    of(handler)->owns[shard] = true;
    of(handler)->since[shard] = of(handler)->count;
}

static void on_lose(struct shards_handler *handler, uint32_t shard)
{
    assert_true(of(handler)->owns[shard]);
    forget(of(handler), shard);
}

static void do_one(struct worker *worker, struct got *got)
{
    if (!got->done) {
        got->done = true;
        worker->not_done--;
        shards_done(worker->shards, got->shard, &got->position);
    }
}

static void on_command(struct shards_handler *handler, uint32_t shard,
    const struct position *position, struct buf *command)
{
    struct worker *worker = of(handler);
    struct got *got = &worker->got[worker->count++];
    assert_true(worker->owns[shard]);
    assert_true(worker->count < GOT_MAX);
    assert_int_equal(command->size, 2);
    *got = (struct got){
        shard, (uint16_t)(command->bytes[0] << 8 | command->bytes[1]), false, *position};
    worker->not_done++;
    assert_in_range(worker->not_done, 1, CREDIT);
    if (worker->does_all) {
        do_one(worker, got);
    }
}

static int set_up(void **state)
{
    engine = *state;
    contract_setup(state);
    memset(workers, 0, sizeof(workers));
    for (uint32_t i = 0; i < 2; i++) {
        workers[i].handler = (struct shards_handler){on_gain, on_command, on_lose};
        workers[i].shards = engine->workers[i];
    }
    return 0;
}

/* ---- waiting */

static bool wait_for(bool (*is_so)(uint32_t about), uint32_t about)
{
    for (uint32_t ms = 0; ms < WAIT_MS && !is_so(about); ms += STEP_MS) {
        engine->pass(engine, STEP_MS);
    }
    return is_so(about);
}

static bool each_has_one_owner(uint32_t count)
{
    uint32_t owned = 0;
    for (uint32_t shard = 0; shard < engine->shards; shard++) {
        owned += workers[0].owns[shard] + workers[1].owns[shard] == 1;
    }
    return owned == count;
}

static void own(uint32_t from, uint32_t until)
{
    for (uint32_t i = from; i < until; i++) {
        shards_own(workers[i].shards, &workers[i].handler, CREDIT);
    }
}

static void own_all(void)
{
    own(0, 2);
    assert_true(wait_for(each_has_one_owner, engine->shards));
    engine->pass(engine, CALM_MS); /* the second one may have come behind the first */
    assert_true(wait_for(each_has_one_owner, engine->shards));
}

static void post(uint32_t from, uint32_t shard, uint32_t first, uint32_t count)
{
    for (uint32_t number = first; number < first + count; number++) {
        uint8_t bytes[2] = {(uint8_t)(number >> 8), (uint8_t)number};
        struct buf *command = buf_copy(bytes, sizeof(bytes));
        assert_true(shards_try_post(workers[from].shards, shard, command));
        buf_unref(command);
    }
}

/* Whoever has it, and where; NULL: nobody. */
static struct got *find(uint32_t number)
{
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t at = 0; at < workers[i].count; at++) {
            if (workers[i].got[at].number == number) {
                return &workers[i].got[at];
            }
        }
    }
    return NULL;
}

static bool has_come(uint32_t number)
{
    return find(number) != NULL;
}

static struct worker *owner_of(uint32_t shard)
{
    return &workers[workers[0].owns[shard] ? 0 : 1];
}

/* ---- sentences */

static void every_shard_has_one_owner(void **state)
{
    (void)state;
    own_all();
}

static void commands_come_in_the_order_in_which_somebody_posts_them(void **state)
{
    (void)state;
    workers[0].does_all = workers[1].does_all = true;
    own_all();
    for (uint32_t number = 1; number <= 300; number += 20) {
        post(0, 1, number, 20);
        engine->pass(engine, STEP_MS);
    }
    assert_true(wait_for(has_come, 300));
    const struct worker *owner = owner_of(1);
    uint16_t last = 0;
    for (uint32_t i = owner->since[1]; i < owner->count; i++) {
        const struct got *got = &owner->got[i];
        assert_true(got->number <= last + 1);
        last = got->number > last ? got->number : last;
        if (i > owner->since[1]) {
            assert_true(memcmp(&owner->got[i - 1].position, &got->position, 24) < 0);
        }
    }
    assert_int_equal(last, 300);
}

static bool holds_all_credit(uint32_t at)
{
    return workers[at].not_done == CREDIT;
}

static void no_more_come_than_there_is_credit_until_some_are_done(void **state)
{
    (void)state;
    own(0, 1);
    assert_true(wait_for(each_has_one_owner, engine->owned_by_first));
    post(1, 0, 1, CREDIT + 4);
    assert_true(wait_for(holds_all_credit, 0));
    engine->pass(engine, CALM_MS);
    assert_int_equal(workers[0].not_done, CREDIT);
    do_one(&workers[0], &workers[0].got[3]);
    do_one(&workers[0], &workers[0].got[0]);
    assert_true(wait_for(has_come, CREDIT + 2));
    assert_false(has_come(CREDIT + 3));
}

/* Each of its own shards: what is held by one keeps the others waiting, not for ever. */
static void credit_of_one_shard_reaches_what_waits_in_another(void **state)
{
    (void)state;
    own(0, 1);
    assert_true(wait_for(each_has_one_owner, engine->owned_by_first));
    uint32_t other = 1;
    while (!workers[0].owns[other]) {
        other++;
    }
    post(1, 0, 1, CREDIT);
    assert_true(wait_for(holds_all_credit, 0));
    post(1, other, 100, 1);
    engine->pass(engine, CALM_MS);
    assert_false(has_come(100));
    do_one(&workers[0], &workers[0].got[1]);
    assert_true(wait_for(has_come, 100));
    shards_release(workers[0].shards, 0);
    forget(&workers[0], 0);
    post(1, other, 101, 3);
    assert_true(wait_for(has_come, 103)); /* what it held is credit again */
}

static bool has_come_again(uint32_t number)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t at = 0; at < workers[i].count; at++) {
            count += workers[i].got[at].number == number;
        }
    }
    return count >= 2;
}

static void what_was_not_done_comes_again_after_a_release(void **state)
{
    (void)state;
    own_all();
    post(0, 1, 1, 4);
    assert_true(wait_for(has_come, 4));
    struct worker *owner = owner_of(1);
    shards_done(owner->shards, 1, &find(2)->position);
    shards_release(owner->shards, 1);
    forget(owner, 1);
    uint32_t before[2] = {workers[0].count, workers[1].count};
    engine->pass(engine, 1);
    assert_int_equal(owner->count, before[owner == &workers[1]]);
    assert_true(wait_for(has_come_again, 4));
    assert_true(has_come_again(1));
    assert_true(has_come_again(3));
    const struct worker *next = owner_of(1);
    uint16_t last = 0;
    for (uint32_t i = next->since[1]; i < next->count; i++) {
        assert_true(next->got[i].number > last);
        last = next->got[i].number;
    }
}

static void what_was_done_does_not_come_again(void **state)
{
    (void)state;
    workers[0].does_all = workers[1].does_all = true;
    own_all();
    post(0, 1, 1, 40);
    assert_true(wait_for(has_come, 40));
    engine->pass(engine, CALM_MS);
    struct worker *owner = owner_of(1);
    shards_release(owner->shards, 1);
    forget(owner, 1);
    post(1, 1, 41, 1);
    assert_true(wait_for(has_come, 41));
    for (uint32_t number = 1; number <= 40; number++) {
        assert_false(has_come_again(number));
    }
}

static void done_for_a_place_that_was_not_given_changes_nothing(void **state)
{
    (void)state;
    own_all();
    post(0, 1, 1, 1);
    assert_true(wait_for(has_come, 1));
    struct worker *owner = owner_of(1);
    struct position other = find(1)->position;
    for (uint32_t i = 0; i < 16; i++) { /* which every engine uses */
        other.bytes[i] ^= 1;
        shards_done(owner->shards, 1, &other);
        other.bytes[i] ^= 1;
    }
    shards_release(owner->shards, 1);
    forget(owner, 1);
    assert_true(wait_for(has_come_again, 1));
}

int shards_contract(struct contract_engine *contract)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, set_up, contract_teardown, contract                                           \
    }
    const struct CMUnitTest tests[] = {
        TEST(every_shard_has_one_owner),
        TEST(commands_come_in_the_order_in_which_somebody_posts_them),
        TEST(no_more_come_than_there_is_credit_until_some_are_done),
        TEST(credit_of_one_shard_reaches_what_waits_in_another),
        TEST(what_was_not_done_comes_again_after_a_release),
        TEST(what_was_done_does_not_come_again),
        TEST(done_for_a_place_that_was_not_given_changes_nothing),
    };
#undef TEST
    return cmocka_run_group_tests_name(contract->name, tests, NULL, NULL);
}
