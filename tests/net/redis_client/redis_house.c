/* redis_house - see the header. Happy path: as there. How it fails: what never comes to rest fails
 * the test by its bound of turns. */

#include "redis_house.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define TURNS_MAX 100000

struct fixture *fx;

static void on_ready(struct redis_listener *listener, const struct redis_host *host)
{
    assert_ptr_equal(listener, &fx->listener);
    fx->readies++;
    snprintf(fx->ready_host, sizeof(fx->ready_host), "%s:%u", host->name, host->port);
}

static void on_loss(struct redis_listener *listener, const struct redis_loss *loss)
{
    assert_ptr_equal(listener, &fx->listener);
    fx->losses += !loss->of_sentinel;
    fx->sentinel_losses += loss->of_sentinel;
    snprintf(fx->reason, sizeof(fx->reason), "%s", loss->reason);
    snprintf(fx->detail, sizeof(fx->detail), "%s", loss->detail);
}

int redis_house_setup(void **state)
{
    (void)state;
    fx = mem_new(sizeof(*fx));
    test_loop_init(&fx->loop);
    toy_net_init(&fx->net);
    toy_resolver_init(&fx->resolver, &fx->loop.loop);
    fx->world = fx->loop.world;
    fx->world.net = &fx->net.net;
    fx->world.resolver = &fx->resolver.resolver;
    fx->outbounds = outbounds_create(&fx->world);
    fx->listener = (struct redis_listener){on_ready, on_loss};
    fx->options = (struct redis_client_options){.hosts = &fx->hosts,
        .name = "test",
        .limits = {.ask_ms = 1000,
            .asks_max = 8,
            .ask_bytes_max = 65536,
            .reply_bytes_max = 4096,
            .reply_items_max = 64,
            .open_ms = 500,
            .quiet_ms = 5000,
            .retry_first_ms = 100,
            .retry_max_ms = 800,
            .sentinel_ms = 1000},
        .listener = &fx->listener};
    return 0;
}

int redis_house_teardown(void **state)
{
    (void)state;
    redis_client_destroy(fx->client);
    outbounds_destroy(fx->outbounds);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
    toy_net_deinit(&fx->net);
    test_loop_deinit(&fx->loop);
    mem_free(fx);
    return 0;
}

void redis_house_make(const char *hosts)
{
    assert_int_equal(redis_hosts_read(hosts, 6379, &fx->hosts), OK);
    assert_int_equal(redis_client_create(&fx->world, fx->outbounds, &fx->options, &fx->client), OK);
    redis_house_settle();
}

void redis_house_settle(void)
{
    int turns = 0;
    bool more = true;
    while (more) {
        more = toy_net_turn(&fx->net);
        more |= test_loop_turn(&fx->loop);
        assert_true(++turns < TURNS_MAX);
    }
}

void redis_house_advance(uint64_t ms)
{
    redis_house_settle();
    for (; ms > 0; ms--) {
        test_loop_advance(&fx->loop, 1);
        redis_house_settle();
    }
}

void redis_house_say(struct toy_socket *socket, const char *text)
{
    toy_socket_say(socket, text, strlen(text));
    redis_house_settle();
}

struct toy_socket *redis_house_let_in(const char *hello)
{
    struct toy_socket *socket = toy_net_newest(&fx->net);
    toy_socket_answer(socket, OK);
    redis_house_settle();
    assert_true(socket->out_size > 0);
    socket->out_size = 0;
    redis_house_say(socket, hello);
    return socket;
}

void assert_told(struct toy_socket *socket, const char *text)
{
    assert_int_equal(socket->out_size, strlen(text));
    if (socket->out_size > 0) {
        assert_memory_equal(socket->out, text, strlen(text));
    }
    socket->out_size = 0;
}

void redis_house_get(struct test_asker *asker, struct redis_op *op, const char *key)
{
    struct cht_str words[] = {cht_str_of("GET"), cht_str_of(key)};
    redis_ask(fx->client, &asker->asker, op, words, 2);
}
