#pragma once

/* carrier - ports of another loop's thread, for suites that have a loop of their own.
 *
 * A contract suite turns its loop by itself, with time of its own, and waits for posts of other
 * threads. Here every question is copied to the thread of a real loop, is asked there, and its
 * answer is copied back. */

#include "contract.h"
#include "loop/loop_uv.h"

struct carrier {
    struct loop *real;  /* of the other thread */
    struct loop *test;  /* of the suite */
    struct users users; /* what the suite asks */
    struct rooms rooms;
    struct history history;
    struct users *real_users;
    struct rooms *real_rooms;
    struct history *real_history;
};

void carrier_init(struct carrier *carrier);
