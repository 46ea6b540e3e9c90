/* outbound_house - see the header. Happy path: as there. How it fails: what never comes to rest
 * fails the test by its bound of turns. */

#include "outbound_house.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define TURNS_MAX 100000

struct fixture *fx;

static void on_open(struct outbound_handler *handler)
{
    assert_ptr_equal(handler, &fx->handler);
    fx->opens++;
    if (fx->in_open) {
        fx->in_open();
    }
}

size_t house_take(const uint8_t *bytes, size_t size)
{
    assert_true(size <= sizeof(fx->got) - fx->got_size);
    memcpy(fx->got + fx->got_size, bytes, size);
    fx->got_size += size;
    return size;
}

static size_t on_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    (void)handler;
    assert_true(size > 0);
    assert_true(size <= fx->options.limits.input_bytes_max);
    fx->inputs++;
    return fx->in_input ? fx->in_input(bytes, size) : house_take(bytes, size);
}

static void on_drained(struct outbound_handler *handler)
{
    (void)handler;
    fx->drains++;
    if (fx->in_drained) {
        fx->in_drained();
    }
}

static void on_quiet(struct outbound_handler *handler)
{
    (void)handler;
    fx->quiets++;
    if (fx->in_quiet) {
        fx->in_quiet();
    }
}

static void on_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    (void)handler;
    fx->closes++;
    fx->end = *end;
    snprintf(fx->detail, sizeof(fx->detail), "%s", end->detail);
    assert_string_equal(outbound_state_name(fx->outbound), "closed");
    assert_int_equal(outbound_queued_bytes(fx->outbound), 0);
    if (fx->in_closed) {
        fx->in_closed();
    }
}

int outbound_house_setup(void **state)
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
    fx->handler = (struct outbound_handler){on_open, on_input, on_drained, on_quiet, on_closed};
    fx->options = (struct outbound_options){.host = "broker.example",
        .port = 6650,
        .handler = &fx->handler,
        .limits = {.input_bytes_max = 100000,
            .queue_bytes_max = 100000,
            .urgent_bytes_max = 1000,
            .open_ms = 3000,
            .retry_first_ms = 100,
            .retry_max_ms = 1600,
            .steady_ms = 10000}};
    house_make();
    return 0;
}

int outbound_house_teardown(void **state)
{
    (void)state;
    outbounds_destroy(fx->outbounds);
    assert_int_equal(toy_net_open_count(&fx->net), 0);
    toy_resolver_answer(&fx->resolver);
    toy_net_deinit(&fx->net);
    test_loop_deinit(&fx->loop);
    mem_free(fx);
    return 0;
}

void house_make(void)
{
    outbound_destroy(fx->outbound);
    assert_int_equal(outbound_create(fx->outbounds, &fx->options, &fx->outbound), OK);
}

void house_settle(void)
{
    int turns = 0;
    bool more = true;
    while (more) {
        more = toy_net_turn(&fx->net);
        more |= test_loop_turn(&fx->loop);
        assert_true(++turns < TURNS_MAX);
    }
}

void house_advance(uint64_t ms)
{
    house_settle();
    for (; ms > 0; ms--) {
        test_loop_advance(&fx->loop, 1);
        house_settle();
    }
}

struct toy_socket *house_open(void)
{
    outbound_start(fx->outbound);
    house_settle();
    struct toy_socket *socket = toy_net_newest(&fx->net);
    toy_socket_answer(socket, OK);
    house_settle();
    assert_state("open");
    return socket;
}

void house_write(const char *text)
{
    assert_int_equal(outbound_write(fx->outbound, text, strlen(text)), OK);
}

void assert_sent(const struct toy_socket *socket, const char *text)
{
    assert_int_equal(socket->out_size, strlen(text));
    assert_memory_equal(socket->out, text, strlen(text));
}

void assert_got(const char *text)
{
    assert_int_equal(fx->got_size, strlen(text));
    assert_memory_equal(fx->got, text, strlen(text));
}

void assert_state(const char *name)
{
    assert_string_equal(outbound_state_name(fx->outbound), name);
}

void assert_closed(uint32_t closes, enum outbound_reason reason)
{
    assert_int_equal(fx->closes, closes);
    assert_string_equal(outbound_reason_name(fx->end.reason), outbound_reason_name(reason));
}
