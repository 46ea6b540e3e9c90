/* The contract of the port sessions. Nodes are those of an installation: what one says all know,
 * after a second at the latest. */

#include "contract.h"

#include <string.h>

#include "ports/secrets.h"
#include "world/loop.h"

enum { TURNS_MAX = 30000, MANY = 250, KNOWN_MS = 2500 };

struct heard {
    struct sessions_listener listener;
    struct revocation newest;
    uint32_t count;
};

static struct test_asker asker;
static struct heard heard[CONTRACT_NODES];

/* ---- time */

static struct loop *loop_of(struct contract_engine *engine)
{
    return engine->turn ? engine->own_loop : &engine->loop.loop;
}

static void turn(struct contract_engine *engine)
{
    if (engine->turn) {
        engine->turn(engine);
    } else {
        test_loop_settle(&engine->loop);
    }
}

static void pass(struct contract_engine *engine, uint64_t ms)
{
    if (!engine->turn) {
        test_loop_advance(&engine->loop, ms);
        return;
    }
    uint64_t until = loop_now_ms(engine->own_loop) + ms;
    while (loop_now_ms(engine->own_loop) < until) {
        engine->turn(engine);
    }
}

static void wait_for(struct contract_engine *engine, uint32_t answers)
{
    for (int i = 0; i < TURNS_MAX && asker.answers < answers; i++) {
        turn(engine);
    }
    assert_int_equal(asker.answers, answers);
}

static enum err wait(struct contract_engine *engine)
{
    wait_for(engine, 1);
    return asker.last;
}

static struct asker *ask(void)
{
    test_asker_init(&asker);
    return &asker.asker;
}

static struct sessions *node(struct contract_engine *engine, uint32_t number)
{
    return engine->sessions[number - 1];
}

/* ---- connections */

static struct session session(uint32_t user, uint32_t at_node, uint32_t slot)
{
    return (struct session){.user = contract_id(user),
        .device = contract_id(900),
        .id = contract_id(1000 * at_node + slot),
        .node = at_node,
        .boot = 1,
        .slot = slot,
        .generation = slot + 1};
}

static enum err enter(struct contract_engine *engine, struct sessions_enter_op *op)
{
    sessions_enter(node(engine, (uint32_t)op->session.node), ask(), op);
    return wait(engine);
}

static void add(struct contract_engine *engine, struct session of)
{
    struct sessions_enter_op op = {.session = of};
    assert_int_equal(enter(engine, &op), OK);
    assert_int_equal(op.replaced.node, 0);
}

/* As that node sees it. */
static struct online_user look_from(struct contract_engine *engine, uint32_t at_node, uint32_t user)
{
    struct cht_id who = contract_id(user);
    struct sessions_online_op op = {.users = &who, .count = 1};
    sessions_online(node(engine, at_node), ask(), &op);
    assert_int_equal(wait(engine), OK);
    struct online_user online = op.online[0];
    assert_true(cht_id_equal(&online.user, &who));
    arena_deinit(&op.arena);
    return online;
}

/* Until all say so, or for a second. */
static struct online_user look(
    struct contract_engine *engine, uint32_t user, enum cht_presence_state state, uint32_t nodes)
{
    struct online_user online = {0};
    uint64_t until = loop_now_ms(loop_of(engine)) + 1000;
    for (uint32_t at = 1; at <= 3; at++) {
        do {
            online = look_from(engine, at, user);
        } while ((online.state != state || online.node_count != nodes) && engine->turn &&
                 loop_now_ms(engine->own_loop) < until);
        assert_int_equal(online.state, state);
        assert_int_equal(online.node_count, nodes);
    }
    return online;
}

static void a_user_is_what_the_best_connection_is(void **state)
{
    struct contract_engine *engine = *state;
    struct session one = session(1, 1, 1), two = session(1, 1, 2);
    assert_int_equal(look(engine, 1, cht_presence_state_offline, 0).last_seen, 0);
    add(engine, one);
    add(engine, one);
    add(engine, two);
    sessions_set_state(node(engine, 1), &one, cht_presence_state_away);
    look(engine, 1, cht_presence_state_online, 1);
    sessions_remove(node(engine, 1), &two);
    assert_int_equal(look(engine, 1, cht_presence_state_away, 1).nodes[0], 1);
    add(engine, one); /* again: it stays what it is */
    look(engine, 1, cht_presence_state_away, 1);
    sessions_remove(node(engine, 1), &one);
    assert_true(look(engine, 1, cht_presence_state_offline, 0).last_seen > 0);
}

