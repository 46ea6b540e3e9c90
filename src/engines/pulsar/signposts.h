#pragma once

/* signposts - where records of a shard lie in their topic, as far as that was seen: an index to
 * begin near without reading what is before it.
 *
 * Every SIGNPOSTS_SPACING records one is kept, and the newest record always. When there are
 * SIGNPOSTS_MAX, every second of them is dropped, so old ones are far apart and new ones near. Both
 * indexes and positions only grow: what does not continue that is a repeat and is not kept. */

#include <stdbool.h>
#include <stdint.h>

#include "pulsar_client/pulsar_position.h"

#define SIGNPOSTS_MAX 128u
#define SIGNPOSTS_SPACING 256u

struct signpost {
    uint64_t index;
    struct pulsar_position position;
};

struct signposts {
    struct signpost posts[SIGNPOSTS_MAX];
    uint32_t count;
    struct signpost newest; /* index 0: nothing was seen */
};

/* A record was seen there. */
void signposts_note(
    struct signposts *signposts, uint64_t index, const struct pulsar_position *position);

/* The nearest one at or before `index`; NULL: none is known. */
const struct signpost *signposts_floor(const struct signposts *signposts, uint64_t index);
