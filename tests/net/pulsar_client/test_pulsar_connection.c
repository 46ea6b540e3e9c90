/* test_pulsar_connection - a connection to a broker: its welcome, pings, requests, challenges, and
 * its end at every moment. */

#include "pulsar_house.h"

#include <string.h>

static struct test_asker asker;
static struct pulsar_connect_op op;

static void want(const char *host, uint32_t group)
{
    test_asker_init(&asker);
    op = (struct pulsar_connect_op){.endpoint.group = group};
    assert_true(pulsar_address_read(str(host), false, &op.endpoint.broker));
    op.endpoint.physical = op.endpoint.broker;
    pulsar_connect(house->client, &asker.asker, &op);
    assert_int_equal(asker.answers, 0);
}

static struct toy_socket *ready(void)
{
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_accept();
    assert_int_equal(asker.answers, 1);
    assert_int_equal(asker.last, OK);
    return socket;
}

static void assert_refused(enum err err)
{
    assert_int_equal(asker.answers, 1);
    assert_int_equal(asker.last, err);
    assert_null(op.connection);
    assert_int_equal(toy_net_open_count(&house->net), 0);
    assert_int_equal(pulsar_client_stats(house->client).connections, 0);
}

/* ---- the welcome */

static void a_connection_is_ready_when_its_broker_says_so(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_let_in();
    struct pulsar_connect hello = broker_expect(socket, PULSAR_COMMAND_CONNECT).connect;
    assert_int_equal(hello.protocol_version, 19);
    assert_memory_equal(hello.auth_method_name.at, "none", 4);
    assert_false(hello.has_auth_data);
    assert_false(hello.has_proxy_to_broker_url);
    assert_int_equal(asker.answers, 0);
    broker_welcome(socket, 0);
    assert_int_equal(asker.last, OK);
    assert_true(pulsar_connection_is_ready(op.connection));
    assert_string_equal(op.connection->server_version, "Toy 1");
    assert_int_equal(pulsar_client_stats(house->client).ready_connections, 1);
}

static void what_one_side_takes_as_a_message_is_the_less_of_both(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_let_in();
    broker_expect(socket, PULSAR_COMMAND_CONNECT);
    broker_welcome(socket, 1000);
    assert_int_equal(op.connection->message_bytes_max, 1000);
    want("other.example:6650", 0);
    socket = broker_let_in();
    broker_expect(socket, PULSAR_COMMAND_CONNECT);
    broker_welcome(socket, 100000000);
    assert_int_equal(op.connection->message_bytes_max, 200000);
}

static void a_broker_behind_another_is_named_in_the_first_word(void **state)
{
    (void)state;
    test_asker_init(&asker);
    op = (struct pulsar_connect_op){0};
    assert_true(pulsar_address_read(str("inner:6650"), false, &op.endpoint.broker));
    assert_true(pulsar_address_read(str("broker.example:6650"), false, &op.endpoint.physical));
    pulsar_connect(house->client, &asker.asker, &op);
    struct toy_socket *socket = broker_let_in();
    struct pulsar_connect hello = broker_expect(socket, PULSAR_COMMAND_CONNECT).connect;
    assert_string_equal(house->resolver.host, "broker.example");
    assert_memory_equal(hello.proxy_to_broker_url.at, "inner:6650", 10);
}

static void a_broker_that_never_welcomes_is_late(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    broker_let_in();
    advance(9999);
    assert_int_equal(asker.answers, 0);
    advance(1);
    assert_refused(ERR_UNAVAILABLE);
    assert_non_null(strstr(pulsar_client_last_trouble(house->client), "no welcome in time"));
}

static void the_time_to_connect_counts_to_that_of_the_welcome(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    advance(6000);
    broker_let_in();
    advance(3999);
    assert_int_equal(asker.answers, 0);
    advance(1);
    assert_refused(ERR_UNAVAILABLE);
}

static void a_host_that_is_not_there_is_an_answer(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    settle();
    toy_socket_answer(toy_net_newest(&house->net), ERR_REFUSED);
    settle();
    assert_refused(ERR_UNAVAILABLE);
}

static void a_refusal_in_place_of_a_welcome_says_of_which_kind_it_is(void **state)
{
    static const struct {
        enum pulsar_error_code code;
        enum err err;
    } cases[] = {
        {PULSAR_ERROR_AUTHENTICATION, ERR_UNAUTHORIZED},
        {PULSAR_ERROR_AUTHORIZATION, ERR_FORBIDDEN},
        {PULSAR_ERROR_SERVICE_NOT_READY, ERR_UNAVAILABLE},
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        want("broker.example:6650", 0);
        struct toy_socket *socket = broker_let_in();
        broker_error(socket, PULSAR_REQUEST_NONE, cases[i].code);
        assert_refused(cases[i].err);
    }
}

