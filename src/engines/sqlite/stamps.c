/* stamps - see stamps.h.
 *
 * Happy path: a reading of the clock, none while open, a later reading. How it fails: it does not;
 * the clock counts up for longer than any process lives. */

#include "stamps.h"

#include "base/check.h"
#include "base/mem.h"

void stamps_init(struct stamps *stamps, uint32_t count)
{
    CHECK(count > 0);
    CHECK((count & (count - 1)) == 0);
    *stamps = (struct stamps){.count = count};
    stamps->at = mem_array(count, sizeof(*stamps->at));
    stamps->open = mem_array(count, sizeof(*stamps->open));
    atomic_init(&stamps->now, 1);
    for (uint32_t i = 0; i < count; i++) {
        atomic_init(&stamps->at[i], 1);
    }
}

void stamps_deinit(struct stamps *stamps)
{
    mem_free(stamps->at);
    mem_free(stamps->open);
    *stamps = (struct stamps){0};
}

static uint32_t place_of(const struct stamps *stamps, const struct cht_id *key)
{
    uint64_t words[2];
    __builtin_memcpy(words, key->bytes, sizeof(words));
    uint64_t mixed = words[0] ^ words[1];
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32) & (stamps->count - 1);
}

void stamps_open(struct stamps *stamps, const struct cht_id *key)
{
    uint32_t place = place_of(stamps, key);
    if (atomic_load(&stamps->at[place]) != 0) {
        atomic_store(&stamps->at[place], 0);
        stamps->open[stamps->open_count++] = place;
    }
}

void stamps_close(struct stamps *stamps)
{
    uint64_t now = atomic_load(&stamps->now) + 1;
    while (stamps->open_count > 0) {
        atomic_store(&stamps->at[stamps->open[--stamps->open_count]], now);
    }
    atomic_store(&stamps->now, now);
}

uint64_t stamps_now(const struct stamps *stamps)
{
    return atomic_load(&stamps->now);
}

uint64_t stamps_get(const struct stamps *stamps, const struct cht_id *key)
{
    return atomic_load(&stamps->at[place_of(stamps, key)]);
}
