/* faults - see the header.
 *
 * Happy path: mostly nothing. How it fails: that is its job. */

#include "faults.h"

#include <stddef.h>

#include "scenario.h"

/* How many rows there were when the first scenarios were kept: how bad a fault is depends on it. */
#define STRUCK_STRIDE 22

static const bool holds_up[FAULT_COUNT] = {
#define FAULT(name, most, holds_up, doc) holds_up,
#include "faults.def"
#undef FAULT
};

void faults_init(struct faults *faults, const struct dice *dice, const uint64_t *now_us,
    struct scenario *scenario)
{
    *faults = (struct faults){.now_us = now_us, .scenario = scenario, .base = *dice};
    for (uint32_t i = 0; i < FAULT_COUNT; i++) {
        faults->dice[i] = dice_fork(dice, i);
    }
}

bool faults_strike(struct faults *faults, enum fault fault)
{
    if (faults->healed) {
        return false;
    }
    uint64_t now_us = *faults->now_us;
    faults->occasions[fault] =
        faults->occasion_us[fault] == now_us ? faults->occasions[fault] + 1 : 1;
    faults->occasion_us[fault] = now_us;
    struct step drawn = {.at_us = now_us, .kind = (uint32_t)fault, .nth = faults->occasions[fault]};
    const struct step *step = &drawn;
    if (faults->scenario->replays) {
        step = scenario_strike(faults->scenario, &drawn);
    } else if (!dice_hits(&faults->dice[fault], faults->chance[fault])) {
        step = NULL;
    } else {
        scenario_note(faults->scenario, step);
    }
    if (step) {
        faults->struck = dice_fork(&faults->base, step->at_us * STRUCK_STRIDE + step->kind);
    }
    return step != NULL;
}

bool faults_none(const struct faults *faults)
{
    for (uint32_t i = 0; i < FAULT_COUNT; i++) {
        if (i != FAULT_peek && faults->chance[i]) {
            return false;
        }
    }
    return true;
}

bool fault_holds_up(enum fault fault)
{
    return holds_up[fault];
}

bool faults_prompt(const struct faults *faults)
{
    for (uint32_t i = 0; i < FAULT_COUNT; i++) {
        if (holds_up[i] && faults->chance[i]) {
            return false;
        }
    }
    return true;
}

bool faults_answered(const struct faults *faults)
{
    return faults_prompt(faults) && faults->chance[FAULT_command_lost] == 0;
}
