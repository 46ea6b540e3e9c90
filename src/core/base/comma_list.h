#pragma once

/* comma_list - a setting that lists texts: "general, help". */

#include "chattifier/types.h"

/* Takes the first text off the list, without blanks around it; it may be empty. `*list` is what is
 * left, and points at NUL behind the last one. */
struct cht_str comma_list_take(const char **list);
