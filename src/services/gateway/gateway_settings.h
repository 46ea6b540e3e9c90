#pragma once

/* gateway_settings - the settings of the gateway as a struct. */

#include "base/settings.h"

struct gateway_settings {
#define SETTINGS_DEF "gateway/gateway_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table gateway_settings_table;
