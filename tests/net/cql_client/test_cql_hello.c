/* test_cql_hello - what is said on a connection before it may be asked, and how it ends. */

#include "cql_house.h"

#include <string.h>

#include "cql_client/cql_inner.h"

static void both_connections_say_hello_and_one_of_them_registers(void **state)
{
    (void)state;
    house_make();
    assert_false(cql_client_is_ready(fx->client));
    house_advance(1);
    assert_true(cql_client_is_ready(fx->client));
    assert_int_equal(fx->startups, 2);
    assert_int_equal(fx->registers, 1);
    assert_int_equal(fx->looks, 1);
    assert_int_equal(house_open_sockets(1), 2);
    assert_true(house_heard(CQL_NEWS_CONTROL));
    assert_true(house_heard(CQL_NEWS_CONNECTED));
}

static void compression_is_asked_for_where_it_is_offered(void **state)
{
    (void)state;
    fx->offers_lz4 = true;
    house_begin();
    assert_true(fx->asked_for_lz4);
}

static void compression_is_not_asked_for_where_it_is_not_offered(void **state)
{
    (void)state;
    house_begin();
    assert_false(fx->asked_for_lz4);
}

static void compression_is_not_asked_for_by_who_wants_none(void **state)
{
    (void)state;
    fx->offers_lz4 = true;
    fx->options.limits.compress_bytes_min = 0;
    house_begin();
    assert_false(fx->asked_for_lz4);
}

static void credentials_are_shown_to_who_wants_them(void **state)
{
    (void)state;
    fx->password = "\1cassandra\1secret";
    fx->options.user = "cassandra";
    fx->options.password = "secret";
    house_begin();
    assert_null(memmem(fx->client->frame, fx->client->frame_room, "secret", 6));
}

static void wrong_credentials_are_told_and_tried_again_late(void **state)
{
    (void)state;
    fx->password = "\1cassandra\1secret";
    fx->options.user = "cassandra";
    fx->options.password = "wrong";
    house_make();
    house_advance(1);
    assert_true(house_heard(CQL_NEWS_DENIED));
    assert_false(cql_client_is_ready(fx->client));
    assert_int_equal(fx->startups, 1);
    house_advance(fx->options.limits.denied_retry_ms / 2 - 100);
    assert_int_equal(fx->startups, 1);
    house_advance(fx->options.limits.denied_retry_ms / 2 + 200);
    assert_int_equal(fx->startups, 2);
}

static void a_node_that_denies_is_tried_again_late_by_its_own_connection_too(void **state)
{
    (void)state;
    house_begin();
    uint32_t startups = fx->startups;
    fx->password = "\1cassandra\1secret";
    toy_socket_reset(house_socket(1, 1));
    house_advance(300);
    assert_int_equal(fx->startups, startups + 1);
    assert_true(house_heard(CQL_NEWS_DENIED));
    assert_int_equal(fx->retry_ms, fx->options.limits.denied_retry_ms);
    fx->password = NULL;
    house_advance(fx->options.limits.denied_retry_ms - 300);
    assert_false(cql_client_is_ready(fx->client));
    house_advance(300);
    assert_true(cql_client_is_ready(fx->client));
}

static void a_node_that_wants_more_than_a_password_is_left(void **state)
{
    (void)state;
    fx->password = "\1cassandra\1secret";
    fx->challenges = true;
    fx->options.user = "cassandra";
    fx->options.password = "secret";
    house_make();
    house_advance(1);
    assert_true(house_heard(CQL_NEWS_DENIED));
    assert_non_null(strstr(fx->detail, "more than user and password"));
}

static void a_node_that_closes_may_say_why(void **state)
{
    (void)state;
    house_begin();
    struct house_bytes body = {.size = 0};
    put_u32(&body, CQL_ERROR_PROTOCOL);
    put_string(&body, "words of a node");
    house_say(house_socket(1, 1), 0, 77, CQL_OP_ERROR, &body);
    house_settle();
    assert_non_null(strstr(fx->detail, "breaks the protocol"));
}

static void who_has_no_credentials_is_told_that_they_are_wanted(void **state)
{
    (void)state;
    fx->password = "\1cassandra\1secret";
    house_make();
    house_advance(1);
    assert_true(house_heard(CQL_NEWS_DENIED));
    assert_non_null(strstr(fx->detail, "none are set"));
}

static void a_hello_without_an_answer_is_given_up_and_tried_again(void **state)
{
    (void)state;
    fx->keeps_options = true;
    house_make();
    house_advance(fx->options.limits.open_ms - 1);
    assert_int_equal(house_open_sockets(1), 1);
    house_advance(2);
    assert_true(house_heard(CQL_NEWS_LOST));
    fx->keeps_options = false;
    house_advance(200);
    assert_true(cql_client_is_ready(fx->client));
}

