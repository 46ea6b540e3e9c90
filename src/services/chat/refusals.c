/* refusals - a ring in the order of refusing, with an index by digest.
 *
 * Happy path: added at the end, found by the index, forgotten from the front when its time is over.
 * How it fails: a full ring forgets its oldest early. */

#include "refusals.h"

#include "base/check.h"
#include "base/mem.h"

void refusals_init(struct refusals *refusals, const uint64_t secret[2])
{
    *refusals = (struct refusals){.secret = {secret[0], secret[1]}};
    map_init(&refusals->places, REFUSALS_MAX, secret);
}

void refusals_deinit(struct refusals *refusals)
{
    map_deinit(&refusals->places);
    mem_free(refusals->ring);
    refusals->ring = NULL;
}

uint64_t refusals_digest(const struct refusals *refusals, const struct buf *command)
{
    return map_hash(refusals->secret, command->bytes, command->size) | 1;
}

static void forget_first(struct refusals *refusals)
{
    const struct refusal *first = &refusals->ring[refusals->first];
    if (first->digest) {
        map_remove(&refusals->places, map_key_u64(first->digest));
    }
    refusals->first = (refusals->first + 1) % REFUSALS_MAX;
    refusals->count--;
}

void refusals_add(struct refusals *refusals, uint64_t digest, uint64_t until_ms, uint64_t now_ms)
{
    if (!refusals->ring) {
        refusals->ring = mem_array(REFUSALS_MAX, sizeof(*refusals->ring));
    }
    while (refusals->count > 0 && refusals->ring[refusals->first].until_ms < now_ms) {
        forget_first(refusals);
    }
    if (refusals_know(refusals, digest)) {
        return;
    }
    if (refusals->count == REFUSALS_MAX) {
        forget_first(refusals);
    }
    uint32_t place = (refusals->first + refusals->count++) % REFUSALS_MAX;
    refusals->ring[place] = (struct refusal){digest, until_ms};
    bool put = map_put(&refusals->places, map_key_u64(digest), place);
    CHECK(put);
}

void refusals_take_back(struct refusals *refusals, uint64_t digest)
{
    uint32_t place = map_remove(&refusals->places, map_key_u64(digest));
    if (place != MAP_NONE) {
        refusals->ring[place].digest = 0;
    }
}

bool refusals_know(const struct refusals *refusals, uint64_t digest)
{
    return map_find(&refusals->places, map_key_u64(digest)) != MAP_NONE;
}
