#pragma once

/* local_commands - the commands that the node answers itself: ping, auth, presence.set,
 * presence.watch. */

#include "commands.h"

void local_command_run(
    struct socket_service *service, const struct sender *sender, struct cht_command *command);
