/* test_edge_tunnel - connections whose bytes are somebody else's: nothing is read as frames,
 * nothing is put in between. */

#include "edge_house.h"

#include <string.h>

#include "world/loop.h"

#define MUCH 300000

static struct {
    char got[MUCH];
    size_t size;
    size_t takes; /* at most so many bytes from here on */
    uint32_t calls;
} heard;

static size_t on_bytes(struct edge_ws_handler *handler, uint32_t slot, uint8_t *bytes, size_t size)
{
    (void)handler;
    fx->slot = slot;
    heard.calls++;
    size_t taken = size < heard.takes ? size : heard.takes;
    assert_true(heard.size + taken <= sizeof(heard.got));
    memcpy(heard.got + heard.size, bytes, taken);
    heard.size += taken;
    heard.takes -= taken;
    return taken;
}

static int set_up(void **state)
{
    memset(&heard, 0, sizeof(heard));
    heard.takes = MUCH;
    int result = edge_house_setup(state);
    fx->ws.on_bytes = on_bytes;
    return result;
}

static void wait_heard(struct client *client, size_t size)
{
    for (int i = 0; i < TURNS_MAX && heard.size < size; i++) {
        take(client);
    }
    assert_int_equal(heard.size, size);
}

static void bytes_are_handed_on_as_they_come(void **state)
{
    (void)state;
    struct client *client = ws_create();
    static const char bytes[] = "\xff\x00 no frame \x88\x80 at all";
    put(client, bytes, sizeof(bytes));
    wait_heard(client, sizeof(bytes));
    assert_memory_equal(heard.got, bytes, sizeof(bytes));
    assert_int_equal(fx->texts, 0);
    assert_int_equal(client->size, 0);
    client_destroy(client);
    wait_no_connections();
    assert_int_equal(fx->closed, 1);
}

static void bytes_right_behind_the_request_belong_to_the_tunnel(void **state)
{
    (void)state;
    struct client *client = client_create();
    put_text(client, OFFER "early");
    wait_heard(client, 5);
    assert_memory_equal(heard.got, "early", 5);
    client_destroy(client);
    wait_no_connections();
}

static void what_is_not_taken_comes_again_and_holds_the_client_back(void **state)
{
    (void)state;
    struct client *client = ws_create();
    static char large[MUCH];
    for (size_t i = 0; i < sizeof(large); i++) {
        large[i] = (char)(i * 7 % 251);
    }
    heard.takes = 100;
    put(client, large, 6000);
    for (int i = 0; i < 50; i++) {
        take(client);
    }
    assert_int_equal(heard.size, 100);
    uint32_t calls = heard.calls;
    for (int i = 0; i < 50; i++) {
        take(client);
    }
    assert_int_equal(heard.calls, calls);
    heard.takes = MUCH;
    edge_resume(fx->edge, fx->slot);
    wait_heard(client, 6000);
    put(client, large + 6000, MUCH - 6000);
    wait_heard(client, MUCH);
    assert_memory_equal(heard.got, large, MUCH);
    client_destroy(client);
    wait_no_connections();
}

static void a_close_is_an_end_behind_what_is_queued_without_a_frame(void **state)
{
    (void)state;
    struct client *client = ws_create();
    put_text(client, "x");
    wait_heard(client, 1);
    assert_true(edge_push_bytes(fx->edge, fx->slot, "last words", 10));
    edge_close(fx->edge, fx->slot, 1012, "restart");
    assert_int_equal(fx->closed, 1);
    wait_end(client);
    assert_int_equal(client->size, 10);
    assert_memory_equal(client->in, "last words", 10);
    client_destroy(client);
    wait_no_connections();
}

static void no_heartbeat_is_put_in_between(void **state)
{
    (void)state;
    struct edge_limits limits = edge_house_limits();
    limits.heartbeat_ms = 40;
    limits.message_timeout_ms = 40;
    edge_set_limits(fx->edge, &limits);
    struct client *client = ws_create();
    uint64_t until = loop_now_ms(fx->world.loop) + 400;
    while (loop_now_ms(fx->world.loop) < until) {
        take(client);
    }
    assert_int_equal(client->size, 0);
    assert_false(client->ended);
    client_destroy(client);
    wait_no_connections();
}

static void everything_that_has_left_is_told(void **state)
{
    (void)state;
    static char large[200000];
    struct client *client = ws_create();
    put_text(client, "x");
    wait_heard(client, 1);
    int turns = 0;
    while (edge_queued_bytes(fx->edge, fx->slot) == 0 && turns < TURNS_MAX) {
        assert_true(edge_push_bytes(fx->edge, fx->slot, large, sizeof(large)));
        turn();
        turns++;
    }
    assert_int_equal(fx->drained, 0);
    for (int i = 0; i < TURNS_MAX && fx->drained == 0; i++) {
        take(client);
        drop_input(client);
    }
    assert_int_equal(fx->drained, 1);
    client_destroy(client);
    wait_no_connections();
}

#undef T
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, edge_house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bytes_are_handed_on_as_they_come),
        T(bytes_right_behind_the_request_belong_to_the_tunnel),
        T(what_is_not_taken_comes_again_and_holds_the_client_back),
        T(a_close_is_an_end_behind_what_is_queued_without_a_frame),
        T(no_heartbeat_is_put_in_between),
        T(everything_that_has_left_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
