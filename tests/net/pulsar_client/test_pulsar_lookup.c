/* test_pulsar_lookup - which broker has a topic: redirections, hosts that are away, and several who
 * ask the same. */

#include "pulsar_house.h"

#include <string.h>

static struct test_asker asker;
static struct pulsar_lookup_op op;
static struct pulsar_partitions_op partitions;

static void ask(void)
{
    test_asker_init(&asker);
    op = (struct pulsar_lookup_op){.topic = TOPIC};
    pulsar_lookup(house->client, &asker.asker, &op);
    assert_int_equal(asker.answers, 0);
}

static void answer(
    struct toy_socket *socket, uint32_t response, const char *url, bool through_service)
{
    uint64_t id = broker_expect(socket, PULSAR_COMMAND_LOOKUP).lookup.request_id;
    struct pulsar_command found = {.type = PULSAR_COMMAND_LOOKUP_RESPONSE,
        .lookup_response = {.request_id = id,
            .has_response = true,
            .response = response,
            .has_broker_service_url = url != NULL,
            .broker_service_url = cht_str_of(url ? url : ""),
            .has_authoritative = true,
            .authoritative = true,
            .has_error = response == PULSAR_LOOKUP_FAILED,
            .error = PULSAR_ERROR_TOPIC_NOT_FOUND,
            .has_proxy_through_service_url = true,
            .proxy_through_service_url = through_service}};
    broker_say(socket, &found);
}

static void assert_found(const char *broker, const char *physical)
{
    assert_int_equal(asker.answers, 1);
    assert_int_equal(asker.last, OK);
    assert_string_equal(op.endpoint.broker.host, broker);
    assert_string_equal(op.endpoint.physical.host, physical);
}

static void the_broker_of_a_topic_is_found(void **state)
{
    (void)state;
    ask();
    struct toy_socket *socket = broker_accept();
    assert_string_equal(house->resolver.host, "broker.example");
    struct pulsar_frame frame;
    assert_true(broker_hears(socket, &frame));
    assert_int_equal(frame.command.type, PULSAR_COMMAND_LOOKUP);
    assert_memory_equal(frame.command.lookup.topic.at, TOPIC, strlen(TOPIC));
    assert_false(frame.command.lookup.authoritative);
    house->heard[0] -= frame.size;
    answer(socket, PULSAR_LOOKUP_CONNECT, "pulsar://owner:6651", false);
    assert_found("owner", "owner");
    assert_int_equal(op.endpoint.broker.port, 6651);
    assert_int_equal(pulsar_client_stats(house->client).lookups, 0);
}

static void a_broker_behind_the_service_is_reached_through_it(void **state)
{
    (void)state;
    ask();
    answer(broker_accept(), PULSAR_LOOKUP_CONNECT, "pulsar://owner:6650", true);
    assert_found("owner", "broker.example");
}

static void a_redirection_is_followed_with_its_authority(void **state)
{
    (void)state;
    ask();
    answer(broker_accept(), PULSAR_LOOKUP_REDIRECT, "pulsar://second:6650", false);
    struct toy_socket *second = broker_accept();
    assert_string_equal(house->resolver.host, "second");
    struct pulsar_frame frame;
    assert_true(broker_hears(second, &frame));
    assert_true(frame.command.lookup.authoritative);
    house->heard[second - house->net.sockets] -= frame.size;
    answer(second, PULSAR_LOOKUP_CONNECT, "pulsar://owner:6650", false);
    assert_found("owner", "owner");
}

static void redirections_without_an_end_are_given_up(void **state)
{
    (void)state;
    ask();
    struct toy_socket *socket = broker_accept();
    uint32_t asked = 0;
    while (asker.answers == 0) {
        answer(socket, PULSAR_LOOKUP_REDIRECT, BROKER_URL, false);
        assert_true(++asked < 100);
    }
    assert_int_equal(asked, 21);
    assert_int_equal(asker.last, ERR_UNAVAILABLE);
    broker_expect_nothing(socket);
}

static void a_refusal_has_its_code(void **state)
{
    (void)state;
    ask();
    answer(broker_accept(), PULSAR_LOOKUP_FAILED, NULL, false);
    assert_int_equal(asker.last, ERR_REFUSED);
    assert_int_equal(op.error, PULSAR_ERROR_TOPIC_NOT_FOUND);
}

static void a_broker_without_an_address_is_none(void **state)
{
    static const char *const urls[] = {
        NULL, "", "pulsar+ssl://owner:6651", "http://owner", "pulsar://"};
    (void)state;
    ask();
    struct toy_socket *socket = broker_accept();
    for (int i = 0; i < 5; i++) {
        answer(socket, PULSAR_LOOKUP_CONNECT, urls[i], false);
        assert_int_equal(asker.last, ERR_UNAVAILABLE);
        ask();
    }
}

static void the_next_host_is_asked_when_one_is_away(void **state)
{
    (void)state;
    ask();
    settle();
    toy_socket_answer(toy_net_newest(&house->net), ERR_REFUSED);
    settle();
    assert_string_equal(house->resolver.host, "other.example");
    answer(broker_accept(), PULSAR_LOOKUP_CONNECT, BROKER_URL, false);
    assert_found("broker.example", "broker.example");
    ask();
    settle();
    assert_int_equal(house->net.count, 2);
}

