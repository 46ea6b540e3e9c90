/* fuzz_cql_client - a client of Cassandra whose nodes say whatever the input has.
 *
 * The input is a list of answers: how, flags, opcode, two bytes of size, the body. Of `how` bit 0
 * wants the stream of the oldest question on the newest connection, else the other bits are the
 * stream; bit 1 goes to the oldest connection; bit 2 lets a second pass; bit 3 cuts the connection.
 *
 * Happy path: whatever comes, each ask is answered once, and after the end no socket is left. How
 * it fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "../tests/support/test_loop.h"
#include "base/big_endian.h"
#include "cql_client/cql_client.h"
#include "demand.h"
#include "link/outbound.h"
#include "world/resolver.h"

#define SOCKETS 32
#define QUESTIONS 64
#define ASKS 6
#define TURNS_MAX 10000
#define IN_BYTES (1u << 17)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct line {
    struct net_handler *handler;
    uint64_t token;
    uint32_t watched;
    bool open, ended;
    uint8_t in[IN_BYTES];
    size_t in_at, in_size;
    uint8_t out[1 << 12]; /* the beginning of a request that is not whole */
    size_t out_size, skip;
    int16_t streams[QUESTIONS];
    uint32_t questions;
};

struct town {
    struct test_loop loop;
    struct net net;
    struct resolver resolver;
    struct world world;
    struct line lines[SOCKETS];
    uint32_t count;
    struct asker asker;
    struct cql_ask asks[ASKS];
    uint32_t answers;
};

static struct town *town;

static const struct cql_statement statements[] = {
    {.name = "get", .text = "SELECT v FROM {keyspace}.t WHERE k = ?", .consistency = CQL_ONE},
    {.name = "put",
        .text = "INSERT INTO {keyspace}.t (k, v) VALUES (?, ?)",
        .consistency = CQL_ONE,
        .idempotent = true},
    {.name = "cas",
        .text = "INSERT INTO {keyspace}.t (k) VALUES (?) IF NOT EXISTS",
        .consistency = CQL_ONE,
        .serial = CQL_SERIAL},
};

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
    (void)net;
    (void)address;
    if (town->count == SOCKETS) {
        return ERR_REFUSED;
    }
    struct line *line = &town->lines[town->count];
    line->handler = handler;
    line->token = token;
    line->watched = NET_WRITABLE;
    line->open = true;
    line->ended = false;
    line->in_at = line->in_size = line->out_size = line->skip = 0;
    line->questions = 0;
    *ret_sock = (int)town->count++;
    return OK;
}

static enum err connected(struct net *net, int sock)
{
    (void)net;
    DEMAND(town->lines[sock].open);
    return OK;
}

static void rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    (void)net;
    struct line *line = &town->lines[sock];
    DEMAND(line->open);
    line->handler = handler;
    line->token = token;
    line->watched = events;
}

static int64_t receive(struct net *net, int sock, void *ret_bytes, size_t size)
{
    (void)net;
    struct line *line = &town->lines[sock];
    size_t there = line->in_size - line->in_at;
    DEMAND(line->open);
    size = size < there ? size : there;
    if (size == 0) {
        return line->ended ? NET_END : NET_WOULD_BLOCK;
    }
    memcpy(ret_bytes, line->in + line->in_at, size);
    line->in_at += size;
    return (int64_t)size;
}

/* Only the streams of requests are of interest. */
static void read_out(struct line *line, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        if (line->skip > 0) {
            size_t passed = size < line->skip ? size : line->skip;
            line->skip -= passed;
            bytes += passed;
            size -= passed;
            continue;
        }
        line->out[line->out_size++] = *bytes++;
        size--;
        if (line->out_size == CQL_HEADER_BYTES) {
            DEMAND(line->out[0] == CQL_VERSION_REQUEST);
            line->skip = (size_t)big_endian_get_sized(line->out + 5, 4);
            line->out_size = 0;
            if (line->questions < QUESTIONS) {
                line->streams[line->questions++] = (int16_t)big_endian_get_sized(line->out + 2, 2);
            }
        }
    }
}

static int64_t send_parts(struct net *net, int sock, const struct iovec *parts, int count)
{
    (void)net;
    int64_t sum = 0;
    DEMAND(town->lines[sock].open);
    for (int i = 0; i < count; i++) {
        read_out(&town->lines[sock], parts[i].iov_base, parts[i].iov_len);
        sum += (int64_t)parts[i].iov_len;
    }
    return sum;
}

static void close_here(struct net *net, int sock)
{
    (void)net;
    DEMAND(town->lines[sock].open);
    town->lines[sock].open = false;
}

static void find(struct resolver *resolver, struct resolver_op *op)
{
    (void)resolver;
    op->count = 1;
    op->addresses[0] =
        (struct net_address){.port = op->port, .ip = {[10] = 0xff, [11] = 0xff, [12] = 10}};
    op_answer_later(&op->op, &town->loop.loop, OK);
}

/* ---- a run */

