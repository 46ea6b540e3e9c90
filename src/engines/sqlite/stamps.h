#pragma once

/* stamps - when did what I read last change? Answered from memory, to any thread.
 *
 * A clock that counts transactions, and a table of its readings, a key's place following from its
 * bytes; keys that share one only look changed more often. The one writer opens the stamps of what
 * it is about to change and closes them all once the transaction has ended, before anybody hears of
 * it. So what was read after the clock said T is still what is committed while its stamp is there
 * and is at most T. */

#include <stdatomic.h>
#include <stdint.h>

#include "chattifier/types.h"

struct stamps {
    _Atomic(uint64_t) now; /* transactions that ended, from 1 */
    _Atomic(uint64_t) *at; /* 0: open */
    uint32_t *open;        /* which are, in the order of opening; the writer's */
    uint32_t open_count;
    uint32_t count; /* a power of two */
};

void stamps_init(struct stamps *stamps, uint32_t count);
void stamps_deinit(struct stamps *stamps);

/* The writer's: before the first change of what `key` names, and after the transaction. */
void stamps_open(struct stamps *stamps, const struct cht_id *key);
void stamps_close(struct stamps *stamps);

uint64_t stamps_now(const struct stamps *stamps);

/* When it last changed; 0: it is open, so nothing is known. */
uint64_t stamps_get(const struct stamps *stamps, const struct cht_id *key);
