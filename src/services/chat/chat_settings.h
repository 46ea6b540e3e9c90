#pragma once

/* chat_settings - the settings of the chat service as a struct. */

#include "base/settings.h"

struct chat_settings {
#define SETTINGS_DEF "chat/chat_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table chat_settings_table;
