#pragma once

/* cassandra_settings - the settings of the stores on Cassandra as a struct. */

#include "base/settings.h"

struct cassandra_settings {
#define SETTINGS_DEF "cassandra/cassandra_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table cassandra_settings_table;
