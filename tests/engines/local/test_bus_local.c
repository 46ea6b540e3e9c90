/* The in-process bus: the contract of its shards, what is particular to them, and the bounds of its
 * mail; the contracts of mail and cast are run by test_mail_local.c. */

#include "contract.h"

#include "local/bus_local.h"
#include "test_loop.h"

#include <string.h>

enum { WORKERS = 2, SHARDS = 4, CREDIT = 8, TOLD_MAX = 256 };

struct node {
    struct test_loop loop;
    struct shards *shards;
    struct mail *mail;
    struct cast *cast;
    struct shards_handler owner;
    struct mail_handler reader;
    bool owns[SHARDS];
    char told[TOLD_MAX]; /* the first byte of every event, in order */
    struct position positions[TOLD_MAX];
    uint32_t shard_of[TOLD_MAX];
    uint32_t count;
};

struct town {
    struct bus_local *bus;
    struct node nodes[WORKERS];
};

static void on_gain(struct shards_handler *handler, uint32_t shard)
{
    container_of(handler, struct node, owner)->owns[shard] = true;
}

static void on_lose(struct shards_handler *handler, uint32_t shard)
{
    container_of(handler, struct node, owner)->owns[shard] = false;
}

static void on_command(struct shards_handler *handler, uint32_t shard,
    const struct position *position, struct buf *command)
{
    struct node *node = container_of(handler, struct node, owner);
    assert_true(node->owns[shard]);
    assert_true(node->count < TOLD_MAX - 1);
    node->shard_of[node->count] = shard;
    node->positions[node->count] = *position;
    node->told[node->count++] = (char)command->bytes[0];
}

static void on_mail(struct mail_handler *handler, struct buf *event)
{
    struct node *node = container_of(handler, struct node, reader);
    node->told[node->count++] = (char)event->bytes[0];
}

static void settle(struct town *town)
{
    for (int i = 0; i < 4; i++) {
        test_loop_settle(&town->nodes[0].loop);
        test_loop_settle(&town->nodes[1].loop);
    }
}

static void advance(struct town *town, uint64_t ms)
{
    for (int i = 0; i < WORKERS; i++) {
        test_loop_advance(&town->nodes[i].loop, ms);
    }
    settle(town);
}

static int build(void **state, uint32_t commands_max)
{
    static struct town town;
    memset(&town, 0, sizeof(town));
    struct bus_local_options options = {.workers = WORKERS,
        .shards = SHARDS,
        .boot = 7,
        .commands_max = commands_max,
        .mails_max = 64};
    town.bus = bus_local_create(&options);
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct node *node = &town.nodes[i];
        test_loop_init(&node->loop);
        bus_local_join(town.bus, i, &node->loop.world, &node->shards, &node->mail, &node->cast);
        node->owner = (struct shards_handler){on_gain, on_command, on_lose};
        node->reader.on_mail = on_mail;
    }
    *state = &town;
    return 0;
}

static int set_up(void **state)
{
    return build(state, 64);
}

static int set_up_narrow(void **state)
{
    return build(state, 4);
}

static int tear_down(void **state)
{
    struct town *town = *state;
    for (uint32_t i = 0; i < WORKERS; i++) {
        test_loop_deinit(&town->nodes[i].loop);
    }
    bus_local_destroy(town->bus);
    return 0;
}

static void own_everything(struct town *town)
{
    for (int i = 0; i < WORKERS; i++) {
        shards_own(town->nodes[i].shards, &town->nodes[i].owner, CREDIT);
    }
    advance(town, 1);
}

static bool post(struct node *from, uint32_t shard, const char *text)
{
    struct buf *command = buf_copy(text, 1);
    bool sent = shards_try_post(from->shards, shard, command);
    buf_unref(command);
    return sent;
}

static void mail_text(struct node *from, uint64_t to, const char *text)
{
    struct buf *event = buf_copy(text, 1);
    mail_send(from->mail, MAIL_LIVE, to, event);
    buf_unref(event);
}

static void without_credit_commands_wait_and_then_posts_are_refused(void **state)
{
    struct town *town = *state;
    own_everything(town);
    struct node *owner = &town->nodes[1];
    uint32_t sent = 0;
    for (int i = 0; i < 100; i++) {
        sent += post(&town->nodes[0], 1, "x");
        settle(town);
    }
    assert_int_equal(owner->count, CREDIT);
    assert_int_equal(sent, CREDIT + 4);
    for (uint32_t i = 0; i < owner->count; i++) {
        shards_done(owner->shards, 1, &owner->positions[i]);
    }
    settle(town);
    assert_int_equal(owner->count, CREDIT + 4);
    assert_true(post(&town->nodes[0], 1, "y"));
}

