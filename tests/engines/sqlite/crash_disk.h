#pragma once

/* crash_disk - a file system for SQLite whose power fails at a chosen moment.
 *
 * It stands in front of the real one, for the databases and write-ahead logs of this process. What
 * was synced is safe. At the moment of the crash, of every write since then each sector of 512
 * bytes is there or not, by dice, so that a later one may be there and an earlier one not; a sector
 * may be torn. Then the files are written as they now are, and the process ends: the next one opens
 * what is left. */

#include <stdbool.h>
#include <stdint.h>

#define CRASH_DISK_EXIT 75

struct crash_plan {
    uint64_t seed;
    uint64_t at; /* the write, cut, sync or removal that is the last one, from 1; 0: none */
    bool fails;  /* instead of ending, that one and all behind it answer an I/O error */
    bool lies;   /* a sync is answered OK and does nothing */
};

/* From now on, for every connection of this process. Once. */
void crash_disk_start(const struct crash_plan *plan);

/* Below `below`; 0 for 0. The same dice as the crash has. */
uint64_t crash_disk_dice(uint64_t *state, uint64_t below);
