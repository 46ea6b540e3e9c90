#pragma once

/* commands - from a client's wish to an event on its way, whatever the wish came by.
 *
 * The sender is what the session says; the rest is what the client says. A command gets its room
 * (also the one that it will make), its shard, a place among the pending ones, and goes. Exactly
 * one answer follows: here at once if it is refused, later by replies.h, or `timeout`. */

#include "frames.h"
#include "socket_inner.h"

struct sender {
    struct conn_id conn;
    struct cht_id user, device;
    struct cht_str ref; /* of WebSocket commands */
    bool http;
};

/* What a reader of the library says, as an error. */
enum err command_read_err(enum cht_read code);

/* Rate, then where it belongs. `command` is as it was read; it is completed here. */
void command_run(
    struct socket_service *service, const struct sender *sender, struct cht_command *command);

/* Says no, by the way the command came. Counts; may close the connection. */
void command_refuse(struct socket_service *service, const struct sender *sender,
    const struct frame_refusal *refusal);

/* Says yes, for commands that the node answers itself. */
void command_accept(
    struct socket_service *service, const struct sender *sender, const struct cht_reply *reply);
