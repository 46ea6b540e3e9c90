#pragma once

/* lists - the rooms of users, as one question to the store answers them.
 *
 * A list is current while neither the user's memberships and cursors have changed nor any room of
 * it (ports/rooms.h, rooms_stamp). */

#include "shared.h"

#define LIST_ROOMS_MAX 1000

struct room_list {
    struct shared_thing thing; /* first; by user */
    struct rooms_of_user_op read;
    bool is_asked;
};

extern const struct shared_kind lists_kind;
