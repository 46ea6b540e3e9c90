#pragma once

/* management_levels - log levels in the words of an operator's tools (Spring's actuator). */

#include "chattifier/events.h"

/* "DEBUG" for LOG_LEVEL_DEBUG and so on. */
const char *management_level_name(int level);

/* The level that {"configuredLevel": "WARN"} asks for; null asks for `usual`. -1: it can not be
 * read, or names no level. */
int management_level_asked(struct cht_str body, int usual);
