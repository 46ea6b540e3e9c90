/* stamps_shared - see the header.
 *
 * Happy path: a reading of the clock; none while open; a later reading. A close takes its reading
 * before the place counts as closed, so whoever finds it closed finds the reading too. How it
 * fails: it does not; a place whose outcome nobody learns stays open, and what has it is read each
 * time. */

#include "stamps_shared.h"

#include "base/check.h"
#include "base/mem.h"

struct place {
    _Atomic(uint64_t) at;
    _Atomic(uint32_t) open; /* by so many */
};

struct stamps_shared {
    _Atomic(uint64_t) now; /* what was closed, from 1 */
    struct place *places;
    uint32_t count;
    bool alone;
};

struct stamps_shared *stamps_shared_create(uint32_t count, bool alone)
{
    CHECK(count > 0);
    CHECK((count & (count - 1)) == 0);
    struct stamps_shared *stamps = mem_new(sizeof(*stamps));
    stamps->count = count;
    stamps->alone = alone;
    stamps->places = mem_array(count, sizeof(*stamps->places));
    atomic_init(&stamps->now, 1);
    for (uint32_t i = 0; i < count; i++) {
        atomic_init(&stamps->places[i].at, 1);
    }
    return stamps;
}

void stamps_shared_destroy(struct stamps_shared *stamps)
{
    if (stamps) {
        mem_free(stamps->places);
        mem_free(stamps);
    }
}

static uint32_t place_of(const struct stamps_shared *stamps, const struct cht_id *key)
{
    uint64_t words[2];
    __builtin_memcpy(words, key->bytes, sizeof(words));
    uint64_t mixed = words[0] ^ words[1];
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32) & (stamps->count - 1);
}

uint32_t stamps_shared_open(struct stamps_shared *stamps, const struct cht_id *key)
{
    uint32_t place = place_of(stamps, key);
    atomic_fetch_add(&stamps->places[place].open, 1);
    return place;
}

void stamps_shared_close(struct stamps_shared *stamps, uint32_t place)
{
    struct place *closed = &stamps->places[place];
    uint64_t now = atomic_fetch_add(&stamps->now, 1) + 1;
    uint64_t before = atomic_load(&closed->at);
    while (before < now && !atomic_compare_exchange_weak(&closed->at, &before, now)) {
    }
    CHECK(atomic_fetch_sub(&closed->open, 1) > 0);
}

uint64_t stamps_shared_now(const struct stamps_shared *stamps)
{
    return atomic_load(&stamps->now);
}

uint64_t stamps_shared_get(const struct stamps_shared *stamps, const struct cht_id *key)
{
    const struct place *place = &stamps->places[place_of(stamps, key)];
    if (!stamps->alone || atomic_load(&place->open) > 0) {
        return 0;
    }
    return atomic_load(&place->at);
}
