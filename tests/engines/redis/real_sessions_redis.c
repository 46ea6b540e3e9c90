/* real_sessions_redis - the sessions in a real Redis: the contract, and what is particular to them:
 * its content is lost, it hangs, connections to it are cut, nodes crash.
 *
 *     real_sessions_redis PORT
 *
 * Redis is empty, and nobody else's: it is flushed. tests/engines/real/test_sessions_redis.py
 * starts it. */

#include "redis_engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "ports/secrets.h"

enum { HEAL_MS = 5000 };

static struct redis_engine *engine;
static struct test_asker asker;

static int set_up(void **state)
{
    (void)state;
    test_loop_init(&engine->contract.loop);
    engine->contract.open(&engine->contract, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    engine->contract.close(&engine->contract);
    test_loop_deinit(&engine->contract.loop);
    return 0;
}

static struct sessions *node(uint32_t at)
{
    return engine->contract.sessions[at - 1];
}

static bool is_answered(struct redis_engine *e)
{
    (void)e;
    return asker.answers > 0;
}

static enum err wait(void)
{
    assert_true(redis_engine_until(engine, is_answered, 10000));
    return asker.last;
}

static struct asker *ask(void)
{
    test_asker_init(&asker);
    return &asker.asker;
}

static struct session session(uint32_t user, uint32_t at, uint32_t slot)
{
    return (struct session){.user = contract_id(user),
        .device = contract_id(900),
        .id = contract_id(1000 * at + slot),
        .node = at,
        .boot = 1,
        .slot = slot,
        .generation = slot + 1};
}

static enum err enter(struct sessions_enter_op *op)
{
    sessions_enter(node((uint32_t)op->session.node), ask(), op);
    return wait();
}

static void add(struct session of)
{
    struct sessions_enter_op op = {.session = of};
    assert_int_equal(enter(&op), OK);
}

static struct online_user look(uint32_t at, uint32_t user)
{
    struct cht_id who = contract_id(user);
    struct sessions_online_op op = {.users = &who, .count = 1};
    sessions_online(node(at), ask(), &op);
    assert_int_equal(wait(), OK);
    struct online_user online = op.online[0];
    arena_deinit(&op.arena);
    return online;
}

/* Node `at` comes to see user 1 so, within `ms`. Answers after how many ms. */
static uint64_t see(uint32_t at, enum cht_presence_state state, uint32_t node_count, uint64_t ms)
{
    uint64_t since = loop_now_ms(engine->world.loop);
    for (;;) {
        struct online_user online = look(at, 1);
        uint64_t passed = loop_now_ms(engine->world.loop) - since;
        if (online.state == state && online.node_count == node_count) {
            return passed;
        }
        if (passed > ms) {
            assert_int_equal(online.state, state);
            assert_int_equal(online.node_count, node_count);
        }
        redis_engine_pass(engine, 10);
    }
}

/* ---- content is lost */

static void connections_are_written_again_when_redis_has_lost_its_content(void **state)
{
    struct session one = session(1, 1, 1), two = session(1, 2, 700);
    (void)state;
    add(one);
    add(two);
    sessions_set_state(node(2), &two, cht_presence_state_away);
    sessions_remove(node(1), &one);
    see(3, cht_presence_state_away, 1, 1000);
    redis_engine_admin(engine, "FLUSHALL");
    assert_int_equal(look(3, 1).state, cht_presence_state_offline);
    see(3, cht_presence_state_away, 1, HEAL_MS);
    assert_int_equal(look(3, 1).nodes[0], 2);
    struct sessions_enter_op op = {.session = session(1, 3, 3), .user_max = 1};
    assert_int_equal(enter(&op), ERR_RATE_LIMITED); /* it counts */
}

/* Who asks where somebody is must not take "nowhere" for an answer then. */
static void whom_redis_has_lost_may_be_everywhere(void **state)
{
    (void)state;
    add(session(1, 1, 1));
    redis_engine_pass(engine, 4500); /* since the start everybody may have been */
    assert_false(look(3, 1).everywhere);
    redis_engine_admin(engine, "FLUSHALL");
    assert_true(look(3, 1).everywhere); /* nobody has looked yet */
    redis_engine_pass(engine, 4500);
    assert_false(look(3, 1).everywhere);
    assert_int_equal(look(3, 1).node_count, 1);
    redis_engine_admin(engine, "CLIENT PAUSE 1500 ALL");
    assert_true(look(3, 1).everywhere);
}

static void many_connections_are_written_again_in_time(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < 3000; slot++) {
        add(session(slot == 2999 ? 1 : slot + 2, 1, slot));
    }
    see(2, cht_presence_state_online, 1, 1000);
    redis_engine_admin(engine, "FLUSHALL");
    see(2, cht_presence_state_online, 1, HEAL_MS);
    redis_engine_pass(engine, 500);
    assert_true(sessions_redis_stats(engine->nodes[0]).published >= 3000);
}

