#pragma once

/* pulsar_settings - the settings of the bus on Pulsar as a struct. */

#include "base/settings.h"

struct pulsar_settings {
#define SETTINGS_DEF "pulsar/pulsar_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table pulsar_settings_table;
