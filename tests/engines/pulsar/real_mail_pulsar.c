/* real_mail_pulsar - mail and cast on a real Pulsar: the contracts, and what is particular to them.
 *
 *     real_mail_pulsar HOST:PORT PREFIX
 *
 * Below PREFIX ("non-persistent://tenant/namespace/name") topics may be made. Each node has a
 * client of its own, all are on one loop. tests/engines/real/test_mail_pulsar.py starts it. */

#include "contract.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/logger.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"
#include "pulsar/cast_pulsar.h"
#include "pulsar/mail_pulsar.h"
#include "pulsar_client/pulsar_client.h"

enum { LAST_TURNS = 20, WAIT_MS = 60000, PEERS = 4, IDLE_MS = 300, SEND_MS = 200, BURST = 3000 };

static struct town {
    struct contract_engine engine;
    const char *host, *prefix;
    uint32_t fresh;
    struct mail_pulsar_options options;
    struct logger logger;
    struct loop_uv *loop;
    struct world world;
    struct outbounds *outbounds;
    struct pulsar_client *clients[CONTRACT_MAILS];
    struct mail_pulsar *mails[CONTRACT_MAILS];
    struct cast_pulsar *casts[CONTRACT_MAILS];
} town;

static void open_node(uint32_t i)
{
    char prefix[300], topic[300];
    struct pulsar_client_options client = {
        .service_hosts = town.host, .limits = pulsar_client_limits_default()};
    struct cast_pulsar_options cast = cast_pulsar_options_default();
    client.limits.retry_max_ms = 500;
    assert_int_equal(
        pulsar_client_create(&town.world, town.outbounds, &client, &town.clients[i]), OK);
    snprintf(prefix, sizeof(prefix), "%s-mail", town.prefix);
    snprintf(topic, sizeof(topic), "%s-control-%u", town.prefix, town.fresh);
    town.options.prefix = prefix;
    cast.topic = topic;
    town.mails[i] = mail_pulsar_create(&town.world, town.clients[i], &town.options);
    town.casts[i] = cast_pulsar_create(&town.world, town.clients[i], &cast);
    town.engine.mails[i] = mail_pulsar_port(town.mails[i]);
    town.engine.casts[i] = cast_pulsar_port(town.casts[i]);
}

static void open_town(struct contract_engine *engine, bool fresh)
{
    struct loop_uv_options options = {.logger = &town.logger};
    (void)fresh;
    town.fresh++;
    town.loop = loop_uv_create(&options, &town.world);
    town.world.logger = &town.logger;
    town.outbounds = outbounds_create(&town.world);
    engine->own_loop = town.world.loop;
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        open_node(i);
    }
}

static void close_town(struct contract_engine *engine)
{
    (void)engine;
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        mail_pulsar_stop(town.mails[i]);
        cast_pulsar_stop(town.casts[i]);
    }
    for (int i = 0; i < LAST_TURNS; i++) {
        loop_uv_turn(town.loop, 0);
    }
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        mail_pulsar_destroy(town.mails[i]);
        cast_pulsar_destroy(town.casts[i]);
        pulsar_client_destroy(town.clients[i]);
    }
    outbounds_destroy(town.outbounds);
    loop_uv_destroy(town.loop);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

static void turn(struct contract_engine *engine)
{
    (void)engine;
    loop_uv_turn(town.loop, 2);
}

static bool is_connected(struct contract_engine *engine)
{
    (void)engine;
    for (uint32_t i = 0; i < CONTRACT_MAILS; i++) {
        if (!mail_pulsar_is_open(town.mails[i]) || !cast_pulsar_is_open(town.casts[i])) {
            return false;
        }
    }
    return true;
}

/* ---- what is particular */

struct reader {
    struct mail_handler handler;
    uint32_t count;
    uint32_t newest; /* number */
    uint32_t repeats;
};

static struct reader reader;

static void on_mail(struct mail_handler *handler, struct buf *event)
{
    struct reader *made = container_of(handler, struct reader, handler);
    uint32_t number;
    assert_int_equal(event->size, sizeof(number));
    __builtin_memcpy(&number, event->bytes, sizeof(number));
    made->count++;
    made->repeats += number <= made->newest;
    made->newest = number;
}

/* The second node reads its live box. */
static int set_up(void **state)
{
    (void)state;
    town.options = mail_pulsar_options_default();
    town.options.peers_max = PEERS;
    town.options.idle_ms = IDLE_MS;
    town.options.send_ms = SEND_MS;
    open_town(&town.engine, true);
    reader = (struct reader){.handler = {on_mail}};
    mail_open(town.engine.mails[1], MAIL_LIVE, &reader.handler, 1000);
    contract_turn(&town.engine);
    contract_connect(&town.engine);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_town(&town.engine);
    return 0;
}