static void a_revocation_of_just_now_outlives_a_flush(void **state)
{
    struct identity who = {.user = contract_id(1), .device = contract_id(2), .token_version = 1};
    struct revocation revocation = {.user = contract_id(1), .version = 2};
    (void)state;
    sessions_revoke(node(1), &revocation);
    redis_engine_admin(engine, "FLUSHALL");
    uint64_t until = loop_now_ms(engine->world.loop) + HEAL_MS;
    while (sessions_standing(node(2), &who) != TOKEN_REVOKED) {
        assert_true(loop_now_ms(engine->world.loop) < until);
        redis_engine_pass(engine, 10);
    }
}

/* ---- connections to Redis are cut */

static void what_closed_while_redis_was_away_is_gone_when_it_is_back(void **state)
{
    struct session goes = session(1, 1, 1), stays = session(1, 1, 2);
    struct session back = session(2, 1, 3);
    (void)state;
    add(goes);
    add(stays);
    add(session(1, 2, 1));
    see(3, cht_presence_state_online, 2, 1000);
    redis_engine_admin(engine, "CLIENT PAUSE 1500 ALL");
    sessions_remove(node(1), &stays);
    sessions_remove(node(1), &goes);
    struct sessions_enter_op op = {.session = back};
    assert_int_equal(enter(&op), OK); /* after ask_ms */
    see(3, cht_presence_state_online, 1, 10000);
    assert_int_equal(look(3, 1).nodes[0], 2);
    assert_true(redis_engine_until(engine, redis_engine_all_ready, 10000));
    struct cht_id who = contract_id(2);
    struct sessions_online_op online = {.users = &who, .count = 1};
    uint32_t count = 0;
    for (int i = 0; i < 300 && count == 0; i++) {
        redis_engine_pass(engine, 10);
        sessions_online(node(3), ask(), &online);
        assert_int_equal(wait(), OK);
        count = online.online[0].node_count;
    }
    assert_int_equal(count, 1);
    arena_deinit(&online.arena);
}

static void connections_that_are_cut_come_back_with_everything(void **state)
{
    (void)state;
    add(session(1, 1, 1));
    see(2, cht_presence_state_online, 1, 1000);
    for (int i = 0; i < 3; i++) {
        redis_engine_admin(engine, "CLIENT KILL TYPE normal SKIPME yes");
        redis_engine_pass(engine, 20);
        assert_true(redis_engine_until(engine, redis_engine_all_ready, HEAL_MS));
        see(2, cht_presence_state_online, 1, HEAL_MS);
    }
    struct sessions_enter_op op = {.session = session(1, 2, 2), .user_max = 2};
    assert_int_equal(enter(&op), OK); /* its earlier lives do not count */
}

static void a_revocation_while_redis_is_away_reaches_others_when_it_is_back(void **state)
{
    struct identity who = {.user = contract_id(1), .device = contract_id(2), .token_version = 1};
    struct revocation revocation = {.user = contract_id(1), .version = 2};
    (void)state;
    redis_engine_admin(engine, "CLIENT PAUSE 1500 ALL");
    redis_engine_pass(engine, 1200);
    sessions_revoke(node(1), &revocation);
    assert_int_equal(sessions_standing(node(1), &who), TOKEN_REVOKED);
    uint64_t until = loop_now_ms(engine->world.loop) + 10000;
    while (sessions_standing(node(2), &who) != TOKEN_REVOKED) {
        assert_true(loop_now_ms(engine->world.loop) < until);
        redis_engine_pass(engine, 10);
    }
}

