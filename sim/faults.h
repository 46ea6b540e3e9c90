#pragma once

/* faults - what may go wrong in a run, and how often; rows of faults.def.
 *
 * Whoever has an occasion for a fault asks `faults_strike`. By chance each fault has dice of its
 * own, so that one does not change when another strikes; in a replay the scenario alone says when.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dice.h"

enum fault {
#define FAULT(name, most, holds_up, doc) FAULT_##name,
#include "faults.def"
#undef FAULT
    FAULT_COUNT
};

struct scenario;

struct faults {
    uint32_t chance[FAULT_COUNT]; /* in ten thousand; 0: off */
    bool healed;                  /* nothing goes wrong any more */
    const uint64_t *now_us;
    struct scenario *scenario;
    struct dice base;
    struct dice dice[FAULT_COUNT];
    struct dice struck; /* of the newest strike: how bad it is; the same for the same step */
    uint64_t occasion_us[FAULT_COUNT], occasions[FAULT_COUNT]; /* how many at that time */
};

void faults_init(struct faults *faults, const struct dice *dice, const uint64_t *now_us,
    struct scenario *scenario);

/* Does it go wrong here and now? */
bool faults_strike(struct faults *faults, enum fault fault);

/* Nothing goes wrong in this run: then nothing may be refused for a while, or time out. */
bool faults_none(const struct faults *faults);

/* Nothing in this run holds up what is told: then it is told at once. */
bool faults_prompt(const struct faults *faults);
bool fault_holds_up(enum fault fault);

/* Nothing in this run loses a command or its answer, or holds them up: then all are answered. */
bool faults_answered(const struct faults *faults);
