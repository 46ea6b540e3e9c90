#pragma once

/* redis_settings - the settings of the Redis engine as a struct. */

#include "base/settings.h"

struct redis_settings {
#define SETTINGS_DEF "redis/redis_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table redis_settings_table;