static void a_command_before_the_welcome_ends_it(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    broker_success(broker_let_in(), 1);
    assert_refused(ERR_UNAVAILABLE);
    assert_int_equal(pulsar_client_stats(house->client).flaws, 1);
}

/* ---- signing in */

static struct {
    struct pulsar_credentials credentials;
    const char *token;
    uint32_t asked;
} keeper;

static uint32_t read_token(
    struct pulsar_credentials *credentials, char *ret_token, uint32_t capacity)
{
    uint32_t size = (uint32_t)strlen(keeper.token);
    assert_ptr_equal(credentials, &keeper.credentials);
    assert_true(size <= capacity);
    memcpy(ret_token, keeper.token, size);
    keeper.asked++;
    return size;
}

static void with_token(const char *token)
{
    keeper.credentials.token = read_token;
    keeper.token = token;
    keeper.asked = 0;
    house->options.credentials = &keeper.credentials;
    house_make();
}

static void assert_is(struct cht_str text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

static void the_token_is_shown_and_after_a_challenge_the_newer_one(void **state)
{
    (void)state;
    with_token("first");
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_let_in();
    struct pulsar_connect hello = broker_expect(socket, PULSAR_COMMAND_CONNECT).connect;
    assert_is(hello.auth_method_name, "token");
    assert_is(hello.auth_data, "first");
    assert_true(hello.feature_flags.supports_auth_refresh);
    broker_welcome(socket, 0);
    keeper.token = "second";
    struct pulsar_command challenge = {.type = PULSAR_COMMAND_AUTH_CHALLENGE};
    broker_say(socket, &challenge);
    struct pulsar_auth_response response =
        broker_expect(socket, PULSAR_COMMAND_AUTH_RESPONSE).auth_response;
    assert_is(response.response.auth_method_name, "token");
    assert_is(response.response.auth_data, "second");
    assert_int_equal(keeper.asked, 2);
    assert_true(pulsar_connection_is_ready(op.connection));
}

static void a_challenge_before_the_welcome_is_answered(void **state)
{
    (void)state;
    with_token("first");
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_let_in();
    broker_expect(socket, PULSAR_COMMAND_CONNECT);
    struct pulsar_command challenge = {.type = PULSAR_COMMAND_AUTH_CHALLENGE};
    broker_say(socket, &challenge);
    broker_expect(socket, PULSAR_COMMAND_AUTH_RESPONSE);
    broker_welcome(socket, 0);
    assert_int_equal(asker.last, OK);
}

static void without_a_token_nothing_is_said(void **state)
{
    (void)state;
    with_token("");
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_let_in();
    assert_int_equal(socket->out_size, 0);
    assert_refused(ERR_UNAUTHORIZED);
}

static void a_challenge_to_who_has_no_token_ends_it(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    struct pulsar_command challenge = {.type = PULSAR_COMMAND_AUTH_CHALLENGE};
    broker_say(broker_let_in(), &challenge);
    assert_refused(ERR_UNAVAILABLE);
}

/* ---- pings */

static void a_ping_is_answered_at_once(void **state)
{
    static const uint8_t ping[] = {0, 0, 0, 9, 0, 0, 0, 5, 8, 0x12, 0x92, 1, 0};
    static const uint8_t pong[] = {0, 0, 0, 9, 0, 0, 0, 5, 8, 0x13, 0x9a, 1, 0};
    (void)state;
    struct toy_socket *socket = ready();
    size_t before = socket->out_size;
    broker_say_bytes(socket, ping, sizeof(ping));
    assert_int_equal(socket->out_size, before + sizeof(pong));
    assert_memory_equal(socket->out + before, pong, sizeof(pong));
}

static void a_pong_overtakes_what_is_queued(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    uint8_t bytes[100];
    struct pulsar_writer writer;
    struct pulsar_command ping = {.type = PULSAR_COMMAND_PING};
    struct pulsar_command flow = {.type = PULSAR_COMMAND_FLOW};
    socket->room = 0;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_command(&writer, &flow));
    assert_true(pulsar_connection_write(op.connection, &writer));
    broker_say(socket, &ping);
    socket->room = SIZE_MAX;
    broker_expect(socket, PULSAR_COMMAND_PONG);
    broker_expect(socket, PULSAR_COMMAND_FLOW);
}

static void silence_is_pinged_and_ends_it_when_it_lasts(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    size_t before = socket->out_size;
    advance(29999);
    assert_int_equal(socket->out_size, before);
    advance(1);
    assert_int_equal(socket->out_size, before + 13);
    struct pulsar_command pong = {.type = PULSAR_COMMAND_PONG};
    advance(29999);
    broker_say(socket, &pong);
    advance(59999);
    assert_false(socket->closed);
    advance(1);
    assert_true(socket->closed);
    assert_int_equal(pulsar_client_stats(house->client).losses, 1);
}

