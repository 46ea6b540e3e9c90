/* What may change while sessions are asked whether somebody may come in. */

#include "house.h"

/* Somebody has asked to come in, and is not yet answered. */
static int set_up(void **state)
{
    house_setup(state);
    struct house *house = *state;
    house->enters_wait = true;
    house_connect(house, 0, 1);
    assert_int_equal(house->sessions_added, 1);
    return 0;
}

/* Whoever was counted as having come in is taken out again. */
static void is_closed_with(struct house *house, uint16_t code)
{
    house_let_in(house);
    assert_int_equal(house_close_code(house, 0), code);
    assert_string_equal(house_heard(house, 0), "");
    assert_int_equal(house->sessions_removed, 1);
    assert_int_equal(socket_counters(house->service).connections, 0);
}

static void who_is_let_in_is_welcome(void **state)
{
    struct house *house = *state;
    house_let_in(house);
    assert_int_equal(house_close_code(house, 0), 0);
    assert_int_equal(socket_counters(house->service).connections, 1);
    assert_int_equal(house->sessions_removed, 0);
}

static void whose_token_is_revoked_meanwhile_is_closed(void **state)
{
    struct house *house = *state;
    house->standing = TOKEN_REVOKED;
    is_closed_with(house, 4002);
}

static void whose_token_is_too_old_to_know_meanwhile_is_closed(void **state)
{
    struct house *house = *state;
    house->standing = TOKEN_OLD;
    is_closed_with(house, 4001);
}

static void whose_token_ends_meanwhile_is_closed(void **state)
{
    struct house *house = *state;
    house_pass(house, 900000);
    is_closed_with(house, 4001);
}

static void a_node_that_drains_meanwhile_lets_nobody_in(void **state)
{
    struct house *house = *state;
    socket_drain(house->service, 1000);
    house_let_in(house);
    assert_int_equal(house_status(), 503);
    assert_int_equal(house->sessions_removed, 1);
    house_connect(house, 1, 2);
    assert_int_equal(house_status(), 503);
    assert_int_equal(house->sessions_added, 1);
}

static void without_an_answer_of_sessions_one_is_let_in(void **state)
{
    struct house *house = *state;
    house->enter_err = ERR_UNAVAILABLE;
    house_let_in(house);
    assert_int_equal(house_close_code(house, 0), 0);
    assert_int_equal(socket_counters(house->service).connections, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(who_is_let_in_is_welcome),
        T(whose_token_is_revoked_meanwhile_is_closed),
        T(whose_token_is_too_old_to_know_meanwhile_is_closed),
        T(whose_token_ends_meanwhile_is_closed),
        T(a_node_that_drains_meanwhile_lets_nobody_in),
        T(without_an_answer_of_sessions_one_is_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