static void whose_connection_has_changed_its_place_is_not_removed_with_the_old_one(void **state)
{
    struct contract_engine *engine = *state;
    struct session old = session(1, 1, 1), newer = session(1, 1, 1);
    newer.generation = old.generation + 1;
    newer.id = contract_id(77);
    add(engine, newer);
    sessions_remove(node(engine, 1), &old);
    look(engine, 1, cht_presence_state_online, 1);
    sessions_set_state(node(engine, 1), &newer, cht_presence_state_away);
    look(engine, 1, cht_presence_state_away, 1);
    sessions_remove(node(engine, 1), &newer);
    look(engine, 1, cht_presence_state_offline, 0);
    sessions_set_state(node(engine, 1), &newer, cht_presence_state_online);
    look(engine, 1, cht_presence_state_offline, 0);
}

static void many_are_answered_in_the_order_in_which_they_were_asked(void **state)
{
    struct contract_engine *engine = *state;
    struct cht_id users[MANY];
    struct sessions_online_op op = {.users = users, .count = MANY};
    for (uint32_t i = 0; i < MANY; i++) {
        users[i] = contract_id(i);
    }
    add(engine, session(0, 1, 1));
    add(engine, session(99, 2, 1));
    add(engine, session(100, 3, 1));
    add(engine, session(MANY - 1, 3, 2));
    sessions_online(node(engine, 1), ask(), &op);
    assert_int_equal(wait(engine), OK);
    for (uint32_t i = 0; i < MANY; i++) {
        bool is_on = i == 0 || i == 99 || i == 100 || i == MANY - 1;
        assert_true(cht_id_equal(&op.online[i].user, &users[i]));
        assert_int_equal(
            op.online[i].state, is_on ? cht_presence_state_online : cht_presence_state_offline);
        assert_int_equal(op.online[i].node_count, is_on ? 1 : 0);
    }
    op.count = 0;
    sessions_online(node(engine, 1), ask(), &op);
    assert_int_equal(wait(engine), OK);
    arena_deinit(&op.arena);
}

static void who_is_on_more_nodes_than_can_be_named_is_everywhere(void **state)
{
    struct contract_engine *engine = *state;
    for (uint32_t at = 1; at <= 16; at++) {
        add(engine, session(1, at, 1));
    }
    bool everywhere = look(engine, 1, cht_presence_state_online, 16).everywhere;
    assert_true(engine->unsure || !everywhere);
    add(engine, session(1, 17, 1));
    add(engine, session(1, 18, 1));
    assert_true(look_from(engine, 1, 1).everywhere);
    assert_true(look_from(engine, 18, 1).everywhere);
}

static void a_user_has_only_so_many_connections_whatever_their_node(void **state)
{
    struct contract_engine *engine = *state;
    struct session first = session(1, 1, 1);
    struct sessions_enter_op op = {.session = first, .user_max = 2, .device_max = 1};
    assert_int_equal(enter(engine, &op), OK);
    assert_int_equal(enter(engine, &op), OK); /* the same one again */
    op.session = session(1, 2, 2);
    assert_int_equal(enter(engine, &op), ERR_RATE_LIMITED); /* the device */
    op.session.device = contract_id(901);
    assert_int_equal(enter(engine, &op), OK);
    op.session = session(1, 3, 3);
    op.session.device = contract_id(902);
    assert_int_equal(enter(engine, &op), ERR_RATE_LIMITED); /* the user */
    look(engine, 1, cht_presence_state_online, 2);
    sessions_remove(node(engine, 1), &first);
    look(engine, 1, cht_presence_state_online, 1);
    assert_int_equal(enter(engine, &op), OK);
    op.session.user = contract_id(2);
    assert_int_equal(enter(engine, &op), OK);
}

