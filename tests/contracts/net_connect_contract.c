/* The contract of the port net: connections that we open. Their other ends are on the loopback
 * interface. */

#include "contract.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/task.h"

enum { TOKEN = 77, OTHER_TOKEN = 78, TURNS_MAX = 2000, QUIET_TURNS = 5 };

/* Someone who connects; what it hears. */
struct caller {
    struct net_handler handler;
    struct net *net;
    int sock;
    uint64_t token;
    uint32_t events; /* all since they were last looked at */
};

static void on_ready(struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct caller *caller = container_of(handler, struct caller, handler);
    caller->token = token;
    caller->events |= events;
}

/* Of the running test; a handler stays as long as its loop. */
static struct caller caller;

static struct net_address loopback(const char *host, uint16_t port)
{
    struct net_address address = {.port = port};
    if (inet_pton(AF_INET6, host, address.ip) != 1) {
        address.ip[10] = address.ip[11] = 0xff;
        assert_int_equal(inet_pton(AF_INET, host, address.ip + 12), 1);
    }
    return address;
}

static void caller_init(struct contract_engine *engine)
{
    caller = (struct caller){.handler = {.on_ready = on_ready}, .net = engine->net, .sock = -1};
    assert_int_equal(net_add_handler(engine->net, &caller.handler), OK);
}

static enum err call(const char *host, uint16_t port)
{
    struct net_address to = loopback(host, port);
    return net_connect(caller.net, &to, &caller.handler, TOKEN, &caller.sock);
}

static void wait_for(struct contract_engine *engine, uint32_t events)
{
    for (int i = 0; i < TURNS_MAX && !(caller.events & events); i++) {
        engine->turn(engine);
    }
    assert_true(caller.events & events);
}

/* The outcome, for which it waits. */
static enum err outcome(struct contract_engine *engine)
{
    wait_for(engine, NET_WRITABLE | NET_CLOSED);
    assert_int_equal(caller.token, TOKEN);
    return net_connected(caller.net, caller.sock);
}

static int listener_on(struct contract_engine *engine, const char *host, uint16_t *ret_port)
{
    int listener;
    assert_int_equal(net_listen(engine->net, host, 0, false, &listener), OK);
    *ret_port = net_local_port(engine->net, listener);
    return listener;
}

/* Connects to `host`, answers the other end. */
static int connected_pair(struct contract_engine *engine, const char *host)
{
    uint16_t port;
    int other;
    struct net_address peer;
    int listener = listener_on(engine, host, &port);
    assert_int_equal(call(host, port), OK);
    assert_int_equal(outcome(engine), OK);
    assert_int_equal(net_accept(engine->net, listener, &other, &peer), OK);
    assert_int_equal(peer.port, net_local_port(engine->net, caller.sock));
    net_close(engine->net, listener);
    return other;
}

static void assert_carries_both_ways(struct contract_engine *engine, int other)
{
    char got[16] = {0};
    struct iovec hello = {(void *)(uintptr_t) "hello", 5};
    struct iovec reply = {(void *)(uintptr_t) "reply", 5};
    assert_int_equal(net_send(engine->net, caller.sock, &hello, 1), 5);
    assert_int_equal(recv(other, got, sizeof(got), 0), 5);
    assert_string_equal(got, "hello");
    caller.events = 0;
    net_rewatch(engine->net, caller.sock, &caller.handler, OTHER_TOKEN, NET_READABLE);
    assert_int_equal(net_send(engine->net, other, &reply, 1), 5);
    wait_for(engine, NET_READABLE);
    assert_int_equal(caller.token, OTHER_TOKEN);
    assert_int_equal(net_recv(engine->net, caller.sock, got, sizeof(got)), 5);
    assert_string_equal(got, "reply");
}

/* ---- tests */

static void a_connection_that_was_asked_for_becomes_writable_and_carries_both_ways(void **state)
{
    caller_init(*state);
    int other = connected_pair(*state, "127.0.0.1");
    assert_carries_both_ways(*state, other);
    net_close(caller.net, other);
    net_close(caller.net, caller.sock);
}

