/* fuzz_pulsar_connection - a client of Pulsar whose broker turns hostile: first it welcomes the
 * client and opens a publisher and a consumer, then it says whatever the input has. The first byte
 * says in which pieces that arrives.
 *
 * Happy path: whatever comes, everything that was asked is answered once, nothing is kept beyond
 * its bounds, and in the end nothing is left. How it fails: a trap, which the fuzzer reports with
 * its input. */

#include <string.h>

#include "../tests/support/test_loop.h"
#include "base/mem.h"
#include "demand.h"
#include "pulsar/pulsar_batch.h"
#include "pulsar_client/pulsar_client_inner.h"
#include "pulsar_client/pulsar_connection.h"
#include "pulsar_client/pulsar_consumer.h"
#include "pulsar_client/pulsar_lookup.h"
#include "pulsar_client/pulsar_publisher.h"
#include "world/resolver.h"

#define SOCK 1
#define TOPIC "persistent://public/default/t"
#define OPS 4u
#define QUEUE 20u
#define ROUNDS_MAX 100000
#define MESSAGE_BYTES_MAX 4096u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The network of one connection; further ones lead nowhere. */
struct line {
    struct net net;
    struct net_handler *handler;
    uint64_t token;
    uint32_t watched;
    bool connected, ended, closed;
    uint8_t *in; /* to the client */
    size_t in_at, in_size;
    uint8_t *out;
    size_t out_at, out_size;
};

struct town {
    struct test_loop loop;
    struct resolver resolver;
    struct line line;
    struct outbounds *outbounds;
    struct pulsar_client *client;
    struct pulsar_publisher *publisher;
    struct pulsar_publisher_events publisher_events;
    struct pulsar_consumer *consumer;
    struct source source;
    struct pulsar_publish_op publishes[OPS];
    struct pulsar_seek_op seek;
    struct pulsar_last_op last;
    struct pulsar_lookup_op lookup;
    struct pulsar_partitions_op partitions;
    struct test_asker asker;
    uint32_t asked, ends;
    uint8_t last_byte; /* of the newest message: they can be read */
};

static struct line *line_of(struct net *net)
{
    return container_of(net, struct line, net);
}

/* ---- the network */

static enum err add_handler(struct net *net, struct net_handler *handler)
{
    (void)net;
    (void)handler;
    return OK;
}

static enum err connect_to(struct net *net, const struct net_address *address,
    struct net_handler *handler, uint64_t token, int *ret_sock)
{
    struct line *line = line_of(net);
    (void)address;
    if (line->connected) {
        return ERR_UNREACHABLE;
    }
    line->connected = true;
    line->handler = handler;
    line->token = token;
    line->watched = NET_WRITABLE;
    *ret_sock = SOCK;
    return OK;
}

static enum err connected(struct net *net, int sock)
{
    (void)net;
    DEMAND(sock == SOCK);
    return OK;
}

static void rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct line *line = line_of(net);
    DEMAND(sock == SOCK && !line->closed);
    line->handler = handler;
    line->token = token;
    line->watched = events;
}

static int64_t receive(struct net *net, int sock, void *ret_bytes, size_t size)
{
    struct line *line = line_of(net);
    size_t there = line->in_size - line->in_at;
    DEMAND(sock == SOCK && !line->closed);
    size = size < there ? size : there;
    if (size == 0) {
        return line->ended ? NET_END : NET_WOULD_BLOCK;
    }
    memcpy(ret_bytes, line->in + line->in_at, size);
    line->in_at += size;
    return (int64_t)size;
}

static void add(uint8_t **bytes, size_t *size, const void *more, size_t more_size)
{
    if (more_size > 0) {
        *bytes = mem_resize(*bytes, *size + more_size);
        memcpy(*bytes + *size, more, more_size);
        *size += more_size;
    }
}

static int64_t send_parts(struct net *net, int sock, const struct iovec *parts, int count)
{
    struct line *line = line_of(net);
    int64_t sum = 0;
    DEMAND(sock == SOCK && !line->closed);
    for (int i = 0; i < count; i++) {
        add(&line->out, &line->out_size, parts[i].iov_base, parts[i].iov_len);
        sum += (int64_t)parts[i].iov_len;
    }
    return sum;
}