static void while_redis_hangs_limits_are_of_the_process_and_tickets_are_refused(void **state)
{
    struct sessions_limit_op limit = {
        .key = contract_str("login:a"), .burst = 2, .refill_us = 60000000, .take = 1};
    (void)state;
    redis_engine_admin(engine, "CLIENT PAUSE 3000 ALL");
    uint64_t since = loop_now_ms(engine->world.loop);
    struct sessions_ticket_op ticket = {
        .ticket = {.secret_hash = {7},
            .user = contract_id(1),
            .valid_until = loop_wall_ms(engine->world.loop) + 30000}};
    sessions_ticket_put(node(1), ask(), &ticket);
    assert_int_equal(wait(), ERR_UNAVAILABLE); /* it may be in Redis */
    assert_in_range(loop_now_ms(engine->world.loop) - since, 900, 1500);
    sessions_limit(node(1), ask(), &limit);
    assert_int_equal(wait(), OK);
    sessions_limit(node(1), ask(), &limit);
    assert_int_equal(wait(), OK);
    sessions_limit(node(1), ask(), &limit);
    assert_int_equal(wait(), ERR_RATE_LIMITED);
    assert_in_range(limit.wait_ms, 1, 60000);
    assert_true(loop_now_ms(engine->world.loop) - since < 2500); /* none of them waited */
    sessions_ticket_put(node(1), ask(), &ticket);
    assert_int_equal(wait(), OK); /* this process has it */
    sessions_ticket_take(node(1), ask(), &ticket);
    assert_int_equal(wait(), OK);
    sessions_ticket_take(node(1), ask(), &ticket);
    assert_int_equal(wait(), ERR_NOT_FOUND);
    assert_true(redis_engine_until(engine, redis_engine_all_ready, 10000));
}

/* ---- nodes */

static void a_node_that_crashed_takes_its_connections_along_when_its_lease_ends(void **state)
{
    (void)state;
    engine->settings.lease_ms = 1500; /* nodes read them at each beat */
    engine->settings.beat_ms = 300;
    redis_engine_crash_node(engine, 1);
    redis_engine_open_node(engine, 1, 1);
    assert_true(redis_engine_until(engine, redis_engine_all_ready, HEAL_MS));
    add(session(1, 1, 1));
    see(2, cht_presence_state_online, 1, 1000);
    redis_engine_crash_node(engine, 1);
    redis_engine_pass(engine, 500);
    assert_int_equal(look(2, 1).state, cht_presence_state_online);
    assert_in_range(see(2, cht_presence_state_offline, 0, 3000), 0, 2000);
    assert_true(look(2, 1).last_seen > 0);
}

static void a_node_that_starts_again_has_none_of_its_old_connections(void **state)
{
    (void)state;
    add(session(1, 1, 1));
    see(2, cht_presence_state_online, 1, 1000);
    redis_engine_crash_node(engine, 1);
    redis_engine_open_node(engine, 1, 2);
    see(2, cht_presence_state_offline, 0, HEAL_MS);
    struct sessions_enter_op op = {.session = session(1, 1, 1), .user_max = 1};
    op.session.boot = 2;
    assert_int_equal(enter(&op), OK);
}

static void a_node_that_leaves_is_gone_at_once(void **state)
{
    (void)state;
    add(session(1, 1, 1));
    see(2, cht_presence_state_online, 1, 1000);
    sessions_redis_leave(engine->nodes[0]);
    redis_engine_pass(engine, 20);
    redis_engine_crash_node(engine, 1);
    assert_int_equal(look(2, 1).state, cht_presence_state_offline);
}

/* ---- Redis itself */

