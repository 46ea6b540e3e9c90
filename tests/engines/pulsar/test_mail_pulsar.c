/* Mail and cast on a toy broker: what is opened when, what is bounded, what is dropped. */

#include "pulsar_house.h"

#include <string.h>

#include "pulsar/cast_pulsar.h"
#include "pulsar/mail_pulsar.h"

#define PREFIX "non-persistent://public/mail/mail"

enum { ANN = 0x2a, BOB = 0x2b, RETRY_MS = 1000, IDLE_MS = 60000 };

struct mailbox {
    struct mail_pulsar_options options;
    struct mail_pulsar *made;
    struct mail *mail;
    struct mail_handler handler;
    struct cast_pulsar *casts;
    struct cast_handler listener;
    char told[32]; /* the first byte of every event */
    uint32_t count;
};

static struct mailbox box;

static void tell(const struct buf *event)
{
    assert_true(event->size > 0);
    box.told[box.count++] = (char)event->bytes[0];
}

static void on_mail(struct mail_handler *handler, struct buf *event)
{
    (void)handler;
    tell(event);
}

static void on_cast(struct cast_handler *handler, struct buf *event)
{
    (void)handler;
    tell(event);
}

static int set_up(void **state)
{
    pulsar_house_setup(state);
    box = (struct mailbox){.options = mail_pulsar_options_default(),
        .handler = {on_mail},
        .listener = {.on_cast = on_cast}};
    box.options.prefix = PREFIX;
    return 0;
}

static int tear_down(void **state)
{
    if (box.made) {
        mail_pulsar_stop(box.made);
    }
    if (box.casts) {
        cast_pulsar_stop(box.casts);
    }
    settle();
    mail_pulsar_destroy(box.made);
    cast_pulsar_destroy(box.casts);
    return pulsar_house_teardown(state);
}

static void make(void)
{
    box.made = mail_pulsar_create(&house->world, house->client, &box.options);
    box.mail = mail_pulsar_port(box.made);
}

static void put(enum mail_box which, uint64_t node, const char *text)
{
    struct buf *event = buf_copy(text, strlen(text));
    mail_send(box.mail, which, node, event);
    buf_unref(event);
}

/* The way to a box is found and opened; answers the producer's id. */
static uint64_t opens(struct toy_socket *socket)
{
    broker_finds(socket);
    return broker_opens_producer(socket, NO_EPOCH).producer_id;
}

static void assert_dropped(uint64_t dropped)
{
    settle();
    assert_int_equal(mail_dropped(box.mail), dropped);
}

/* ---- to oneself */

static void what_is_to_oneself_comes_in_the_turn_and_does_not_leave(void **state)
{
    (void)state;
    make();
    mail_open(box.mail, MAIL_LIVE, &box.handler, 10);
    put(MAIL_LIVE, box.mail->node, "a");
    put(MAIL_LIVE, box.mail->node, "b");
    assert_int_equal(box.count, 0);
    settle();
    assert_string_equal(box.told, "ab");
    assert_int_equal(mail_pulsar_stats(box.made).opened, 0);
}

static void a_full_queue_to_oneself_drops_and_counts(void **state)
{
    (void)state;
    box.options.self_max = 2;
    make();
    mail_open(box.mail, MAIL_WORK, &box.handler, 10);
    for (const char *at = "abc"; *at; at++) {
        put(MAIL_WORK, box.mail->node, at);
    }
    assert_dropped(1);
    put(MAIL_WORK, box.mail->node, "d");
    settle();
    assert_string_equal(box.told, "abd");
}

static void an_address_is_a_number_that_json_has_and_others_are_nobodys(void **state)
{
    (void)state;
    make();
    assert_in_range(box.mail->node, 1, (UINT64_C(1) << 53) - 1);
    put(MAIL_LIVE, 0, "x");
    put(MAIL_LIVE, UINT64_C(1) << 53, "x");
    assert_dropped(2);
    assert_int_equal(house->net.count, 0);
}

/* ---- to others */

static void the_first_event_opens_a_box_and_those_of_a_turn_leave_together(void **state)
{
    static const char topic[] = PREFIX ".live.0000000000002a";
    (void)state;
    make();
    put(MAIL_LIVE, ANN, "one");
    put(MAIL_LIVE, ANN, "two");
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    struct pulsar_producer said = broker_opens_producer(socket, NO_EPOCH);
    assert_int_equal(said.topic.size, strlen(topic));
    assert_memory_equal(said.topic.at, topic, strlen(topic));
    assert_int_equal(broker_expect_send(socket, NULL).num_messages, 2);
    broker_receipt(socket, said.producer_id, 0, 0);
    put(MAIL_LIVE, ANN, "three");
    broker_expect_send(socket, "three");
    broker_receipt(socket, said.producer_id, 2, 0);
    assert_dropped(0);
    assert_int_equal(mail_pulsar_stats(box.made).peers, 1);
}

