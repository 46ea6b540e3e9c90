#pragma once

/* http_members - PATCH of a member: one of role, muted_until and banned says which command it is.
 */

#include "base/err.h"
#include "chattifier/events.h"

/* Sets type and field of `command`. BAD_FIELD unless exactly one of the three is there and fits;
 * BAD_FRAME if the body is no object. */
MUST_USE enum err http_members_read(
    struct cht_command *command, struct cht_str body, struct cht_scratch *scratch);
