#pragma once

/* tails - the newest entries of rooms, finished as they go out beside a list of rooms.
 *
 * One tail serves everybody, however much they have seen: each gets the end of it. It is current
 * while its room has not changed. Who is named in it is known (names.h) when it was read. */

#include "shared.h"

#define TAIL_ENTRIES_MAX 20
#define TAIL_BYTES_MAX (48u << 10) /* of texts; a tail ends earlier */

struct tail_entry {
    uint64_t seq;
    struct cht_str json;
    struct cht_id *users; /* who is named in it */
    uint32_t user_count;
};

struct tail {
    struct shared_thing thing; /* first; by room */
    enum { TAIL_NOTHING, TAIL_ENTRIES, TAIL_NAMES } asked;
    struct history_entries_op read;
    struct users_get_op users;
    uint64_t users_stamp; /* before they were read */
    struct arena arena;
    struct tail_entry *entries; /* ascending */
    uint32_t count;
};

extern const struct shared_kind tails_kind;
