/* retry_wait - see the header. Happy path: shifted, cut, half of it left to chance. How it fails:
 * it does not; so many failures that the shift would overflow count as fewer. */

#include "link/retry_wait.h"

#include "base/check.h"
#include "world/random.h"

#define DOUBLINGS_MAX 30u

uint64_t retry_chance_ms(struct random *random, uint64_t whole_ms)
{
    return whole_ms / 2 + random_below(random, whole_ms - whole_ms / 2 + 1);
}

uint64_t retry_wait_ms(
    struct random *random, uint32_t failures, uint64_t first_ms, uint64_t most_ms)
{
    CHECK(first_ms <= most_ms);
    CHECK(most_ms <= UINT32_MAX);
    uint64_t whole = first_ms << (failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX);
    return retry_chance_ms(random, whole < most_ms ? whole : most_ms);
}