static void pages_have_a_connection_of_their_own(void **state)
{
    (void)state;
    make();
    put(MAIL_PAGES, ANN, "page");
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    struct toy_socket *other = broker_accept();
    uint64_t id = broker_opens_producer(other, NO_EPOCH).producer_id;
    broker_expect_send(other, "page");
    broker_receipt(other, id, 0, 0);
    broker_expect_nothing(socket);
}

static void a_box_that_is_not_used_is_closed(void **state)
{
    (void)state;
    make();
    put(MAIL_LIVE, ANN, "x");
    struct toy_socket *socket = broker_accept();
    uint64_t id = opens(socket);
    broker_expect_send(socket, "x");
    broker_receipt(socket, id, 0, 0);
    advance(IDLE_MS / 2);
    assert_int_equal(mail_pulsar_stats(box.made).peers, 1);
    advance(IDLE_MS / 2 + IDLE_MS / 4);
    assert_int_equal(mail_pulsar_stats(box.made).peers, 0);
    assert_dropped(0);
}

static void in_a_full_table_the_longest_unused_box_makes_room_unless_it_is_busy(void **state)
{
    (void)state;
    box.options.peers_max = 1;
    make();
    put(MAIL_LIVE, ANN, "x");
    put(MAIL_LIVE, BOB, "lost");
    assert_dropped(1);
    struct toy_socket *socket = broker_accept();
    uint64_t id = opens(socket);
    broker_expect_send(socket, "x");
    broker_receipt(socket, id, 0, 0);
    put(MAIL_LIVE, BOB, "y");
    broker_expect(socket, PULSAR_COMMAND_CLOSE_PRODUCER);
    id = opens(socket);
    broker_expect_send(socket, "y");
    broker_receipt(socket, id, 0, 0);
    assert_int_equal(mail_pulsar_stats(box.made).peers, 1);
    assert_dropped(1);
}

static void what_has_no_receipt_is_bounded_and_then_dropped(void **state)
{
    (void)state;
    box.options.sends_max = 2;
    make();
    put(MAIL_LIVE, ANN, "one");
    put(MAIL_WORK, ANN, "two");
    put(MAIL_LIVE, BOB, "three");
    assert_dropped(1);
    advance(box.options.send_ms); /* nobody is there */
    assert_dropped(3);
    put(MAIL_LIVE, ANN, "four");
    assert_dropped(3);
}

static void a_box_that_a_broker_refuses_is_tried_again_after_a_while(void **state)
{
    (void)state;
    make();
    put(MAIL_LIVE, ANN, "x");
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    uint64_t request = broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer.request_id;
    broker_error(socket, request, PULSAR_ERROR_TOPIC_NOT_FOUND);
    assert_dropped(1);
    put(MAIL_LIVE, ANN, "y");
    assert_dropped(2);
    broker_expect_nothing(socket);
    advance(RETRY_MS);
    put(MAIL_LIVE, ANN, "z");
    uint64_t id = opens(socket);
    broker_expect_send(socket, "z");
    broker_receipt(socket, id, 0, 0);
    assert_dropped(2);
}

/* It says so by a receipt without a position. */
static void what_a_broker_dropped_is_counted(void **state)
{
    (void)state;
    make();
    put(MAIL_LIVE, ANN, "x");
    struct toy_socket *socket = broker_accept();
    uint64_t id = opens(socket);
    broker_expect_send(socket, "x");
    struct pulsar_command receipt = {.type = PULSAR_COMMAND_SEND_RECEIPT,
        .send_receipt = {.producer_id = id,
            .has_message_id = true,
            .message_id = {.ledger_id = PULSAR_POSITION_NONE, .entry_id = PULSAR_POSITION_NONE}}};
    broker_say(socket, &receipt);
    assert_dropped(1);
}

