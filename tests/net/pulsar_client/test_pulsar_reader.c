/* test_pulsar_reader - a topic read from a position on: exactly once and in order, also over a
 * place that was lost, and whether there is more. */

#include "consumer_case.h"

#define ID 1u

static const char *const three[] = {"a", "b", "c"};
static struct pulsar_reader *reader;
static struct pulsar_reader_options options;

static int setup(void **state)
{
    consumer_case_setup(state);
    options = (struct pulsar_reader_options){.topic = TOPIC,
        .start = pulsar_position_earliest(),
        .limits = cc->options.limits,
        .source = &cc->source,
        .events = &cc->events};
    return 0;
}

static int teardown(void **state)
{
    pulsar_reader_destroy(reader);
    reader = NULL;
    return consumer_case_teardown(state);
}

#define R(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void make(void)
{
    assert_int_equal(pulsar_reader_create(house->client, &options, &reader), OK);
}

static struct pulsar_subscribe open_it(struct toy_socket **ret_socket)
{
    make();
    *ret_socket = broker_accept();
    return consumer_reopen(*ret_socket);
}

static struct pulsar_subscribe come_back(struct toy_socket **socket)
{
    toy_socket_reset(*socket);
    advance(1600);
    *socket = broker_accept();
    return consumer_reopen(*socket);
}

static void a_reader_is_for_itself_alone(void **state)
{
    struct toy_socket *socket;
    (void)state;
    struct pulsar_subscribe said = open_it(&socket);
    assert_false(said.durable);
    assert_int_equal(said.sub_type, PULSAR_SUBSCRIPTION_EXCLUSIVE);
    assert_memory_equal(said.subscription.at, "reader-", 7);
    assert_true(said.has_start_message_id);
    assert_int_equal(said.start_message_id.ledger_id, PULSAR_POSITION_NONE);
    assert_int_equal(said.start_message_id.entry_id, PULSAR_POSITION_NONE);
    assert_true(pulsar_reader_is_open(reader));
}

static void the_end_of_a_topic_is_a_place_to_begin_at(void **state)
{
    struct toy_socket *socket;
    (void)state;
    options.start = pulsar_position_latest();
    struct pulsar_subscribe said = open_it(&socket);
    assert_int_equal(said.start_message_id.ledger_id, INT64_MAX);
    assert_int_equal(said.start_message_id.entry_id, INT64_MAX);
    broker_message(socket, ID, 3, "new");
    assert_given(1, "new");
}

static void of_a_batch_what_is_behind_the_position_is_given(void **state)
{
    struct toy_socket *socket;
    (void)state;
    options.start = (struct pulsar_position){1, 5, 0, 3};
    struct pulsar_subscribe said = open_it(&socket);
    assert_int_equal(said.start_message_id.entry_id, 5);
    assert_int_equal(said.start_message_id.batch_index, 0);
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(2, "c");
    assert_string_equal(cc->texts[0], "b");
}

static void a_position_itself_is_given_if_it_is_wanted(void **state)
{
    struct toy_socket *socket;
    (void)state;
    options.start = (struct pulsar_position){1, 5, -1, 0};
    options.inclusive = true;
    struct pulsar_subscribe said = open_it(&socket);
    assert_true(said.start_message_id.has_batch_index);
    assert_int_equal(said.start_message_id.batch_index, 0);
    broker_message(socket, ID, 4, "before");
    broker_message(socket, ID, 5, "at");
    broker_message(socket, ID, 6, "behind");
    assert_given(2, "behind");
    assert_string_equal(cc->texts[0], "at");
}

static void after_a_lost_place_it_goes_on_behind_what_it_gave(void **state)
{
    struct toy_socket *socket;
    (void)state;
    open_it(&socket);
    broker_message(socket, ID, 4, "one");
    cc->source.credit = 2;
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(3, "b");
    struct pulsar_subscribe said = come_back(&socket);
    assert_int_equal(said.start_message_id.ledger_id, 1);
    assert_int_equal(said.start_message_id.entry_id, 5);
    assert_int_equal(said.start_message_id.batch_index, 1);
    source_credit(&cc->source, 10);
    broker_batch(socket, ID, 5, three, 3, 0);
    broker_message(socket, ID, 6, "last");
    assert_given(5, "last");
    assert_string_equal(cc->texts[3], "c");
    said = come_back(&socket);
    assert_int_equal(said.start_message_id.entry_id, 6);
    assert_false(said.start_message_id.has_batch_index);
}

static void what_is_passed_over_gives_its_permit_back(void **state)
{
    struct toy_socket *socket;
    (void)state;
    cc->options.limits.queue_messages = options.limits.queue_messages = 6;
    options.start = (struct pulsar_position){1, 5, 2, 3};
    open_it(&socket);
    broker_batch(socket, ID, 5, three, 3, 0);
    assert_given(0, NULL);
    assert_permits(socket, 3);
}

/* ---- is there more? */

static struct test_asker asker;
static struct pulsar_more_op more;

static bool there_is_more(struct toy_socket *socket, uint64_t entry, int32_t batch_index)
{
    test_asker_init(&asker);
    more = (struct pulsar_more_op){0};
    pulsar_reader_more(reader, &asker.asker, &more);
    uint64_t id =
        broker_expect(socket, PULSAR_COMMAND_GET_LAST_MESSAGE_ID).get_last_message_id.request_id;
    struct pulsar_command told = {.type = PULSAR_COMMAND_GET_LAST_MESSAGE_ID_RESPONSE,
        .get_last_message_id_response = {.request_id = id,
            .last_message_id = {.ledger_id = 1,
                .entry_id = entry,
                .has_batch_index = batch_index >= 0,
                .batch_index = batch_index}}};
    broker_say(socket, &told);
    assert_int_equal(asker.last, OK);
    return more.has_more;
}

static void there_is_more_until_the_last_was_given(void **state)
{
    struct toy_socket *socket;
    (void)state;
    open_it(&socket);
    assert_false(there_is_more(socket, PULSAR_POSITION_NONE, -1));
    assert_true(there_is_more(socket, 4, -1));
    broker_message(socket, ID, 4, "one");
    assert_given(1, "one");
    assert_false(there_is_more(socket, 4, -1));
    assert_true(there_is_more(socket, 5, 2));
    broker_batch(socket, ID, 5, three, 3, 0);
    settle();
    assert_false(there_is_more(socket, 5, 2));
}

static void where_it_begins_counts_as_more_if_it_is_wanted(void **state)
{
    struct toy_socket *socket;
    (void)state;
    options.start = (struct pulsar_position){1, 5, -1, 0};
    open_it(&socket);
    assert_false(there_is_more(socket, 5, -1));
    pulsar_reader_destroy(reader);
    settle();
    broker_expect(socket, PULSAR_COMMAND_CLOSE_CONSUMER);
    options.inclusive = true;
    make();
    consumer_reopen(socket);
    assert_true(there_is_more(socket, 5, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        R(a_reader_is_for_itself_alone),
        R(the_end_of_a_topic_is_a_place_to_begin_at),
        R(of_a_batch_what_is_behind_the_position_is_given),
        R(a_position_itself_is_given_if_it_is_wanted),
        R(after_a_lost_place_it_goes_on_behind_what_it_gave),
        R(what_is_passed_over_gives_its_permit_back),
        R(there_is_more_until_the_last_was_given),
        R(where_it_begins_counts_as_more_if_it_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
