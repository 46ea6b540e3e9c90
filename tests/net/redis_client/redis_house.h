#pragma once

/* redis_house - a Redis client on a toy network and a virtual clock; the test is the servers. */

#include "test.h"

#include "redis_client/redis_client.h"
#include "test_loop.h"
#include "toy_net.h"
#include "toy_resolver.h"

#define HELLO_PRIMARY "*4\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
#define HELLO_REPLICA "*4\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$7\r\nreplica\r\n"
#define HELLO_SENTINEL "*2\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n"
#define SENT_HELLO "*4\r\n$5\r\nHELLO\r\n$1\r\n2\r\n$7\r\nSETNAME\r\n$4\r\ntest\r\n"

struct fixture {
    struct test_loop loop;
    struct toy_net net;
    struct toy_resolver resolver;
    struct world world;
    struct outbounds *outbounds;
    struct redis_hosts hosts;
    struct redis_client_options options;
    struct redis_client *client;
    struct redis_listener listener;
    uint32_t readies, losses, sentinel_losses;
    char ready_host[300], reason[40], detail[200]; /* the newest */
};

extern struct fixture *fx;

/* ask_ms 1000, asks_max 8, ask_bytes_max 65536, open_ms 500, waits of 100 to 800 ms. */
int redis_house_setup(void **state);
int redis_house_teardown(void **state);

/* `fx->client`, made anew with fx->options for `hosts`. */
void redis_house_make(const char *hosts);
void redis_house_settle(void);
void redis_house_advance(uint64_t ms);

/* The newest connection is let in, and its server says `hello`. Answers the server's side; what it
 * was sent until then is forgotten. */
struct toy_socket *redis_house_let_in(const char *hello);

void redis_house_say(struct toy_socket *socket, const char *text);

/* What it was sent since it was last asked. */
void assert_told(struct toy_socket *socket, const char *text);

/* Asks `GET <key>`. */
void redis_house_get(struct test_asker *asker, struct redis_op *op, const char *key);

#define T(name) cmocka_unit_test_setup_teardown(name, redis_house_setup, redis_house_teardown)
