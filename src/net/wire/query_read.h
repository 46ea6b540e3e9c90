#pragma once

/* query_read - what a query asks, as a command: one reading for all routes.
 *
 * Numbers are decimal and unsigned without leading zeros; parameters that the command does not take
 * are passed over. Pure, no allocation. */

#include "chattifier/events.h"

/* `command->type` is given; fields that are set came from elsewhere (the path) and win. Texts and
 * lists lie in `scratch`. BAD_FRAME: a parameter is there twice, or does not fit into `scratch`.
 * BAD_FIELD: one does not fit its row, or the command is not complete (cht_command_complete). */
enum cht_read query_read(struct cht_str query, struct cht_scratch *scratch,
    struct cht_command *command, struct cht_read_error *ret_error);