/* ---- sharing */

static void those_who_want_the_same_broker_share_its_connection(void **state)
{
    struct pulsar_connect_op others[3] = {0};
    struct test_asker other;
    (void)state;
    want("broker.example:6650", 0);
    test_asker_init(&other);
    for (int i = 0; i < 2; i++) {
        others[i].endpoint = op.endpoint;
        pulsar_connect(house->client, &other.asker, &others[i]);
    }
    broker_accept();
    others[2].endpoint = op.endpoint;
    pulsar_connect(house->client, &other.asker, &others[2]);
    assert_int_equal(other.answers, 2);
    settle();
    assert_int_equal(other.answers, 3);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(others[i].connection, op.connection);
    }
    assert_int_equal(house->net.count, 1);
}

static void a_group_has_connections_of_its_own(void **state)
{
    (void)state;
    ready();
    struct pulsar_connection *shared = op.connection;
    want("broker.example:6650", 1);
    broker_accept();
    assert_ptr_not_equal(op.connection, shared);
    assert_int_equal(house->net.count, 2);
}

static void there_are_no_more_connections_than_may_be(void **state)
{
    struct pulsar_connect_op other = {0};
    struct test_asker another;
    (void)state;
    house->options.limits.connections_max = 1;
    house_make();
    want("broker.example:6650", 0);
    test_asker_init(&another);
    assert_true(pulsar_address_read(str("third.example"), false, &other.endpoint.broker));
    other.endpoint.physical = other.endpoint.broker;
    pulsar_connect(house->client, &another.asker, &other);
    settle();
    assert_int_equal(another.last, ERR_FULL);
    assert_int_equal(asker.answers, 0);
    struct toy_socket *idle = broker_accept();
    want("third.example", 0);
    settle();
    assert_true(idle->closed);
    broker_accept();
    assert_int_equal(asker.last, OK);
}

/* ---- requests */

static struct pulsar_request requests[3];

static void request(int which)
{
    uint8_t bytes[200];
    struct pulsar_writer writer;
    requests[which] = (struct pulsar_request){.id = pulsar_client_next_request(house->client)};
    struct pulsar_command command = {.type = PULSAR_COMMAND_UNSUBSCRIBE,
        .unsubscribe = {.consumer_id = 7, .request_id = requests[which].id}};
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_command(&writer, &command));
    pulsar_request_ask(
        op.connection, &asker.asker, &requests[which], PULSAR_COMMAND_SUCCESS, &writer);
}

static void requests_are_answered_by_their_ids_in_any_order(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    test_asker_init(&asker);
    for (int i = 0; i < 3; i++) {
        request(i);
    }
    broker_success(socket, requests[2].id);
    assert_int_equal(asker.answers, 1);
    assert_false(requests[2].op.asked);
    broker_error(socket, requests[0].id, PULSAR_ERROR_METADATA);
    assert_int_equal(asker.answers, 2);
    assert_true(requests[0].answer.refused);
    assert_int_equal(requests[0].answer.error, PULSAR_ERROR_METADATA);
    assert_string_equal(requests[0].answer.text, "the words of the broker");
    broker_success(socket, 999);
    broker_success(socket, requests[2].id);
    assert_int_equal(asker.answers, 2);
    assert_true(requests[1].op.asked);
    assert_int_equal(pulsar_client_stats(house->client).unknown_frames, 2);
}

static void a_request_without_an_answer_ends_by_its_deadline(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    struct pulsar_command pong = {.type = PULSAR_COMMAND_PONG};
    test_asker_init(&asker);
    request(0);
    advance(20000);
    broker_say(socket, &pong);
    request(1);
    advance(9999);
    assert_int_equal(asker.answers, 0);
    advance(1);
    assert_int_equal(asker.answers, 1);
    assert_int_equal(requests[0].op.err, ERR_TIMEOUT);
    broker_success(socket, requests[0].id);
    advance(20000);
    assert_int_equal(requests[1].op.err, ERR_TIMEOUT);
    assert_false(socket->closed);
    assert_int_equal(pulsar_client_stats(house->client).timeouts, 2);
}

static void there_are_no_more_requests_than_may_be(void **state)
{
    (void)state;
    house->options.limits.requests_max = 2;
    house_make();
    ready();
    test_asker_init(&asker);
    for (int i = 0; i < 3; i++) {
        request(i);
    }
    settle();
    assert_int_equal(asker.answers, 1);
    assert_int_equal(requests[2].op.err, ERR_FULL);
}

