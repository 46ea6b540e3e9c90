/* signposts - see the header. Happy path: a record behind the newest one is the newest then. How it
 * fails: it does not; what is not known costs a search. */

#include "pulsar/signposts.h"

#include <stddef.h>

static void drop_every_second(struct signposts *signposts)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < signposts->count; i += 2) {
        signposts->posts[kept++] = signposts->posts[i];
    }
    signposts->count = kept;
}

static void keep(struct signposts *signposts, const struct signpost *post)
{
    if (signposts->count == SIGNPOSTS_MAX) {
        drop_every_second(signposts);
    }
    signposts->posts[signposts->count++] = *post;
}

void signposts_note(
    struct signposts *signposts, uint64_t index, const struct pulsar_position *position)
{
    const struct signpost *newest = &signposts->newest;
    if (newest->index > 0 &&
        (index <= newest->index || pulsar_position_compare(position, &newest->position) <= 0)) {
        return;
    }
    signposts->newest = (struct signpost){index, *position};
    uint64_t last = signposts->count ? signposts->posts[signposts->count - 1].index : 0;
    if (signposts->count == 0 || index - last >= SIGNPOSTS_SPACING) {
        keep(signposts, &signposts->newest);
    }
}

const struct signpost *signposts_floor(const struct signposts *signposts, uint64_t index)
{
    if (signposts->newest.index > 0 && signposts->newest.index <= index) {
        return &signposts->newest;
    }
    uint32_t first = 0, behind = signposts->count; /* posts before `first` are at or before index */
    while (first < behind) {
        uint32_t middle = first + (behind - first) / 2;
        if (signposts->posts[middle].index <= index) {
            first = middle + 1;
        } else {
            behind = middle;
        }
    }
    return first > 0 ? &signposts->posts[first - 1] : NULL;
}
