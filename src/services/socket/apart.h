#pragma once

/* apart - who is kept apart from a local user by a block.
 *
 * Neither of two is shown the presence of the other while one of them has blocked the other.
 * Whoever watches is a user of this node, so the node has for each of its users everybody on the
 * other end of a block, whichever of the two made it. The list comes with the last page of the
 * rooms (rosters.h).
 *
 * A change is told by a cast (blocked). A block holds from then on; for what else the cast says the
 * list is read again, as the store has it: the casts of two nodes may come in any order.
 *
 * How it fails: a cast that is lost: the lists are read again in a slow rotation. More than the
 * list holds: then the user is kept apart from everybody. */

#include "socket_inner.h"

#define APART_MAX 2000u /* as many as the event takes */

struct apart_list {
    uint32_t count;
    bool more; /* there is no room for the others */
    struct cht_apart at[];
};

/* As the store has it. */
void apart_set(
    struct socket_service *service, struct user_slot *user, const struct cht_roster *roster);

/* The user's last connection closed. */
void apart_forget(struct user_slot *user);

void apart_on_blocked(struct socket_service *service, const struct cht_blocked *blocked);

bool apart_has(const struct user_slot *user, const struct cht_id *other);

/* When the first of the blocks between the two was made; 0: not known. */
uint64_t apart_since(const struct user_slot *user, const struct cht_id *other);
