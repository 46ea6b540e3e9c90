#pragma once

/* http_members - PATCH of a member: one of role, muted_until and banned says which command it is.
 */

#include "chattifier/events.h"

/* Sets type and field of `command`; null lifts a mute or a ban, and is no role. BAD_FIELD with the
 * member to blame unless exactly one of the three is there and fits; BAD_FRAME if the body is no
 * object. */
enum cht_read http_members_read(struct cht_str body, struct cht_scratch *scratch,
    struct cht_command *command, struct cht_read_error *ret_error);
