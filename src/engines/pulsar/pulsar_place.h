#pragma once

/* pulsar_place - a position in a topic as the ports have it: {generation, ledger, entry, batch} in
 * 4, 8, 8 and 4 bytes, big endian, so that memcmp orders as Pulsar does within a generation. The
 * batch is the place in it and one; 0: there is none. A topic that is made anew begins its ledgers
 * somewhere else: whoever does that raises the generation. */

#include "base/big_endian.h"
#include "ports/shards.h"
#include "pulsar_client/pulsar_position.h"

static inline struct position pulsar_place(
    uint32_t generation, const struct pulsar_position *position)
{
    struct position place;
    big_endian_put_sized(place.bytes, generation, 4);
    big_endian_put(place.bytes + 4, position->ledger);
    big_endian_put(place.bytes + 12, position->entry);
    big_endian_put_sized(place.bytes + 20, (uint32_t)position->batch_index + 1, 4);
    return place;
}

/* Without the size of its batch. */
static inline struct pulsar_position pulsar_place_position(const struct position *place)
{
    uint32_t batch = (uint32_t)big_endian_get_sized(place->bytes + 20, 4);
    return (struct pulsar_position){.ledger = big_endian_get(place->bytes + 4),
        .entry = big_endian_get(place->bytes + 12),
        .batch_index = (int32_t)(batch - 1)};
}

static inline uint32_t pulsar_place_generation(const struct position *place)
{
    return (uint32_t)big_endian_get_sized(place->bytes, 4);
}
