/* Accounts that are deleted: whoever has none is in no room. */

#include "test.h"

#include "house.h"
#include "user/user_inner.h"

#define BOB "{\"username\":\"bob\",\"password\":\"" HOUSE_PASSWORD "\"}"
#define ROOMS 3

static struct house house;
static struct identity bob;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    bob = house_user(&house, "bob");
    house.rooms = ROOMS;
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static bool leaves(void *context)
{
    (void)context;
    return house.leaves >= 2;
}

static bool is_answered(void *context)
{
    (void)context;
    return fake_edge_answer(60)->count > 0;
}

static void ask(void)
{
    struct edge_request request =
        fake_edge_request(60, HTTP_DELETE, "/user/me", "{\"password\":\"" HOUSE_PASSWORD "\"}");
    struct upstream_call call = {&request, &bob, UPSTREAM_ALLOWED};
    struct upstream_server *server = user_service_server(house.service);
    server->on_call(server, &call);
}

static void begin(void)
{
    ask();
    assert_true(test_loop_run_until(&house.loop, leaves, NULL));
}

static int end(void)
{
    test_loop_advance(&house.loop, 25000);
    assert_true(test_loop_run_until(&house.loop, is_answered, NULL));
    return fake_edge_answer(60)->status;
}

static int status_of_login(void)
{
    return fake_edge_answer(house_ask(&house, HTTP_POST, "/user/login", BOB, NULL))->status;
}

static void every_room_is_left_once(void **state)
{
    (void)state;
    begin();
    assert_int_equal(end(), 200);
    assert_int_equal(house.leaves, ROOMS);
    assert_int_equal(status_of_login(), 401);
}

static bool is_asked(void *context)
{
    (void)context;
    return house.lists > 0;
}

static void a_list_that_does_not_come_is_asked_for_again(void **state)
{
    (void)state;
    house.no_lists = 2;
    ask();
    assert_true(test_loop_run_until(&house.loop, is_asked, NULL));
    assert_int_equal(end(), 200);
    assert_int_equal(house.leaves, ROOMS);
}

static void whose_rooms_are_not_known_keeps_the_account(void **state)
{
    (void)state;
    house.no_lists = UINT32_MAX;
    ask();
    assert_true(test_loop_run_until(&house.loop, is_asked, NULL));
    assert_int_equal(end(), 503);
    assert_int_equal(house.leaves, 0);
    assert_int_equal(status_of_login(), 200);
}

static void a_leave_that_is_refused_for_now_is_repeated(void **state)
{
    static const enum err refusals[] = {ERR_OVERLOADED, ERR_UNAVAILABLE, ERR_TIMEOUT};
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        close_house(NULL);
        open_house(NULL);
        house.refusal = refusals[i];
        house.refusals = 4;
        begin();
        assert_int_equal(end(), 200);
        assert_int_equal(house.leaves, ROOMS + 4);
    }
}

static void a_leave_is_in_time_by_the_clock_of_its_owner(void **state)
{
    (void)state;
    house.owner_ahead_ms = 300000;
    begin();
    assert_int_equal(end(), 200);
    assert_int_equal(house.leaves, 2 * ROOMS);
}

static void a_leave_that_nobody_answers_is_repeated(void **state)
{
    (void)state;
    house.silent = true;
    begin();
    assert_int_equal(house.leaves, 2);
    house.silent = false;
    assert_int_equal(end(), 200);
    assert_int_equal(house.leaves, ROOMS + 2);
}

static void a_room_that_is_left_already_holds_up_nothing(void **state)
{
    (void)state;
    house.refusal = ERR_NOT_FOUND;
    house.refusals = ROOMS;
    begin();
    assert_int_equal(end(), 200);
    assert_int_equal(house.leaves, ROOMS);
}

static void whoever_can_not_leave_keeps_the_account(void **state)
{
    (void)state;
    house.refusal = ERR_UNAVAILABLE;
    house.refusals = UINT32_MAX;
    begin();
    assert_int_equal(end(), 503);
    assert_int_equal(status_of_login(), 200);
}

static void whoever_hears_nothing_of_a_room_keeps_the_account(void **state)
{
    (void)state;
    house.silent = true;
    begin();
    assert_int_equal(end(), 504);
    house.silent = false;
    assert_int_equal(status_of_login(), 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(every_room_is_left_once),
        TEST(a_list_that_does_not_come_is_asked_for_again),
        TEST(whose_rooms_are_not_known_keeps_the_account),
        TEST(a_leave_that_is_refused_for_now_is_repeated),
        TEST(a_leave_is_in_time_by_the_clock_of_its_owner),
        TEST(a_leave_that_nobody_answers_is_repeated),
        TEST(a_room_that_is_left_already_holds_up_nothing),
        TEST(whoever_can_not_leave_keeps_the_account),
        TEST(whoever_hears_nothing_of_a_room_keeps_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