static void an_address_of_the_new_kind_is_connected_too(void **state)
{
    struct contract_engine *engine = *state;
    caller_init(engine);
    int probe;
    if (net_listen(engine->net, "::1", 0, false, &probe) != OK) {
        skip();
    }
    net_close(engine->net, probe);
    int other = connected_pair(engine, "::1");
    assert_carries_both_ways(engine, other);
    net_close(caller.net, other);
    net_close(caller.net, caller.sock);
}

/* A reply waits for no acknowledgement of what was sent before. */
static void it_has_no_nagle(void **state)
{
    caller_init(*state);
    int other = connected_pair(*state, "127.0.0.1");
    int value = 0;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(caller.sock, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    assert_int_not_equal(value, 0);
    net_close(caller.net, other);
    net_close(caller.net, caller.sock);
}

static void a_port_where_nobody_listens_refuses(void **state)
{
    struct contract_engine *engine = *state;
    uint16_t port;
    caller_init(engine);
    net_close(engine->net, listener_on(engine, "127.0.0.1", &port));
    enum err err = call("127.0.0.1", port);
    if (err == OK) {
        err = outcome(engine);
        net_close(engine->net, caller.sock);
    }
    assert_int_equal(err, ERR_REFUSED);
}

/* Nobody connects to all hosts at once. */
static void an_address_that_no_way_leads_to_is_told(void **state)
{
    struct contract_engine *engine = *state;
    caller_init(engine);
    enum err err = call("255.255.255.255", 9);
    if (err == OK) {
        err = outcome(engine);
        net_close(engine->net, caller.sock);
    }
    assert_int_equal(err, ERR_UNREACHABLE);
}

/* Its queue of those who were not accepted yet is full: the newest is neither let in nor refused.
 */
static int full_listener(uint16_t *ret_port, int *waiting, int count)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    for (int i = 0; i < count; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (struct sockaddr *)&at, sizeof(at));
    }
    *ret_port = ntohs(at.sin_port);
    return listener;
}

static void an_outcome_that_is_not_known_is_neither_told_nor_made_up(void **state)
{
    enum { WAITING = 8 };
    struct contract_engine *engine = *state;
    int waiting[WAITING];
    uint16_t port;
    caller_init(engine);
    int listener = full_listener(&port, waiting, WAITING);
    assert_int_equal(call("127.0.0.1", port), OK);
    for (int i = 0; i < QUIET_TURNS; i++) {
        engine->turn(engine);
    }
    assert_int_equal(caller.events, 0);
    assert_int_equal(net_connected(engine->net, caller.sock), ERR_AGAIN);
    net_close(engine->net, caller.sock);
    for (int i = 0; i < WAITING; i++) {
        close(waiting[i]);
    }
    close(listener);
}

static void who_is_closed_while_connecting_hears_nothing(void **state)
{
    struct contract_engine *engine = *state;
    uint16_t port;
    caller_init(engine);
    int listener = listener_on(engine, "127.0.0.1", &port);
    assert_int_equal(call("127.0.0.1", port), OK);
    net_close(engine->net, caller.sock);
    for (int i = 0; i < QUIET_TURNS; i++) {
        engine->turn(engine);
    }
    assert_int_equal(caller.events, 0);
    net_close(engine->net, listener);
}

static void without_descriptors_it_is_full_and_leaves_no_socket(void **state)
{
    struct contract_engine *engine = *state;
    struct rlimit before, none;
    uint16_t port;
    caller_init(engine);
    int listener = listener_on(engine, "127.0.0.1", &port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = dup(listener);
    close(lowest);
    none = (struct rlimit){(rlim_t)lowest, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum err err = call("127.0.0.1", port);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, ERR_FULL);
    assert_int_equal(caller.sock, -1);
    int next = dup(listener);
    assert_int_equal(next, lowest);
    close(next);
    net_close(engine->net, listener);
}

int net_connect_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(a_connection_that_was_asked_for_becomes_writable_and_carries_both_ways),
        TEST(an_address_of_the_new_kind_is_connected_too),
        TEST(it_has_no_nagle),
        TEST(a_port_where_nobody_listens_refuses),
        TEST(an_address_that_no_way_leads_to_is_told),
        TEST(an_outcome_that_is_not_known_is_neither_told_nor_made_up),
        TEST(who_is_closed_while_connecting_hears_nothing),
        TEST(without_descriptors_it_is_full_and_leaves_no_socket),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