static void put(uint64_t node, uint32_t number)
{
    struct buf *event = buf_copy(&number, sizeof(number));
    mail_send(town.engine.mails[0], MAIL_LIVE, node, event);
    buf_unref(event);
}

static void put_to_reader(uint32_t number)
{
    put(town.engine.mails[1]->node, number);
}

static void pass(uint64_t ms)
{
    uint64_t until = loop_now_ms(town.world.loop) + ms;
    while (loop_now_ms(town.world.loop) < until) {
        contract_turn(&town.engine);
    }
}

static void a_box_that_is_not_used_is_closed_and_opened_by_the_next_event(void **state)
{
    (void)state;
    put_to_reader(1);
    contract_wait_count(&town.engine, &reader.count, 1);
    assert_int_equal(mail_pulsar_stats(town.mails[0]).peers, 1);
    uint64_t until = loop_now_ms(town.world.loop) + WAIT_MS;
    while (mail_pulsar_stats(town.mails[0]).peers > 0) {
        assert_true(loop_now_ms(town.world.loop) < until);
        contract_turn(&town.engine);
    }
    put_to_reader(2);
    contract_wait_count(&town.engine, &reader.count, 2);
    assert_int_equal(mail_pulsar_stats(town.mails[0]).opened, 2);
}

static void a_burst_of_thousands_comes_whole_and_in_order(void **state)
{
    (void)state;
    put_to_reader(1);
    contract_wait_count(&town.engine, &reader.count, 1);
    for (uint32_t number = 2; number <= BURST; number++) {
        put_to_reader(number);
    }
    contract_wait_count(&town.engine, &reader.count, BURST);
    assert_int_equal(reader.repeats, 0);
    assert_int_equal(mail_dropped(town.engine.mails[0]), 0);
}

static void boxes_that_are_open_are_bounded_and_the_longest_unused_one_makes_room(void **state)
{
    (void)state;
    put_to_reader(1);
    contract_wait_count(&town.engine, &reader.count, 1);
    for (uint32_t i = 0; i < 2 * PEERS; i++) {
        put(1000 + i, 1);
    }
    struct mail_pulsar_stats stats = mail_pulsar_stats(town.mails[0]);
    assert_int_equal(stats.peers, PEERS);
    assert_true(stats.dropped >= PEERS); /* none of those is quiet yet */
}

static void of_a_node_that_is_gone_nothing_is_kept(void **state)
{
    (void)state;
    put_to_reader(1);
    contract_wait_count(&town.engine, &reader.count, 1);
    mail_pulsar_forget(town.mails[0], town.engine.mails[1]->node);
    assert_int_equal(mail_pulsar_stats(town.mails[0]).peers, 0);
    mail_pulsar_forget(town.mails[0], 4711);
}

/* At most once, in order; and after a while everything comes again. */
static void a_broker_that_is_killed_and_comes_back_repeats_nothing(void **state)
{
    char *const words[] = {"sh", "-c", getenv("PULSAR_RESTART"), NULL};
    uint32_t number = 0;
    pid_t child;
    int status = 0;
    (void)state;
    if (!words[2]) {
        skip();
    }
    assert_int_equal(posix_spawnp(&child, "sh", NULL, NULL, words, environ), 0);
    while (waitpid(child, &status, WNOHANG) == 0) {
        put_to_reader(++number);
        contract_turn(&town.engine);
    }
    assert_int_equal(status, 0);
    uint64_t until = loop_now_ms(town.world.loop) + WAIT_MS;
    uint32_t first = number + 1;
    while (reader.newest < first) {
        assert_true(loop_now_ms(town.world.loop) < until);
        put_to_reader(++number);
        pass(10);
    }
    assert_int_equal(reader.repeats, 0);
    assert_true(mail_dropped(town.engine.mails[0]) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        TEST(a_box_that_is_not_used_is_closed_and_opened_by_the_next_event),
        TEST(a_burst_of_thousands_comes_whole_and_in_order),
        TEST(boxes_that_are_open_are_bounded_and_the_longest_unused_one_makes_room),
        TEST(of_a_node_that_is_gone_nothing_is_kept),
        TEST(a_broker_that_is_killed_and_comes_back_repeats_nothing),
    };
    if (count != 3) {
        return 2;
    }
    logger_init(&town.logger, "test", LOG_LEVEL_ERROR, false);
    town.host = words[1];
    town.prefix = words[2];
    town.options = mail_pulsar_options_default();
    town.engine = (struct contract_engine){.name = "mail_pulsar_contract",
        .open = open_town,
        .close = close_town,
        .forget = nothing_to_forget,
        .turn = turn,
        .is_connected = is_connected};
    int failed = mail_contract(&town.engine);
    town.engine.name = "cast_pulsar_contract";
    failed += cast_contract(&town.engine);
    return failed + cmocka_run_group_tests_name("mail_pulsar", tests, NULL, NULL);
}
