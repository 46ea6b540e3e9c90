#pragma once

/* publisher_case - a publisher in a pulsar_house, and what it answered, in order. */

#include "pulsar_house.h"

#define OPS_MAX 64

struct publisher_case {
    struct pulsar_publisher_options options;
    struct pulsar_publisher *publisher;
    struct pulsar_publisher_events events;
    uint32_t opens, asked_to_open, rooms, ends;
    enum err end;
    bool lets; /* may_open answers that */
    struct pulsar_publish_op ops[OPS_MAX];
    uint32_t count;
    struct asker asker;
    uint32_t answered[OPS_MAX]; /* which op, in the order of answers */
    uint32_t answers;
    void (*in_answer)(uint32_t which);
};

extern struct publisher_case *pc;

/* Setup: SHARED, its options may be changed before publisher_make. */
int publisher_case_setup(void **state);
int publisher_case_teardown(void **state);

void publisher_make(void);

/* Made, found and let in. */
struct toy_socket *publisher_open(uint64_t epoch);

/* Found again on the same connection, or after a wait on a new one. Answers what it said. */
struct pulsar_producer publisher_reopen(struct toy_socket *socket, uint64_t epoch);

/* The next op. */
void publish(const char *text);
void publish_keyed(const char *text, const char *key);

/* So many answers have come, each in its place; the newest is `err`. */
void assert_answers(uint32_t answers, enum err err);

#define P(name) cmocka_unit_test_setup_teardown(name, publisher_case_setup, publisher_case_teardown)
