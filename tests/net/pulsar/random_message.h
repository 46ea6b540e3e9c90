#pragma once

/* random_message - any message of any row, from a seed. */

#include "pulsar/pulsar_proto.h"

struct message_dice {
    uint64_t state; /* never 0 */
    uint8_t *room;  /* for texts and lists, from `used` to `capacity` */
    size_t used, capacity;
};

/* Every row of the table. */
extern const struct pulsar_row *const message_rows[];
extern const size_t message_row_count;

/* 0 .. below - 1. */
uint64_t message_roll(struct message_dice *dice, uint64_t below);

/* Fills the struct of `row`. A room that is too small ends the test. */
void random_message(struct message_dice *dice, const struct pulsar_row *row, void *ret_message);

/* True if both say the same, in whatever form their lists are. */
bool messages_equal(const struct pulsar_row *row, const void *a, const void *b);
