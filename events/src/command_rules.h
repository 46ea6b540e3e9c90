#pragma once

/* command_rules - what the readers of commands share. */

#include "chattifier/events.h"

/* True for the fields that stand in the member `settings` in JSON. */
bool cht_field_is_setting(int field);

/* True if null says "clear" in this command and not "absent". */
bool cht_command_clears_with_null(uint64_t type);

/* Fills the error with a field of the command; answers `code`. */
enum cht_read cht_read_refuse(struct cht_read_error *ret_error, enum cht_read code, int field);
