/* fuzz_redis_client - a Redis client whose servers say anything. The first byte says in which
 * pieces it comes, and whether the first server is a Sentinel.
 *
 * Happy path: whatever comes, each command is answered once, in bounded time, and nothing is left.
 * How it fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "../tests/support/test_loop.h"
#include "demand.h"
#include "redis_client/redis_client.h"
#include "world/net.h"
#include "world/resolver.h"

#define SOCKETS_MAX 8
#define COMMANDS 6
#define TURNS_MAX 20000
#define TIME_MS 3000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* All connections read on in the same bytes. */
struct line {
    struct net net;
    struct resolver resolver;
    struct test_loop *loop;
    struct net_handler *handler;
    struct {
        uint64_t token;
        uint32_t watched;
        bool open;
    } sockets[SOCKETS_MAX];
    int count;
    const uint8_t *bytes;
    size_t left, piece;
};

struct asked {
    struct redis_op op;
    struct asker asker;
    uint32_t answers;
};

static struct line *of(struct net *net)
{
    return container_of(net, struct line, net);
}

static enum err add_handler(struct net *net, struct net_handler *handler)
{
    of(net)->handler = handler;
    return OK;
}

static enum err connect_to(struct net *net, const struct net_address *address,
    struct net_handler *handler, uint64_t token, int *ret_sock)
{
    struct line *line = of(net);
    (void)address;
    (void)handler;
    if (line->count == SOCKETS_MAX) {
        return ERR_REFUSED;
    }
    *ret_sock = line->count++;
    line->sockets[*ret_sock].token = token;
    line->sockets[*ret_sock].watched = NET_WRITABLE;
    line->sockets[*ret_sock].open = true;
    return OK;
}

static enum err connected(struct net *net, int sock)
{
    (void)net;
    (void)sock;
    return OK;
}

static void rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    (void)handler;
    of(net)->sockets[sock].token = token;
    of(net)->sockets[sock].watched = events;
}

static int64_t receive(struct net *net, int sock, void *ret_bytes, size_t size)
{
    struct line *line = of(net);
    (void)sock;
    size = size < line->piece ? size : line->piece;
    size = size < line->left ? size : line->left;
    if (size == 0) {
        return NET_WOULD_BLOCK;
    }
    memcpy(ret_bytes, line->bytes, size);
    line->bytes += size;
    line->left -= size;
    return (int64_t)size;
}

static int64_t send_parts(struct net *net, int sock, const struct iovec *parts, int count)
{
    int64_t sent = 0;
    (void)net;
    (void)sock;
    for (int i = 0; i < count; i++) {
        sent += (int64_t)parts[i].iov_len;
    }
    return sent;
}

static void close_socket(struct net *net, int sock)
{
    DEMAND(of(net)->sockets[sock].open);
    of(net)->sockets[sock].open = false;
}

static void find(struct resolver *resolver, struct resolver_op *op)
{
    struct line *line = container_of(resolver, struct line, resolver);
    op->count = 1;
    op->addresses[0] = (struct net_address){.ip = {[15] = 1}, .port = op->port};
    op_answer_later(&op->op, &line->loop->loop, OK);
}

static bool turn(struct line *line)
{
    bool told = false;
    for (int i = 0; i < line->count; i++) {
        uint32_t ready = NET_WRITABLE | (line->left > 0 ? NET_READABLE : 0);
        ready &= line->sockets[i].open ? line->sockets[i].watched : 0;
        if (ready) {
            line->handler->on_ready(line->handler, line->sockets[i].token, ready);
            told = true;
        }
    }
    return told;
}

static void settle(struct line *line)
{
    int turns = 0;
    bool more = true;
    while (more) {
        more = turn(line);
        more |= test_loop_turn(line->loop);
        DEMAND(++turns < TURNS_MAX);
    }
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct asked *asked = container_of(asker, struct asked, asker);
    DEMAND(op == &asked->op.op);
    DEMAND(op->err != OK || asked->op.reply);
    asked->answers++;
}

static void on_ready(struct redis_listener *listener, const struct redis_host *host)
{
    (void)listener;
    DEMAND(host->port > 0);
}

static void on_loss(struct redis_listener *listener, const struct redis_loss *loss)
{
    (void)listener;
    DEMAND(loss->detail);
}

static void ask(struct redis_client *client, struct asked *asked, bool script)
{
    static struct redis_script lua;
    struct cht_str words[] = {cht_str_of("GET"), cht_str_of("key")};
    struct redis_call call = {.script = &lua, .words = words, .count = 2, .keys = 1};
    asked->asker.on_answer = on_answer;
    if (script) {
        redis_script_init(&lua, "return 1");
        redis_run(client, &asked->asker, &asked->op, &call);
    } else {
        redis_ask(client, &asked->asker, &asked->op, words, 2);
    }
}

static void talk(struct line *line, struct redis_client *client)
{
    struct asked asked[COMMANDS] = {0};
    for (uint32_t i = 0; i < COMMANDS; i++) {
        settle(line);
        ask(client, &asked[i], i % 2 == 1);
    }
    for (int ms = 0; ms < TIME_MS; ms += 100) {
        settle(line);
        test_loop_advance(line->loop, 100);
    }
    for (uint32_t i = 0; i < COMMANDS; i++) {
        DEMAND(asked[i].answers == 1);
        redis_op_deinit(&asked[i].op);
    }
}

static struct redis_client *make(
    struct outbounds *outbounds, const struct world *world, bool sentinel)
{
    static struct redis_listener listener = {on_ready, on_loss};
    struct redis_hosts hosts;
    DEMAND(redis_hosts_read("one.example,two.example", 6379, &hosts) == OK);
    struct redis_client_options options = {.hosts = &hosts,
        .service = sentinel ? "chat" : NULL,
        .name = "fuzz",
        .database = sentinel ? 0 : 1,
        .listener = &listener,
        .limits = {.ask_ms = 500,
            .asks_max = 4,
            .ask_bytes_max = 10000,
            .reply_bytes_max = 2000,
            .reply_items_max = 50,
            .open_ms = 300,
            .quiet_ms = 700,
            .retry_first_ms = 10,
            .retry_max_ms = 100,
            .sentinel_ms = 400}};
    struct redis_client *client = NULL;
    DEMAND(redis_client_create(world, outbounds, &options, &client) == OK);
    return client;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct net_ops ops = {.add_handler = add_handler,
        .connect = connect_to,
        .connected = connected,
        .rewatch = rewatch,
        .recv = receive,
        .send = send_parts,
        .close = close_socket};
    struct test_loop loop;
    if (size == 0) {
        return 0;
    }
    test_loop_init(&loop);
    struct line line = {.net = {&ops},
        .resolver = {find},
        .loop = &loop,
        .bytes = bytes + 1,
        .left = size - 1,
        .piece = bytes[0] >> 1 ? bytes[0] >> 1 : SIZE_MAX};
    struct world world = loop.world;
    world.net = &line.net;
    world.resolver = &line.resolver;
    struct outbounds *outbounds = outbounds_create(&world);
    struct redis_client *client = make(outbounds, &world, bytes[0] & 1);
    talk(&line, client);
    redis_client_destroy(client);
    test_loop_settle(&loop);
    outbounds_destroy(outbounds);
    test_loop_deinit(&loop);
    for (int i = 0; i < line.count; i++) {
        DEMAND(!line.sockets[i].open);
    }
    return 0;
}
