/* answered - a ring in the order of answering, with an index by digest.
 *
 * Happy path: added at the end, found by the index, forgotten from the front when its time is over.
 * How it fails: a full ring forgets its oldest early. */

#include "answered.h"

#include "base/check.h"
#include "base/mem.h"

void answered_init(struct answered *answered, const uint64_t secret[2])
{
    *answered = (struct answered){.secret = {secret[0], secret[1]}};
    map_init(&answered->places, ANSWERED_MAX, secret);
}

void answered_deinit(struct answered *answered)
{
    map_deinit(&answered->places);
    mem_free(answered->ring);
    answered->ring = NULL;
}

uint64_t answered_digest(const struct answered *answered, const struct buf *command)
{
    return map_hash(answered->secret, command->bytes, command->size) | 1;
}

static void forget_first(struct answered *answered)
{
    const struct answered_command *first = &answered->ring[answered->first];
    if (first->digest) {
        map_remove(&answered->places, map_key_u64(first->digest));
    }
    answered->first = (answered->first + 1) % ANSWERED_MAX;
    answered->count--;
}

void answered_add(struct answered *answered, uint64_t digest, uint64_t until_ms, uint64_t now_ms)
{
    if (!answered->ring) {
        answered->ring = mem_array(ANSWERED_MAX, sizeof(*answered->ring));
    }
    while (answered->count > 0 && answered->ring[answered->first].until_ms < now_ms) {
        forget_first(answered);
    }
    if (answered_know(answered, digest)) {
        return;
    }
    if (answered->count == ANSWERED_MAX) {
        forget_first(answered);
    }
    uint32_t place = (answered->first + answered->count++) % ANSWERED_MAX;
    answered->ring[place] = (struct answered_command){digest, until_ms};
    bool put = map_put(&answered->places, map_key_u64(digest), place);
    CHECK(put);
}

void answered_take_back(struct answered *answered, uint64_t digest)
{
    uint32_t place = map_remove(&answered->places, map_key_u64(digest));
    if (place != MAP_NONE) {
        answered->ring[place].digest = 0;
    }
}

bool answered_know(const struct answered *answered, uint64_t digest)
{
    return map_find(&answered->places, map_key_u64(digest)) != MAP_NONE;
}