static void of_many_who_enter_at_once_only_so_many_do(void **state)
{
    struct contract_engine *engine = *state;
    struct sessions_enter_op ops[CONTRACT_NODES] = {0};
    uint32_t in = 0;
    ask();
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        ops[i].session = session(1, i + 1, 1);
        ops[i].user_max = 5;
        sessions_enter(engine->sessions[i], &asker.asker, &ops[i]);
    }
    wait_for(engine, CONTRACT_NODES);
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        assert_true(ops[i].op.err == OK || ops[i].op.err == ERR_RATE_LIMITED);
        in += ops[i].op.err == OK;
    }
    assert_int_equal(in, 5);
    look(engine, 1, cht_presence_state_online, 5);
}

static void who_replaces_a_connection_takes_its_place(void **state)
{
    struct contract_engine *engine = *state;
    struct sessions_enter_op old = {.session = session(1, 1, 1), .user_max = 1};
    assert_int_equal(enter(engine, &old), OK);
    struct sessions_enter_op other = {
        .session = session(2, 2, 2), .replaces = old.session.id, .user_max = 1};
    assert_int_equal(enter(engine, &other), OK);
    assert_int_equal(other.replaced.node, 0); /* it is somebody else's */
    struct sessions_enter_op next = {
        .session = session(1, 2, 3), .replaces = old.session.id, .user_max = 1};
    assert_int_equal(enter(engine, &next), OK);
    assert_int_equal(next.replaced.node, 1);
    assert_int_equal(next.replaced.boot, 1);
    assert_int_equal(next.replaced.slot, 1);
    assert_int_equal(next.replaced.generation, 2);
    assert_true(cht_id_equal(&next.replaced.user, &old.session.user));
    assert_true(cht_id_equal(&next.replaced.id, &old.session.id));
    look(engine, 1, cht_presence_state_online, 1);
    sessions_remove(node(engine, 1), &old.session); /* its node closes it later */
    assert_int_equal(look(engine, 1, cht_presence_state_online, 1).nodes[0], 2);
}

/* ---- tickets */

static struct ticket ticket(struct contract_engine *engine, uint8_t secret, uint64_t valid_for_ms)
{
    return (struct ticket){.secret_hash = {secret, 0xff},
        .user = contract_id(secret),
        .device = contract_id(900),
        .token_version = 7,
        .issued_at = 1,
        .expires_at = UINT64_MAX / 2,
        .valid_until = loop_wall_ms(loop_of(engine)) + valid_for_ms,
        .origin = "https://chat.example"};
}

static void put(struct contract_engine *engine, uint32_t at_node, struct ticket put)
{
    struct sessions_ticket_op op = {.ticket = put};
    sessions_ticket_put(node(engine, at_node), ask(), &op);
    assert_int_equal(wait(engine), OK);
}

static enum err take(
    struct contract_engine *engine, uint32_t at_node, uint8_t secret, struct ticket *ret_ticket)
{
    struct sessions_ticket_op op = {.ticket = {.secret_hash = {secret, 0xff}}};
    sessions_ticket_take(node(engine, at_node), ask(), &op);
    enum err err = wait(engine);
    *ret_ticket = op.ticket;
    return err;
}

static void a_ticket_is_taken_once_and_anywhere(void **state)
{
    struct contract_engine *engine = *state;
    struct ticket mine = ticket(engine, 1, 30000), got;
    put(engine, 1, mine);
    assert_int_equal(take(engine, 2, 1, &got), OK);
    assert_true(cht_id_equal(&got.user, &mine.user));
    assert_true(cht_id_equal(&got.device, &mine.device));
    assert_int_equal(got.token_version, 7);
    assert_int_equal(got.issued_at, 1);
    assert_int_equal(got.expires_at, mine.expires_at);
    assert_string_equal(got.origin, "https://chat.example");
    assert_int_equal(take(engine, 1, 1, &got), ERR_NOT_FOUND);
    assert_int_equal(take(engine, 2, 1, &got), ERR_NOT_FOUND);
    assert_int_equal(take(engine, 3, 3, &got), ERR_NOT_FOUND);
}

