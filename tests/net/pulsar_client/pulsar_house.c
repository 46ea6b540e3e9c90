/* pulsar_house - see the header. Happy path: as there. How it fails: what never comes to rest fails
 * the test by its bound of turns; a frame of the client that can not be read, at once. */

#include "pulsar_house.h"

#include <string.h>

#include "base/mem.h"

#define TURNS_MAX 100000
#define FRAME_BYTES (1u << 20)

struct house *house;

int pulsar_house_setup(void **state)
{
    (void)state;
    house = mem_new(sizeof(*house));
    test_loop_init(&house->loop);
    toy_net_init(&house->net);
    toy_resolver_init(&house->resolver, &house->loop.loop);
    house->world = house->loop.world;
    house->world.net = &house->net.net;
    house->world.resolver = &house->resolver.resolver;
    house->outbounds = outbounds_create(&house->world);
    house->options =
        (struct pulsar_client_options){.service_hosts = "broker.example:6650, other.example:6650",
            .limits = pulsar_client_limits_default()};
    house->options.limits.retry_max_ms = 1600;
    house->options.limits.message_bytes_max = 200000;
    house->options.limits.queue_bytes_max = 400000;
    house_make();
    return 0;
}

int pulsar_house_teardown(void **state)
{
    (void)state;
    pulsar_client_destroy(house->client);
    outbounds_destroy(house->outbounds);
    assert_int_equal(toy_net_open_count(&house->net), 0);
    toy_resolver_answer(&house->resolver);
    toy_net_deinit(&house->net);
    test_loop_deinit(&house->loop);
    mem_free(house);
    return 0;
}

void house_make(void)
{
    pulsar_client_destroy(house->client);
    assert_int_equal(
        pulsar_client_create(&house->world, house->outbounds, &house->options, &house->client), OK);
}

void settle(void)
{
    int turns = 0;
    bool more = true;
    while (more) {
        more = toy_net_turn(&house->net);
        more |= test_loop_turn(&house->loop);
        assert_true(++turns < TURNS_MAX);
    }
}

/* From timer to timer. */
void advance(uint64_t ms)
{
    uint64_t end = house->loop.now_ms + ms;
    settle();
    while (house->loop.now_ms < end) {
        uint64_t next = timers_next(&house->loop.timers);
        next = next < end ? next : end;
        test_loop_advance(&house->loop, next > house->loop.now_ms ? next - house->loop.now_ms : 0);
        settle();
    }
}

/* ---- hearing */

struct toy_socket *broker_let_in(void)
{
    settle();
    struct toy_socket *socket = toy_net_newest(&house->net);
    toy_socket_answer(socket, OK);
    settle();
    return socket;
}

void broker_welcome(struct toy_socket *socket, int32_t max_message_size)
{
    struct pulsar_command connected = {.type = PULSAR_COMMAND_CONNECTED,
        .connected = {.server_version = cht_str_of("Toy 1"),
            .has_protocol_version = true,
            .protocol_version = 19,
            .has_max_message_size = max_message_size > 0,
            .max_message_size = max_message_size,
            .has_feature_flags = true,
            .feature_flags = {.has_supports_get_partitioned_metadata_without_auto_creation = true,
                .supports_get_partitioned_metadata_without_auto_creation = true}}};
    broker_say(socket, &connected);
}

struct toy_socket *broker_accept(void)
{
    struct toy_socket *socket = broker_let_in();
    broker_expect(socket, PULSAR_COMMAND_CONNECT);
    broker_welcome(socket, 0);
    return socket;
}

bool broker_hears(struct toy_socket *socket, struct pulsar_frame *ret_frame)
{
    size_t *heard = &house->heard[socket - house->net.sockets];
    do {
        if (socket->out_size == *heard) {
            return false;
        }
        assert_int_equal(pulsar_read_frame(socket->out + *heard, socket->out_size - *heard,
                             FRAME_BYTES, ret_frame),
            PULSAR_FINE);
        *heard += ret_frame->size;
    } while (ret_frame->command.type == PULSAR_COMMAND_PING);
    return true;
}