static void give_up(struct node *owner, uint32_t shard)
{
    shards_release(owner->shards, shard);
    owner->owns[shard] = false;
}

static void a_shard_that_was_given_up_refuses_all_but_one_until_an_owner_does_something(
    void **state)
{
    struct town *town = *state;
    own_everything(town);
    struct node *owner = &town->nodes[1];
    give_up(owner, 1);
    assert_true(post(&town->nodes[0], 1, "a"));
    settle(town);
    assert_false(post(&town->nodes[0], 1, "x"));
    assert_true(post(&town->nodes[0], 3, "o")); /* others are not held up */
    advance(town, 5000);
    assert_string_equal(owner->told, "oa");
    assert_false(post(&town->nodes[0], 1, "x")); /* to own it is not to do something */
    give_up(owner, 1);
    assert_false(post(&town->nodes[0], 1, "x"));
    advance(town, 5000);
    assert_string_equal(owner->told, "oaa");
    shards_done(owner->shards, 1, &owner->positions[2]);
    for (const char *at = "bc"; *at; at++) {
        assert_true(post(&town->nodes[0], 1, at));
    }
    settle(town);
    assert_string_equal(owner->told, "oaabc");
}

static void what_waits_in_a_shard_that_is_given_up_is_kept_and_nothing_is_added(void **state)
{
    struct town *town = *state;
    own_everything(town);
    struct node *owner = &town->nodes[1];
    assert_true(post(&town->nodes[0], 1, "a"));
    settle(town);
    give_up(owner, 1);
    assert_false(post(&town->nodes[0], 1, "x"));
    assert_int_equal(bus_local_waiting(town->bus, 1), 1);
}

static void done_twice_or_for_another_boot_changes_nothing(void **state)
{
    struct town *town = *state;
    own_everything(town);
    struct node *owner = &town->nodes[1];
    assert_true(post(&town->nodes[0], 1, "a"));
    settle(town);
    struct position other = owner->positions[0];
    other.bytes[7]++;
    shards_done(owner->shards, 1, &other);
    assert_int_equal(bus_local_waiting(town->bus, 1), 1);
    shards_done(owner->shards, 1, &owner->positions[0]);
    shards_done(owner->shards, 1, &owner->positions[0]);
    assert_int_equal(bus_local_waiting(town->bus, 1), 0);
}

static void mail_to_nobody_or_to_a_full_box_is_dropped_and_counted(void **state)
{
    struct town *town = *state;
    mail_open(town->nodes[1].mail, MAIL_LIVE, &town->nodes[1].reader, 64);
    mail_text(&town->nodes[0], 9, "x");
    mail_text(&town->nodes[0], 0, "x");
    for (int i = 0; i < 70; i++) {
        mail_text(&town->nodes[0], 2, "m");
    }
    settle(town);
    assert_int_equal(town->nodes[1].count, 64);
    assert_int_equal(mail_dropped(town->nodes[0].mail), 2 + 6);
}

/* ---- the contract's engine */

static void open_town(struct contract_engine *engine, bool fresh)
{
    void *town;
    (void)fresh;
    build(&town, 64);
    engine->state = town;
    for (uint32_t i = 0; i < WORKERS; i++) {
        engine->workers[i] = ((struct town *)town)->nodes[i].shards;
    }
}

static void close_town(struct contract_engine *engine)
{
    tear_down(&engine->state);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

static void pass(struct contract_engine *engine, uint32_t ms)
{
    advance(engine->state, ms);
}

static struct contract_engine contract = {.name = "shards_local",
    .shards = SHARDS,
    .owned_by_first = SHARDS / WORKERS,
    .open = open_town,
    .close = close_town,
    .forget = nothing_to_forget,
    .pass = pass};

#define TEST(name, begin) cmocka_unit_test_setup_teardown(name, begin, tear_down)

/* The word "contract" chooses that suite: a program says one plan. */
int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        TEST(without_credit_commands_wait_and_then_posts_are_refused, set_up_narrow),
        TEST(a_shard_that_was_given_up_refuses_all_but_one_until_an_owner_does_something, set_up),
        TEST(what_waits_in_a_shard_that_is_given_up_is_kept_and_nothing_is_added, set_up),
        TEST(done_twice_or_for_another_boot_changes_nothing, set_up),
        TEST(mail_to_nobody_or_to_a_full_box_is_dropped_and_counted, set_up),
    };
    if (count > 1 && strcmp(words[1], "contract") == 0) {
        return shards_contract(&contract);
    }
    return cmocka_run_group_tests_name("bus_local", tests, NULL, NULL);
}