static void a_ticket_is_taken_in_time(void **state)
{
    struct contract_engine *engine = *state;
    struct ticket got;
    put(engine, 1, ticket(engine, 2, 200));
    pass(engine, 201);
    assert_int_equal(take(engine, 1, 2, &got), ERR_NOT_FOUND);
}

/* ---- limits */

static enum err limit(struct contract_engine *engine, uint32_t at_node, const char *key,
    uint32_t count, uint64_t *ret_wait_ms)
{
    struct sessions_limit_op op = {
        .key = contract_str(key), .burst = 3, .refill_us = 1000000, .take = count};
    sessions_limit(node(engine, at_node), ask(), &op);
    enum err err = wait(engine);
    if (ret_wait_ms) {
        *ret_wait_ms = op.wait_ms;
    }
    return err;
}

static void a_bucket_gives_its_burst_and_then_refills(void **state)
{
    struct contract_engine *engine = *state;
    uint64_t wait_ms;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(limit(engine, i + 1, "a", 1, &wait_ms), OK);
        assert_int_equal(wait_ms, 0);
    }
    assert_int_equal(limit(engine, 1, "a", 1, &wait_ms), ERR_RATE_LIMITED);
    assert_in_range(wait_ms, 500, 1000);
    assert_int_equal(limit(engine, 1, "b", 1, NULL), OK);
    pass(engine, 400);
    assert_int_equal(limit(engine, 2, "a", 0, &wait_ms), ERR_RATE_LIMITED);
    assert_in_range(wait_ms, 1, 700); /* clocks differ a little */
    pass(engine, wait_ms);
    assert_int_equal(limit(engine, 3, "a", 0, NULL), OK);
    assert_int_equal(limit(engine, 3, "a", 1, NULL), OK);
    assert_int_equal(limit(engine, 2, "a", 2, &wait_ms), ERR_RATE_LIMITED);
    assert_int_equal(limit(engine, 2, "a", LIMIT_GIVE_ALL, NULL), OK);
    assert_int_equal(limit(engine, 1, "a", 3, NULL), OK);
}

static void one_token_given_back_is_one_more_try(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(limit(engine, 1, "a", 3, NULL), OK);
    assert_int_equal(limit(engine, 1, "a", 1, NULL), ERR_RATE_LIMITED);
    assert_int_equal(limit(engine, 2, "a", LIMIT_GIVE_ONE, NULL), OK);
    assert_int_equal(limit(engine, 3, "a", 1, NULL), OK);
    assert_int_equal(limit(engine, 3, "a", 1, NULL), ERR_RATE_LIMITED);
    assert_int_equal(limit(engine, 1, "b", LIMIT_GIVE_ONE, NULL), OK);
    assert_int_equal(limit(engine, 1, "b", 4, NULL), ERR_RATE_LIMITED);
    assert_int_equal(limit(engine, 1, "b", 3, NULL), OK);
}

static void keys_of_limits_are_of_any_bytes(void **state)
{
    struct contract_engine *engine = *state;
    char key[128];
    memset(key, 0, sizeof(key));
    for (uint32_t size = 1; size <= sizeof(key); size += 127) {
        struct sessions_limit_op op = {
            .key = {key, size}, .burst = 1, .refill_us = 100000000, .take = 1};
        sessions_limit(node(engine, 1), ask(), &op);
        assert_int_equal(wait(engine), OK);
        sessions_limit(node(engine, 2), ask(), &op);
        assert_int_equal(wait(engine), ERR_RATE_LIMITED);
    }
}

/* ---- revocations */

static void on_revoked(struct sessions_listener *listener, const struct revocation *revocation)
{
    struct heard *h = container_of(listener, struct heard, listener);
    h->newest = *revocation;
    h->count++;
}

static void listen_everywhere(struct contract_engine *engine)
{
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        heard[i] = (struct heard){.listener.on_revoked = on_revoked};
        sessions_listen(engine->sessions[i], &heard[i].listener);
    }
}