static void nothing_is_sent_twice(void **state)
{
    (void)state;
    make();
    put(MAIL_LIVE, ANN, "x");
    struct toy_socket *socket = broker_accept();
    uint64_t id = opens(socket);
    broker_expect_send(socket, "x");
    advance(5000);
    broker_closes_producer(socket, id, NULL);
    opens(socket);
    broker_expect_nothing(socket);
    assert_dropped(1);
}

/* ---- places of one's own */

static void a_box_is_open_when_an_event_of_ones_own_has_come(void **state)
{
    (void)state;
    box.options.queue_messages = 20;
    make();
    mail_open(box.mail, MAIL_LIVE, &box.handler, 10);
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    struct pulsar_subscribe said = broker_opens_consumer(socket);
    assert_false(said.durable);
    assert_true(said.force_topic_creation);
    assert_int_equal(broker_expect(socket, PULSAR_COMMAND_FLOW).flow.message_permits, 20);
    uint64_t id = opens(socket);
    broker_expect_send(socket, "");
    broker_receipt(socket, id, 0, 0);
    assert_false(mail_pulsar_is_open(box.made));
    advance(RETRY_MS);
    broker_expect_send(socket, ""); /* that one was lost */
    broker_receipt(socket, id, 1, 0);
    broker_message(socket, said.consumer_id, 0, "");
    assert_true(mail_pulsar_is_open(box.made));
    broker_message(socket, said.consumer_id, 0, "x");
    assert_string_equal(box.told, "x");
    advance(RETRY_MS);
    broker_expect_nothing(socket);
}

static void what_is_cast_comes_by_the_topic_also_to_its_sender(void **state)
{
    struct cast_pulsar_options options = cast_pulsar_options_default();
    (void)state;
    options.topic = "non-persistent://public/mail/control";
    box.casts = cast_pulsar_create(&house->world, house->client, &options);
    cast_listen(cast_pulsar_port(box.casts), &box.listener);
    struct toy_socket *socket = broker_accept();
    broker_finds(socket); /* one question for both ways */
    uint64_t id = broker_opens_producer(socket, NO_EPOCH).producer_id;
    struct pulsar_subscribe said = broker_opens_consumer(socket);
    broker_expect(socket, PULSAR_COMMAND_FLOW);
    broker_expect_send(socket, "");
    broker_receipt(socket, id, 0, 0);
    broker_message(socket, said.consumer_id, 0, "");
    assert_true(cast_pulsar_is_open(box.casts));
    struct buf *event = buf_copy("c", 1);
    cast_send(cast_pulsar_port(box.casts), event);
    buf_unref(event);
    broker_expect_send(socket, "c");
    broker_receipt(socket, id, 1, 0);
    assert_int_equal(box.count, 0);
    broker_message(socket, said.consumer_id, 0, "c");
    assert_string_equal(box.told, "c");
    assert_int_equal(cast_pulsar_dropped(box.casts), 0);
}

static void a_place_that_a_broker_refuses_is_asked_for_again(void **state)
{
    (void)state;
    make();
    mail_open(box.mail, MAIL_LIVE, &box.handler, 10);
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    uint64_t request = broker_expect(socket, PULSAR_COMMAND_SUBSCRIBE).subscribe.request_id;
    broker_error(socket, request, PULSAR_ERROR_TOPIC_NOT_FOUND);
    broker_expect_nothing(socket);
    advance(RETRY_MS);
    broker_finds(socket);
    broker_opens_consumer(socket);
    broker_expect(socket, PULSAR_COMMAND_FLOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_to_oneself_comes_in_the_turn_and_does_not_leave),
        TEST(a_full_queue_to_oneself_drops_and_counts),
        TEST(an_address_is_a_number_that_json_has_and_others_are_nobodys),
        TEST(the_first_event_opens_a_box_and_those_of_a_turn_leave_together),
        TEST(pages_have_a_connection_of_their_own),
        TEST(a_box_that_is_not_used_is_closed),
        TEST(in_a_full_table_the_longest_unused_box_makes_room_unless_it_is_busy),
        TEST(what_has_no_receipt_is_bounded_and_then_dropped),
        TEST(a_box_that_a_broker_refuses_is_tried_again_after_a_while),
        TEST(what_a_broker_dropped_is_counted),
        TEST(nothing_is_sent_twice),
        TEST(a_box_is_open_when_an_event_of_ones_own_has_come),
        TEST(what_is_cast_comes_by_the_topic_also_to_its_sender),
        TEST(a_place_that_a_broker_refuses_is_asked_for_again),
    };
    return cmocka_run_group_tests_name("mail_pulsar", tests, NULL, NULL);
}
