#pragma once

/* fanout - one frame of a room to its local connections.
 *
 * All durable frames of a room in one turn share one block, pushed once to everybody in the
 * audience; later frames of the turn only grow it. What costs something per recipient is one call
 * with the block's pointer. The block is closed at the end of the turn, and whenever the audience
 * changes or one connection is told something out of turn.
 *
 * A room that many hear costs a send for each of them, much more than a flush of the log. While
 * commands of this node are on their way to its shard, what the turn made therefore waits for their
 * answer, but at most for a moment and never twice: what comes then leaves with it. Otherwise those
 * who write at the same time fall into two groups, one of which is flushed while the other is sent,
 * and everybody gets two sends for ever. */

#include "socket_inner.h"

/* To everybody in the room. `seq` for the gap of those who are too slow. */
void fanout_all(
    struct socket_service *service, struct room *room, struct cht_str frame, uint64_t seq);

/* Only to the connections of one user. */
void fanout_user(struct socket_service *service, struct room *room, struct user_slot *user,
    struct cht_str frame, uint64_t seq);

struct fanout_rule {
    const struct cht_id *not_to; /* or NULL */
    const struct cht_id *only_to;
    uint32_t not_on; /* with only_to: a connection of theirs that is left out, or SLOT_NONE */
};

/* Nobody misses it: connections that are behind are left out. */
void fanout_ephemeral(struct socket_service *service, struct room *room, struct cht_str frame,
    const struct fanout_rule *rule);

/* Frames from here on start a new block. */
void fanout_close_block(struct socket_service *service, struct room *room);

/* All of them. False: the output waits for the next turn, and they stay open. */
bool fanout_turn_end(struct socket_service *service);

/* A command of this node got its answer from the shard. */
void fanout_answered(struct socket_service *service, uint32_t shard);