static void every_key_ends_by_itself_and_has_the_prefix(void **state)
{
    struct sessions_limit_op limit = {
        .key = contract_str("login:a"), .burst = 2, .refill_us = 60000000, .take = 1};
    struct sessions_ticket_op ticket = {
        .ticket = {
            .user = contract_id(1), .valid_until = loop_wall_ms(engine->world.loop) + 30000}};
    struct revocation revocation = {.user = contract_id(1), .version = 2};
    (void)state;
    redis_engine_admin(engine, "FLUSHALL");
    redis_engine_pass(engine, 1200); /* the lease is there again */
    add(session(1, 1, 1));
    sessions_limit(node(1), ask(), &limit);
    wait();
    sessions_ticket_put(node(1), ask(), &ticket);
    wait();
    sessions_revoke(node(1), &revocation);
    redis_engine_pass(engine, 50);
    assert_int_equal(redis_engine_admin(engine, "DBSIZE"), 5);
    char keys[100];
    snprintf(keys, sizeof(keys), "KEYS %s*", engine->prefix);
    assert_int_equal(redis_engine_admin(engine, keys), 5);
    assert_int_equal(
        redis_engine_admin(engine, "EVAL local~without=0~"
                                   "for~_,key~in~ipairs(redis.call('KEYS','*'))~do~"
                                   "if~redis.call('PTTL',key)<0~then~without=without+1~end~end~"
                                   "return~without 0"),
        0);
}

static void scripts_that_redis_forgot_are_sent_again(void **state)
{
    (void)state;
    add(session(1, 1, 1));
    redis_engine_admin(engine, "SCRIPT FLUSH");
    add(session(1, 2, 1));
    see(3, cht_presence_state_online, 2, 1000);
}

static void what_others_wrote_into_redis_upsets_nobody(void **state)
{
    static const char *const values[] = {
        "x", "1#1.1#x", "#", "18446744073709551616#1.1#1", "1#1.1#1"};
    char command[200];
    (void)state;
    add(session(1, 1, 1));
    for (uint32_t i = 0; i < 5; i++) {
        snprintf(command, sizeof(command),
            "HSET %suser:c0000000-0000-0000-0000-000000000001 %s junk", engine->prefix, values[i]);
        redis_engine_admin(engine, command);
        snprintf(command, sizeof(command), "HSET %snodes %s junk:9", engine->prefix, values[i]);
        redis_engine_admin(engine, command);
        snprintf(command, sizeof(command), "XADD %srevoked * r %s", engine->prefix, values[i]);
        redis_engine_admin(engine, command);
        snprintf(command, sizeof(command), "SET %slimit:login:a %s", engine->prefix, values[i]);
        redis_engine_admin(engine, command);
        struct sessions_limit_op limit = {
            .key = contract_str("login:a"), .burst = 2, .refill_us = 1000, .take = 1};
        sessions_limit(node(1), ask(), &limit);
        assert_int_equal(wait(), OK);
        struct sessions_enter_op op = {
            .session = session(1, 2, 10 + i), .replaces = contract_id(5)};
        assert_int_equal(enter(&op), OK);
    }
    redis_engine_pass(engine, 1200);
    see(3, cht_presence_state_online, 2, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        TEST(connections_are_written_again_when_redis_has_lost_its_content),
        TEST(whom_redis_has_lost_may_be_everywhere),
        TEST(many_connections_are_written_again_in_time),
        TEST(a_revocation_of_just_now_outlives_a_flush),
        TEST(what_closed_while_redis_was_away_is_gone_when_it_is_back),
        TEST(connections_that_are_cut_come_back_with_everything),
        TEST(a_revocation_while_redis_is_away_reaches_others_when_it_is_back),
        TEST(while_redis_hangs_limits_are_of_the_process_and_tickets_are_refused),
        TEST(a_node_that_crashed_takes_its_connections_along_when_its_lease_ends),
        TEST(a_node_that_starts_again_has_none_of_its_old_connections),
        TEST(a_node_that_leaves_is_gone_at_once),
        TEST(every_key_ends_by_itself_and_has_the_prefix),
        TEST(scripts_that_redis_forgot_are_sent_again),
        TEST(what_others_wrote_into_redis_upsets_nobody),
    };
    uint16_t port = (uint16_t)(count > 1 ? strtoul(words[1], NULL, 10) : 0);
    engine = redis_engine("sessions_redis_contract", port, CONTRACT_NODES);
    int failed = sessions_contract(&engine->contract);
    engine = redis_engine("sessions_redis", port, 3);
    return failed + cmocka_run_group_tests_name("sessions_redis", tests, NULL, NULL);
}
