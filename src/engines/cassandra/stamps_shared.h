#pragma once

/* stamps_shared - when did what I read last change? Answered from memory, for all workers of a
 * process that write to the same store.
 *
 * A clock that counts what was written, and a table of its readings, a key's place following from
 * its bytes; keys that share one only look changed more often. Whoever is about to change what a
 * key names opens its place, and closes it once the outcome is known, before anybody hears of it;
 * several may have it open at once. While it is open, or if other processes write to the store as
 * well, nothing is known. Any thread. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"

struct stamps_shared;

/* `count`: of places, a power of two. `alone`: nobody else writes to this store. */
struct stamps_shared *stamps_shared_create(uint32_t count, bool alone);
void stamps_shared_destroy(struct stamps_shared *stamps); /* NULL is fine */

/* Answers the place, for the end of it. */
uint32_t stamps_shared_open(struct stamps_shared *stamps, const struct cht_id *key);
void stamps_shared_close(struct stamps_shared *stamps, uint32_t place);

uint64_t stamps_shared_now(const struct stamps_shared *stamps);

/* When it last changed; 0: nothing is known. */
uint64_t stamps_shared_get(const struct stamps_shared *stamps, const struct cht_id *key);
