#pragma once

/* random_event - any valid event of any row, from a seed. */

#include "chattifier/types.h"

struct cht_scratch;

struct dice {
    uint64_t state; /* never 0 */
};

/* 0 .. below - 1. */
uint64_t dice_roll(struct dice *dice, uint64_t below);

/* Fills the struct of `row`; texts and lists are in `scratch`, which must be large enough
 * (checked). */
void random_event(struct dice *dice, const struct cht_event_row *row, struct cht_scratch *scratch,
    void *ret_event);