static struct identity token(
    struct contract_engine *engine, uint32_t user, uint32_t device, uint64_t version)
{
    return (struct identity){.user = contract_id(user),
        .device = contract_id(device),
        .token_version = version,
        .issued_at = loop_wall_ms(loop_of(engine))};
}

static enum token_standing standing(
    struct contract_engine *engine, uint32_t at_node, const struct identity *who)
{
    return sessions_standing(node(engine, at_node), who);
}

static void revoke(struct contract_engine *engine, uint32_t user, uint32_t device, uint64_t version)
{
    struct revocation revocation = {.user = contract_id(user), .version = version};
    if (device) {
        revocation.device = contract_id(device);
    }
    sessions_revoke(node(engine, 1), &revocation);
}

/* Every node, within the time that they have. */
static void assert_revoked_everywhere(struct contract_engine *engine, const struct identity *who)
{
    uint64_t until = loop_now_ms(loop_of(engine)) + KNOWN_MS;
    assert_int_equal(standing(engine, 1, who), TOKEN_REVOKED);
    for (uint32_t at = 2; at <= CONTRACT_NODES; at++) {
        while (standing(engine, at, who) != TOKEN_REVOKED) {
            assert_true(loop_now_ms(loop_of(engine)) < until);
            turn(engine);
        }
    }
}

static void a_revocation_voids_older_versions_everywhere_and_is_heard(void **state)
{
    struct contract_engine *engine = *state;
    struct identity old = token(engine, 1, 2, 4), new = token(engine, 1, 2, 5);
    struct identity other = token(engine, 3, 4, 4), elsewhere = token(engine, 1, 3, 9);
    listen_everywhere(engine);
    assert_int_equal(standing(engine, 1, &old), TOKEN_GOOD);
    revoke(engine, 1, 0, 5);
    assert_revoked_everywhere(engine, &old);
    assert_int_equal(standing(engine, 2, &new), TOKEN_GOOD);
    assert_int_equal(standing(engine, 2, &other), TOKEN_GOOD);
    revoke(engine, 1, 2, 0);
    assert_revoked_everywhere(engine, &new);
    assert_int_equal(standing(engine, 2, &elsewhere), TOKEN_GOOD);
    assert_int_equal(standing(engine, 2, &other), TOKEN_GOOD);
    struct cht_id device = contract_id(2);
    pass(engine, 1500);
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        assert_int_equal(heard[i].count, 2);
        assert_true(cht_id_equal(&heard[i].newest.device, &device));
        assert_true(heard[i].newest.at > 0);
    }
}

static void of_two_versions_told_in_the_wrong_order_the_higher_one_holds(void **state)
{
    struct contract_engine *engine = *state;
    struct identity who = token(engine, 1, 2, 5), newer = token(engine, 1, 2, 6);
    revoke(engine, 1, 0, 6);
    revoke(engine, 1, 0, 5);
    assert_revoked_everywhere(engine, &who);
    pass(engine, 10);
    assert_int_equal(standing(engine, 1, &who), TOKEN_REVOKED);
    assert_int_equal(standing(engine, 1, &newer), TOKEN_GOOD);
}

int sessions_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(a_user_is_what_the_best_connection_is),
        TEST(whose_connection_has_changed_its_place_is_not_removed_with_the_old_one),
        TEST(many_are_answered_in_the_order_in_which_they_were_asked),
        TEST(who_is_on_more_nodes_than_can_be_named_is_everywhere),
        TEST(a_user_has_only_so_many_connections_whatever_their_node),
        TEST(of_many_who_enter_at_once_only_so_many_do),
        TEST(who_replaces_a_connection_takes_its_place),
        TEST(a_ticket_is_taken_once_and_anywhere),
        TEST(a_ticket_is_taken_in_time),
        TEST(a_bucket_gives_its_burst_and_then_refills),
        TEST(one_token_given_back_is_one_more_try),
        TEST(keys_of_limits_are_of_any_bytes),
        TEST(a_revocation_voids_older_versions_everywhere_and_is_heard),
        TEST(of_two_versions_told_in_the_wrong_order_the_higher_one_holds),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
