#pragma once

/* pulsar_house - a client of Pulsar on a toy network and a virtual clock. The test is the brokers:
 * it hears frame by frame what each connection was sent, and says what it likes. */

#include "test.h"

#include "link/outbound.h"
#include "pulsar/pulsar_batch.h"
#include "pulsar_client/pulsar_client.h"
#include "pulsar_client/pulsar_connection.h"
#include "pulsar_client/pulsar_consumer.h"
#include "pulsar_client/pulsar_lookup.h"
#include "pulsar_client/pulsar_publisher.h"
#include "test_loop.h"
#include "toy_net.h"
#include "toy_resolver.h"

#define TOPIC "persistent://public/default/t"
#define BROKER_URL "pulsar://broker.example:6650"

struct house {
    struct test_loop loop;
    struct toy_net net;
    struct toy_resolver resolver;
    struct world world;
    struct outbounds *outbounds;
    struct pulsar_client_options options;
    struct pulsar_client *client;
    size_t heard[TOY_SOCKETS_MAX]; /* bytes of what each socket sent */
};

extern struct house *house;

/* Two hosts, no token; waits of 100 to 1600 ms; 10 s to open, 30 s for a request, pings after 30 s.
 */
int pulsar_house_setup(void **state);
int pulsar_house_teardown(void **state);

/* The client, made anew with house->options. */
void house_make(void);

/* Everything that can happen at this moment, or within `ms`. */
void settle(void);
void advance(uint64_t ms);

/* ---- the brokers */

/* The newest connection is let in, and welcomed. */
struct toy_socket *broker_accept(void);

/* The same without a word. */
struct toy_socket *broker_let_in(void);
void broker_welcome(struct toy_socket *socket, int32_t max_message_size);

/* The next frame that the client has sent; pings are passed over. False: there is none. Lent until
 * time goes on. */
bool broker_hears(struct toy_socket *socket, struct pulsar_frame *ret_frame);
struct pulsar_command broker_expect(struct toy_socket *socket, enum pulsar_command_type type);
void broker_expect_nothing(struct toy_socket *socket);

/* The next frame is a SEND; its payload as a text. */
struct pulsar_send broker_expect_send(struct toy_socket *socket, const char *payload);

/* Says it, and lets it arrive. */
void broker_say(struct toy_socket *socket, const struct pulsar_command *command);
void broker_say_bytes(struct toy_socket *socket, const void *bytes, size_t size);

/* ---- answers */
void broker_error(struct toy_socket *socket, uint64_t request_id, enum pulsar_error_code code);
void broker_success(struct toy_socket *socket, uint64_t request_id);

/* Hears a LOOKUP, and answers that this broker has the topic. */
void broker_finds(struct toy_socket *socket);

#define NO_EPOCH UINT64_MAX

/* Hears a PRODUCER, and lets it in. Answers what it heard. */
struct pulsar_producer broker_opens_producer(struct toy_socket *socket, uint64_t epoch);
struct pulsar_subscribe broker_opens_consumer(struct toy_socket *socket);
void broker_receipt(
    struct toy_socket *socket, uint64_t producer_id, uint64_t sequence, uint64_t entry);
void broker_send_error(struct toy_socket *socket, uint64_t producer_id, uint64_t sequence,
    enum pulsar_error_code code);
void broker_closes_producer(struct toy_socket *socket, uint64_t producer_id, const char *url);
void broker_closes_consumer(struct toy_socket *socket, uint64_t consumer_id);

/* A message of its own in entry `entry` of ledger 1. */
void broker_message(
    struct toy_socket *socket, uint64_t consumer_id, uint64_t entry, const char *text);

/* A batch of the texts. `unacked`: bits; 0: nothing is said. */
void broker_batch(struct toy_socket *socket, uint64_t consumer_id, uint64_t entry,
    const char *const *texts, uint32_t count, uint64_t unacked);

#define T(name) cmocka_unit_test_setup_teardown(name, pulsar_house_setup, pulsar_house_teardown)
