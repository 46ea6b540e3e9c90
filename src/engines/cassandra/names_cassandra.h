#pragma once

/* names_cassandra - public names: who has one, by conditions; and the list of those that rooms
 * have.
 *
 * A claim is a name with the time of the claim, and void 10 minutes later; a name that a room has
 * by its log has no time (0) and stays until the log frees it. */

#include "cassandra/call.h"
#include "ports/rooms.h"

struct name_hold_op {
    struct op op;        /* OK: `room` has it; TAKEN */
    struct cht_str name; /* folded; the asker's until answered */
    struct cht_id room;
    bool complete;        /* by the log: claims of others do not count */
    struct cht_id holder; /* answer, if TAKEN */
};

void name_hold(struct cassandra *store, struct asker *asker, struct name_hold_op *op);

/* What the log says of a room's name becomes true: it gets the new one, unless another room has it,
 * and gives up the old one. A public channel gets a door, what is none any more loses it. Before
 * the room's row is written, and as often as one likes. */
struct name_settle_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    uint64_t seq;
    const struct room_meta *meta; /* NULL: the room is over; the asker's until answered */
    struct cht_str name;          /* answer: what it has now, folded; for the row */
};

void name_settle(struct cassandra *store, struct asker *asker, struct name_settle_op *op);

/* The port's claim_name. */
void names_claim(struct cassandra *store, struct rooms_name_op *op);