static void settle(void)
{
    bool more = true;
    for (int turns = 0; more; turns++) {
        DEMAND(turns < TURNS_MAX);
        more = test_loop_turn(&town->loop);
        for (uint32_t i = 0; i < town->count; i++) {
            struct line *line = &town->lines[i];
            bool reads = line->in_at < line->in_size || line->ended;
            uint32_t events = line->watched & ((reads ? NET_READABLE : 0) | NET_WRITABLE);
            if (line->open && events) {
                more = true;
                line->handler->on_ready(line->handler, line->token, events);
            }
        }
    }
}

static void on_answer(struct asker *asker, struct op *op)
{
    (void)asker;
    struct cql_ask *ask = (struct cql_ask *)op;
    town->answers++;
    while (op->err == OK && cql_ask_next(ask)) {
        for (uint32_t i = 0; i < ask->column_count; i++) {
            struct cht_str text;
            (void)cql_get_blob(ask->columns[i].type, ask->cells[i], &text);
        }
    }
    DEMAND(op->err == OK || ask->failure.kind != CQL_FAILURE_NONE);
}

static void ask_all(struct cql_client *client)
{
    for (uint32_t i = 0; i < ASKS; i++) {
        struct cql_ask *ask = &town->asks[i];
        struct cql_writer *values;
        if (i == 5) {
            values = cql_batch_begin(client, ask);
            cql_batch_add(client, ask, 1);
        } else {
            values = cql_ask_begin(client, ask, i % 3);
        }
        cql_put_bigint(values, i);
        if (i == 5 || i % 3 == 1) {
            cql_put_bigint(values, i);
        }
        cql_client_ask(client, &town->asker, ask);
    }
}

static struct line *line_for(bool oldest)
{
    struct line *found = NULL;
    for (uint32_t i = 0; i < town->count; i++) {
        struct line *line = &town->lines[i];
        if (line->open && (!found || !oldest)) {
            found = line;
        }
    }
    return found;
}

static void put_in(struct line *line, const void *bytes, size_t size)
{
    if (line->in_at == line->in_size) {
        line->in_at = line->in_size = 0;
    }
    if (size <= IN_BYTES - line->in_size) {
        memcpy(line->in + line->in_size, bytes, size);
        line->in_size += size;
    }
}

/* How many bytes of the input it was. */
static size_t say(const uint8_t *bytes, size_t size)
{
    size_t body = (size_t)bytes[3] << 8 | bytes[4];
    body = body < size - 5 ? body : size - 5;
    struct line *line = line_for(bytes[0] & 2);
    if (bytes[0] & 4) {
        test_loop_advance(&town->loop, 1000);
    }
    if (line) {
        uint8_t header[CQL_HEADER_BYTES];
        struct cql_header made = {.version = CQL_VERSION_RESPONSE,
            .flags = bytes[1],
            .stream = (int16_t)((bytes[0] >> 4) - 1),
            .opcode = bytes[2],
            .body_size = (uint32_t)body};
        if (bytes[0] & 1 && line->questions > 0) {
            made.stream = line->streams[0];
            line->questions--;
            memmove(line->streams, line->streams + 1, line->questions * sizeof(int16_t));
        }
        cql_write_header(header, &made);
        put_in(line, header, sizeof(header));
        put_in(line, bytes + 5, body);
        line->ended |= (bytes[0] & 8) != 0;
    }
    settle();
    return 5 + body;
}

static void open_town(void)
{
    static const struct net_ops ops = {.add_handler = add_handler,
        .connect = connect_to,
        .connected = connected,
        .rewatch = rewatch,
        .recv = receive,
        .send = send_parts,
        .close = close_here};
    test_loop_init(&town->loop);
    town->net.ops = &ops;
    town->resolver.find = find;
    town->world = town->loop.world;
    town->world.net = &town->net;
    town->world.resolver = &town->resolver;
    town->asker.on_answer = on_answer;
    town->count = town->answers = 0;
    memset(town->asks, 0, sizeof(town->asks));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct town the_town;
    static const char *const contacts[] = {"node"};
    town = &the_town;
    open_town();
    struct outbounds *outbounds = outbounds_create(&town->world);
    struct cql_client_options options = {.world = &town->world,
        .outbounds = outbounds,
        .contact_points = contacts,
        .contact_point_count = 1,
        .port = 9042,
        .user = "user",
        .password = "password",
        .keyspace = "k",
        .statements = statements,
        .statement_count = 3,
        .limits = cql_client_limits_default()};
    options.limits.response_bytes_max = 1 << 16;
    options.limits.streams_max = 8;
    options.limits.nodes_max = 8;
    options.limits.tokens_max = 64;
    options.limits.request_bytes_max = 4096;
    struct cql_client *client;
    DEMAND(cql_client_create(&options, &client) == OK);
    settle();
    ask_all(client);
    settle();
    while (size >= 5) {
        size_t used = say(bytes, size);
        bytes += used;
        size -= used;
    }
    cql_client_close(client);
    settle();
    DEMAND(town->answers == ASKS);
    for (uint32_t i = 0; i < town->count; i++) {
        DEMAND(!town->lines[i].open);
    }
    cql_client_destroy(client);
    for (uint32_t i = 0; i < ASKS; i++) {
        cql_ask_deinit(&town->asks[i]);
    }
    outbounds_destroy(outbounds);
    test_loop_deinit(&town->loop);
    return 0;
}
