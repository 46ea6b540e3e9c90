#pragma once

/* pause - an op that answers after a while. */

#include "flow/op.h"
#include "world/loop.h"

struct pause_op {
    struct op op;
    struct timer timer;
};

/* Answers OK after `ms`, by the loop's clock. */
void pause_ask(struct loop *loop, struct asker *asker, struct pause_op *op, uint64_t ms);
