#pragma once

/* app_settings - the process's own settings as a struct. `log_level` is one of enum log_level,
 * `sends` one of enum app_sends. */

#include "base/settings.h"

enum app_sends { SENDS_AUTO, SENDS_PLAIN, SENDS_URING };

struct app_settings {
#define SETTINGS_DEF "app_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table app_settings_table;
