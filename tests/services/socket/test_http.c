/* Commands over HTTP: routes, where fields come from, answers. */

#include "house.h"

#define ROOM "32070707-0707-0707-0707-070707070732"
#define BASE "/api/rooms/" ROOM
#define JSON "application/json"

static bool post(
    struct house *house, const struct house_call *call, struct cht_command *ret_command)
{
    house_http(house, 3, 1, call);
    return house_posted(house, ret_command);
}

static void a_send_is_created(void **state)
{
    struct cht_command command;
    struct house_call call = {"POST", BASE "/messages", NULL, "{\"text\":\"hi\"}", JSON, "key-1"};
    assert_true(post(*state, &call, &command));
    assert_int_equal(command.type, cht_command_type_message_send);
    assert_memory_equal(command.cid.at, "key-1", 5);
    assert_true(command.answer_over_http);
    struct cht_reply reply = {.node_ref = command.node_ref, .seq = 5, .n = 1, .created = true};
    house_mail(*state, &cht_row_reply, &reply);
    assert_int_equal(house_status(), 201);
    assert_string_equal(house_body(), "{\"seq\":5,\"n\":1}");
    assert_string_equal(house_header(), "X-Room-Seq: 5");
}

static void a_missing_key_is_made(void **state)
{
    struct cht_command command;
    struct house_call call = {"POST", BASE "/join", NULL, NULL, NULL, NULL};
    assert_true(post(*state, &call, &command));
    assert_int_equal(command.type, cht_command_type_room_join);
    assert_int_equal(command.cid.size, 32);
    struct cht_reply reply = {.node_ref = command.node_ref};
    house_mail(*state, &cht_row_reply, &reply);
    assert_int_equal(house_status(), 200);
    assert_string_equal(house_body(), "{}");
}

static void history_takes_its_bounds_from_the_query(void **state)
{
    struct house_call call = {
        "GET", BASE "/messages", "before_seq=9&limit=3&unknown=1&unknown=2", NULL, NULL, NULL};
    house_http(*state, 3, 1, &call);
    struct cht_command command;
    assert_true(house_mailed(*state, &cht_row_command, &command));
    assert_int_equal(command.before_seq, 9);
    assert_int_equal(command.limit, 3);
    house_pass(*state, 11000);
    assert_int_equal(house_status(), 504);
}

static void a_repeated_parameter_is_bad(void **state)
{
    struct house_call call = {"GET", BASE "/messages", "limit=3&limit=4", NULL, NULL, NULL};
    house_http(*state, 3, 1, &call);
    assert_int_equal(house_status(), 400);
}

static void a_bad_parameter_is_named(void **state)
{
    struct house_call call = {"GET", BASE "/messages", "limit=03", NULL, NULL, NULL};
    house_http(*state, 3, 1, &call);
    assert_int_equal(house_status(), 422);
    assert_string_equal(house_body(), "bad_field limit 0");
}

static void a_missing_field_is_named(void **state)
{
    struct house_call call = {"POST", BASE "/messages", NULL, "{}", JSON, "k"};
    house_http(*state, 3, 1, &call);
    assert_string_equal(house_body(), "bad_field text 0");
}

static void a_reaction_is_put_and_taken_back(void **state)
{
    struct cht_command command;
    struct house_call put = {"PUT", BASE "/messages/7/reactions/+1", NULL, NULL, NULL, "k"};
    assert_true(post(*state, &put, &command));
    assert_true(command.on);
    assert_int_equal(command.target, 7);
    struct house_call taken = {"DELETE", BASE "/messages/7/reactions/+1", NULL, NULL, NULL, "k"};
    assert_true(post(*state, &taken, &command));
    assert_false(command.on);
    house_pass(*state, 11000);
}

static void a_member_is_changed_in_exactly_one_way(void **state)
{
    static const struct {
        const char *body;
        enum cht_command_type type;
    } cases[] = {
        {"{\"role\":\"admin\"}", cht_command_type_room_role},
        {"{\"muted_until\":0}", cht_command_type_room_mute},
        {"{\"banned\":true}", cht_command_type_room_ban},
        {"{\"banned\":false,\"role\":null}", cht_command_type_room_unban},
    };
    struct cht_command command;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct house_call call = {"PATCH", BASE "/members/" ROOM, NULL, cases[i].body, JSON, "k"};
        assert_true(post(*state, &call, &command));
        assert_int_equal(command.type, cases[i].type);
    }
    static const char *const bad[] = {
        "{}", "{\"role\":\"admin\",\"banned\":true}", "{\"banned\":1}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct house_call call = {"PATCH", BASE "/members/" ROOM, NULL, bad[i], JSON, "k"};
        assert_false(post(*state, &call, &command));
        assert_int_equal(house_status(), 422);
    }
    house_pass(*state, 11000);
}

static void refusals_have_their_status(void **state)
{
    static const struct {
        struct house_call call;
        uint8_t user;
        int status;
    } cases[] = {
        {{"GET", "/api/nothing", NULL, NULL, NULL, NULL}, 1, 404},
        {{"GET", "/api/rooms/", NULL, NULL, NULL, NULL}, 1, 404},
        {{"PUT", "/api/rooms", NULL, NULL, NULL, NULL}, 1, 405},
        {{"GET", "/api/rooms", NULL, NULL, NULL, NULL}, 0, 401},
        {{"POST", "/api/rooms", NULL, "{}", "text/plain", NULL}, 1, 415},
        {{"POST", "/api/rooms", NULL, "{", JSON, NULL}, 1, 400},
        {{"GET", "/api/rooms/nobody", NULL, NULL, NULL, NULL}, 1, 422},
        {{"OPTIONS", "/api/rooms", NULL, NULL, NULL, NULL}, 1, 204},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        house_http(*state, 3, cases[i].user, &cases[i].call);
        assert_int_equal(house_status(), cases[i].status);
    }
    assert_string_equal(house_header(), "Allow: GET, HEAD, POST");
}

static void the_public_list_is_no_room(void **state)
{
    struct house_call call = {"HEAD", "/api/rooms/public", "prefix=a%62", NULL, NULL, NULL};
    house_http(*state, 3, 1, &call);
    struct cht_command command;
    assert_true(house_mailed(*state, &cht_row_command, &command));
    assert_int_equal(command.type, cht_command_type_room_public);
    assert_memory_equal(command.prefix.at, "ab", 2);
    house_pass(*state, 11000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_send_is_created),
        T(a_missing_key_is_made),
        T(history_takes_its_bounds_from_the_query),
        T(a_repeated_parameter_is_bad),
        T(a_bad_parameter_is_named),
        T(a_missing_field_is_named),
        T(a_reaction_is_put_and_taken_back),
        T(a_member_is_changed_in_exactly_one_way),
        T(refusals_have_their_status),
        T(the_public_list_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