struct pulsar_command broker_expect(struct toy_socket *socket, enum pulsar_command_type type)
{
    struct pulsar_frame frame;
    settle();
    assert_true(broker_hears(socket, &frame));
    assert_string_equal(
        pulsar_command_row(frame.command.type)->name, pulsar_command_row(type)->name);
    return frame.command;
}

void broker_expect_nothing(struct toy_socket *socket)
{
    struct pulsar_frame frame;
    settle();
    assert_false(broker_hears(socket, &frame));
}

struct pulsar_send broker_expect_send(struct toy_socket *socket, const char *payload)
{
    struct pulsar_frame frame;
    struct pulsar_entry entry;
    settle();
    assert_true(broker_hears(socket, &frame));
    assert_int_equal(frame.command.type, PULSAR_COMMAND_SEND);
    assert_int_equal(pulsar_read_entry(frame.entry, frame.entry_size, &entry), PULSAR_FINE);
    assert_true(entry.has_checksum);
    assert_int_equal(entry.metadata.sequence_id, frame.command.send.sequence_id);
    if (payload) {
        assert_int_equal(entry.payload_size, strlen(payload));
        assert_memory_equal(entry.payload, payload, entry.payload_size);
    }
    return frame.command.send;
}

/* ---- saying */

void broker_say_bytes(struct toy_socket *socket, const void *bytes, size_t size)
{
    toy_socket_say(socket, bytes, size);
    settle();
}

void broker_say(struct toy_socket *socket, const struct pulsar_command *command)
{
    uint8_t bytes[8192];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_command(&writer, command));
    broker_say_bytes(socket, bytes, writer.used);
}

void broker_error(struct toy_socket *socket, uint64_t request_id, enum pulsar_error_code code)
{
    struct pulsar_command error = {.type = PULSAR_COMMAND_ERROR,
        .error = {.request_id = request_id,
            .error = (uint32_t)code,
            .message = cht_str_of("the words of the broker")}};
    broker_say(socket, &error);
}

void broker_success(struct toy_socket *socket, uint64_t request_id)
{
    struct pulsar_command success = {
        .type = PULSAR_COMMAND_SUCCESS, .success = {.request_id = request_id}};
    broker_say(socket, &success);
}

void broker_finds(struct toy_socket *socket)
{
    struct pulsar_lookup lookup = broker_expect(socket, PULSAR_COMMAND_LOOKUP).lookup;
    struct pulsar_command found = {.type = PULSAR_COMMAND_LOOKUP_RESPONSE,
        .lookup_response = {.request_id = lookup.request_id,
            .has_response = true,
            .response = PULSAR_LOOKUP_CONNECT,
            .has_broker_service_url = true,
            .broker_service_url = cht_str_of(BROKER_URL),
            .has_authoritative = true,
            .authoritative = true}};
    broker_say(socket, &found);
}

struct pulsar_producer broker_opens_producer(struct toy_socket *socket, uint64_t epoch)
{
    struct pulsar_producer producer = broker_expect(socket, PULSAR_COMMAND_PRODUCER).producer;
    struct pulsar_command success = {.type = PULSAR_COMMAND_PRODUCER_SUCCESS,
        .producer_success = {.request_id = producer.request_id,
            .producer_name = cht_str_of("toy-producer"),
            .has_topic_epoch = epoch != NO_EPOCH,
            .topic_epoch = epoch}};
    broker_say(socket, &success);
    return producer;
}

struct pulsar_subscribe broker_opens_consumer(struct toy_socket *socket)
{
    struct pulsar_subscribe subscribe = broker_expect(socket, PULSAR_COMMAND_SUBSCRIBE).subscribe;
    broker_success(socket, subscribe.request_id);
    return subscribe;
}

