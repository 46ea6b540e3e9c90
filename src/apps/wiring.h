#pragma once

/* wiring - what the services of the process say to each other is what topics.def has. */

#include "base/err.h"
#include "base/logger.h"

/* A line was logged if it is not. */
MUST_USE enum err wiring_check(struct logger *logger);
