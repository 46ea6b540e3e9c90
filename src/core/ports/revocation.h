#pragma once

/* revocation - tokens that became void, as the truth (users.h) and its cache (sessions.h) both say
 * it. */

#include "chattifier/events.h"

struct revocation {
    struct cht_id user, device; /* device none: all of the user's */
    uint64_t version;           /* token versions below it are void; for a device: any */
    uint64_t at;                /* ms since 1970; 0 if it is just happening */
};
