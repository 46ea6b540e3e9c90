/* The in-process sessions: the contract, and what is particular to tables in memory: their bounds,
 * and buckets that connections share. */

#include "contract.h"

#include "local/sessions_local.h"
#include "ports/secrets.h"
#include "test_loop.h"

#include <string.h>

struct place {
    struct test_loop loop;
    struct sessions_local *shared;
    struct sessions *sessions;
    struct test_asker asker;
};

static struct cht_id id(uint8_t number)
{
    return (struct cht_id){{number}};
}

static int set_up(void **state)
{
    static struct place place;
    memset(&place, 0, sizeof(place));
    test_loop_init(&place.loop);
    test_asker_init(&place.asker);
    struct sessions_local_options options = {.workers = 1,
        .users_max = 4,
        .tickets_max = 4,
        .limits_max = 64,
        .revocations_max = 4,
        .revocations_keep_ms = 60000,
        .secret = {1, 2}};
    place.shared = sessions_local_create(&options);
    place.sessions = sessions_local_join(place.shared, 0, &place.loop.world);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    test_loop_deinit(&place->loop);
    sessions_local_destroy(place->shared);
    return 0;
}

static struct session session(uint8_t user, uint32_t slot)
{
    return (struct session){.user = id(user), .device = id(9), .node = 1, .boot = 1, .slot = slot};
}

/* Opens it; who is replaced is in the answer. */
static enum err enter(struct place *place, struct sessions_enter_op *op)
{
    sessions_enter(place->sessions, &place->asker.asker, op);
    test_loop_settle(&place->loop);
    return place->asker.last;
}

static void add(struct place *place, const struct session *session)
{
    struct sessions_enter_op op = {.session = *session};
    assert_int_equal(enter(place, &op), OK);
}

static struct online_user look(struct place *place, uint8_t user)
{
    struct cht_id who = id(user);
    struct sessions_online_op op = {.users = &who, .count = 1};
    sessions_online(place->sessions, &place->asker.asker, &op);
    test_loop_settle(&place->loop);
    struct online_user online = op.online[0];
    arena_deinit(&op.arena);
    return online;
}

static void users_beyond_the_bound_push_out_who_is_gone_for_longest(void **state)
{
    struct place *place = *state;
    struct session here = session(9, 9);
    add(place, &here);
    for (uint8_t user = 1; user <= 8; user++) {
        struct session gone = session(user, user);
        add(place, &gone);
        sessions_remove(place->sessions, &gone);
    }
    assert_int_equal(look(place, 9).state, cht_presence_state_online);
    assert_int_equal(look(place, 5).last_seen, 0);
    assert_true(look(place, 6).last_seen > 0);
    struct session back = session(6, 6); /* is not gone any more: the next one is */
    add(place, &back);
    struct session more = session(10, 10);
    add(place, &more);
    assert_int_equal(look(place, 6).state, cht_presence_state_online);
    assert_int_equal(look(place, 7).last_seen, 0);
    assert_true(look(place, 8).last_seen > 0);
}

static struct sessions_rates *rates_of(
    struct place *place, uint8_t user, uint32_t slot, uint64_t node)
{
    struct sessions_enter_op op = {.session = session(user, slot)};
    op.session.node = node;
    assert_int_equal(enter(place, &op), OK);
    return op.rates;
}

static void all_connections_of_a_user_share_their_rates(void **state)
{
    struct place *place = *state;
    struct sessions_rates *rates = rates_of(place, 1, 1, 1);
    assert_non_null(rates);
    assert_ptr_equal(rates_of(place, 1, 2, 2), rates);
    assert_ptr_not_equal(rates_of(place, 2, 3, 1), rates);
    rates->messages = 77;
    struct session one = session(1, 1), two = session(1, 2);
    two.node = 2;
    sessions_remove(place->sessions, &one);
    sessions_remove(place->sessions, &two);
    assert_ptr_equal(rates_of(place, 1, 4, 1), rates); /* who comes back finds them as they were */
    assert_int_equal(rates->messages, 77);
}