static void close_here(struct net *net, int sock)
{
    DEMAND(sock == SOCK && !line_of(net)->closed);
    line_of(net)->closed = true;
}

static void find(struct resolver *resolver, struct resolver_op *op)
{
    struct town *town = container_of(resolver, struct town, resolver);
    op->count = 1;
    op->addresses[0] = (struct net_address){.ip = {1}, .port = op->port};
    op_answer_later(&op->op, &town->loop.loop, OK);
}

/* True if anything happened. */
static bool turn(struct town *town)
{
    struct line *line = &town->line;
    bool reads = line->in_at < line->in_size || line->ended;
    uint32_t events = line->watched & ((reads ? NET_READABLE : 0) | NET_WRITABLE);
    bool told = line->connected && !line->closed && events;
    if (told) {
        line->handler->on_ready(line->handler, line->token, events);
    }
    return test_loop_turn(&town->loop) || told;
}

static void settle(struct town *town)
{
    for (int rounds = 0; turn(town); rounds++) {
        DEMAND(rounds < ROUNDS_MAX);
    }
}

/* ---- the broker, while it is friendly */

static void say(struct town *town, const struct pulsar_command *command)
{
    uint8_t bytes[1024];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    DEMAND(pulsar_write_command(&writer, command));
    add(&town->line.in, &town->line.in_size, bytes, writer.used);
}

static void answer(struct town *town, const struct pulsar_command *asked)
{
    struct pulsar_command answer = {0};
    if (asked->type == PULSAR_COMMAND_CONNECT) {
        answer.type = PULSAR_COMMAND_CONNECTED;
        answer.connected.server_version = cht_str_of("Fuzz");
    } else if (asked->type == PULSAR_COMMAND_LOOKUP) {
        answer.type = PULSAR_COMMAND_LOOKUP_RESPONSE;
        answer.lookup_response =
            (struct pulsar_lookup_response){.request_id = asked->lookup.request_id,
                .has_response = true,
                .response = PULSAR_LOOKUP_CONNECT,
                .has_broker_service_url = true,
                .broker_service_url = cht_str_of("pulsar://broker:6650")};
    } else if (asked->type == PULSAR_COMMAND_PRODUCER) {
        answer.type = PULSAR_COMMAND_PRODUCER_SUCCESS;
        answer.producer_success = (struct pulsar_producer_success){
            .request_id = asked->producer.request_id, .producer_name = cht_str_of("p")};
    } else if (asked->type == PULSAR_COMMAND_SUBSCRIBE) {
        answer.type = PULSAR_COMMAND_SUCCESS;
        answer.success.request_id = asked->subscribe.request_id;
    } else {
        return;
    }
    say(town, &answer);
}

static void be_friendly(struct town *town)
{
    struct line *line = &town->line;
    settle(town);
    while (line->out_at < line->out_size) {
        struct pulsar_frame frame;
        DEMAND(pulsar_read_frame(line->out + line->out_at, line->out_size - line->out_at,
                   MESSAGE_BYTES_MAX, &frame) == PULSAR_FINE);
        line->out_at += frame.size;
        answer(town, &frame.command);
        settle(town);
    }
}

/* ---- the client's user */

static void on_end(struct pulsar_publisher_events *events, enum err err)
{
    DEMAND(err != OK);
    container_of(events, struct town, publisher_events)->ends++;
}

static void on_item(struct source *source, void *item)
{
    struct town *town = container_of(source, struct town, source);
    const struct pulsar_received *received = item;
    town->last_byte = received->size ? received->bytes[received->size - 1] : 0;
    if (received->position.entry % 2) {
        pulsar_consumer_ack(town->consumer, &received->position);
    } else {
        pulsar_consumer_ack_until(town->consumer, &received->position);
    }
}

static void on_source_end(struct source *source, enum err err)
{
    (void)source;
    DEMAND(err != OK);
}

