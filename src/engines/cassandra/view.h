#pragma once

/* view - what somebody may see of a room: its row, and that of the reader's membership.
 *
 * Nothing here is of one moment. So a page that is asked as a member is read between two looks at
 * the membership: the first tells where it begins, the second that it had not ended when the page
 * was read. Members are written before what comes after them (write_inner.h), so nobody reads what
 * was said after their membership ended. */

#include "cassandra/call.h"
#include "cassandra/room_rows.h"

struct view {
    const struct cht_id *room, *reader; /* reader NULL: everybody's */
    struct cql_ask room_ask, mine_ask;
    struct stored_room row;
    struct stored_mine mine;
};

/* The first look: asks, and takes it in the next step. NOT_FOUND: no member; fails the flow. */
void view_ask(struct view *view, struct call *call);
bool view_take(struct view *view, struct call *call, struct arena *arena, uint64_t *from_seq);

/* The second one. What the answer of the page is. */
void view_ask_again(struct view *view, struct call *call);
enum err view_take_again(struct view *view);

void view_deinit(struct view *view);