static void when_no_host_is_there_it_is_given_up(void **state)
{
    (void)state;
    ask();
    for (int i = 0; i < 2; i++) {
        settle();
        assert_int_equal(asker.answers, 0);
        toy_socket_answer(toy_net_newest(&house->net), ERR_REFUSED);
    }
    settle();
    assert_int_equal(asker.last, ERR_UNAVAILABLE);
    assert_int_equal(house->net.count, 2);
}

static void a_host_that_goes_while_it_is_asked_is_followed_by_the_next(void **state)
{
    (void)state;
    ask();
    struct toy_socket *socket = broker_accept();
    broker_expect(socket, PULSAR_COMMAND_LOOKUP);
    toy_socket_end(socket);
    settle();
    assert_int_equal(asker.answers, 0);
    answer(broker_accept(), PULSAR_LOOKUP_CONNECT, BROKER_URL, false);
    assert_int_equal(asker.last, OK);
}

static void a_host_that_never_answers_is_a_timeout(void **state)
{
    (void)state;
    house->options.limits.request_ms = 5000;
    house_make();
    ask();
    broker_accept();
    advance(4999);
    assert_int_equal(asker.answers, 0);
    advance(1);
    assert_int_equal(asker.last, ERR_TIMEOUT);
}

static void the_same_question_is_asked_once(void **state)
{
    struct pulsar_lookup_op others[3];
    (void)state;
    ask();
    struct toy_socket *socket = broker_accept();
    for (int i = 0; i < 3; i++) {
        others[i] = (struct pulsar_lookup_op){.topic = TOPIC};
        pulsar_lookup(house->client, &asker.asker, &others[i]);
    }
    answer(socket, PULSAR_LOOKUP_CONNECT, BROKER_URL, false);
    assert_int_equal(asker.answers, 4);
    broker_expect_nothing(socket);
    assert_string_equal(others[2].endpoint.broker.host, "broker.example");
}

static void there_are_no_more_lookups_than_may_be(void **state)
{
    struct pulsar_lookup_op other = {.topic = "persistent://public/default/other"};
    (void)state;
    house->options.limits.lookups_max = 1;
    house_make();
    ask();
    pulsar_lookup(house->client, &asker.asker, &other);
    settle();
    assert_int_equal(asker.answers, 1);
    assert_int_equal(other.op.err, ERR_FULL);
}

/* ---- partitions */

static void how_many_partitions_there_are_is_asked_without_making_any(void **state)
{
    (void)state;
    test_asker_init(&asker);
    partitions = (struct pulsar_partitions_op){.topic = TOPIC};
    pulsar_partitions(house->client, &asker.asker, &partitions);
    struct toy_socket *socket = broker_accept();
    struct pulsar_partitioned_metadata asked =
        broker_expect(socket, PULSAR_COMMAND_PARTITIONED_METADATA).partitioned_metadata;
    assert_true(asked.has_metadata_auto_creation_enabled);
    assert_false(asked.metadata_auto_creation_enabled);
    struct pulsar_command told = {.type = PULSAR_COMMAND_PARTITIONED_METADATA_RESPONSE,
        .partitioned_metadata_response = {
            .request_id = asked.request_id, .has_partitions = true, .partitions = 64}};
    broker_say(socket, &told);
    assert_int_equal(asker.last, OK);
    assert_int_equal(partitions.partitions, 64);
}

static void a_refusal_to_tell_partitions_has_its_code(void **state)
{
    (void)state;
    test_asker_init(&asker);
    partitions = (struct pulsar_partitions_op){.topic = TOPIC};
    pulsar_partitions(house->client, &asker.asker, &partitions);
    struct toy_socket *socket = broker_accept();
    uint64_t id =
        broker_expect(socket, PULSAR_COMMAND_PARTITIONED_METADATA).partitioned_metadata.request_id;
    struct pulsar_command told = {.type = PULSAR_COMMAND_PARTITIONED_METADATA_RESPONSE,
        .partitioned_metadata_response = {.request_id = id,
            .has_response = true,
            .response = PULSAR_PARTITIONS_FAILED,
            .has_error = true,
            .error = PULSAR_ERROR_AUTHORIZATION}};
    broker_say(socket, &told);
    assert_int_equal(asker.last, ERR_REFUSED);
    assert_int_equal(partitions.error, PULSAR_ERROR_AUTHORIZATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_broker_of_a_topic_is_found),
        T(a_broker_behind_the_service_is_reached_through_it),
        T(a_redirection_is_followed_with_its_authority),
        T(redirections_without_an_end_are_given_up),
        T(a_refusal_has_its_code),
        T(a_broker_without_an_address_is_none),
        T(the_next_host_is_asked_when_one_is_away),
        T(when_no_host_is_there_it_is_given_up),
        T(a_host_that_goes_while_it_is_asked_is_followed_by_the_next),
        T(a_host_that_never_answers_is_a_timeout),
        T(the_same_question_is_asked_once),
        T(there_are_no_more_lookups_than_may_be),
        T(how_many_partitions_there_are_is_asked_without_making_any),
        T(a_refusal_to_tell_partitions_has_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
