#pragma once

/* dice - all chance of a run comes from its seed: splitmix64, one stream a purpose. */

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t mixed = dice->state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

/* 0 .. below - 1; 0 for 0. */
static inline uint64_t dice_below(struct dice *dice, uint64_t below)
{
    return below ? dice_next(dice) % below : 0;
}

static inline uint64_t dice_between(struct dice *dice, uint64_t least, uint64_t most)
{
    return least + dice_below(dice, most - least + 1);
}

/* True so many times in ten thousand. */
static inline bool dice_hits(struct dice *dice, uint32_t per_10000)
{
    return dice_below(dice, 10000) < per_10000;
}

/* A stream of its own. */
static inline struct dice dice_fork(const struct dice *dice, uint64_t purpose)
{
    struct dice fork = {dice->state ^ (purpose + 1) * 0xd1342543de82ef95u};
    (void)dice_next(&fork);
    return fork;
}
