#pragma once

/* scenario - a run as a list of steps: what clients did, and what went wrong, each with its time.
 *
 * By chance a run draws its steps, and can say them (`simulate --record 1`). From a scenario it
 * does those alone: then what is left out is left out, and nothing else changes that does not
 * follow from it. A step is a line: its time in microseconds, its kind (a row of faults.def,
 * acts.def or looks.def), and what belongs to it by name:
 *
 *     4100200 crash
 *     5123456 send client 3 act 17 room 2 more 31
 *
 * A step comes at its time, or as soon after it as there is an occasion. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "acts.h"
#include "faults.h"

enum look {
#define LOOK(name, chance, doc) LOOK_##name,
#include "looks.def"
#undef LOOK
    LOOK_COUNT
};

/* The kinds of steps: faults, then acts, then looks. */
#define STEP_OF_ACT(kind) ((uint32_t)FAULT_COUNT + (uint32_t)(kind))
#define STEP_OF_LOOK(look) (STEP_OF_ACT(ACT_COUNT) + (uint32_t)(look))
#define STEP_KINDS STEP_OF_LOOK(LOOK_COUNT)

struct step {
    uint64_t at_us;
    uint32_t kind;
    uint64_t nth; /* of a fault: of the occasions at that time, from 1; 0 in a line is the first */
    uint64_t client, act, room, user, on, until, more;
    uint64_t http;
    uint64_t of; /* the act whose message is meant */
};

#define SCENARIO_CLIENTS_MAX 24

struct scenario {
    bool records, replays;
    struct step *steps; /* by time; of a replay */
    uint32_t count, capacity;
    uint32_t next_of_fault[FAULT_COUNT]; /* the first step that may be its next one */
    uint32_t next_of_client[SCENARIO_CLIENTS_MAX];
};

/* Reads the steps of a replay. False: a line can not be read; it is said. */
bool scenario_read(struct scenario *scenario, FILE *from);
void scenario_deinit(struct scenario *scenario);

/* A step was drawn: it is said, if this run records. */
void scenario_note(const struct scenario *scenario, const struct step *step);

/* The step whose time it is at this occasion (time, fault, nth); it is taken. NULL: none. */
const struct step *scenario_strike(struct scenario *scenario, const struct step *occasion);

/* The next step of a client whose time has come; NULL: none. It is taken. */
const struct step *scenario_next(struct scenario *scenario, uint32_t client, uint64_t now_us);

/* How many steps of that fault there are. */
uint32_t scenario_count(const struct scenario *scenario, enum fault fault);
