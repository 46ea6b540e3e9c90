#pragma once

/* user_settings - the settings of the user service as a struct. */

#include "base/settings.h"

struct user_settings {
#define SETTINGS_DEF "user/user_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table user_settings_table;
