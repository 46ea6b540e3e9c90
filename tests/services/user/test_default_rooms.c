/* Default rooms: which they are, and that nothing about them keeps anybody out. */

#include "test.h"

#include <string.h>

#include "house.h"
#include "user/user_inner.h"

static struct house house;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

/* The rooms of the setting `listed`. */
static struct default_rooms rooms_of(const char *listed)
{
    struct default_rooms rooms = {0};
    struct user_settings settings = {.rooms_default = listed};
    struct user_service_deps deps = house.deps;
    deps.settings = &settings;
    default_rooms_init(&rooms, &deps, NULL);
    return rooms;
}

static void names_stand_between_commas_without_their_blanks(void **state)
{
    (void)state;
    struct default_rooms rooms = rooms_of(" general ,,  Off topic,");
    assert_int_equal(rooms.count, 2);
    assert_int_equal(rooms.rooms[0].name.size, 7);
    assert_memory_equal(rooms.rooms[0].name.at, "general", 7);
    assert_string_equal(rooms.rooms[0].cid, "default:general");
    assert_int_equal(rooms.rooms[1].name.size, 9);
    assert_memory_equal(rooms.rooms[1].name.at, "Off topic", 9);
    assert_int_equal(rooms_of("").count, 0);
    assert_int_equal(rooms_of(" , ,").count, 0);
}

static void a_name_that_no_cid_can_hold_goes_in_by_its_digest(void **state)
{
    static const char *const names[] = {"Off topic", "a name of more than forty letters in all",
        "Küche", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct default_rooms rooms = rooms_of(names[i]);
        struct default_rooms again = rooms_of(names[i]);
        assert_int_equal(strlen(rooms.rooms[0].cid), 8 + 16);
        assert_int_equal(strspn(rooms.rooms[0].cid + 8, "0123456789abcdef"), 16);
        assert_true(cht_id_equal(&rooms.rooms[0].room, &again.rooms[0].room));
    }
}

static void there_are_eight_at_the_most(void **state)
{
    (void)state;
    assert_int_equal(rooms_of("a,b,c,d,e,f,g,h,i,j").count, DEFAULT_ROOMS_MAX);
}

static bool has_asked(void *context)
{
    return ((struct house *)context)->joins > 0;
}

static void an_owner_that_says_nothing_keeps_nobody_out(void **state)
{
    (void)state;
    house.silent = true;
    struct edge_request request = fake_edge_request(7, HTTP_POST, "/user/register",
        "{\"username\":\"bob\",\"password\":\"" HOUSE_PASSWORD "\"}");
    struct upstream_call call = {&request, NULL, UPSTREAM_ALLOWED};
    struct upstream_server *server = user_service_server(house.service);
    server->on_call(server, &call);
    assert_true(test_loop_run_until(&house.loop, has_asked, &house));
    assert_int_equal(fake_edge_answer(7)->count, 0);
    test_loop_advance(&house.loop, 2000);
    test_loop_settle(&house.loop);
    assert_int_equal(fake_edge_answer(7)->status, 201);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(names_stand_between_commas_without_their_blanks),
        TEST(a_name_that_no_cid_can_hold_goes_in_by_its_digest),
        TEST(there_are_eight_at_the_most),
        TEST(an_owner_that_says_nothing_keeps_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