static void make_client(struct town *town)
{
    struct pulsar_client_options options = {
        .service_hosts = "broker:6650", .limits = pulsar_client_limits_default()};
    options.limits.message_bytes_max = MESSAGE_BYTES_MAX;
    DEMAND(pulsar_client_create(&town->loop.world, town->outbounds, &options, &town->client) == OK);
    struct pulsar_publisher_options publisher = {.topic = TOPIC,
        .limits = pulsar_publisher_limits_default(),
        .events = &town->publisher_events};
    DEMAND(pulsar_publisher_create(town->client, &publisher, &town->publisher) == OK);
    struct pulsar_consumer_options consumer = {.topic = TOPIC,
        .subscription = "s",
        .type = PULSAR_SUBSCRIPTION_FAILOVER,
        .durable = true,
        .limits = pulsar_consumer_limits_default(),
        .source = &town->source};
    consumer.limits.queue_messages = QUEUE;
    DEMAND(pulsar_consumer_create(town->client, &consumer, &town->consumer) == OK);
}

static void ask_all(struct town *town)
{
    for (uint32_t i = 0; i < OPS; i++) {
        town->publishes[i].payload = buf_copy("text", 4);
        pulsar_publish(town->publisher, &town->asker.asker, &town->publishes[i]);
        if (i % 2) {
            settle(town);
        }
    }
    town->lookup.topic = TOPIC;
    pulsar_lookup(town->client, &town->asker.asker, &town->lookup);
    town->partitions.topic = TOPIC;
    pulsar_partitions(town->client, &town->asker.asker, &town->partitions);
    pulsar_consumer_last(town->consumer, &town->asker.asker, &town->last);
    pulsar_consumer_seek(town->consumer, &town->asker.asker, &town->seek);
    town->asked = OPS + 4;
    settle(town);
}

static void open_town(struct town *town)
{
    static const struct net_ops net_ops = {.add_handler = add_handler,
        .connect = connect_to,
        .connected = connected,
        .rewatch = rewatch,
        .recv = receive,
        .send = send_parts,
        .close = close_here};
    test_loop_init(&town->loop);
    test_asker_init(&town->asker);
    town->line.net.ops = &net_ops;
    town->resolver.find = find;
    town->loop.world.net = &town->line.net;
    town->loop.world.resolver = &town->resolver;
    town->publisher_events.on_end = on_end;
    town->source = (struct source){.on_item = on_item, .on_end = on_source_end, .credit = QUEUE};
    town->outbounds = outbounds_create(&town->loop.world);
    make_client(town);
    be_friendly(town);
    DEMAND(pulsar_publisher_is_open(town->publisher));
    DEMAND(pulsar_consumer_is_open(town->consumer));
    ask_all(town);
}

static void close_town(struct town *town)
{
    pulsar_publisher_destroy(town->publisher);
    pulsar_consumer_destroy(town->consumer);
    settle(town);
    test_loop_advance(&town->loop, 120000);
    settle(town);
    DEMAND(town->asker.answers == town->asked);
    DEMAND(town->ends <= 1);
    DEMAND(pulsar_client_stats(town->client).pending_bytes == 0);
    DEMAND(pulsar_client_stats(town->client).handles == 0);
    pulsar_client_destroy(town->client);
    outbounds_destroy(town->outbounds);
    test_loop_deinit(&town->loop);
    mem_free(town->line.in);
    mem_free(town->line.out);
    for (uint32_t i = 0; i < OPS; i++) {
        buf_unref(town->publishes[i].payload);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct town town;
    if (size < 1) {
        return 0;
    }
    town = (struct town){0};
    open_town(&town);
    size_t step = bytes[0] ? bytes[0] : size;
    for (size_t at = 1; at < size; at += step) {
        add(&town.line.in, &town.line.in_size, bytes + at, size - at < step ? size - at : step);
        settle(&town);
        DEMAND(pulsar_consumer_waiting(town.consumer) <= QUEUE * PULSAR_BATCH_MEMBERS_MAX);
    }
    town.line.ended = true;
    settle(&town);
    close_town(&town);
    return 0;
}