/* It may go on for a while if its node does not hear that it is replaced. */
static void rates_are_nobody_elses_while_a_replaced_connection_uses_them(void **state)
{
    struct place *place = *state;
    struct sessions_enter_op old = {.session = session(1, 1)};
    old.session.id = id(77);
    assert_int_equal(enter(place, &old), OK);
    struct sessions_enter_op next = {.session = session(1, 2), .replaces = id(77)};
    assert_int_equal(enter(place, &next), OK);
    assert_ptr_equal(next.rates, old.rates);
    sessions_remove(place->sessions, &next.session);
    assert_int_equal(look(place, 1).state, cht_presence_state_offline);
    for (uint8_t user = 2; user <= 40; user++) { /* more than are known */
        struct session gone = session(user, user);
        assert_ptr_not_equal(rates_of(place, user, user, 1), old.rates);
        sessions_remove(place->sessions, &gone);
    }
    sessions_remove(place->sessions, &old.session);
    assert_int_equal(look(place, 1).node_count, 0);
}

static enum err take(struct place *place, uint8_t secret, struct ticket *ret_ticket)
{
    struct sessions_ticket_op op = {.ticket = {.secret_hash = {secret}}};
    sessions_ticket_take(place->sessions, &place->asker.asker, &op);
    test_loop_settle(&place->loop);
    *ret_ticket = op.ticket;
    return place->asker.last;
}

static void put(struct place *place, uint8_t secret, uint64_t valid_for_ms)
{
    struct sessions_ticket_op op = {
        .ticket = {.secret_hash = {secret},
            .user = id(secret),
            .valid_until = loop_wall_ms(&place->loop.loop) + valid_for_ms}};
    sessions_ticket_put(place->sessions, &place->asker.asker, &op);
    test_loop_settle(&place->loop);
}

static void of_too_many_tickets_those_that_end_first_give_way(void **state)
{
    struct place *place = *state;
    struct ticket ticket;
    for (uint8_t secret = 1; secret <= 6; secret++) {
        put(place, secret, 30000u + secret);
    }
    assert_int_equal(take(place, 1, &ticket), ERR_NOT_FOUND);
    assert_int_equal(take(place, 2, &ticket), ERR_NOT_FOUND);
    for (uint8_t secret = 3; secret <= 6; secret++) {
        assert_int_equal(take(place, secret, &ticket), OK);
        assert_true(cht_id_equal(&ticket.user, &(struct cht_id){{secret}}));
    }
}

static struct identity token(struct place *place, uint8_t user, uint8_t device, uint64_t version)
{
    return (struct identity){.user = id(user),
        .device = id(device),
        .token_version = version,
        .issued_at = loop_wall_ms(&place->loop.loop)};
}

static bool is_void(struct place *place, const struct identity *who)
{
    return sessions_standing(place->sessions, who) != TOKEN_GOOD;
}

static void revoke_device(struct place *place, uint8_t user, uint8_t device)
{
    struct revocation revocation = {.user = id(user), .device = id(device)};
    sessions_revoke(place->sessions, &revocation);
}

static void a_revocation_is_forgotten_when_its_tokens_have_ended(void **state)
{
    struct place *place = *state;
    struct identity first = token(place, 1, 11, 1);
    revoke_device(place, 1, 11);
    test_loop_advance(&place->loop, 59999);
    revoke_device(place, 1, 12);
    assert_true(is_void(place, &first));
    test_loop_advance(&place->loop, 1);
    struct identity fresh = token(place, 2, 21, 1);
    for (uint8_t device = 13; device < 16; device++) {
        revoke_device(place, 1, device);
    }
    assert_false(is_void(place, &fresh));
    assert_false(is_void(place, &first));
}

