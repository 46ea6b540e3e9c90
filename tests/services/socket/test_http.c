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

static void a_key_in_the_body_counts_where_no_header_has_one(void **state)
{
    struct cht_command command;
    struct house_call call = {
        "POST", BASE "/messages", NULL, "{\"text\":\"hi\",\"cid\":\"mine\"}", JSON, NULL};
    assert_true(post(*state, &call, &command));
    assert_true(cht_str_equal(command.cid, (struct cht_str){"mine", 4}));
    call.cid = "key-1";
    assert_true(post(*state, &call, &command));
    assert_true(cht_str_equal(command.cid, (struct cht_str){"key-1", 5}));
    call = (struct house_call){"PATCH", BASE "/members/" ROOM, NULL,
        "{\"banned\":true,\"cid\":\"mine\",\"after\":7}", JSON, NULL};
    assert_true(post(*state, &call, &command));
    assert_true(cht_str_equal(command.cid, (struct cht_str){"mine", 4}));
    assert_int_equal(command.after, 7);
    call = (struct house_call){"POST", BASE "/join", NULL, "{\"cid\":null}", JSON, NULL};
    assert_true(post(*state, &call, &command));
    assert_int_equal(command.cid.size, 32);
    call.body = "{\"cid\":\"a b\"}";
    house_http(*state, 3, 1, &call);
    assert_string_equal(house_body(), "bad_field cid 0");
    house_pass(*state, 11000);
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
        {"{\"muted_until\":5}", cht_command_type_room_mute},
        {"{\"muted_until\":0}", cht_command_type_room_mute},
        {"{\"muted_until\":null}", cht_command_type_room_mute},
        {"{\"banned\":true}", cht_command_type_room_ban},
        {"{\"banned\":null,\"x\":1}", cht_command_type_room_unban},
        {"{\"banned\":false,\"role\":null}", cht_command_type_room_unban},
    };
    struct cht_command command;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct house_call call = {"PATCH", BASE "/members/" ROOM, NULL, cases[i].body, JSON, "k"};
        assert_true(post(*state, &call, &command));
        assert_int_equal(command.type, cases[i].type);
        assert_int_equal(command.until, i == 1 ? 5 : 0);
    }
    static const struct {
        const char *body, *answer;
    } bad[] = {
        {NULL, "bad_field role 0"},
        {"{}", "bad_field role 0"},
        {"{\"role\":null}", "bad_field role 0"},
        {"{\"role\":1}", "bad_field role 0"},
        {"{\"role\":\"king\"}", "bad_field role 0"},
        {"{\"banned\":1}", "bad_field banned 0"},
        {"{\"banned\":\"true\"}", "bad_field banned 0"},
        {"{\"muted_until\":\"1\"}", "bad_field muted_until 0"},
        {"{\"muted_until\":1.0}", "bad_field muted_until 0"},
        {"{\"muted_until\":-1}", "bad_field muted_until 0"},
        {"{\"role\":\"admin\",\"banned\":true}", "bad_field banned 0"},
        {"{\"banned\":true,\"muted_until\":null}", "bad_field muted_until 0"},
        {"{\"role\"", "bad_frame - 0"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct house_call call = {"PATCH", BASE "/members/" ROOM, NULL, bad[i].body, JSON, "k"};
        assert_false(post(*state, &call, &command));
        assert_string_equal(house_body(), bad[i].answer);
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
        {{"PUT", "/api/rooms", NULL, NULL, NULL, NULL}, 1, 404},
        {{"GET", "/api/rooms", NULL, NULL, NULL, NULL}, 0, 401},
        {{"POST", "/api/rooms", NULL, "{", JSON, NULL}, 1, 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        house_http(*state, 3, cases[i].user, &cases[i].call);
        assert_int_equal(house_status(), cases[i].status);
    }
}

static void what_is_wrong_in_a_path_is_named_as_there(void **state)
{
    static const char *const cases[][3] = {
        {"GET", "/api/rooms/nobody", "bad_field room 0"},
        {"GET", "/api/rooms/00000000-0000-0000-0000-000000000000", "bad_field room 0"},
        {"POST", "/api/rooms/32070707-0707-0707-0707-07070707073A/join", "bad_field room 0"},
        {"DELETE", BASE "/members/x", "bad_field user 0"},
        {"DELETE", BASE "/messages/0", "bad_field seq 0"},
        {"DELETE", BASE "/messages/07", "bad_field seq 0"},
        {"DELETE", BASE "/messages/9007199254740992", "bad_field seq 0"},
        {"PUT", BASE "/messages/7/reactions/123456789012345678901234567890123", "bad_field key 0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct house_call call = {cases[i][0], cases[i][1], NULL, NULL, NULL, NULL};
        house_http(*state, 3, 1, &call);
        assert_string_equal(house_body(), cases[i][2]);
    }
}

static void every_route_of_the_table_is_found(void **state)
{
    size_t count = 0;
    const struct cht_route_row *rows = cht_routes(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        struct house_call call = {rows[i].method, rows[i].path, NULL, NULL, NULL, NULL};
        house_http(*state, 3, 0, &call);
        assert_int_equal(house_status(), 401);
    }
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

static void a_user_over_a_rate_is_refused_with_the_wait(void **state)
{
    struct house *house = *state;
    struct cht_command command;
    struct house_call send = {"POST", BASE "/messages", NULL, "{\"text\":\"hi\"}", JSON, "key-1"};
    struct house_call join = {"POST", BASE "/join", NULL, NULL, NULL, NULL};
    house->limited_burst = (uint32_t)house->settings.messages_burst;
    assert_false(post(house, &send, &command));
    assert_int_equal(house_status(), 429);
    assert_string_equal(house_body(), "rate_limited - 700");
    assert_true(post(house, &join, &command));
    house->limited_burst = (uint32_t)house->settings.commands_burst;
    assert_false(post(house, &join, &command));
    assert_int_equal(house_status(), 429);
    house->settings.commands_per_second = 0;
    socket_set(house->service, &house->settings);
    assert_true(post(house, &join, &command));
    house_pass(house, 11000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_send_is_created),
        T(a_missing_key_is_made),
        T(a_key_in_the_body_counts_where_no_header_has_one),
        T(history_takes_its_bounds_from_the_query),
        T(a_repeated_parameter_is_bad),
        T(a_bad_parameter_is_named),
        T(a_missing_field_is_named),
        T(a_reaction_is_put_and_taken_back),
        T(a_member_is_changed_in_exactly_one_way),
        T(refusals_have_their_status),
        T(what_is_wrong_in_a_path_is_named_as_there),
        T(every_route_of_the_table_is_found),
        T(the_public_list_is_no_room),
        T(a_user_over_a_rate_is_refused_with_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
