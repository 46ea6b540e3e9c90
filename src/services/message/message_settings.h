#pragma once

/* message_settings - what an operator can set about the message service; the table is
 * message_settings.def. */

#include "base/settings.h"

struct message_settings {
#define SETTINGS_DEF "message/message_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table message_settings_table;
