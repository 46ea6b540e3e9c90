#pragma once

/* consumer_case - a consumer in a pulsar_house, and what it gave, in order. */

#include "pulsar_house.h"

#include "pulsar_client/pulsar_reader.h"

#define TEXTS_MAX 64
#define TEXT_BYTES 32

struct consumer_case {
    struct pulsar_consumer_options options;
    struct pulsar_consumer *consumer;
    struct pulsar_consumer_events events;
    struct source source;
    uint32_t opens, ends, activations, passivations;
    enum err end;
    char texts[TEXTS_MAX][TEXT_BYTES];
    struct pulsar_position positions[TEXTS_MAX];
    uint32_t redeliveries[TEXTS_MAX];
    uint32_t count;
    void (*in_item)(uint32_t which);
};

extern struct consumer_case *cc;

/* Setup: a durable exclusive one with a queue of 10 and credit for 1000, from the beginning. */
int consumer_case_setup(void **state);
int consumer_case_teardown(void **state);

void consumer_make(void);

/* Made, found and let in; its permits are heard. */
struct toy_socket *consumer_open(void);
struct pulsar_subscribe consumer_reopen(struct toy_socket *socket);

void assert_given(uint32_t count, const char *newest);
void assert_permits(struct toy_socket *socket, uint32_t permits);

#define C(name) cmocka_unit_test_setup_teardown(name, consumer_case_setup, consumer_case_teardown)