void broker_receipt(
    struct toy_socket *socket, uint64_t producer_id, uint64_t sequence, uint64_t entry)
{
    struct pulsar_command receipt = {.type = PULSAR_COMMAND_SEND_RECEIPT,
        .send_receipt = {.producer_id = producer_id,
            .sequence_id = sequence,
            .has_message_id = true,
            .message_id = {.ledger_id = 1, .entry_id = entry}}};
    broker_say(socket, &receipt);
}

void broker_send_error(
    struct toy_socket *socket, uint64_t producer_id, uint64_t sequence, enum pulsar_error_code code)
{
    struct pulsar_command error = {.type = PULSAR_COMMAND_SEND_ERROR,
        .send_error = {.producer_id = producer_id,
            .sequence_id = sequence,
            .error = (uint32_t)code,
            .message = cht_str_of("the words of the broker")}};
    broker_say(socket, &error);
}

void broker_closes_producer(struct toy_socket *socket, uint64_t producer_id, const char *url)
{
    struct pulsar_command close = {.type = PULSAR_COMMAND_CLOSE_PRODUCER,
        .close_producer = {.producer_id = producer_id,
            .request_id = PULSAR_REQUEST_NONE,
            .has_assigned_broker_service_url = url != NULL,
            .assigned_broker_service_url = cht_str_of(url ? url : "")}};
    broker_say(socket, &close);
}

void broker_closes_consumer(struct toy_socket *socket, uint64_t consumer_id)
{
    struct pulsar_command close = {.type = PULSAR_COMMAND_CLOSE_CONSUMER,
        .close_consumer = {.consumer_id = consumer_id, .request_id = PULSAR_REQUEST_NONE}};
    broker_say(socket, &close);
}

/* ---- messages */

static void say_entry(struct toy_socket *socket, const struct pulsar_command *command,
    const struct pulsar_message_metadata *metadata, const void *payload, size_t size)
{
    uint8_t bytes[4096];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    assert_true(pulsar_write_entry(&writer, command, NULL, metadata, payload, (uint32_t)size));
    toy_socket_say(socket, bytes, writer.used);
    toy_socket_say(socket, payload, size);
    settle();
}

static struct pulsar_command message_to(uint64_t consumer_id, uint64_t entry)
{
    return (struct pulsar_command){.type = PULSAR_COMMAND_MESSAGE,
        .message = {.consumer_id = consumer_id, .message_id = {.ledger_id = 1, .entry_id = entry}}};
}

void broker_message(
    struct toy_socket *socket, uint64_t consumer_id, uint64_t entry, const char *text)
{
    struct pulsar_command message = message_to(consumer_id, entry);
    struct pulsar_message_metadata metadata = {.producer_name = cht_str_of("p"),
        .sequence_id = entry,
        .publish_time = 1700000000000,
        .has_partition_key = true,
        .partition_key = cht_str_of("key")};
    say_entry(socket, &message, &metadata, text, strlen(text));
}

void broker_batch(struct toy_socket *socket, uint64_t consumer_id, uint64_t entry,
    const char *const *texts, uint32_t count, uint64_t unacked)
{
    uint8_t bytes[4096];
    struct pulsar_writer writer;
    int64_t word = (int64_t)unacked;
    struct pulsar_command message = message_to(consumer_id, entry);
    struct pulsar_message_metadata metadata = {.producer_name = cht_str_of("p"),
        .sequence_id = entry,
        .publish_time = 1700000000000,
        .has_num_messages_in_batch = true,
        .num_messages_in_batch = (int32_t)count};
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    for (uint32_t i = 0; i < count; i++) {
        struct pulsar_single_metadata single = {0};
        assert_true(pulsar_put_member(&writer, &single, texts[i], (uint32_t)strlen(texts[i])));
    }
    if (unacked) {
        message.message.ack_set = (struct pulsar_many){.items = &word, .count = 1};
    }
    say_entry(socket, &message, &metadata, bytes, writer.used);
}