static void an_answer_of_another_kind_ends_the_connection(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    test_asker_init(&asker);
    request(0);
    struct pulsar_command opened = {.type = PULSAR_COMMAND_PRODUCER_SUCCESS,
        .producer_success = {.request_id = requests[0].id, .producer_name = cht_str_of("p")}};
    broker_say(socket, &opened);
    assert_true(socket->closed);
    assert_int_equal(asker.answers, 1);
    assert_int_equal(requests[0].op.err, ERR_CLOSED);
}

/* ---- the end */

static void requests_hear_of_the_end(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    test_asker_init(&asker);
    request(0);
    request(1);
    toy_socket_reset(socket);
    settle();
    assert_int_equal(asker.answers, 2);
    assert_int_equal(asker.last, ERR_CLOSED);
    assert_int_equal(pulsar_client_stats(house->client).connections, 0);
}

static void a_frame_that_can_not_be_read_ends_it(void **state)
{
    static const uint8_t cases[][12] = {
        {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1},
        {0, 0, 0, 5, 0, 0, 0, 9, 8, 3, 0, 0},
        {0, 0, 0, 8, 0, 0, 0, 4, 8, 3, 0x1a, 9},
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct toy_socket *socket = ready();
        broker_say_bytes(socket, cases[i], sizeof(cases[i]));
        assert_true(socket->closed);
        assert_int_equal(pulsar_client_stats(house->client).connections, 0);
    }
}

static void a_command_that_only_clients_send_ends_it(void **state)
{
    (void)state;
    struct toy_socket *socket = ready();
    struct pulsar_command flow = {.type = PULSAR_COMMAND_FLOW};
    broker_say(socket, &flow);
    assert_true(socket->closed);
}

static void a_command_that_is_not_known_is_passed_over(void **state)
{
    /* Type 70, in its own field. */
    static const uint8_t bytes[] = {0, 0, 0, 9, 0, 0, 0, 5, 8, 70, 0xb2, 4, 0};
    (void)state;
    struct toy_socket *socket = ready();
    broker_say_bytes(socket, bytes, sizeof(bytes));
    broker_closes_producer(socket, 77, NULL);
    broker_message(socket, 78, 1, "for nobody");
    assert_false(socket->closed);
    assert_int_equal(pulsar_client_stats(house->client).unknown_frames, 3);
}

static void frames_may_come_in_any_pieces(void **state)
{
    (void)state;
    want("broker.example:6650", 0);
    struct toy_socket *socket = broker_let_in();
    socket->piece = 1;
    broker_welcome(socket, 0);
    assert_int_equal(asker.last, OK);
    struct pulsar_command ping = {.type = PULSAR_COMMAND_PING};
    broker_expect(socket, PULSAR_COMMAND_CONNECT);
    broker_say(socket, &ping);
    broker_expect(socket, PULSAR_COMMAND_PONG);
}

/* ---- the client */

static void a_list_of_hosts_that_can_not_be_read_makes_no_client(void **state)
{
    static const char *const lists[] = {"", "broker:0", "broker:1,,other:1", "http://broker",
        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"};
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct pulsar_client *client;
        struct pulsar_client_options options = house->options;
        options.service_hosts = lists[i];
        assert_int_equal(pulsar_client_create(&house->world, house->outbounds, &options, &client),
            ERR_BAD_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_connection_is_ready_when_its_broker_says_so),
        T(what_one_side_takes_as_a_message_is_the_less_of_both),
        T(a_broker_behind_another_is_named_in_the_first_word),
        T(a_broker_that_never_welcomes_is_late),
        T(the_time_to_connect_counts_to_that_of_the_welcome),
        T(a_host_that_is_not_there_is_an_answer),
        T(a_refusal_in_place_of_a_welcome_says_of_which_kind_it_is),
        T(a_command_before_the_welcome_ends_it),
        T(the_token_is_shown_and_after_a_challenge_the_newer_one),
        T(a_challenge_before_the_welcome_is_answered),
        T(without_a_token_nothing_is_said),
        T(a_challenge_to_who_has_no_token_ends_it),
        T(a_ping_is_answered_at_once),
        T(a_pong_overtakes_what_is_queued),
        T(silence_is_pinged_and_ends_it_when_it_lasts),
        T(those_who_want_the_same_broker_share_its_connection),
        T(a_group_has_connections_of_its_own),
        T(there_are_no_more_connections_than_may_be),
        T(requests_are_answered_by_their_ids_in_any_order),
        T(a_request_without_an_answer_ends_by_its_deadline),
        T(there_are_no_more_requests_than_may_be),
        T(an_answer_of_another_kind_ends_the_connection),
        T(requests_hear_of_the_end),
        T(a_frame_that_can_not_be_read_ends_it),
        T(a_command_that_only_clients_send_ends_it),
        T(a_command_that_is_not_known_is_passed_over),
        T(frames_may_come_in_any_pieces),
        T(a_list_of_hosts_that_can_not_be_read_makes_no_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
