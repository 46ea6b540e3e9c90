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

/* The directory of the keys. False if its path is too long for `size`. */
bool app_settings_keys_dir(const struct app_settings *app, char *ret_path, size_t size);