static void more_revocations_than_fit_void_all_older_tokens_and_no_younger_one(void **state)
{
    struct place *place = *state;
    struct identity first = token(place, 1, 11, 1), stranger = token(place, 2, 21, 1);
    for (uint8_t device = 11; device < 15; device++) {
        revoke_device(place, 1, device);
        test_loop_advance(&place->loop, 1000);
    }
    assert_false(is_void(place, &stranger));
    revoke_device(place, 1, 15);
    assert_int_equal(sessions_standing(place->sessions, &first), TOKEN_OLD);
    assert_int_equal(sessions_standing(place->sessions, &stranger), TOKEN_OLD);
    stranger = token(place, 2, 21, 1);
    assert_false(is_void(place, &stranger));
    for (uint8_t device = 12; device < 16; device++) {
        struct identity late = token(place, 1, device, 1);
        assert_int_equal(sessions_standing(place->sessions, &late), TOKEN_REVOKED);
    }
}

static void thousands_of_revocations_later_the_first_one_holds(void **state)
{
    struct place *place = *state;
    struct sessions_local_options options = {.workers = 1,
        .users_max = 4,
        .tickets_max = 4,
        .limits_max = 64,
        .revocations_max = 65536,
        .revocations_keep_ms = 60000,
        .secret = {1, 2}};
    struct sessions_local *shared = sessions_local_create(&options);
    struct sessions *sessions = sessions_local_join(shared, 0, &place->loop.world);
    struct identity first = token(place, 1, 2, 1), stranger = token(place, 3, 4, 1);
    sessions_revoke(sessions, &(struct revocation){.user = id(1), .device = id(2)});
    for (uint32_t i = 0; i < 20000; i++) {
        struct revocation revocation = {.user = {{5, 0, 0, (uint8_t)i, (uint8_t)(i >> 8)}}};
        revocation.version = 2;
        sessions_revoke(sessions, &revocation);
    }
    assert_int_equal(sessions_standing(sessions, &first), TOKEN_REVOKED);
    assert_int_equal(sessions_standing(sessions, &stranger), TOKEN_GOOD);
    test_loop_settle(&place->loop);
    sessions_local_destroy(shared);
}

static void a_revocation_of_before_counts_from_its_own_moment(void **state)
{
    struct place *place = *state;
    test_loop_advance(&place->loop, 100000);
    uint64_t now = loop_wall_ms(&place->loop.loop);
    struct revocation revocation = {.user = id(1), .version = 2, .at = now - 50000};
    struct identity old = token(place, 1, 2, 1);
    sessions_revoke(place->sessions, &revocation);
    assert_true(is_void(place, &old));
    test_loop_advance(&place->loop, 10000);
    revoke_device(place, 9, 9);
    assert_false(is_void(place, &old));
}

/* ---- the contract */

static void open_sessions(struct contract_engine *engine, bool fresh)
{
    struct sessions_local_options options = {.workers = CONTRACT_NODES,
        .users_max = 1000,
        .tickets_max = 100,
        .limits_max = 1000,
        .revocations_max = 100,
        .revocations_keep_ms = 60000,
        .secret = {1, 2}};
    (void)fresh;
    engine->state = sessions_local_create(&options);
    for (uint32_t i = 0; i < CONTRACT_NODES; i++) {
        engine->sessions[i] = sessions_local_join(engine->state, i, &engine->loop.world);
    }
}

static void close_sessions(struct contract_engine *engine)
{
    test_loop_settle(&engine->loop);
    sessions_local_destroy(engine->state);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The word "contract" chooses that suite: a program says one plan. */
int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        TEST(users_beyond_the_bound_push_out_who_is_gone_for_longest),
        TEST(all_connections_of_a_user_share_their_rates),
        TEST(rates_are_nobody_elses_while_a_replaced_connection_uses_them),
        TEST(of_too_many_tickets_those_that_end_first_give_way),
        TEST(a_revocation_is_forgotten_when_its_tokens_have_ended),
        TEST(more_revocations_than_fit_void_all_older_tokens_and_no_younger_one),
        TEST(thousands_of_revocations_later_the_first_one_holds),
        TEST(a_revocation_of_before_counts_from_its_own_moment),
    };
    struct contract_engine engine = {.name = "sessions_local_contract",
        .open = open_sessions,
        .close = close_sessions,
        .forget = nothing_to_forget};
    if (count > 1 && strcmp(words[1], "contract") == 0) {
        return sessions_contract(&engine);
    }
    return cmocka_run_group_tests_name("sessions_local", tests, NULL, NULL);
}
