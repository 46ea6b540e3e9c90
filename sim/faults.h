#pragma once

/* faults - what may go wrong in a run, and how often; rows of faults.def. */

#include <stdbool.h>
#include <stdint.h>

enum fault {
#define FAULT(name, most, doc) FAULT_##name,
#include "faults.def"
#undef FAULT
    FAULT_COUNT
};

struct faults {
    uint32_t chance[FAULT_COUNT]; /* in ten thousand; 0: off */
    bool healed;                  /* nothing goes wrong any more */
};

static inline uint32_t fault_chance(const struct faults *faults, enum fault fault)
{
    return faults->healed ? 0 : faults->chance[fault];
}

/* Nothing goes wrong in this run: then nothing may be refused for a while, or time out. */
static inline bool faults_none(const struct faults *faults)
{
    uint64_t sum = 0;
    for (int i = 0; i < FAULT_COUNT; i++) {
        sum += faults->chance[i];
    }
    return sum == 0;
}

/* Commands that were answered may come again. */
static inline bool faults_repeat(const struct faults *faults)
{
    return faults->chance[FAULT_redeliver] > 0 || faults->chance[FAULT_again] > 0;
}