static void a_node_of_another_version_is_left(void **state)
{
    (void)state;
    fx->keeps_options = true;
    house_make();
    house_settle();
    toy_socket_say(house_socket(1, 0), "\x85\0\0\0\0\0\0\0\0", 9);
    house_settle();
    assert_non_null(strstr(fx->detail, "version 4"));
    assert_int_equal(house_open_sockets(1), 0);
}

static void whatever_is_no_answer_to_a_hello_ends_it(void **state)
{
    static const uint8_t opcodes[] = {CQL_OP_READY, CQL_OP_RESULT, CQL_OP_AUTH_SUCCESS,
        CQL_OP_AUTHENTICATE, CQL_OP_ERROR, CQL_OP_EVENT};
    (void)state;
    fx->keeps_options = true;
    fx->options.limits.retry_first_ms = fx->options.limits.retry_max_ms = 100;
    house_make();
    for (size_t i = 0; i < sizeof(opcodes); i++) {
        struct house_bytes body = {.size = 0};
        house_advance(101);
        put_u32(&body, CQL_ERROR_SERVER);
        put_string(&body, "no");
        house_say(house_socket(1, 0), 0, 0, opcodes[i], &body);
        house_settle();
        assert_int_equal(house_open_sockets(1), 0);
    }
    assert_int_equal(fx->startups, 0);
}

static void a_quiet_connection_is_pinged_and_a_silent_one_replaced(void **state)
{
    (void)state;
    house_begin();
    uint32_t pings = fx->pings;
    house_advance(fx->options.limits.quiet_ms + 1);
    assert_int_equal(fx->pings, pings + 2);
    house_advance(fx->options.limits.silent_ms);
    assert_false(house_heard(CQL_NEWS_LOST));
    fx->keeps_options = true;
    house_advance(fx->options.limits.silent_ms + 1);
    assert_true(house_heard(CQL_NEWS_LOST));
}

static void settings_that_can_not_be_are_refused(void **state)
{
    static const char *const empty[] = {""};
    static char longest[RESOLVER_HOST_BYTES_MAX + 2];
    const char *const too_long[] = {longest};
    struct cql_client_options good = fx->options;
    struct cql_client *client;
    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    struct cql_client_options wrong[12];
    for (size_t i = 0; i < 12; i++) {
        wrong[i] = good;
    }
    wrong[0].contact_points = empty;
    wrong[1].contact_points = too_long;
    wrong[2].contact_point_count = 0;
    wrong[3].port = 0;
    wrong[4].keyspace = "two words";
    wrong[5].keyspace = "";
    wrong[6].limits.streams_max = 0;
    wrong[7].limits.connections_per_node = 5;
    wrong[8].limits.queue_bytes_max = good.limits.request_bytes_max;
    wrong[9].limits.quiet_ms = good.limits.silent_ms;
    wrong[10].user = "alone";
    wrong[11].limits.tries_max = CQL_TRIES_MAX + 1;
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(cql_client_create(&wrong[i], &client), ERR_BAD_CONFIG);
    }
}

static void a_statement_that_is_longer_than_a_request_is_refused(void **state)
{
    static char text[2000];
    struct cql_statement statement = {.name = "long", .text = text, .consistency = CQL_ONE};
    struct cql_client *client;
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    fx->options.statements = &statement;
    fx->options.statement_count = 1;
    fx->options.limits.request_bytes_max = 1024;
    assert_int_equal(cql_client_create(&fx->options, &client), ERR_BAD_CONFIG);
}

static void a_client_may_go_before_it_is_connected(void **state)
{
    (void)state;
    house_make();
    cql_client_destroy(fx->client);
    fx->client = NULL;
    house_settle();
    assert_int_equal(toy_net_open_count(&fx->net), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(both_connections_say_hello_and_one_of_them_registers),
        T(compression_is_asked_for_where_it_is_offered),
        T(compression_is_not_asked_for_where_it_is_not_offered),
        T(compression_is_not_asked_for_by_who_wants_none),
        T(credentials_are_shown_to_who_wants_them),
        T(wrong_credentials_are_told_and_tried_again_late),
        T(a_node_that_denies_is_tried_again_late_by_its_own_connection_too),
        T(a_node_that_wants_more_than_a_password_is_left),
        T(a_node_that_closes_may_say_why),
        T(who_has_no_credentials_is_told_that_they_are_wanted),
        T(a_hello_without_an_answer_is_given_up_and_tried_again),
        T(a_node_of_another_version_is_left),
        T(whatever_is_no_answer_to_a_hello_ends_it),
        T(a_quiet_connection_is_pinged_and_a_silent_one_replaced),
        T(settings_that_can_not_be_are_refused),
        T(a_statement_that_is_longer_than_a_request_is_refused),
        T(a_client_may_go_before_it_is_connected),
    };
    return cmocka_run_group_tests_name("cql_hello", tests, NULL, NULL);
}
