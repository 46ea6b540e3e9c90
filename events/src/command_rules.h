#pragma once

/* command_rules - what the readers and writers of commands share. */

#include "chattifier/events.h"

/* The fields that stand in the member `settings` in JSON. */
#define CHT_SETTINGS_BITS                                                                          \
    (CHT_BIT(command, posting) | CHT_BIT(command, adding) | CHT_BIT(command, history))

/* Fields for which null says "clear" in this command, and not "absent". */
uint64_t cht_command_clearable(uint64_t type);

/* cht_read_refuse_named with a field of the command. */
enum cht_read cht_read_refuse(struct cht_read_error *ret_error, enum cht_read code, int field);
